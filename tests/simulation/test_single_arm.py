"""One group under staggered entry, looked at every night: the goals, within 3 Monte-Carlo errors.

A small, seeded set; `make simulate` runs the full one.
"""

import numpy as np
import pytest

from tests.simulation.single_arm import GOALS, Row, Scenario, run, table

CONSTANT = Scenario("N 95, 5%, constant", 95, 0.05, 0.05)
FALLING = Scenario("N 95, 5%, falling hazard", 95, 0.05, 0.05, shape=0.4)
QUICK = Scenario("N 500, 5%, fast accrual", 500, 0.05, 0.05, accrual=100)
RARE = Scenario("N 500, 1%, constant", 500, 0.01, 0.01)
HARM = Scenario("N 95, 1%, true 6.3%", 95, 0.01, 0.063, dropout=0.0)


def measured(scenario: Scenario, trials: int, seed: int) -> dict[str, Row]:
    return {row.rule: row for row in run(scenario, trials, np.random.default_rng(seed))}


def holds(row: Row, goal: float) -> bool:
    return row.signalled <= goal + 3 * row.error


@pytest.mark.parametrize("scenario", [CONSTANT, FALLING, RARE], ids=lambda s: s.name)
def test_false_signals_over_the_whole_trial_keep_their_goals(scenario: Scenario) -> None:
    rows = measured(scenario, 800 if scenario.subjects < 500 else 300, seed=20)
    for rule, goal in GOALS.items():
        assert holds(rows[rule], float(goal.removeprefix("<= "))), rows[rule]


def test_events_plus_completers_is_broken_and_quick_entry_needs_the_least_share() -> None:
    rows = measured(QUICK, 300, seed=21)
    assert rows["boundary, events + completers"].signalled >= 0.95
    for rule in ("boundary, dosed", "boundary, matured", "boundary, km, least share 0.1"):
        assert holds(rows[rule], float(GOALS[rule].removeprefix("<= "))), rows[rule]
    written = rows["boundary, km"]
    assert written.signalled - 3 * written.error > 0.05


def test_events_plus_completers_is_broken_with_95_subjects_too() -> None:
    row = measured(FALLING, 800, seed=22)["boundary, events + completers"]
    assert row.signalled - 3 * row.error > 0.10


def test_a_true_risk_of_six_percent_against_one_is_found() -> None:
    row = measured(HARM, 1000, seed=23)["boundary, dosed"]
    assert row.signalled >= 0.85 - 3 * row.error


def test_naive_rules_pay_for_every_look() -> None:
    rows = measured(RARE, 200, seed=24)
    assert rows["naive Beta(1,1) posterior >= 0.95, dosed"].signalled > 0.9
    falling = measured(Scenario("", 95, 0.3, 0.3, shape=0.4), 300, seed=25)
    assert falling["MaxSPRT Poisson"].signalled > 0.15  # a rate is no risk when the hazard falls


def test_the_table_has_a_row_for_every_scenario_and_rule_and_repeats() -> None:
    scenarios = [CONSTANT._replace(subjects=30), HARM._replace(subjects=30)]
    rows = table(20, 1, scenarios)
    assert len(rows) == 2 * 11
    assert rows == table(20, 1, scenarios)
    assert {row.goal for row in rows} == {"", "<= 0.050", "<= 0.070", ">= 0.85"}
