"""The screen of 200 terms: false discoveries and power, beside terms tested one by one each night.

Sequential p-values never rise over a trial, and Benjamini-Hochberg flags no fewer terms when some
of them fall: what is flagged on the last day is what was ever flagged.
"""

from typing import Final, NamedTuple

import numpy as np

from safetymon.stats.risksets import risk_tables
from safetymon.stats.screen import screen
from safetymon.stats.steps import steps
from safetymon.stats.walk import sequential_p
from tests.simulation import goals
from tests.simulation.rows import Goal, Row, mean_of
from tests.simulation.two_group_rules import TRACKS, first_days, usual_limits
from tests.simulation.two_group_trials import (
    Batch,
    Bools,
    Cohort,
    Counts,
    Scenario,
    count,
    enrol,
    events,
)

TERMS: Final = 200
HARMED: Final = 5
RISKS: Final = (0.005, 0.20)
SCREEN: Final = Scenario("200 terms, 500 subjects, 5 harmed", 500, RISKS[1])
"""Its risk is that of the commonest term: how long the MaxSPRT of each term goes on."""

LEVELS: Final = {"BH on ECL, q = 0.10": 0.10, "BH on ECL, q = 0.20": 0.20}
AIMS: Final[dict[tuple[str, str], Goal]] = {
    ("BH on ECL, q = 0.10", "false discovery rate"): goals.FDR_10,
    ("BH on ECL, q = 0.10", "false flags a trial"): goals.FALSE_FLAGS,
    ("BH on ECL, q = 0.20", "false discovery rate"): goals.FDR_20,
}


class Found(NamedTuple):
    """How many terms a rule ever flagged in one trial."""

    false: int
    true: int


def screens(trials: int, rng: np.random.Generator) -> list[Row]:
    """False discoveries, false flags and power of the screen and of each term by itself."""
    limits = usual_limits(SCREEN)
    runs = [screen_trial(limits, rng) for _ in range(trials)]
    return [row for rule in runs[0] for row in figures(rule, [run[rule] for run in runs])]


def figures(rule: str, found: list[Found]) -> list[Row]:
    false, true = np.array(found, float).T
    measured = {
        "false discovery rate": false / np.maximum(false + true, 1),
        "false flags a trial": false,
        "power a term": true / HARMED,
    }
    return [
        Row("200 terms", SCREEN.name, rule, measure, len(found), *mean_of(values),
            AIMS.get((rule, measure)))
        for measure, values in measured.items()
    ]  # fmt: skip


def screen_trial(limits: dict[str, float], rng: np.random.Generator) -> dict[str, Found]:
    """One trial, what every rule ever flags in it."""
    batch = terms_of_a_trial(rng)
    p = sequential_p(batch.path)
    flagged: dict[str, Bools] = {rule: screen(p, q=q).flagged for rule, q in LEVELS.items()}
    for rule, track in TRACKS.items():
        flagged[f"{rule} nightly"] = first_days(track(batch), limits[rule], TERMS) >= 0
    return {
        rule: Found(int(hits[HARMED:].sum()), int(hits[:HARMED].sum()))
        for rule, hits in flagged.items()
    }


def terms_of_a_trial(rng: np.random.Generator) -> Batch:
    """200 terms of 0.5 to 20% in one trial's subjects; treatment triples the hazard of five."""
    people = enrol(SCREEN, rng)
    low, high = np.log(RISKS)
    risk = np.exp(rng.uniform(low, high, TERMS))
    ratio = np.where(np.arange(TERMS) < HARMED, 3.0, 1.0)
    designs = [SCREEN._replace(risk=a, ratio=b) for a, b in zip(risk, ratio, strict=True)]
    cohorts = [Cohort(*people, events(design, people, rng)) for design in designs]
    tables = risk_tables(*people, planned=SCREEN.subjects, window=SCREEN.window)
    seen = np.stack([cohort.event for cohort in cohorts])
    term, who = np.nonzero(seen >= 0)
    path = steps(tables, term, who, seen[term, who], terms=TERMS)
    crude = [count(cohort, j) for j, cohort in enumerate(cohorts)]
    counts = Counts(*(np.concatenate(column) for column in zip(*crude, strict=True)))
    return Batch(SCREEN, TERMS, path, counts)
