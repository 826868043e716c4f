"""Two groups at risk at the same time, looked at every night, by every two-group rule.

`table(trials, seed)` returns one row per goal: a rule's figure in a scenario over whole simulated
trials, with its Monte-Carlo error and the goal it is held to. ECL and the e-process stand beside
what is commonly done instead, in the same trials: Fisher's test, the Beta(1,1) posterior and a
log-rank z-score at their nominal levels every night, and a MaxSPRT that takes the randomisation
ratio for the treated share. The oracle is the best of these four with a fixed limit chosen, by
simulation at the true rate, so that it signals falsely in 5% of trials: what nobody could have
known beforehand. Rules are evaluated on every event day; ECL does not change between them.
"""

import math
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np

from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import risk_tables
from safetymon.stats.screen import screen
from safetymon.stats.steps import steps
from safetymon.stats.walk import sequential_p, walk
from tests.simulation.two_group_rules import (
    ALPHA,
    TRACKS,
    Track,
    first_days,
    oracle_limit,
    tail,
    usual_limits,
)
from tests.simulation.two_group_trials import (
    Batch,
    Bools,
    Cohort,
    Counts,
    Floats,
    Ints,
    Scenario,
    count,
    enrol,
    events,
    simulate,
)


class Row(NamedTuple):
    """One figure of one rule in one scenario, beside its goal."""

    scenario: str
    rule: str
    measure: str
    trials: int
    value: float
    error: float  # Monte-Carlo standard error
    goal: str


def share_of(hits: Bools) -> tuple[float, float]:
    """A proportion and its Monte-Carlo error, never below that of one trial."""
    p, n = float(hits.mean()), hits.size
    return p, math.sqrt(max(p * (1 - p), 1 / n) / n)


def false_signals(
    scenario: Scenario, trials: int, rng: np.random.Generator, goal: str, band: str = ""
) -> list[Row]:
    """How often each rule signals at least once in a trial without harm."""
    seed = int(rng.integers(2**63))
    batch = simulate(scenario, trials, np.random.default_rng(seed))
    narrow = simulate(scenario, trials, np.random.default_rng(seed), mode="band")
    limits = usual_limits(scenario)
    signalled = {
        ("ECL", goal): walk(batch.path).first_signal >= 0,
        ("ECL band", band): walk(narrow.path).first_signal >= 0,
        ("e-process >= 20", "<= 0.050" if band else ""): (
            eprocess(batch.path).highest >= math.log(20)
        ),
    }
    for rule, track in TRACKS.items():
        days = first_days(track(batch), limits[rule], trials)
        signalled[rule + " nightly", ""] = days >= 0
    return [
        Row(scenario.name, rule, "false signal", trials, *share_of(hits), aim)
        for (rule, aim), hits in signalled.items()
    ]


def power(scenario: Scenario, trials: int, rng: np.random.Generator) -> list[Row]:
    """Power and time to the flag beside the best rule with a limit calibrated at the true rate."""
    null = simulate(scenario._replace(ratio=1.0), 4 * trials, rng)
    harm = simulate(scenario, trials, rng)
    days = {rule: oracle_days(rule, null, harm, ALPHA) for rule in TRACKS}
    best = max(days, key=lambda rule: float((days[rule] >= 0).mean()))
    flags = {
        "ECL": walk(harm.path).first_signal,
        "e-process >= 20": evidence_days(harm),
        f"oracle ({best})": days[best],
    }
    rows = [
        Row(scenario.name, rule, "power", trials, *share_of(day >= 0), "")
        for rule, day in flags.items()
    ]
    return rows + beside(harm, flags["ECL"], days[best], calibration_error(best, null, harm))


def oracle_days(rule: str, null: Batch, harm: Batch, level: float) -> Ints:
    """Days on which a rule flags harm, its limit calibrated on trials without harm."""
    limit = oracle_limit(TRACKS[rule](null), null.trials, level)
    return first_days(TRACKS[rule](harm), limit, harm.trials)


def calibration_error(rule: str, null: Batch, harm: Batch) -> float:
    """What the uncertainty of the calibrated limit adds to the error of the oracle's power."""
    low, high = ((oracle_days(rule, null, harm, a) >= 0).mean() for a in (0.04, 0.06))
    return float(high - low) / 0.02 * math.sqrt(ALPHA * (1 - ALPHA) / null.trials)


def evidence_days(batch: Batch) -> Ints:
    found = eprocess(batch.path)
    return first_days(Track(found.term, found.day, found.log_e), math.log(20), batch.trials)


def beside(harm: Batch, mine: Ints, best: Ints, calibration: float) -> list[Row]:
    """Difference in power and ratio of restricted mean times, in the same trials."""
    name, n = harm.scenario.name, mine.size
    gain = (mine >= 0).astype(float) - (best >= 0)
    wait, least = (np.where(day >= 0, day, harm.end).astype(float) for day in (mine, best))
    ratio = float(wait.mean() / least.mean())
    spread = float(np.std(wait - ratio * least) / least.mean() / math.sqrt(n))
    difference, error = mean_of(gain)
    error = math.hypot(error, calibration)
    return [
        Row(name, "ECL - oracle", "power", n, difference, error, ">= -0.05"),
        Row(name, "ECL / oracle", "mean time to flag", n, ratio, spread, "<= 1.30"),
    ]


class Screened(NamedTuple):
    """One trial of the screen."""

    false: int
    true: int
    naive: int  # terms without harm that Fisher's test ever flags


TERMS: Final = 200
HARMED: Final = 5
SCREEN: Final = Scenario("200 terms, 500 subjects", 500, 0.05)


def screen_trial(rng: np.random.Generator, levels: tuple[float, ...]) -> list[Screened]:
    """One trial with 200 terms of 0.5 to 20% each; treatment triples the hazard of five."""
    people = enrol(SCREEN, rng)
    risk = np.exp(rng.uniform(math.log(0.005), math.log(0.2), TERMS))
    cohorts = [
        Cohort(
            *people, events(SCREEN._replace(risk=r, ratio=3.0 if j < HARMED else 1.0), people, rng)
        )
        for j, r in enumerate(risk)
    ]
    tables = risk_tables(*people, planned=SCREEN.subjects, window=SCREEN.window)
    seen = np.stack([cohort.event for cohort in cohorts])
    term, who = np.nonzero(seen >= 0)
    p = sequential_p(steps(tables, term, who, seen[term, who], terms=TERMS))
    crude = [count(cohort, j) for j, cohort in enumerate(cohorts)]
    counts = Counts(*(np.concatenate(column) for column in zip(*crude, strict=True)))
    lowest = np.ones(TERMS)
    np.minimum.at(lowest, counts.trial, tail(counts.events, counts.dosed))
    naive = int((lowest[HARMED:] <= ALPHA).sum())
    found = [screen(p, q=q).flagged for q in levels]
    return [Screened(int(f[HARMED:].sum()), int(f[:HARMED].sum()), naive) for f in found]


def screens(trials: int, rng: np.random.Generator) -> list[Row]:
    """False discoveries, false flags and power of the screen; p-values never rise over a trial."""
    goals = {0.10: ("<= 0.05", "<= 0.5"), 0.20: ("<= 0.10", "")}
    runs = [screen_trial(rng, tuple(goals)) for _ in range(trials)]
    rows = []
    for i, (q, (rate, flags)) in enumerate(goals.items()):
        false = np.array([run[i].false for run in runs], float)
        true = np.array([run[i].true for run in runs], float)
        discovery = false / np.maximum(false + true, 1)
        name, rule = SCREEN.name, f"BH on ECL, q = {q:.2f}"
        rows += [
            Row(name, rule, "false discovery rate", trials, *mean_of(discovery), rate),
            Row(name, rule, "false flags a trial", trials, *mean_of(false), flags),
            Row(name, rule, "power a term", trials, *mean_of(true / HARMED), ""),
        ]
    naive = np.array([run[0].naive for run in runs], float)
    return [
        *rows,
        Row(SCREEN.name, "Fisher nightly", "false flags a trial", trials, *mean_of(naive), ""),
    ]


def mean_of(values: Floats) -> tuple[float, float]:
    n = values.size
    return float(values.mean()), max(float(values.std()), 1 / math.sqrt(n)) / math.sqrt(n)


STANDARD: Final = [
    Scenario("N 95, 30%, constant", 95, 0.30),
    Scenario("N 95, 30%, falling, simple", 95, 0.30, shape=0.4, allocation="simple"),
    Scenario("N 95, 10%, falling", 95, 0.10, shape=0.4),
    Scenario("N 95, 5%, constant, 2:1", 95, 0.05, allocation="2:1"),
    Scenario("N 500, 0.5%, constant", 500, 0.005),
    Scenario("N 500, 5%, constant", 500, 0.05),
    Scenario("N 500, 10%, falling, 2:1", 500, 0.10, shape=0.4, allocation="2:1"),
    Scenario("N 500, 30%, falling, simple", 500, 0.30, shape=0.4, allocation="simple"),
    Scenario("N 5000, 0.5%, constant", 5000, 0.005),
    Scenario("N 5000, 5%, falling", 5000, 0.05, shape=0.4),
    Scenario("N 5000, 30%, constant, 2:1", 5000, 0.30, allocation="2:1"),
]
STRESS: Final = [
    Scenario("N 500, 10%, Weibull 0.15", 500, 0.10, shape=0.15),
    Scenario("N 500, 10%, infusion days", 500, 0.10, infusions=True),
    Scenario("N 500, 10%, dropout 40 v 5%", 500, 0.10, dropout=(0.05, 0.40)),
    Scenario("N 500, 10%, Weibull 0.15, 40 v 5%", 500, 0.10, shape=0.15, dropout=(0.05, 0.40)),
    Scenario("N 500, 10%, Weibull 0.15, 5 v 40%", 500, 0.10, shape=0.15, dropout=(0.40, 0.05)),
    Scenario("N 95, 30%, all three", 95, 0.30, 1.0, 0.15, "block", (0.05, 0.40), infusions=True),
    Scenario("N 500, 10%, all three", 500, 0.10, 1.0, 0.15, "block", (0.05, 0.40), infusions=True),
]
LAGGED: Final = [
    Scenario("N 95, 30%, falling, lag 56 days", 95, 0.30, shape=0.4, lag=(56.0, 56.0)),
    Scenario("N 500, 10%, constant, lag 56 days", 500, 0.10, lag=(56.0, 56.0)),
    Scenario("N 500, 10%, falling, lag 56 days", 500, 0.10, shape=0.4, lag=(56.0, 56.0)),
]
UNEQUAL_LAG: Final = Scenario("N 500, 10%, lag 56 v 14 days", 500, 0.10, lag=(56.0, 14.0))
HARM: Final = [
    Scenario("N 95, 30%, ratio 2.5", 95, 0.30, 2.5),
    Scenario("N 95, 30%, falling, ratio 2.5", 95, 0.30, 2.5, 0.4),
    Scenario("N 500, 5%, ratio 2", 500, 0.05, 2.0),
    Scenario("N 500, 5%, falling, ratio 3", 500, 0.05, 3.0, 0.4),
    Scenario("N 500, 10%, ratio 2, 2:1", 500, 0.10, 2.0, 1.0, "2:1"),
    Scenario("N 500, 30%, falling, ratio 1.5", 500, 0.30, 1.5, 0.4, "simple"),
    Scenario("N 5000, 0.5%, ratio 2", 5000, 0.005, 2.0),
    Scenario("N 5000, 0.5%, falling, ratio 3", 5000, 0.005, 3.0, 0.4),
    Scenario("N 5000, 1%, ratio 1.5", 5000, 0.01, 1.5),
]


def affordable(scenario: Scenario, trials: int) -> int:
    """Large trials cost more, so fewer are run."""
    return max(100, min(trials, trials * 2000 // scenario.subjects))


def table(trials: int, seed: int) -> list[Row]:
    """Simulate every two-group goal; `trials` in each scenario, fewer where they are large."""
    work: list[tuple[Callable[..., list[Row]], Scenario, tuple[str, ...]]] = [
        *((false_signals, scenario, ("<= 0.060", "<= 0.055")) for scenario in STANDARD),
        *((false_signals, scenario, ("<= 0.070",)) for scenario in STRESS),
        *((false_signals, scenario, ("<= 0.060",)) for scenario in LAGGED),
        (false_signals, UNEQUAL_LAG, ("",)),
        *((power, scenario, ()) for scenario in HARM),
    ]
    *seeds, last = np.random.SeedSequence(seed).spawn(len(work) + 1)
    rows: list[Row] = []
    for (run, scenario, goals), child in zip(work, seeds, strict=True):
        rows += run(scenario, affordable(scenario, trials), np.random.default_rng(child), *goals)
    rows.append(median_time(rows))
    return rows + screens(max(20, trials // 10), np.random.default_rng(last))


def median_time(rows: Iterable[Row]) -> Row:
    ratios = [row for row in rows if row.rule == "ECL / oracle"]
    middle = sorted(ratios, key=lambda row: row.value)[len(ratios) // 2]
    return middle._replace(scenario="median of the scenarios with harm", goal="<= 1.10")


def met(row: Row, errors: float = 3.0) -> bool:
    """Whether a row meets its goal within so many Monte-Carlo errors; true without a goal."""
    if not row.goal:
        return True
    sign, number = row.goal.split()
    surplus = row.value - float(number)
    return (surplus if sign == "<=" else -surplus) <= errors * row.error
