"""One group under staggered entry, looked at every night: the goals, within 3 Monte-Carlo errors.

A small, seeded set; `make simulate` runs the full one.
"""

import numpy as np
import pytest

from tests.simulation import goals, single_arm
from tests.simulation.rows import Row, verdict
from tests.simulation.single_arm import GOALS, Scenario, draw, limits_of, run, signalled

pytestmark = pytest.mark.slow

CONSTANT = Scenario("N 95, 5%, constant", 95, 0.05, 0.05)
FALLING = Scenario("N 95, 5%, falling hazard", 95, 0.05, 0.05, shape=0.4)
QUICK = Scenario("N 500, 5%, fast accrual", 500, 0.05, 0.05, accrual=100)
RARE = Scenario("N 500, 1%, constant", 500, 0.01, 0.01)
HARM = Scenario("N 95, 1%, true 6.3%", 95, 0.01, 0.063, dropout=0.0)


def measured(scenario: Scenario, trials: int, seed: int) -> dict[str, Row]:
    return {row.rule: row for row in run(scenario, trials, np.random.default_rng(seed))}


@pytest.mark.parametrize("scenario", [CONSTANT, FALLING, RARE], ids=lambda s: s.name)
def test_false_signals_over_the_whole_trial_keep_their_goals(scenario: Scenario) -> None:
    rows = measured(scenario, 600 if scenario.subjects < 500 else 250, seed=20)
    for rule in GOALS:
        assert verdict(rows[rule]) in ("met", "within 3 errors"), rows[rule]


def test_events_plus_completers_is_broken_and_quick_entry_needs_the_least_share() -> None:
    rows = measured(QUICK, 300, seed=21)
    assert rows["boundary, events + completers"].value >= 0.95
    for rule in ("boundary, dosed", "boundary, matured", "boundary, km, least share 0.1"):
        assert verdict(rows[rule]) in ("met", "within 3 errors"), rows[rule]
    written = rows["boundary, km"]
    assert written.value - 3 * written.error > 0.05


def test_events_plus_completers_is_broken_with_95_subjects_too() -> None:
    row = measured(FALLING, 800, seed=22)["boundary, events + completers"]
    assert row.value - 3 * row.error > 0.10


def test_a_true_risk_of_six_percent_against_one_is_found() -> None:
    row = measured(HARM, 1000, seed=23)["boundary, dosed"]
    assert row.value >= 0.85 - 3 * row.error


def test_naive_rules_pay_for_every_look() -> None:
    rows = measured(RARE, 200, seed=24)
    assert rows["naive Beta(1,1) posterior >= 0.95, dosed"].value > 0.9
    falling = measured(Scenario("", 95, 0.3, 0.3, shape=0.4), 300, seed=25)
    assert falling["MaxSPRT Poisson"].value > 0.15  # a rate is no risk when the hazard falls


def test_every_rule_has_a_row_its_goal_and_the_same_figure_again() -> None:
    small = CONSTANT._replace(subjects=30)
    null, harm = (run(s, 20, np.random.default_rng(1)) for s in (small, HARM))
    assert null == run(small, 20, np.random.default_rng(1))
    assert len(null) == len(harm) == 11
    assert {row.goal for row in null} == {None, *GOALS.values()}
    assert {row.goal for row in harm} == {None, goals.SIX_OF_95_POWER}


def test_many_trials_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    small = CONSTANT._replace(subjects=30)
    monkeypatch.setattr(single_arm, "CELLS", 30 * 4)
    generator = np.random.default_rng(2)
    parts = [draw(small, size, generator) for size in (4, 4, 2)]
    found = np.concatenate([signalled(small, limits_of(small), p)["boundary, km"] for p in parts])
    rows = {row.rule: row for row in run(small, 10, np.random.default_rng(2))}
    assert (rows["boundary, km"].trials, rows["boundary, km"].value) == (10, found.mean())
