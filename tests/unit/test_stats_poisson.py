"""The Poisson mixture and MaxSPRT against plain second implementations."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from safetymon.stats.poisson import (
    llr_poisson,
    log_evalue_poisson,
    maxsprt_critical_value,
    maxsprt_false_signal,
    maxsprt_limits,
)

HALF = Fraction(1, 2)


def plain_evalue(d: int, mu: float, rate: Fraction = HALF) -> Fraction:
    """The default mixture (an exponential prior cut at 1) integrated by parts, in fractions."""
    z, term, total = rate + Fraction(mu), Fraction(1), Fraction(0)
    for j in range(d + 1):
        term /= z
        total += term
        term *= d - j
    return rate * total


def quadrature(d: int, mu: float, shape: float, rate: float) -> float:
    """The mixture from its definition, midpoints over ratios from 1 to 60."""
    r = 1 + 59 * (np.arange(400_000) + 0.5) / 400_000
    prior = r ** (shape - 1) * np.exp(-rate * r)
    return math.log(float((prior * np.exp(d * np.log(r) - mu * (r - 1))).sum() / prior.sum()))


def plain_limit(d: int, cv: float) -> float:
    """The expected count at which the d-th event has an LLR of cv, by bisection."""
    low, high = 0.0, float(d)
    for _ in range(200):
        mu = (low + high) / 2
        enough = mu == 0 or mu - d + d * math.log(d / mu) >= cv
        low, high = (mu, high) if enough else (low, mu)
    return low


def plain_false_signal(cv: float, horizon: float, least: int) -> float:
    """The absorbing chain, count by count."""
    alive, now, signalled, d = {0: 1.0}, 0.0, 0.0, least
    while now < horizon:
        at = min(plain_limit(d, cv), horizon)
        step, after = at - now, {}
        for x, f in alive.items():
            for k in range(200):
                share = f * math.exp(k * math.log(step) - step - math.lgamma(k + 1))
                if x + k >= d:
                    signalled += share
                else:
                    after[x + k] = after.get(x + k, 0.0) + share
        alive, now, d = after, at, d + 1
    return signalled


@pytest.mark.parametrize("seed", range(4))
def test_evalue_agrees_with_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d, mu = rng.integers(0, 60, 30), rng.integers(1, 400, 30) / 8
    exact = [math.log(plain_evalue(int(a), b)) for a, b in zip(d, mu, strict=True)]
    assert log_evalue_poisson(d, mu) == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize(("d", "mu"), [(5, 2000.0), (0, 10**6), (900, 2000.0)])
def test_evalue_is_stable_where_the_gamma_tail_underflows(d: int, mu: float) -> None:
    exact = plain_evalue(d, mu)
    log_exact = math.log(exact.numerator) - math.log(exact.denominator)
    assert float(log_evalue_poisson(d, mu)) == pytest.approx(log_exact, abs=1e-9)


@pytest.mark.parametrize(("shape", "rate"), [(1.0, 0.5), (2.5, 1.0), (0.5, 0.7)])
@pytest.mark.parametrize(("d", "mu"), [(0, 3.0), (6, 1.5), (20, 20.0)])
def test_quadrature_of_the_definition_agrees(d: int, mu: float, shape: float, rate: float) -> None:
    ours = float(log_evalue_poisson(d, mu, shape, rate))
    assert ours == pytest.approx(quadrature(d, mu, shape, rate), abs=2e-4)


def test_a_far_tail_with_a_broken_shape_continues_the_near_one() -> None:
    # Either side of the switch to the series, the curve in mu must not break.
    mu = np.linspace(560.0, 600.0, 81)
    steps = np.diff(log_evalue_poisson(3, mu, 1.7, 0.5))
    assert np.all(np.abs(np.diff(steps)) < 1e-5)


def test_at_the_known_rate_more_time_changes_nothing_on_average() -> None:
    d, mu, step = 4, 2.5, 0.8
    weight = [math.exp(-step) * step**k / math.factorial(k) for k in range(60)]
    later = np.exp(log_evalue_poisson(d + np.arange(60), mu + step))
    assert float(later @ weight) == pytest.approx(float(np.exp(log_evalue_poisson(d, mu))))


def test_nothing_seen_is_no_evidence() -> None:
    assert log_evalue_poisson(0, 0) == pytest.approx(0, abs=1e-14)
    assert llr_poisson([0, 0, 3], [0.0, 5.0, 3.0]).tolist() == [0, 0, 0]


def test_llr_by_hand() -> None:
    assert float(llr_poisson(4, 1.0)) == pytest.approx(1 - 4 + 4 * math.log(4))


def test_limits_are_where_the_event_just_signals() -> None:
    limits = maxsprt_limits(3.0, 20.0)
    d = np.arange(1, limits.size + 1)
    assert llr_poisson(d, limits) == pytest.approx(3.0)
    assert limits[-2] < 20 <= limits[-1]
    assert limits == pytest.approx([plain_limit(k, 3.0) for k in d])


@pytest.mark.parametrize(
    ("cv", "horizon", "least"),
    [(2.0, 1.0, 1), (2.5, 3.0, 2), (1.2, 4.0, 6), (3.0, 12.0, 3), (0.3, 2.0, 5), (8.0, 0.5, 1)],
)
def test_false_signal_agrees_with_the_chain_count_by_count(
    cv: float, horizon: float, least: int
) -> None:
    ours = maxsprt_false_signal(cv, horizon, least)
    assert ours == pytest.approx(plain_false_signal(cv, horizon, least), abs=1e-11)


@pytest.mark.parametrize(("horizon", "alpha", "least"), [(0.3, 0.05, 1), (7.3, 0.1, 2)])
def test_the_critical_value_attains_alpha_exactly(horizon: float, alpha: float, least: int) -> None:
    cv = maxsprt_critical_value(horizon, alpha, least)
    assert maxsprt_false_signal(cv, horizon, least) == pytest.approx(alpha, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: log_evalue_poisson(1, 0.0), "an event where none can be expected"),
        (lambda: log_evalue_poisson(1, -1.0), "at least 0"),
        (lambda: llr_poisson(1, float("nan")), "finite"),
        (lambda: log_evalue_poisson(0.5, 1.0), "events must be a whole number"),
        (lambda: log_evalue_poisson(1, 1.0, 0.0, 1.0), "must be positive"),
        (lambda: log_evalue_poisson(1, 1.0, 1.0, 900.0), "ratios above 1"),
        (lambda: maxsprt_critical_value(1.0, 0.6), "alpha is 0.6"),
        (lambda: maxsprt_critical_value(0.0), "horizon"),
        (lambda: maxsprt_critical_value(1.0, 0.05, 4), "give a longer horizon"),
        (lambda: maxsprt_critical_value(1.0, 0.05, 0), "minimum events is 0"),
        (lambda: maxsprt_limits(0.0, 1.0), "positive"),
    ],
)
def test_what_makes_no_sense_is_refused_in_plain_words(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call()
