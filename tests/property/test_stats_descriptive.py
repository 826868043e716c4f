"""The descriptive statistics against a second implementation, and what must always hold of them.

The second implementation is plain Python: exact binomial and Poisson tails, exact integers for
Fisher, and for score intervals the textbook search (bisection over the measure, and within it over
the restricted proportion), none of which the package uses.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

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

pytestmark = pytest.mark.slow

Table = tuple[int, int, int, int]
Interval = tuple[float, float]
Comparison = Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]
DIFFERENCE: list[Comparison] = [
    risk_difference_mn,
    risk_difference_mee,
    risk_difference_newcombe,
    risk_difference_newcombe_cc,
]
RATIO: list[Comparison] = [risk_ratio_score, odds_ratio]
PAIRWISE = [*DIFFERENCE, *RATIO]

few = settings(max_examples=100, deadline=None)  # bisection within bisection, in plain Python
many = settings(max_examples=200, deadline=None)
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@st.composite
def proportions_up_to(draw: st.DrawFn, most: int) -> tuple[int, int]:
    n = draw(st.integers(1, most))
    return draw(st.one_of(st.just(0), st.just(n), st.integers(0, n))), n


def tables_up_to(most: int) -> st.SearchStrategy[Table]:
    group = proportions_up_to(most)
    return st.tuples(group, group).map(lambda pair: (*pair[0], *pair[1]))


# the second implementation


def last_true(holds: Callable[[float], bool], true: float, false: float) -> float:
    """Where a condition ends that holds at `true` and not at `false`."""
    for _ in range(60):
        middle = (true + false) / 2
        true, false = (middle, false) if holds(middle) else (true, middle)
    return true


def binomial_tail(x: int, n: int, p: float) -> float:
    """P(X >= x)."""
    return math.fsum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(x, n + 1))


def plain_clopper_pearson(x: int, n: int, conf: float) -> Interval:
    tail = (1 - conf) / 2
    low = last_true(lambda p: binomial_tail(x, n, p) >= tail, 1.0, 0.0) if x else 0.0
    high = last_true(lambda p: binomial_tail(n - x, n, 1 - p) >= tail, 0.0, 1.0)
    return low, high if x < n else 1.0


def plain_z(conf: float) -> float:
    return NormalDist().inv_cdf((1 + conf) / 2)


def plain_wilson(x: int, n: int, conf: float) -> Interval:
    def inside(p: float) -> bool:
        return (x - n * p) ** 2 <= plain_z(conf) ** 2 * n * p * (1 - p)

    return last_true(inside, x / n, 0.0), last_true(inside, x / n, 1.0)


def plain_wilson_cc(x: int, n: int, conf: float) -> Interval:
    def inside(p: float) -> bool:
        return max(abs(x - n * p) - 0.5, 0) ** 2 <= plain_z(conf) ** 2 * n * p * (1 - p)

    low = last_true(inside, x / n, 0.0) if x else 0.0
    return low, last_true(inside, x / n, 1.0) if x < n else 1.0


def plain_agresti_coull(x: int, n: int, conf: float) -> Interval:
    z = plain_z(conf)
    p = (x + z * z / 2) / (n + z * z)
    reach = z * math.sqrt(p * (1 - p) / (n + z * z))
    return max(p - reach, 0.0), min(p + reach, 1.0)


def simpson(density: Callable[[float], float], begin: float, end: float) -> float:
    """The integral of a smooth density."""
    step = (end - begin) / 600
    inner = (density(begin + i * step) * (4 if i % 2 else 2) for i in range(1, 600))
    return step / 3 * (density(begin) + math.fsum(inner) + density(end))


def plain_quantile(density: Callable[[float], float], begin: float, end: float, q: float) -> float:
    whole = simpson(density, begin, end)
    return last_true(lambda t: simpson(density, begin, t) <= q * whole, begin, end)


def plain_jeffreys(x: int, n: int, conf: float) -> Interval:
    """The angle whose squared sine has the Beta(x + 1/2, n - x + 1/2) posterior."""

    def density(angle: float) -> float:
        return (math.sin(angle) ** x * math.cos(angle) ** (n - x)) ** 2

    tail, quarter = (1 - conf) / 2, math.pi / 2
    low, high = (math.sin(plain_quantile(density, 0, quarter, q)) ** 2 for q in (tail, 1 - tail))
    return (low if x else 0.0), (high if x < n else 1.0)


def plain_poisson_score(events: int, time: float, conf: float) -> Interval:
    def inside(mean: float) -> bool:
        return (events - mean) ** 2 <= plain_z(conf) ** 2 * mean

    beyond = 10.0 * events + 50
    return last_true(inside, events, 0.0) / time, last_true(inside, events, beyond) / time


def plain_poisson_jeffreys(events: int, time: float, conf: float) -> Interval:
    """The root of a mean that has the Gamma(events + 1/2) posterior."""

    def density(root: float) -> float:
        return math.exp(2 * events * math.log(root / top) - root**2 + events) if root else one

    top, one = math.sqrt(max(events, 1)), float(events == 0)
    tail, begin, end = (1 - conf) / 2, max(top - 6, 0.0), top + 6
    low, high = (plain_quantile(density, begin, end, q) ** 2 / time for q in (tail, 1 - tail))
    return (low if events else 0.0), high


def plain_poisson_byar(events: int, time: float, conf: float) -> Interval:
    more = events + 0.5
    low, high = (
        more * max(0.0, 1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3 / time
        for z in (-plain_z(conf), plain_z(conf))
    )
    return (low if events else 0.0), high


def poisson_at_most(events: int, mean: float) -> float:
    return math.fsum(
        math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(events + 1)
    )


def plain_poisson(events: int, time: float, conf: float) -> Interval:
    tail, beyond = (1 - conf) / 2, 10.0 * events + 50
    low = last_true(lambda m: 1 - poisson_at_most(events - 1, m) >= tail, beyond, 1e-12)
    high = last_true(lambda m: poisson_at_most(events, m) >= tail, 1e-12, beyond)
    return (low if events else 0.0) / time, high / time


def plain_rate_ratio(d1: int, t1: float, d2: int, t2: float, conf: float) -> Interval:
    tail, all_events = (1 - conf) / 2, d1 + d2

    def share(log_ratio: float) -> float:
        return math.exp(log_ratio) * t1 / (math.exp(log_ratio) * t1 + t2)

    def from_above(log_ratio: float) -> bool:
        return binomial_tail(d1, all_events, share(log_ratio)) >= tail

    def from_below(log_ratio: float) -> bool:
        return binomial_tail(d2, all_events, 1 - share(log_ratio)) >= tail

    low = math.exp(last_true(from_above, 30, -30)) if d1 else 0.0
    return low, math.exp(last_true(from_below, -30, 30)) if d2 else math.inf


def per(count: float, p: float) -> float:
    """count / p, a term of the derivative of a log-likelihood, absent without observations."""
    if count == 0:
        return 0.0
    return count / p if p > 0 else math.inf


def pearson(x: int, n: int, p: float) -> float:
    """(x - n p)² / (n p q), 0 where the fit is a perfect 0 or 1."""
    return 0.0 if p * (1 - p) < 1e-300 else (x - n * p) ** 2 / (n * p * (1 - p))


def plain_restricted_difference(table: Table, delta: float) -> Interval:
    x1, n1, x2, n2 = table

    def rising(p: float) -> bool:
        up = per(x1, p + delta) + per(x2, p)
        return up >= per(n1 - x1, 1 - p - delta) + per(n2 - x2, 1 - p)

    p2 = last_true(rising, max(0.0, -delta), min(1.0, 1 - delta))
    return p2 + delta, p2


def plain_difference(table: Table, conf: float, *, factor: bool = True) -> Interval:
    x1, n1, x2, n2 = table
    seen, limit = x1 / n1 - x2 / n2, plain_z(conf) ** 2
    more = (n1 + n2) / (n1 + n2 - 1) if factor else 1.0

    def inside(delta: float) -> bool:
        p1, p2 = plain_restricted_difference(table, delta)
        variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
        return (seen - delta) ** 2 <= limit * variance * more

    return last_true(inside, seen, -1.0), last_true(inside, seen, 1.0)


def plain_risk_ratio_low(table: Table, conf: float) -> float:
    x1, n1, x2, n2 = table
    if x1 == 0:
        return 0.0

    def inside(log_ratio: float) -> bool:
        ratio = math.exp(log_ratio)

        def rising(p: float) -> bool:
            return per(x1 + x2, p) >= per((n1 - x1) * ratio, 1 - ratio * p) + per(n2 - x2, 1 - p)

        p = last_true(rising, 0.0, min(1.0, 1 / ratio))
        return pearson(x1, n1, ratio * p) + pearson(x2, n2, p) <= plain_z(conf) ** 2

    seen = math.log(x1 * n2 / (x2 * n1)) if x2 else 30.0
    return math.exp(last_true(inside, seen, -30.0))


def plain_odds_ratio_low(table: Table, conf: float) -> float:
    x1, n1, x2, n2 = table
    m = x1 + x2
    if x1 == 0 or x2 == n2:
        return 0.0

    def fitted(ratio: float) -> float:
        def too_few(a: float) -> bool:
            return a * (n2 - m + a) <= ratio * (m - a) * (n1 - a)

        return last_true(too_few, max(0, m - n2), min(n1, m))

    def inside(log_ratio: float) -> bool:
        a = fitted(math.exp(log_ratio))
        cells = (a, n1 - a, m - a, n2 - m + a)
        return (x1 - a) ** 2 * sum(per(1, cell) for cell in cells) <= plain_z(conf) ** 2

    seen = math.log(x1 * (n2 - x2) / (x2 * (n1 - x1))) if x2 and x1 < n1 else 30.0
    return math.exp(last_true(inside, seen, -30.0))


def plain_fisher(table: Table) -> float:
    x1, n1, x2, n2 = table
    m = x1 + x2
    weights = {k: math.comb(n1, k) * math.comb(n2, m - k) for k in range(m + 1)}
    no_likelier = [w for w in weights.values() if w * 10**7 <= weights[x1] * (10**7 + 1)]
    return float(Fraction(sum(no_likelier), sum(weights.values())))


def inverse(ratio: np.ndarray) -> float:
    return 1 / float(ratio) if ratio else math.inf


def exchanged(table: Table) -> Table:
    return (*table[2:], *table[:2])


# the two agree


@many
@given(st.lists(proportions_up_to(80), min_size=1, max_size=5), levels)
def test_proportions_agree(groups: list[tuple[int, int]], conf: float) -> None:
    x, n = np.array(groups).T
    for method, plain in (
        (clopper_pearson, plain_clopper_pearson), (wilson, plain_wilson),
        (wilson_cc, plain_wilson_cc), (agresti_coull, plain_agresti_coull),
    ):  # fmt: skip
        expected = [plain(*group, conf) for group in groups]
        assert_allclose(np.transpose(method(x, n, conf)), expected, rtol=1e-9, atol=1e-13)


@few
@given(proportions_up_to(60), levels)
def test_jeffreys_agrees(group: tuple[int, int], conf: float) -> None:
    assert_allclose(jeffreys(*group, conf), plain_jeffreys(*group, conf), rtol=1e-6, atol=1e-9)


@few
@given(st.integers(0, 60), st.floats(0.01, 1e4), levels)
def test_other_rates_agree(events: int, time: float, conf: float) -> None:
    score, byar = plain_poisson_score(events, time, conf), plain_poisson_byar(events, time, conf)
    assert_allclose(poisson_score(events, time, conf), score, rtol=1e-9, atol=1e-13 / time)
    assert_allclose(poisson_byar(events, time, conf), byar, rtol=1e-9)
    posterior = plain_poisson_jeffreys(events, time, conf)
    assert_allclose(poisson_jeffreys(events, time, conf), posterior, rtol=1e-6)


@many
@given(st.integers(0, 60), st.floats(0.01, 1e4), levels)
def test_rates_agree(events: int, time: float, conf: float) -> None:
    assert_allclose(poisson_exact(events, time, conf), plain_poisson(events, time, conf), rtol=1e-9)


@many
@given(st.integers(0, 40), st.floats(0.1, 1e3), st.integers(0, 40), st.floats(0.1, 1e3), levels)
def test_rate_ratios_agree(d1: int, t1: float, d2: int, t2: float, conf: float) -> None:
    ratio, low, high = rate_ratio_exact(d1, t1, d2, t2, conf)
    assert_allclose((low, high), plain_rate_ratio(d1, t1, d2, t2, conf), rtol=1e-9)
    assert_allclose(ratio, (d1 / t1) / (d2 / t2) if d2 else math.inf if d1 else math.nan)


@few
@given(tables_up_to(60), levels)
def test_miettinen_nurminen_agrees(table: Table, conf: float) -> None:
    _, low, high = risk_difference_mn(*table, conf)
    assert_allclose((low, high), plain_difference(table, conf), rtol=0, atol=1e-9)
    _, low, high = risk_difference_mee(*table, conf)
    assert_allclose((low, high), plain_difference(table, conf, factor=False), rtol=0, atol=1e-9)


@many
@given(tables_up_to(60), st.integers(-990_000, 990_000).map(lambda millionths: millionths / 1e6))
def test_restricted_proportions_and_their_test_agree(table: Table, delta: float) -> None:
    x1, n1, x2, n2 = table
    p1, p2 = plain_restricted_difference(table, delta)
    assert_allclose(mn_restricted_mle(*table, delta), (p1, p2), rtol=0, atol=1e-9)
    variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
    z, p = mn_score_test(*table, delta)
    gap = x1 / n1 - x2 / n2 - delta
    assert_allclose(z, gap / math.sqrt(max(variance, 1e-30)), rtol=1e-6, atol=1e-6)
    assert_allclose(p, 2 * NormalDist().cdf(-abs(float(z))), rtol=1e-9, atol=1e-15)


@many
@given(st.lists(tables_up_to(60), min_size=1, max_size=5), levels)
def test_newcombe_agrees(tables: list[Table], conf: float) -> None:
    for method, plain in (
        (risk_difference_newcombe, plain_wilson),
        (risk_difference_newcombe_cc, plain_wilson_cc),
    ):
        expected = []
        for x1, n1, x2, n2 in tables:
            p1, p2 = x1 / n1, x2 / n2
            (low1, high1), (low2, high2) = plain(x1, n1, conf), plain(x2, n2, conf)
            low = p1 - p2 - math.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
            high = p1 - p2 + math.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
            expected.append((p1 - p2, max(low, -1.0), min(high, 1.0)))
        result = method(*np.array(tables).T, conf)
        assert_allclose(np.transpose(result), expected, rtol=0, atol=1e-9)


@few
@given(tables_up_to(60), levels)
def test_koopman_agrees(table: Table, conf: float) -> None:
    _, low, high = risk_ratio_score(*table, conf)
    assert_allclose(low, plain_risk_ratio_low(table, conf), rtol=1e-7)
    assert_allclose(1 / high, plain_risk_ratio_low(exchanged(table), conf), rtol=1e-7)


@few
@given(tables_up_to(60), levels)
def test_odds_ratio_agrees(table: Table, conf: float) -> None:
    _, low, high = odds_ratio(*table, conf)
    assert_allclose(low, plain_odds_ratio_low(table, conf), rtol=1e-7)
    assert_allclose(1 / high, plain_odds_ratio_low(exchanged(table), conf), rtol=1e-7)


@many
@given(st.lists(tables_up_to(150), min_size=1, max_size=40))
def test_fisher_agrees(tables: list[Table]) -> None:
    expected = [plain_fisher(table) for table in tables]
    assert_allclose(fisher_two_sided(*np.array(tables).T), expected, rtol=1e-11)


def test_fisher_agrees_on_every_table_of_two_small_groups() -> None:
    tables = [
        (x1, n1, x2, n2)
        for n1 in range(1, 9)
        for n2 in range(1, 9)
        for x1 in range(n1 + 1)
        for x2 in range(n2 + 1)
    ]
    expected = [plain_fisher(table) for table in tables]
    assert_allclose(fisher_two_sided(*np.array(tables).T), expected, rtol=1e-12)


def test_fisher_agrees_on_thousands_of_subjects() -> None:
    table = (1900, 3000, 2100, 3500)
    assert_allclose(fisher_two_sided(*table), plain_fisher(table), rtol=1e-10)


# what must always hold


@many
@given(st.lists(proportions_up_to(10**6), min_size=1, max_size=20), levels)
def test_a_proportion_lies_in_its_interval(groups: list[tuple[int, int]], conf: float) -> None:
    x, n = np.array(groups).T
    for method in (clopper_pearson, wilson):
        low, high = method(x, n, conf)
        assert ((low >= 0) & (low <= x / n) & (x / n <= high) & (high <= 1)).all()
        wider_low, wider_high = method(x, n, (1 + conf) / 2)
        assert ((wider_low <= low) & (wider_high >= high)).all()


@many
@given(st.lists(tables_up_to(10**6), min_size=1, max_size=20), levels)
def test_an_estimate_lies_in_its_interval(tables: list[Table], conf: float) -> None:
    counts = np.array(tables).T
    for method in PAIRWISE:
        lowest, highest = (-1, 1) if method in DIFFERENCE else (0, np.inf)
        value, low, high = method(*counts, conf)
        known = ~np.isnan(value)
        assert (lowest <= low).all()
        assert (high <= highest).all()
        assert ((low <= value) & (value <= high))[known].all()
        assert (low < high).all()


@many
@given(tables_up_to(10**6), levels)
def test_exchanging_the_groups_mirrors_the_comparison(table: Table, conf: float) -> None:
    for method in DIFFERENCE:
        value, low, high = method(*table, conf)
        mirrored, from_, to = method(*exchanged(table), conf)
        assert_allclose((value, low, high), (-mirrored, -to, -from_), rtol=0, atol=1e-14)
    for method in RATIO:
        value, low, high = method(*table, conf)
        inverted, from_, to = method(*exchanged(table), conf)
        expected = (inverse(inverted), inverse(to), inverse(from_))
        assert_allclose((value, low, high), expected, rtol=1e-12)
    assert_allclose(mn_score_test(*table)[0], -mn_score_test(*exchanged(table))[0], atol=1e-12)


@many
@given(tables_up_to(300))
def test_exchanging_groups_or_outcomes_leaves_fisher_alone(table: Table) -> None:
    x1, n1, x2, n2 = table
    p = fisher_two_sided(*table)
    assert 0 < p <= 1
    assert_allclose(fisher_two_sided(*exchanged(table)), p, rtol=1e-11)
    assert_allclose(fisher_two_sided(n1 - x1, n1, n2 - x2, n2), p, rtol=1e-11)


@many
@given(tables_up_to(10**6), levels)
def test_counting_those_without_the_event_turns_the_difference_round(
    table: Table, conf: float
) -> None:
    x1, n1, x2, n2 = table
    _, low, high = risk_difference_mn(*table, conf)
    _, from_, to = risk_difference_mn(n1 - x1, n1, n2 - x2, n2, conf)
    assert_allclose((low, high), (-to, -from_), rtol=0, atol=1e-13)


@many
@given(tables_up_to(10**6), levels)
def test_the_score_test_rejects_nothing_inside_its_interval(table: Table, conf: float) -> None:
    # The test is solved for its own restricted proportions, so this closes the circle at any size.
    _, low, high = risk_difference_mn(*table, conf)
    for end in (low, high):
        if abs(end) < 1 - 1e-6:
            z, p = mn_score_test(*table, end)
            assert_allclose(abs(z), plain_z(conf), rtol=1e-5)
            assert_allclose(p, 1 - conf, rtol=1e-4)


@many
@given(st.integers(1, 200), proportions_up_to(200), levels)
def test_limits_rise_with_the_events(n: int, reference: tuple[int, int], conf: float) -> None:
    x = np.arange(n + 1)
    for method in (clopper_pearson, wilson):
        low, high = method(x, n, conf)
        assert (np.diff(low) > 0).all()
        assert (np.diff(high) > 0).all()
    for comparison in PAIRWISE:
        _, low, high = comparison(x, n, *reference, conf)
        with np.errstate(invalid="ignore"):  # inf - inf where the ratio has no upper limit
            assert not (np.diff(low) < -1e-12).any()
            assert not (np.diff(high) < -1e-12).any()


@many
@given(st.integers(0, 10**6), st.floats(1e-3, 1e6), levels)
def test_a_rate_lies_in_its_interval_whatever_the_unit(
    events: int, time: float, conf: float
) -> None:
    low, high = poisson_exact(events, time, conf)
    assert 0 <= low <= events / time < high
    assert_allclose(poisson_exact(events, time * 365.25, conf), np.divide((low, high), 365.25))


@many
@given(st.integers(0, 500), st.floats(0.1, 1e3), st.integers(0, 500), st.floats(0.1, 1e3), levels)
def test_exchanging_the_groups_inverts_the_rate_ratio(
    d1: int, t1: float, d2: int, t2: float, conf: float
) -> None:
    ratio, low, high = rate_ratio_exact(d1, t1, d2, t2, conf)
    _, from_, to = rate_ratio_exact(d2, t2, d1, t1, conf)
    assert low <= high
    assert np.isnan(ratio) == (d1 + d2 == 0)
    assert np.isnan(ratio) or low <= ratio <= high
    assert_allclose((low, high), (inverse(to), inverse(from_)))


@pytest.mark.parametrize("method", [*PAIRWISE, mn_score_test, fisher_two_sided])
@settings(max_examples=30, deadline=None)
@given(tables=st.lists(tables_up_to(200), min_size=1, max_size=60))
def test_a_term_s_numbers_do_not_depend_on_the_terms_beside_it(
    method: Callable[..., object], tables: list[Table]
) -> None:
    together = np.asarray(method(*np.array(tables).T))
    alone = np.stack([np.asarray(method(*table)) for table in tables], axis=-1)
    assert_allclose(together, alone, rtol=1e-9, atol=1e-13)
    back = np.asarray(method(*np.array(tables[::-1]).T))[..., ::-1]
    assert_array_equal(np.isnan(together), np.isnan(back))
    assert_allclose(back, together, rtol=1e-12)
