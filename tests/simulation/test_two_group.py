"""A small seeded set of the two-group simulations; `make simulate` runs the full one."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import betainc, betaln

from tests.simulation import goals, screening, two_group, two_group_rules
from tests.simulation.rows import Row, verdict
from tests.simulation.two_group_rules import (
    horizon,
    max_sprt_limit,
    max_sprt_reach,
    oracle_limit,
    tail,
)
from tests.simulation.two_group_scenarios import (
    HARM,
    LAG_AND_DROPOUT,
    STANDARD,
    UNEQUAL_LAG,
    WITHOUT_HARM,
)
from tests.simulation.two_group_trials import Scenario, daily_hazard, draw, enrol, simulate

pytestmark = pytest.mark.slow


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def value(rows: list[Row], rule: str, measure: str = "false signal") -> float:
    return next(row.value for row in rows if (row.rule, row.measure) == (rule, measure))


def broken(rows: list[Row]) -> list[Row]:
    return [row for row in rows if verdict(row) == "NOT MET"]


NAMES = [
    "N 95, 30%, falling, simple",
    "N 500, 5%, constant, block",
    "N 500, 5%, falling, 2:1",
    "N 500, 10%, all three",
    "N 500, 10%, Weibull 0.15, 40 v 5%",
    "N 500, 10%, falling, lag 56 days",
]


@pytest.mark.parametrize("name", NAMES)
def test_false_signals_stay_within_the_goal_where_nightly_tests_do_not(name: str) -> None:
    design, aims = next((s, a) for group, a in WITHOUT_HARM for s in group if s.name == name)
    rows = two_group.false_signals(design, 700, rng(1), aims)
    assert broken(rows) == []
    assert {row.goal for row in rows} == {None, *aims.values()}
    assert value(rows, "ECL") > 0
    assert value(rows, "Fisher nightly") > value(rows, "ECL")
    assert value(rows, "posterior nightly") > 0.1


@pytest.mark.parametrize(
    "design", [UNEQUAL_LAG[0], LAG_AND_DROPOUT[1]], ids=lambda design: design.name
)
def test_what_is_known_to_break_the_walk_does(design: Scenario) -> None:
    rows = two_group.false_signals(design, 600, rng(2), {})
    assert value(rows, "ECL") > 0.06


def test_a_lag_that_is_longer_on_treatment_hides_rather_than_cries() -> None:
    rows = two_group.false_signals(UNEQUAL_LAG[1], 300, rng(2), {})
    assert value(rows, "ECL") < 0.05


@pytest.mark.parametrize("scenario", [HARM[1], HARM[3]], ids=lambda scenario: scenario.name)
def test_power_and_time_are_near_those_of_a_rule_that_knew_the_truth(scenario: Scenario) -> None:
    rows = two_group.power(scenario, 400, rng(3))
    assert broken(rows) == []
    assert {row.goal for row in rows} == {None, goals.POWER, goals.TIME}
    assert value(rows, "ECL", "power") > 0.7
    assert value(rows, "ECL", "mean days to flag") < 720


@pytest.mark.parametrize("scenario", HARM, ids=lambda scenario: scenario.name)
def test_scenarios_with_harm_expect_twenty_first_events_without_it(scenario: Scenario) -> None:
    events = [draw(scenario._replace(ratio=1.0), rng(seed)).event for seed in range(40)]
    assert np.mean([(days >= 0).sum() for days in events]) >= 20


def test_the_median_of_times_is_that_of_the_scenarios() -> None:
    rows = [
        Row("two groups", f"{x}", "ECL / oracle", "mean days to flag", 9, x, 0.1, goals.TIME)
        for x in (1.3, 1.0, 1.05)
    ]
    middle = two_group.median_time(rows)
    assert (middle.value, middle.goal) == (1.05, goals.MEDIAN_TIME)


def test_the_screen_holds_false_discoveries_where_nightly_tests_do_not() -> None:
    rows = screening.screens(40, rng(4))
    assert broken(rows) == []
    assert {row.goal for row in rows} >= {goals.FDR_10, goals.FDR_20, goals.FALSE_FLAGS}
    for rule in ("Fisher", "posterior", "log-rank z"):
        assert value(rows, f"{rule} nightly", "false flags a trial") > 10
    assert value(rows, "BH on ECL, q = 0.10", "power a term") > 0.2


def test_a_seed_fixes_a_simulation() -> None:
    first, again = (two_group.false_signals(STANDARD[3], 30, rng(5), {}) for _ in range(2))
    assert first == again


def test_fishers_tail_agrees_with_counting() -> None:
    """All tables of up to 6 against 5 subjects; p is left at 1 only where no limit used lies."""
    summed = 0
    for n, m in product(range(1, 7), range(1, 6)):
        for x, y in product(range(n + 1), range(m + 1)):
            ways = sum(math.comb(n, k) * math.comb(m, x + y - k) for k in range(x, x + y + 1))
            exact = ways / math.comb(n + m, x + y)
            p = tail(np.array([[y, x]]), np.array([[m, n]]))[0]
            assert p == pytest.approx(exact) or (p == 1 and exact > 0.1)
            summed += p < 1
    assert summed > 50


@pytest.mark.parametrize(("x", "n", "y", "m"), [(8, 20, 2, 20), (30, 250, 12, 250), (5, 40, 0, 30)])
def test_the_posterior_agrees_with_quadrature(x: int, n: int, y: int, m: int) -> None:
    grid = np.linspace(0, 1, 200_001)[1:-1]
    density = np.exp(x * np.log(grid) + (n - x) * np.log1p(-grid) - betaln(x + 1, n - x + 1))
    doubt = np.sum(density * (1 - betainc(y + 1, m - y + 1, grid))) / 200_000
    assert tail(np.array([[y, x + 1]]), np.array([[m + 1, n + 1]]))[0] == pytest.approx(doubt)


def test_the_maxsprt_limit_spends_no_more_than_alpha() -> None:
    scenario = STANDARD[0]
    limit = max_sprt_limit(scenario)
    assert max_sprt_reach(limit, horizon(scenario), 0.5) <= 0.05
    assert max_sprt_reach(limit * 0.95, horizon(scenario), 0.5) > 0.05


def test_the_oracles_limit_is_reached_by_five_trials_in_a_hundred() -> None:
    track = two_group_rules.Track(np.arange(200), np.zeros(200, int), np.arange(200.0))
    limit = oracle_limit(track, 200, 0.05)
    assert (track.value >= limit).sum() == 10


@pytest.mark.parametrize("shape", [1.0, 0.4, 0.15])
@pytest.mark.parametrize("infusions", [False, True])
def test_simulated_risks_are_those_of_the_scenario(shape: float, infusions: bool) -> None:
    scenario = Scenario("", 20_000, 0.2, 2.0, shape, dropout=(0.0, 0.0), infusions=infusions)
    assert 1 - math.exp(-daily_hazard(scenario)[-1]) == pytest.approx(0.2)
    cohort = draw(scenario, rng(6))
    for arm, risk in ((False, 0.2), (True, 0.36)):
        seen = (cohort.event[cohort.treated == arm] >= 0).mean()
        assert seen == pytest.approx(risk, abs=4 * math.sqrt(risk * (1 - risk) / 10_000))


def test_simulated_dropout_is_that_of_the_scenario() -> None:
    scenario = Scenario("", 20_000, 0.2, dropout=(0.05, 0.40))
    entry, last, treated = enrol(scenario, rng(7))
    short = last - entry < scenario.window - 1
    assert short[~treated].mean() == pytest.approx(0.05, abs=0.01)
    assert short[treated].mean() == pytest.approx(0.40, abs=0.02)


@pytest.mark.parametrize(("allocation", "share"), [("block", 1 / 2), ("2:1", 2 / 3)])
def test_blocks_keep_the_ratio(allocation: str, share: float) -> None:
    _, _, treated = enrol(Scenario("", 300, 0.2, allocation=allocation), rng(8))
    assert treated.mean() == pytest.approx(share)


def test_crude_counts_agree_with_the_steps() -> None:
    batch = simulate(STANDARD[5], 5, rng(9))
    for trial in range(5):
        mine, path = batch.counts.trial == trial, batch.path
        ends = path.ends_day & (path.term == trial)
        assert batch.counts.day[mine].tolist() == path.day[ends].tolist()
        treated = np.cumsum(path.treated[path.term == trial])
        assert batch.counts.events[mine, 1][-1] == treated[-1]
        assert batch.counts.dosed[mine][-1].sum() <= 500
