"""Published values of the descriptive statistics, typed in as facts with their source.

Tolerances are half a unit of the last digit published, or what the source states.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

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

Interval = tuple[np.ndarray, np.ndarray]
Triple = tuple[np.ndarray, np.ndarray, np.ndarray]

FAGERLAND = "R contingencytables, tests ch2 and ch4 (Fagerland, Lydersen and Laake 2017)"
TERN = "R tern, test snapshots (commit eab2bd71)"
NEWCOMBE = "Newcombe 1998, Stat Med 17:873, table II, method 10"
GARNER = "Garner, WUSS 2016 paper 127, p. 9 (SAS PROC FREQ RISKDIFF)"
METALITE = "R metalite.ae, tests of rate_compare (SAS %rate0compare)"
PROPCIS = "R PropCIs::diffscoreci, as quoted in the statsmodels tests"
EXACTCI = "R exactci, as quoted in the statsmodels tests"
R_RATES = "R DescTools::PoissonCI, as quoted in the statsmodels tests"
CSR = "CDISC pilot study report, table 14-5.01"
R_POISSON = "R stats::poisson.test, the second example of its help page"


@pytest.mark.parametrize(
    ("x", "n", "conf", "expected", "tol", "source"),
    [
        pytest.param(13, 16, 0.95, (0.5435, 0.9595), 6e-5, FAGERLAND, id="CP1"),
        pytest.param(10, 20, 0.90, (0.3019539, 0.6980461), 6e-8, TERN, id="CP3"),
    ],
)
def test_clopper_pearson(
    x: int, n: int, conf: float, expected: tuple[float, float], tol: float, source: str
) -> None:
    assert_allclose(clopper_pearson(x, n, conf), expected, rtol=0, atol=tol, err_msg=source)


@pytest.mark.parametrize(
    ("x", "n", "expected", "tol", "source"),
    [
        pytest.param(13, 16, (0.5699, 0.9341), 6e-5, FAGERLAND, id="W1"),
        pytest.param(10, 20, (0.299298, 0.700702), 6e-7, TERN, id="W3"),
        pytest.param(0, 10, (0.0, 0.2775), 6e-5, NEWCOMBE, id="W5"),
        pytest.param(68, 69, (0.922369, 0.997437), 6e-7, TERN, id="W7"),
    ],
)
def test_wilson(x: int, n: int, expected: tuple[float, float], tol: float, source: str) -> None:
    assert_allclose(wilson(x, n), expected, rtol=0, atol=tol, err_msg=source)


@pytest.mark.parametrize(
    ("method", "x", "n", "expected", "tol", "source"),
    [
        pytest.param(wilson_cc, 13, 16, (0.5369, 0.9503), 6e-5, FAGERLAND, id="WCC1"),
        pytest.param(jeffreys, 13, 16, (0.5792, 0.9442), 6e-5, FAGERLAND, id="J1"),
        pytest.param(agresti_coull, 5, 10, (0.2365931, 0.7634069), 6e-8, TERN, id="AC1"),
    ],
)
def test_other_proportions(
    method: Callable[..., Interval],
    x: int,
    n: int,
    expected: tuple[float, float],
    tol: float,
    source: str,
) -> None:
    assert_allclose(method(x, n), expected, rtol=0, atol=tol, err_msg=source)


@pytest.mark.parametrize(
    ("method", "table", "expected", "source"),
    [
        pytest.param(
            risk_difference_newcombe_cc, (56, 70, 48, 80), (0.0428, 0.3422), GARNER, id="NCC1"
        ),
        pytest.param(risk_difference_mee, (56, 70, 48, 80), (0.0533, 0.3377), GARNER, id="MEE1"),
        pytest.param(risk_difference_mee, (7, 34, 1, 34), (0.0284, 0.3439), FAGERLAND, id="MEE2"),
    ],
)
def test_other_differences(
    method: Callable[..., Triple],
    table: tuple[int, int, int, int],
    expected: tuple[float, float],
    source: str,
) -> None:
    _, low, high = method(*table)
    assert_allclose((low, high), expected, rtol=0, atol=6e-5, err_msg=source)


@pytest.mark.parametrize(
    ("method", "events", "time", "conf", "expected", "tol", "source"),
    [
        pytest.param(
            poisson_score, 15, 400, 0.95, (0.022726474905, 0.061877172146), 5e-13, R_RATES, id="P2"
        ),
        pytest.param(
            poisson_byar, 15, 400, 0.95, (0.021908436925, 0.060293351094), 1e-12, R_RATES, id="P4"
        ),
        pytest.param(
            poisson_jeffreys, 15, 400, 0.95, (0.021923423227, 0.060289861993), 5e-13, R_RATES,
            id="P5",
        ),
        pytest.param(
            poisson_byar, 2, 200, 0.90, (0.002820411, 0.027609866), 6e-10, TERN, id="P10"
        ),
    ],
)  # fmt: skip
def test_other_rates(
    method: Callable[..., Interval],
    events: int,
    time: float,
    conf: float,
    expected: tuple[float, float],
    tol: float,
    source: str,
) -> None:
    assert_allclose(method(events, time, conf), expected, rtol=0, atol=tol, err_msg=source)


@pytest.mark.parametrize(
    ("table", "conf", "expected", "tol", "source"),
    [
        pytest.param((56, 70, 48, 80), 0.95, (0.0524, 0.3339), 6e-5, NEWCOMBE, id="N1"),
        pytest.param((6, 7, 2, 7), 0.95, (0.0582, 0.8062), 6e-5, NEWCOMBE, id="N3"),
        pytest.param((0, 10, 0, 20), 0.95, (-0.1611, 0.2775), 6e-5, NEWCOMBE, id="N5"),
        pytest.param((10, 10, 0, 20), 0.95, (0.6791, 1.0), 6e-5, NEWCOMBE, id="N7"),
        pytest.param((7, 34, 1, 34), 0.95, (0.0189, 0.3404), 6e-5, FAGERLAND, id="N9"),
        pytest.param((3, 4, 1, 2), 0.90, (-0.2966681, 0.6750199), 6e-8, TERN, id="N11"),
    ],
)
def test_newcombe(
    table: tuple[int, int, int, int],
    conf: float,
    expected: tuple[float, float],
    tol: float,
    source: str,
) -> None:
    _, low, high = risk_difference_newcombe(*table, conf)
    assert_allclose((low, high), expected, rtol=0, atol=tol, err_msg=source)


@pytest.mark.parametrize(
    ("table", "expected", "tol", "source"),
    [
        pytest.param((56, 70, 48, 80), (0.0528, 0.3382), 6e-5, GARNER, id="MN1"),
        pytest.param((10, 10, 0, 20), (0.7156, 1.0), 6e-5, GARNER, id="MN3"),
        pytest.param((0, 16, 15, 72), (-0.3164, -0.0056), 6e-5, FAGERLAND, id="MN5"),
        pytest.param((7, 34, 1, 34), (0.0270416, 0.3452912), 6e-8, PROPCIS, id="MN10"),
    ],
)
def test_miettinen_nurminen(
    table: tuple[int, int, int, int], expected: tuple[float, float], tol: float, source: str
) -> None:
    _, low, high = risk_difference_mn(*table)
    assert_allclose((low, high), expected, rtol=0, atol=tol, err_msg=source)


def test_miettinen_nurminen_z_and_p() -> None:
    """MN7 and MN8."""
    z, p = mn_score_test(70, 116, 49, 119, delta=0)
    assert_allclose(z, 2.9321947913, rtol=0, atol=1e-8, err_msg=METALITE)
    assert_allclose(p, 0.0033657557, rtol=0, atol=1e-9, err_msg=METALITE)


def test_miettinen_nurminen_restricted_proportions() -> None:
    """MN9; the source takes the second group minus the first, 0.1."""
    p1, p2 = mn_restricted_mle(4, 10, 6, 15, delta=-0.1)
    assert_allclose((p1, p2), (0.342213591804, 0.442213591804), rtol=0, atol=1e-9, err_msg=TERN)


@pytest.mark.parametrize(
    ("table", "expected", "tol", "source"),
    [
        pytest.param((0, 16, 15, 72), 0.06287, 6e-6, FAGERLAND, id="F1"),
        pytest.param((65, 86, 76, 84), 0.014, 6e-4, CSR, id="F3"),
    ],
)
def test_fisher(table: tuple[int, int, int, int], expected: float, tol: float, source: str) -> None:
    assert_allclose(fisher_two_sided(*table), expected, rtol=0, atol=tol, err_msg=source)


def test_poisson_exact() -> None:
    """P1; published with 12 decimals."""
    expected = (0.020988465332, 0.061850547179)
    assert_allclose(poisson_exact(15, 400), expected, rtol=0, atol=5e-13, err_msg=EXACTCI)


def test_rate_ratio_exact() -> None:
    result = rate_ratio_exact(11, 800, 6 + 8 + 7, 1083 + 1050 + 878)
    expected = (1.971488, 0.8584264, 4.2772659)
    assert_allclose(result, expected, rtol=0, atol=6e-7, err_msg=R_POISSON)


def test_koopman() -> None:
    result = risk_ratio_score(7, 34, 1, 34)
    assert_allclose(result, (7.0, 1.2209, 42.5757), rtol=0, atol=6e-5, err_msg=FAGERLAND)


def test_odds_ratio() -> None:
    """The "uncorrected asymptotic score" interval of the source."""
    result = odds_ratio(0, 16, 15, 72)
    assert_allclose(result, (0.0, 0.0, 0.9532), rtol=0, atol=6e-5, err_msg=FAGERLAND)


def test_published_rows_are_the_same_in_one_call() -> None:
    """MN1, MN3, MN5 and MN10 as arrays."""
    tables = np.array([(56, 70, 48, 80), (10, 10, 0, 20), (0, 16, 15, 72), (7, 34, 1, 34)])
    _, low, high = risk_difference_mn(*tables.T)
    assert_allclose(low, (0.0528, 0.7156, -0.3164, 0.0270416), rtol=0, atol=6e-5)
    assert_allclose(high, (0.3382, 1.0, -0.0056, 0.3452912), rtol=0, atol=6e-5)
