"""Goals that need no error: published values, what 6 events in 95 do, days that must be equal."""

import math
from typing import Final

import numpy as np

from safetymon.stats.boundary import binomial_boundary, limit_at, operating_characteristics
from safetymon.stats.evalue import log_evalue
from safetymon.stats.poisson import maxsprt_critical_value
from tests.property.test_walk_looks import REPORTED, SCHEDULES, SMALL, raised
from tests.reference.test_reference_sequential import CRITICAL_VALUES
from tests.simulation import goals
from tests.simulation.rows import Row
from tests.simulation.two_group_trials import Scenario, draw

SIX_OF_95: Final = "95 subjects against 1%"
TRIALS: Final = 200
"""Random trials whose first-signal days are compared."""


def published(_: np.random.Generator) -> list[Row]:
    """MaxSPRT critical values beside those of the R package Sequential."""
    gaps = [
        abs(maxsprt_critical_value(horizon, 0.05, least) - value)
        for horizon, least, value in CRITICAL_VALUES
    ]
    name = f"{len(gaps)} values of the R package Sequential"
    return [
        Row("published values", name, "MaxSPRT Poisson", "largest difference", len(gaps),
            max(gaps), 0.0, goals.MAXSPRT)
    ]  # fmt: skip


def six_of_95(_: np.random.Generator) -> list[Row]:
    """The boundary of 95 subjects against 1%: what it asks for at the end, and what it finds."""
    boundary = binomial_boundary(95, 0.01, 0.05)
    needed = float(limit_at(boundary, 95))
    found = operating_characteristics(boundary, [0.01, 0.063]).power
    evidence = math.exp(float(log_evalue(6, 95, 0.01)))
    name, rule = SIX_OF_95, "boundary, dosed"
    return [
        Row("one group", name, rule, "events needed", 0, needed, 0.0, goals.SIX_OF_95),
        Row("one group", name, rule, "false signal, exact", 0, float(found[0]), 0.0, goals.DOSED),
        Row("one group", name, rule, "power at 6.3%, exact", 0, float(found[1]), 0.0,
            goals.SIX_OF_95_POWER),
        Row("one group", name, "e-value, dosed", "evidence of 6 in 95", 0, evidence, 0.0),
    ]  # fmt: skip


def same_day(scenario: Scenario, label: str, trials: int, rng: np.random.Generator) -> list[Row]:
    """Trials whose first-signal day is not the same nightly, weekly and monthly."""
    differ = signals = 0
    for _ in range(trials):
        cohort = draw(scenario, rng)
        days = {raised(cohort, every)[0] for every in SCHEDULES.values()}
        differ += len(days) > 1
        signals += max(days) >= 0
    name = f"{label}; {signals} of the {trials} trials signal"
    return [
        Row("two groups", name, "ECL", "trials that differ", trials, float(differ), 0.0,
            goals.SAME_DAY)
    ]  # fmt: skip


LOOKS: Final = ((SMALL, "no reporting lag"), (REPORTED, "reporting dates given"))
