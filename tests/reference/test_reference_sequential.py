"""Published values of the sequential single-group methods, typed in as facts with their source.

MaxSPRT: the look-up tables of the R package Sequential (CRAN, CV.Poisson; Kulldorff et al.
2011). Boundaries: the READMEs of the R package stoppingrule (CRAN and its development version;
Martens, Logan 2024). Its expected numbers of events for the Pocock rule are not used: they
exceed rate x expected subjects, which must hold by Wald's identity.
"""

import numpy as np
import pytest

from safetymon.stats.boundary import false_signal, limit_at, operating_characteristics
from safetymon.stats.calibration import (
    nominal_boundary,
    nominal_level,
    posterior_boundary,
    posterior_cut,
)
from safetymon.stats.poisson import maxsprt_critical_value

# horizon T, minimum events M, critical value at alpha 0.05
CRITICAL_VALUES = [
    (1, 1, 2.85393700326128),
    (1, 2, 2.36663822744395),
    (1, 3, 1.7742178463146),
    (1.5, 4, 1.68320857573985),
    (2, 1, 3.0469774628286),
    (3, 1, 3.16210581650405),
    (4, 8, 1.56463589358817),
    (5, 3, 2.80395477091307),
    (10, 3, 3.06424796686384),
    (20, 1, 3.62812301587201),
    (50, 1, 3.81990269391777),
    (100, 10, 3.35579446678864),
]

POCOCK = [
    3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 11, 11, 11, 11,
    12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 15, 15, 15, 15, 16, 16, 16, 16, 17,
]  # n = 3..50; 20% background, alpha 0.10  # fmt: skip

BETA_BINOMIAL = [
    3, 3, 4, 4, 5, 5, 5, 5, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11,
]  # n = 3..30; 20% background, prior Beta(0.6, 2.4), alpha 0.10  # fmt: skip


@pytest.mark.parametrize(("horizon", "least", "expected"), CRITICAL_VALUES)
def test_maxsprt_critical_values(horizon: float, least: int, expected: float) -> None:
    found = maxsprt_critical_value(horizon, 0.05, least)
    assert found == pytest.approx(expected, abs=1e-6)


def test_pocock_boundary_and_its_operating_characteristics() -> None:
    boundary = nominal_boundary(50, 0.2, nominal_level(50, 0.2, 0.10))
    assert limit_at(boundary, [1, 2]).tolist() == [2, 3]  # rejection is impossible
    assert boundary.stop_at[2:].tolist() == POCOCK
    found = operating_characteristics(boundary, [0.2, 0.25, 0.3, 0.35, 0.4])
    power = [0.09977254, 0.27689051, 0.53974016, 0.78266569, 0.92684148]
    assert found.power == pytest.approx(power, abs=6e-9)
    subjects = [46.72419, 41.93172, 34.66321, 26.59365, 19.62976]
    assert found.mean_subjects == pytest.approx(subjects, abs=6e-6)


@pytest.mark.parametrize("cut", ["published", "calibrated"])
def test_beta_binomial_boundary_and_its_operating_characteristics(cut: str) -> None:
    prior = (0.6, 2.4)
    value = 0.9630828 if cut == "published" else posterior_cut(30, 0.2, prior, 0.10)
    boundary = posterior_boundary(30, 0.2, prior, value)
    assert boundary.stop_at[2:].tolist() == BETA_BINOMIAL
    found = operating_characteristics(boundary, [0.2, 0.3, 0.4])
    assert found.power == pytest.approx([0.09957367, 0.43615256, 0.81491087], abs=6e-9)
    assert found.mean_events == pytest.approx([5.651197, 6.926712, 6.355803], abs=6e-7)


def test_the_misprint_at_seven_subjects_is_decided_by_the_operating_characteristics() -> None:
    # The README prints the cut 0.9630823, which would stop at 4 of 7 and attain 10.44%.
    misprint = posterior_boundary(30, 0.2, (0.6, 2.4), 0.9630823)
    published = posterior_boundary(30, 0.2, (0.6, 2.4), 0.9630828)
    assert np.flatnonzero(misprint.stop_at != published.stop_at).tolist() == [6]
    assert (limit_at(misprint, 7), limit_at(published, 7)) == (4, 5)
    assert false_signal(published, 0.2) == pytest.approx(0.09957, abs=5e-6)
    assert false_signal(misprint, 0.2) == pytest.approx(0.10445, abs=5e-6)
