"""Published values of methods that the product does not offer, by plain second versions.

They are wrong or misleading where safety data are thin (Wald, Katz and normal limits, chi-squared),
or answer a question no report asks (tests against one number). That we read the published rows as
their authors meant them is checked here all the same, beside what the product offers instead.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import pytest

from safetymon.stats.comparisons import fisher_two_sided, risk_difference_mn, risk_ratio_score
from safetymon.stats.rates import poisson_exact
from tests.reference.test_reference_descriptive import EXACTCI, FAGERLAND, PROPCIS, R_RATES, TERN

Interval = tuple[float, float]


def z_of(conf: float) -> float:
    return NormalDist().inv_cdf((1 + conf) / 2)


def wald_difference(x1: int, n1: int, x2: int, n2: int, conf: float = 0.95) -> Interval:
    p1, p2 = x1 / n1, x2 / n2
    reach = z_of(conf) * math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return p1 - p2 - reach, p1 - p2 + reach


def katz_ratio(x1: int, n1: int, x2: int, n2: int, conf: float = 0.95) -> Interval:
    """Limits of the logarithm of the risk ratio; without an event in a group there are none."""
    ratio = (x1 / n1) / (x2 / n2)
    reach = z_of(conf) * math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    return ratio * math.exp(-reach), ratio * math.exp(reach)


def chi_squared_p(a: int, b: int, c: int, d: int) -> float:
    """Pearson's, without continuity correction, one degree of freedom."""
    n = a + b + c + d
    statistic = n * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    return math.erfc(math.sqrt(statistic / 2))


def exact_binomial_p(x: int, n: int, p0: float) -> float:
    """All counts that are no likelier than the observed one."""
    chance = [math.comb(n, k) * p0**k * (1 - p0) ** (n - k) for k in range(n + 1)]
    return math.fsum(c for c in chance if c <= chance[x] * (1 + 1e-7))


def central_poisson_p(events: int, mean: float) -> float:
    """Twice the smaller tail."""

    def at_most(k: int) -> float:
        return math.fsum(mean**i / math.factorial(i) for i in range(k + 1)) * math.exp(-mean)

    return min(1.0, 2 * min(at_most(events), 1 - at_most(events - 1)))


def normal_rate(events: int, time: float, conf: float) -> Interval:
    reach = z_of(conf) * math.sqrt(events)
    return (events - reach) / time, (events + reach) / time


def normal_log_rate(events: int, time: float, conf: float) -> Interval:
    factor = math.exp(z_of(conf) / math.sqrt(events))
    return events / time / factor, events / time * factor


@pytest.mark.parametrize(
    ("found", "expected", "tol", "source"),
    [
        pytest.param(
            wald_difference(7, 34, 1, 34), (0.02916942, 0.32377176), 6e-7, PROPCIS, id="WALD1"
        ),
        pytest.param(katz_ratio(7, 34, 1, 34), (0.9096, 53.8695), 6e-5, FAGERLAND, id="KATZ1"),
        pytest.param(
            normal_rate(15, 400, 0.95), (0.018522730322, 0.056477269678), 5e-13, R_RATES, id="P3"
        ),
        pytest.param(normal_rate(2, 200, 0.90), (-0.001630872, 0.021630872), 6e-10, TERN, id="P8"),
        pytest.param(
            normal_log_rate(2, 200, 0.90), (0.003125199, 0.031997963), 6e-10, TERN, id="P9"
        ),
    ],
)
def test_published_intervals(found: Interval, expected: Interval, tol: float, source: str) -> None:
    assert found == pytest.approx(expected, abs=tol, rel=0), source


@pytest.mark.parametrize(
    ("found", "expected", "tol", "source"),
    [
        pytest.param(exact_binomial_p(13, 16, 0.5), 0.02127, 6e-6, FAGERLAND, id="EB1"),
        pytest.param(chi_squared_p(3, 1, 1, 3), 0.1573, 6e-6, FAGERLAND, id="CHI1"),
        pytest.param(central_poisson_p(15, 20.0), 0.313026269279486, 1e-12, EXACTCI, id="P6"),
    ],
)
def test_published_p_values(found: float, expected: float, tol: float, source: str) -> None:
    assert found == pytest.approx(expected, abs=tol, rel=0), source


def test_why_they_are_not_offered() -> None:
    """With no event, or a few, they say what cannot be, or say it with too little doubt."""
    assert wald_difference(0, 95, 0, 48) == (0.0, 0.0)  # no doubt at all
    assert risk_difference_mn(0, 95, 0, 48)[2] > 0.03
    assert normal_rate(2, 200, 0.90)[0] < 0 < poisson_exact(2, 200, 0.90)[0]
    none: Callable[[], Interval] = lambda: katz_ratio(5, 95, 0, 48)  # noqa: E731 - raises
    with pytest.raises(ZeroDivisionError):
        none()
    assert risk_ratio_score(5, 95, 0, 48)[1] > 0
    assert chi_squared_p(4, 91, 0, 48) < 0.16 < fisher_two_sided(4, 95, 0, 48)
