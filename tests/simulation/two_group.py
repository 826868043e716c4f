"""Two groups at risk at the same time, looked at every night, by every two-group rule.

ECL and the e-process stand beside what is commonly done instead, in the same trials: Fisher's test,
the Beta(1,1) posterior and a log-rank z-score at their nominal levels every night, and a MaxSPRT
that takes the randomisation ratio for the treated share. The oracle is the best of these four with
a fixed limit chosen, by simulation at the true rate, so that it signals falsely in 5% of trials:
what nobody could have known beforehand. Rules are evaluated on every event day; ECL does not change
between them.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from safetymon.stats.eprocess import eprocess
from safetymon.stats.walk import walk
from tests.simulation import goals
from tests.simulation.rows import Goal, Row, mean_of, share_of
from tests.simulation.two_group_rules import (
    ALPHA,
    TRACKS,
    Track,
    first_days,
    oracle_limit,
    usual_limits,
)
from tests.simulation.two_group_trials import Batch, Bools, Floats, Ints, Scenario, simulate

LOG_20 = math.log(20)


def false_signals(
    scenario: Scenario, trials: int, rng: np.random.Generator, aims: Mapping[str, Goal]
) -> list[Row]:
    """How often each rule signals at least once in a trial without harm; aims by rule."""
    seed = int(rng.integers(2**63))
    batch = simulate(scenario, trials, np.random.default_rng(seed))
    narrow = simulate(scenario, trials, np.random.default_rng(seed), mode="band")
    signalled = {
        "ECL": walk(batch.path).first_signal >= 0,
        "ECL band": walk(narrow.path).first_signal >= 0,
        "e-process >= 20": eprocess(batch.path).highest >= LOG_20,
        **naive_signals(batch),
    }
    return [
        Row("two groups", scenario.name, rule, "false signal", trials, *share_of(hits),
            aims.get(rule))
        for rule, hits in signalled.items()
    ]  # fmt: skip


def naive_signals(batch: Batch) -> dict[str, Bools]:
    """Whether each common rule signals at least once, at the limit that is commonly used."""
    limits = usual_limits(batch.scenario)
    return {
        f"{rule} nightly": first_days(track(batch), limits[rule], batch.trials) >= 0
        for rule, track in TRACKS.items()
    }


def power(scenario: Scenario, trials: int, rng: np.random.Generator) -> list[Row]:
    """Power and time to the flag beside the best rule with a limit calibrated at the true rate."""
    null = simulate(scenario._replace(ratio=1.0), 4 * trials, rng)
    harm = simulate(scenario, trials, rng)
    days = {rule: oracle_days(rule, null, harm, ALPHA) for rule in TRACKS}
    best = max(days, key=lambda rule: float((days[rule] >= 0).mean()))
    flags = {
        "ECL": walk(harm.path).first_signal,
        "e-process >= 20": evidence_days(harm),
        **{f"{rule} calibrated": day for rule, day in days.items()},
    }
    rows = [row for rule, day in flags.items() for row in reached(harm, rule, day)]
    return rows + beside(harm, flags["ECL"], days[best], calibration_error(best, null, harm))


def reached(harm: Batch, rule: str, days: Ints) -> list[Row]:
    """How often a rule flags, and when on average, the end of the trial where it does not."""
    name, n = harm.scenario.name, days.size
    found, wait = share_of(days >= 0), mean_of(waiting(harm, days))
    return [
        Row("two groups", name, rule, "power", n, *found),
        Row("two groups", name, rule, "mean days to flag", n, *wait),
    ]


def waiting(harm: Batch, days: Ints) -> Floats:
    return np.where(days >= 0, days, harm.end).astype(np.float64)


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
    return first_days(Track(found.term, found.day, found.log_e), LOG_20, batch.trials)


def beside(harm: Batch, mine: Ints, best: Ints, calibration: float) -> list[Row]:
    """Difference in power and ratio of restricted mean times, in the same trials."""
    name, n = harm.scenario.name, mine.size
    gain = (mine >= 0).astype(float) - (best >= 0)
    wait, least = waiting(harm, mine), waiting(harm, best)
    ratio = float(wait.mean() / least.mean())
    spread = float(np.std(wait - ratio * least) / least.mean() / math.sqrt(n))
    difference, error = mean_of(gain)
    error = math.hypot(error, calibration)
    return [
        Row("two groups", name, "ECL - oracle", "power", n, difference, error, goals.POWER),
        Row("two groups", name, "ECL / oracle", "mean days to flag", n, ratio, spread, goals.TIME),
    ]


def median_time(rows: Iterable[Row]) -> Row:
    """The median over scenarios of the ratios of mean times; the higher of two middle ones."""
    ratios = sorted((row for row in rows if row.goal == goals.TIME), key=lambda row: row.value)
    middle = ratios[len(ratios) // 2]
    return middle._replace(scenario=f"median: {middle.scenario}", goal=goals.MEDIAN_TIME)
