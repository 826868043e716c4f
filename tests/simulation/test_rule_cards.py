"""Rule cards: what is printed beside a rule is what it does, within 3 Monte-Carlo errors."""

from datetime import UTC, datetime
from math import comb

import numpy as np
import polars as pl
import pytest

from safetymon import cuts, demonstration
from safetymon.domain import ReportSettings
from safetymon.simulate.cards import cards, first_signals
from safetymon.simulate.design import Plan
from safetymon.simulate.harms import Harm, daily_hazard
from safetymon.simulate.run import simulate
from safetymon.simulate.sides import Side
from safetymon.study import EclRule, Rule, ThresholdRule

pytestmark = pytest.mark.slow

ABOUT = {"topic": "headache", "group": "A"}
NAIVE = ThresholdRule(method="difference", on="lower bound", limit=0, **ABOUT)
ECL = EclRule(method="ecl", window_days=180, **ABOUT)


def false_signals(rule: Rule, each: int, risk: float, trials: int) -> tuple[float, float]:
    """Share of trials without harm that signal, looked at every night, and its error.

    Two groups of the same size entering over 540 days, at risk for 180; 90% intervals, so that a
    lower bound is the one-sided 5% test that is commonly repeated at every look.
    """
    side = Side("A", each, np.array([0.0, 540.0]), np.array([180.0]), np.ones(1))
    hazard = daily_hazard(risk, side.days, side.weight)
    none = Harm("no harm", 1.0, (hazard, hazard))
    plan = Plan(rule, (side, side), (none,), "", every=1, report=ReportSettings(confidence=0.90))
    made = first_signals(plan, trials, np.random.default_rng(20))
    card = cards([(plan, made)]).row(0, named=True)
    return card["signals"], card["error"]


@pytest.mark.parametrize(("each", "risk"), [(48, 0.3), (250, 0.05)])
def test_a_naive_nightly_rule_is_printed_with_its_true_cost(each: int, risk: float) -> None:
    share, error = false_signals(NAIVE, each, risk, trials=400)
    assert 0.18 - 3 * error <= share <= 0.35 + 3 * error
    assert share - 3 * error > 0.05  # what one look would have
    planned = ECL.model_copy(update={"planned": 2 * each})
    share, error = false_signals(planned, each, risk, trials=400)
    assert share <= 0.05 + 3 * error


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The cards of the demonstration, with two naive rules more; 200 trials."""
    file = demonstration.unpack(tmp_path_factory.mktemp("demo"))
    made = cuts.source(file, datetime(2024, 1, 1, tzinfo=UTC))
    study = made.study
    headache = {"topic": "headache", "group": "First period, IVIg", "min_at_risk": 20}
    naive = (
        ThresholdRule(method="difference", limit=10, name="10 points more", **headache),
        ThresholdRule(method="ratio", limit=2, name="twice as many", **headache),
    )
    more = study.model_copy(update={"rule": (*study.rule, *naive)})
    return simulate(more, made.frames(), trials=200, seed=1, workers=1)


def test_evidence_rules_keep_their_promise_in_the_demonstration(demo: pl.DataFrame) -> None:
    methods = ["background", "ecl", "poisson", "protocol"]
    promised = demo.filter(pl.col("method").is_in(methods), effect=1)
    weighed = promised.filter(pl.col("trials") > 0)
    assert weighed.height >= 5
    assert weighed.filter(pl.col("signals") > 0.05 + 3 * pl.col("error")).is_empty()


def test_naive_rules_do_not_in_the_demonstration(demo: pl.DataFrame) -> None:
    naive = demo.filter(pl.col("rule").is_in(["10 points more", "twice as many"]), effect=1)
    assert naive.filter(pl.col("signals") - 3 * pl.col("error") > 0.05).height == 2


def test_a_count_that_can_only_grow_signals_as_often_as_the_binomial_says(
    demo: pl.DataFrame,
) -> None:
    rows = demo.filter(rule="Thromboembolism, related, all IVIg: 3 subjects")
    assert rows.height == 4
    for effect, signals, error in rows.select("effect", "signals", "error").rows():
        p = 0.01 * effect
        fewer = sum(comb(95, x) * p**x * (1 - p) ** (95 - x) for x in range(3))
        assert signals == pytest.approx(1 - fewer, abs=3 * error)


def test_a_greater_harm_is_found_more_often_and_no_later(demo: pl.DataFrame) -> None:
    for _, card in demo.filter(pl.col("trials") > 0).group_by("rule"):
        rising = card.sort("effect")
        assert (rising["signals"].diff().drop_nulls() >= -3 * rising["error"][1:]).all()
        assert (rising["median_days"].drop_nulls().diff().drop_nulls() <= 0).all()


def test_a_rule_without_a_background_is_not_simulated(demo: pl.DataFrame) -> None:
    none = demo.filter(trials=0)
    assert none["signals"].null_count() == none.height == 4
    assert none["basis"].str.contains("no background rate given").all()
