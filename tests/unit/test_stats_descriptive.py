"""Edge cases of the descriptive statistics, each decided aloud."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import ArrayLike

from safetymon.stats import comparisons, proportions
from safetymon.stats.comparisons import (
    fisher_two_sided,
    odds_ratio,
    risk_difference_mee,
    risk_difference_mn,
    risk_difference_newcombe,
    risk_difference_newcombe_cc,
    risk_ratio_score,
)
from safetymon.stats.proportions import agresti_coull, clopper_pearson, jeffreys, wilson, wilson_cc
from safetymon.stats.rates import (
    poisson_byar,
    poisson_exact,
    poisson_jeffreys,
    poisson_score,
    rate_ratio_exact,
)
from tests.score import mn_restricted_mle, mn_score_test

PROPORTION = [clopper_pearson, wilson, wilson_cc, jeffreys, agresti_coull]
RATE = [poisson_exact, poisson_score, poisson_byar, poisson_jeffreys]
DIFFERENCE = [
    risk_difference_mn,
    risk_difference_mee,
    risk_difference_newcombe,
    risk_difference_newcombe_cc,
]
RATIO = [risk_ratio_score, odds_ratio]
PAIRWISE = [*DIFFERENCE, *RATIO, mn_score_test, fisher_two_sided]
Z95 = 1.959963984540054


# one proportion


@pytest.mark.parametrize("interval", PROPORTION)
def test_nobody_at_risk_has_no_interval(interval: Callable[..., tuple[float, float]]) -> None:
    assert_array_equal(interval(0, 0), (math.nan, math.nan))


@pytest.mark.parametrize("interval", PROPORTION)
def test_none_of_n_starts_at_0_and_all_of_n_ends_at_1(
    interval: Callable[..., tuple[float, float]],
) -> None:
    n = [1, 2, 95, 10**6]
    assert_array_equal(interval(0, n)[0], np.zeros(4))
    assert_array_equal(interval(n, n)[1], np.ones(4))


def test_clopper_pearson_of_none_is_the_rule_of_three_made_exact() -> None:
    n = np.array([1, 16, 95, 10**6])
    assert_allclose(clopper_pearson(0, n)[1], -np.expm1(np.log(0.025) / n), rtol=1e-12)
    assert_allclose(clopper_pearson(n, n)[0], 0.025 ** (1 / n), rtol=1e-12)
    assert_allclose(clopper_pearson(0, 95, conf=0.9)[1], 1 - 0.05 ** (1 / 95), rtol=1e-12)


def test_wilson_of_none_by_hand() -> None:
    # (n + z²) p² = z² p at x = 0
    assert_allclose(wilson(0, [1, 95])[1], Z95**2 / (np.array([1, 95]) + Z95**2), rtol=1e-12)


def test_one_of_a_million_keeps_its_digits() -> None:
    # The normal score limits of a Poisson mean of 1, to the order 1/n.
    assert_allclose(wilson(1, 10**6)[0], 1.7652e-7, rtol=1e-4)
    # Garwood's 0.025318 to 5.571643 events, to the order 1/n.
    assert_allclose(clopper_pearson(1, 10**6), (2.5318e-8, 5.5716e-6), rtol=1e-4)


# one rate, two rates


def test_no_time_no_rate() -> None:
    for method in RATE:
        assert_array_equal(method([0, 3], 0), np.full((2, 2), math.nan))
    assert_array_equal(rate_ratio_exact(1, [0, 1, 0], 1, [1, 0, 0]), np.full((3, 3), math.nan))


def test_no_events_give_a_rate_of_at_most_minus_log_of_the_tail() -> None:
    low, high = poisson_exact(0, [1.0, 52.3])
    assert_array_equal(low, [0, 0])
    assert_allclose(high, -math.log(0.025) / np.array([1.0, 52.3]), rtol=1e-12)


def test_rate_ratio_with_events_on_one_side_or_none() -> None:
    ratio, low, high = rate_ratio_exact([0, 4, 0], 10.0, [4, 0, 0], 20.0)
    assert_array_equal(ratio, [0, math.inf, math.nan])
    assert_array_equal(low[[0, 2]], [0, 0])
    assert_array_equal(high[[1, 2]], [math.inf, math.inf])
    # share^4 = tail, by hand: odds of the share times 20 / 10
    share = 0.025**0.25
    assert_allclose((low[1], 1 / high[0]), (2 * share / (1 - share), share / (1 - share) / 2))


def test_rate_ratio_of_a_very_short_time_stays_silent() -> None:
    assert_array_equal(rate_ratio_exact(0, 1e-300, 0, 1e300), (math.nan, math.nan, math.inf))
    assert_array_equal(poisson_exact(3, 5e-324)[1], math.inf)


# two proportions


@pytest.mark.parametrize("method", PAIRWISE)
def test_an_empty_group_cannot_be_compared(method: Callable[..., object]) -> None:
    result = np.asarray(method(0, [0, 5, 0], 0, [5, 0, 0]))
    assert np.isnan(result).all()
    assert np.isnan(mn_restricted_mle(0, 0, 1, 5, 0.1)).all()


def test_difference_of_0_v_0_is_0_with_its_score_interval() -> None:
    # By hand: with no events the restricted fit puts p2 = -delta, and delta² <= c p2 q2 / n2.
    difference, low, high = risk_difference_mn(0, 10, 0, 20)
    c = Z95**2 * 30 / 29
    assert_array_equal(difference, 0)
    assert_allclose((low, high), (-c / (20 + c), c / (10 + c)), rtol=1e-12)
    assert_array_equal(risk_difference_newcombe(0, 10, 0, 20)[0], 0)


def test_difference_reaches_its_ends_exactly() -> None:
    for method in DIFFERENCE:
        assert_array_equal(np.array(method([10, 0], [10, 20], [0, 9], [20, 9]))[[0, 2], 0], [1, 1])
        assert_array_equal(
            np.array(method([10, 0], [10, 20], [0, 9], [20, 9]))[[0, 1], 1], [-1, -1]
        )


def test_ratio_of_0_v_0_is_not_estimable() -> None:
    assert_array_equal(risk_ratio_score(0, 10, 0, 20), (math.nan, 0, math.inf))
    assert_array_equal(odds_ratio(0, 10, 0, 20), (math.nan, 0, math.inf))
    assert_array_equal(odds_ratio(10, 10, 20, 20), (math.nan, 0, math.inf))


@pytest.mark.parametrize("method", RATIO)
def test_ratio_with_events_on_one_side(method: Callable[..., tuple[float, float, float]]) -> None:
    only_first, only_second = method(3, 10, 0, 10), method(0, 10, 3, 10)
    assert_array_equal((only_first[0], only_first[2]), (math.inf, math.inf))
    assert_array_equal(only_second[:2], (0, 0))
    assert 0 < only_first[1] < math.inf
    assert_allclose(only_second[2], 1 / only_first[1], rtol=1e-12)


def test_risk_ratio_of_everybody_v_everybody_by_hand() -> None:
    # p2 = 1 and n q1 / p1 = z²: p1 = n / (n + z²)
    ratio, low, high = risk_ratio_score([1, 30], [1, 30], [1, 30], [1, 30])
    n = np.array([1, 30])
    assert_array_equal(ratio, [1, 1])
    assert_allclose(low, n / (n + Z95**2), rtol=1e-9)
    assert_allclose(high, (n + Z95**2) / n, rtol=1e-9)


def test_groups_of_one_subject() -> None:
    one = np.ones(4)
    x1, x2 = [0, 0, 1, 1], [0, 1, 0, 1]
    for method in (risk_difference_mn, risk_difference_newcombe, risk_ratio_score, odds_ratio):
        _, low, high = method(x1, one, x2, one)
        assert (low < high).all()
    assert_array_equal(fisher_two_sided(x1, one, x2, one), one)


def test_score_test_of_no_events_sees_no_difference() -> None:
    assert_array_equal(mn_score_test(0, 10, 0, 20), (0, 1))
    # ... nor does a delta that rounding has moved off 0 by a hair.
    assert_allclose(mn_score_test([0, 10], 10, [0, 20], 20, 1e-17), ([0, 0], [1, 1]), atol=1e-7)
    assert_array_equal(mn_score_test(10, 10, 20, 20), (0, 1))
    assert_allclose(mn_restricted_mle(0, 10, 0, 20, -0.25), (0, 0.25), atol=1e-12)
    assert_allclose(mn_restricted_mle(0, 10, 0, 20, 0.25), (0.25, 0), atol=1e-12)


def test_score_test_of_equality_is_pearson_s_chi_squared_but_for_the_factor() -> None:
    # 7/34 v 1/34: chi-squared = 68 (7·33 - 27·1)² / (34·34·8·60)
    z, p = mn_score_test(7, 34, 1, 34)
    chi_squared = 68 * (7 * 33 - 27) ** 2 / (34 * 34 * 8 * 60)
    assert_allclose(z**2, chi_squared * 67 / 68, rtol=1e-12)
    assert_allclose(p, math.erfc(abs(float(z)) / math.sqrt(2)), rtol=1e-12)


def test_fisher_by_hand() -> None:
    # Fisher's tea: 3 of 4 v 1 of 4, tables 1 16 36 16 1 of 70.
    assert_allclose(
        fisher_two_sided([3, 4, 2, 0], 4, [1, 0, 2, 4], 4), np.array([34, 2, 70, 2]) / 70
    )
    assert_array_equal(fisher_two_sided([0, 5], [5, 5], [0, 7], [7, 7]), [1, 1])


def test_fisher_tables_of_very_different_sizes_share_a_call() -> None:
    x1, n1, x2, n2 = [3, 400, 0, 3000], [4, 900, 0, 10**6], [1, 300, 0, 2800], [4, 900, 0, 10**6]
    together = fisher_two_sided(x1, n1, x2, n2)
    alone = [fisher_two_sided(*table) for table in zip(x1, n1, x2, n2, strict=True)]
    assert_allclose(together, alone, rtol=1e-12)


def test_a_million_subjects_a_group() -> None:
    million = 10**6
    difference, low, high = risk_difference_mn(1200, million, 1000, million)
    # The Wald interval agrees to its own order here.
    spread = Z95 * math.sqrt(1200 / million**2 + 1000 / million**2)
    assert_allclose((difference, low, high), (2e-4, 2e-4 - spread, 2e-4 + spread), rtol=2e-3)
    ratio, low, high = risk_ratio_score(1200, million, 1000, million)
    log_spread = Z95 * math.sqrt(1 / 1200 + 1 / 1000)
    assert_allclose((low, high), 1.2 * np.exp([-log_spread, log_spread]), rtol=2e-3)
    assert ratio == pytest.approx(1.2)


@pytest.mark.parametrize("method", PAIRWISE)
def test_all_terms_without_events(method: Callable[..., object]) -> None:
    nothing = np.zeros(300)
    first = np.asarray(method(0, 52, 0, 48))
    every = np.asarray(method(nothing, 52, nothing, 48))
    assert_array_equal(every, np.broadcast_to(first[..., None], every.shape))


# shapes


@pytest.mark.parametrize("method", [*DIFFERENCE, *RATIO, mn_score_test])
def test_shapes_broadcast_and_are_float64(method: Callable[..., tuple[np.ndarray, ...]]) -> None:
    for part in method(np.array([[1], [2], [0]]), [10, 20], 3, np.int32(40)):
        assert part.shape == (3, 2)
        assert part.dtype == np.float64
    assert all(part.shape == (0,) for part in method([], 10, [], 10))
    assert all(np.shape(part) == () for part in method(1, 10, 2, 20))


def test_shapes_of_the_others() -> None:
    assert clopper_pearson([[1], [2]], [5, 6, 7])[0].shape == (2, 3)
    assert clopper_pearson([], [])[1].shape == (0,)
    assert poisson_exact([[1], [2]], [5.0, 6.0, 7.0])[0].shape == (2, 3)
    assert fisher_two_sided([[1], [2]], [5, 6, 7], 0, 9).shape == (2, 3)
    assert fisher_two_sided([], [], [], []).shape == (0,)
    assert mn_score_test(1, 10, 2, 10, [0.0, 0.1, -0.1])[0].shape == (3,)


def test_inputs_are_not_changed() -> None:
    x, n = np.array([0.0, 3.0]), np.array([0.0, 7.0])
    risk_difference_mn(x, n, x, n)
    fisher_two_sided(x, n, x, n)
    assert_array_equal((x, n), ([0, 3], [0, 7]))


# refusals


@pytest.mark.parametrize(
    ("x", "n", "message"),
    [
        (-1, 5, "x must be a whole number of at least 0: found -1"),
        (6, 5, "x cannot exceed n: found x = 6 of n = 5"),
        ([1, 2], [4, 1], "x cannot exceed n: found x = 2 of n = 1"),
        (0, -5, "n must be a whole number of at least 0: found -5"),
        (1.5, 5, "x must be a whole number of at least 0: found 1.5"),
        (math.nan, 5, "x must be a whole number of at least 0: found nan"),
        (1, math.inf, "n must be a whole number of at least 0: found inf"),
    ],
)
def test_what_is_no_count_is_refused(x: ArrayLike, n: ArrayLike, message: str) -> None:
    calls: list[Callable[[], object]] = [
        *[lambda f=f: f(x, n) for f in PROPORTION],
        *[lambda f=f: f(x, n, 1, 5) for f in PAIRWISE],
        *[lambda f=f: f(1, 5, x, n) for f in PAIRWISE],
    ]
    for call in calls:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            call()


@pytest.mark.parametrize("conf", [0, 1, -0.5, 95, math.nan])
def test_a_confidence_level_lies_between_0_and_1(conf: float) -> None:
    calls: list[Callable[[], object]] = [
        *[lambda f=f: f(1, 5, conf) for f in (*PROPORTION, *RATE)],
        *[lambda f=f: f(1, 5, 2, 5, conf) for f in (*DIFFERENCE, *RATIO, rate_ratio_exact)],
    ]
    for call in calls:
        with pytest.raises(
            ValueError, match=r"^the confidence level is .*: give one between 0 and 1, say 0\.95$"
        ):
            call()


def test_extreme_confidence_levels_stay_silent_and_ordered() -> None:
    x1, n1, x2, n2 = [0, 0, 5, 5, 2], 5, [0, 9, 0, 9, 3], 9
    for conf in (1e-100, 1e-12, 1 - 1e-15):
        for method in (risk_difference_mn, risk_difference_newcombe, risk_ratio_score, odds_ratio):
            _, low, high = method(x1, n1, x2, n2, conf)
            assert (low <= high + 1e-9).all()


def test_what_is_no_time_is_refused() -> None:
    for time in (-1.0, math.nan, math.inf):
        for method in RATE:
            with pytest.raises(ValueError, match="time must be a finite time of at least 0: found"):
                method(1, time)
        with pytest.raises(ValueError, match="t2 must be a finite time of at least 0: found"):
            rate_ratio_exact(1, 1.0, 1, time)
    for events in (-1, 0.5, math.nan):
        with pytest.raises(ValueError, match="events must be a whole number of at least 0: found"):
            poisson_exact(events, 1.0)
        with pytest.raises(ValueError, match="d1 must be a whole number of at least 0: found"):
            rate_ratio_exact(events, 1.0, 1, 1.0)


@pytest.mark.parametrize("delta", [-1, 1, 3, math.nan])
def test_a_difference_under_test_lies_between_minus_1_and_1(delta: float) -> None:
    with pytest.raises(ValueError, match="delta must lie between -1 and 1: found"):
        mn_score_test(1, 5, 2, 5, delta)


# inner parts that outer cases cannot reach


def test_a_search_that_does_not_settle_is_an_error_not_a_number() -> None:
    def restless(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(u > 0.5, 1.0, -1.0), np.ones_like(u)

    with pytest.raises(ArithmeticError, match="did not settle"):
        comparisons._descend(restless, np.ones(1), 0)


def test_distinct_rows_find_their_way_back() -> None:
    x, n = np.array([[3.0, 1.0], [3.0, 0.0]]), np.array([[9.0, 9.0], [9.0, 7.0]])
    (x_once, n_once), place = proportions.distinct(x, n)
    assert x_once.size == 3
    assert_array_equal((x_once[place], n_once[place]), (x, n))


def test_distinct_leaves_rows_alone_whose_key_would_not_be_exact() -> None:
    wide = np.array([0.0, 1e6, 1e6])
    columns, place = proportions.distinct(wide, wide, wide)
    assert columns[0].size == 3
    assert_array_equal(columns[2][place], wide)
    assert_array_equal(clopper_pearson([0, 2**40], 2**41)[0][1] < 0.5, True)
