"""The mixture e-value against exact rational arithmetic, quadrature and its own martingale."""

import math
from fractions import Fraction

import numpy as np
import pytest

from safetymon.stats.boundary import false_signal
from safetymon.stats.calibration import evalue_boundary, evalue_cut
from safetymon.stats.evalue import anytime_lower_bound, log_evalue


def plain_evalue(x: int, n: int, p0: Fraction) -> Fraction:
    """The mixture integrated by parts, in fractions: exact for a rational background."""
    p0 = Fraction(p0)
    mu = min(2 * p0, (1 + p0) / 2)
    b = 1 / mu - 1
    c, term, total = b + n - x, Fraction(1), Fraction(0)
    for j in range(x + 1):
        term /= c + j
        total += term
        term *= (x - j) * (1 - p0) / p0
    return b * total


def log_fraction(value: Fraction) -> float:
    """The log of a fraction too large or too small for a float."""
    return math.log2(value.numerator) * math.log(2) - math.log2(value.denominator) * math.log(2)


def quadrature(x: int, n: int, p0: float) -> float:
    """The definition: the likelihood ratio averaged over evenly spaced quantiles of the prior."""
    b = 1 / min(2 * p0, (1 + p0) / 2) - 1
    upper_tail = (np.arange(1_000_000) + 0.5) / 1_000_000
    log_survives = np.log(upper_tail) / b  # log of (1 - p) / (1 - p0)
    p = 1 - (1 - p0) * np.exp(log_survives)
    log_ratio = x * np.log(p / p0) + (n - x) * log_survives
    return float(np.log(np.mean(np.exp(log_ratio))))


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_fractions_on_random_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p0 = rng.integers(1, 99, 40) / 100
    n = rng.integers(0, 120, 40)
    x = rng.binomial(n, rng.uniform(0, 1, 40))
    exact = [
        log_fraction(plain_evalue(int(a), int(b), Fraction(round(c * 100), 100)))
        for a, b, c in zip(x, n, p0, strict=True)
    ]
    assert log_evalue(x, n, p0) == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize(
    ("x", "n", "p0"),
    [
        (0, 10**6, Fraction(1, 10**6)),
        (7, 10**6, Fraction(1, 10**6)),
        (0, 10**6, Fraction(1, 2)),  # the tail underflows: exp(-693147)
        (40, 10**6, Fraction(1, 100)),
        (60, 10**6, Fraction(9, 10)),
        (500, 500, Fraction(999, 1000)),
        (3, 10, Fraction(1, 10**6)),
    ],
)
def test_stable_for_a_million_subjects_and_a_background_of_one_in_a_million(
    x: int, n: int, p0: Fraction
) -> None:
    exact = log_fraction(plain_evalue(x, n, p0))
    assert float(log_evalue(x, n, float(p0))) == pytest.approx(exact, abs=2e-8)


@pytest.mark.parametrize(
    ("x", "n", "p0"), [(5, 95, 0.01), (0, 95, 0.01), (40, 95, 0.4), (130, 2000, 0.05), (9, 9, 0.7)]
)
def test_quadrature_of_the_definition_agrees(x: int, n: int, p0: float) -> None:
    assert float(log_evalue(x, n, p0)) == pytest.approx(quadrature(x, n, p0), abs=1e-6)


@pytest.mark.parametrize("p0", [1e-6, 0.01, 0.3, 1 / 3, 0.5, 0.99])
def test_under_the_background_one_more_subject_changes_nothing_on_average(p0: float) -> None:
    n, x = np.meshgrid(np.arange(0, 60), np.arange(0, 60))
    n, x = n[x <= n], x[x <= n]
    now = np.exp(log_evalue(x, n, p0))
    with_event, without = (np.exp(log_evalue(x + k, n + 1, p0)) for k in (1, 0))
    assert p0 * with_event + (1 - p0) * without == pytest.approx(now, rel=1e-7)
    lower = 0.5 * p0  # the null is every risk up to the background
    assert np.all(lower * with_event + (1 - lower) * without <= now * (1 + 1e-9))


@pytest.mark.parametrize("p0", [0.005, 0.01, 0.05, 0.3, 0.7])
def test_the_chance_of_ever_reaching_20_is_at_most_one_in_20(p0: float) -> None:
    assert false_signal(evalue_boundary(1000, p0, math.log(20)), p0) <= 0.05


def test_the_horizon_cut_spends_alpha_and_no_more() -> None:
    cut = evalue_cut(95, 0.01, 0.05)
    spent, conservative = (
        false_signal(evalue_boundary(95, 0.01, c), 0.01) for c in (cut, math.log(20))
    )
    assert conservative < 0.01
    assert 0.045 < spent <= 0.05
    assert cut < math.log(20)


def test_no_subject_is_no_evidence_and_events_are_evidence() -> None:
    assert log_evalue(0, 0, 0.01) == pytest.approx(0, abs=1e-14)
    rising = log_evalue(np.arange(96), 95, 0.01)
    assert np.all(np.diff(rising) > 0)
    assert rising[0] < 0


def test_the_thromboembolism_case() -> None:
    # 5 of 95 against 1%: by hand, from the finite sum.
    assert float(np.exp(log_evalue(5, 95, 0.01))) == pytest.approx(
        float(plain_evalue(5, 95, Fraction(1, 100))), rel=1e-10
    )


def test_shapes_broadcast_and_scalars_stay_scalar() -> None:
    assert log_evalue([[1], [2]], [10, 20, 30], 0.1).shape == (2, 3)
    assert log_evalue(1, 10, 0.1).shape == ()
    assert log_evalue([], [], 0.1).shape == (0,)
    assert log_evalue(0, 10**6, 0.5).shape == ()


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_anytime_bound_is_where_the_evalue_crosses(alpha: float) -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(1, 300, 200)
    x = rng.binomial(n, rng.uniform(0, 1, 200))
    bound = anytime_lower_bound(x, n, alpha)
    some = bound > 0
    assert some.sum() > 50
    assert np.all(bound[x > 0] < x[x > 0] / n[x > 0])
    assert np.all(bound[x == 0] == 0)
    assert log_evalue(x[some], n[some], bound[some]) == pytest.approx(-math.log(alpha), abs=1e-7)


@pytest.mark.parametrize(("x", "n"), [(3, 95), (5, 95), (40, 95), (95, 95), (7, 5000)])
def test_the_anytime_bound_agrees_with_bisection_in_fractions(x: int, n: int) -> None:
    low, high = Fraction(0), Fraction(x, n)
    for _ in range(34):
        middle = (low + high) / 2
        above = plain_evalue(x, n, middle) >= 20
        low, high = (middle, high) if above else (low, middle)
    assert float(anytime_lower_bound(x, n)) == pytest.approx(float(low), abs=1e-9)


def test_the_evalue_falls_in_the_background_so_the_bound_is_the_smallest_crossing() -> None:
    for x, n in [(1, 1), (3, 5), (5, 95), (40, 95), (300, 1000)]:
        backgrounds = np.exp(np.linspace(math.log(1e-7), math.log(min(x / n, 0.9999)), 500))
        assert np.all(np.diff(log_evalue(x, n, backgrounds)) < 1e-7)


def test_one_or_two_events_bound_nothing_at_five_percent() -> None:
    assert anytime_lower_bound([0, 1, 2, 0], [5, 5, 2, 0]).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("x", "n", "p0", "message"),
    [
        (1, 10, 0.0, "background is 0"),
        (1, 10, 1.0, "background is 1"),
        (11, 10, 0.1, "x cannot exceed n: found x = 11 of n = 10"),
        (-1, 10, 0.1, "at least 0"),
        (1.5, 10, 0.1, "x must be a whole number"),
        (1, float("nan"), 0.1, "n must be a whole number"),
    ],
)
def test_counts_and_backgrounds_that_make_no_sense_are_refused(
    x: float, n: float, p0: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        log_evalue(x, n, p0)


def test_a_level_beyond_one_half_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alpha is 0\.7"):
        anytime_lower_bound(1, 10, 0.7)
