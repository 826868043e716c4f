"""Boundaries from a score: stop when a statistic reaches a cut, and the cut that keeps alpha.

A score is a function (x, n) -> array that does not fall when x rises. The cut is a number;
`calibrated_cut` finds the lowest one whose exact false-signal probability over n = 1..planned
is at most alpha. The nominal-level (Pocock) and beta-binomial boundaries are those of the R
package stoppingrule (Ivanova, Qaqish, Schell 2005; Geller et al. 2003; Martens, Logan 2024).
"""

import math
from collections.abc import Callable

import numpy as np

from safetymon.stats.boundary import Boundary, false_signal
from safetymon.stats.evalue import log_evalue
from safetymon.stats.inputs import (
    FloatArray,
    IntArray,
    one_sided_level,
    planned_subjects,
    rates,
)
from safetymon.stats.special import bdtrc, betaincc

Score = Callable[[IntArray, IntArray], FloatArray]


def boundary_where(score: Score, planned: int, cut: float) -> Boundary:
    """Return the smallest x >= 1 with score(x, n) >= cut, for n = 1..planned.

    Args:
        score: Statistic that does not fall when x rises at fixed n.
        planned: Last n of the table.
        cut: Value at which to stop; where no x <= n reaches it, stop_at is n + 1.
    """
    n = np.arange(1, planned_subjects(planned) + 1, dtype=np.int64)
    low, high = np.ones_like(n), n + 1
    while np.any(low < high):
        middle = np.minimum((low + high) // 2, n)
        reached = score(middle, n) >= cut
        high = np.where(reached & (low < high), middle, high)
        low = np.where(~reached & (low < high), middle + 1, low)
    return Boundary(n, high)


def calibrated_cut(
    score: Score, planned: int, background: float, alpha: float, low: float, high: float
) -> float:
    """Return the lowest cut in (low, high] whose exact false-signal probability is <= alpha.

    The probability falls in steps as the cut rises; bisection stops when both ends differ by
    less than 1e-10 of their distance at the start.

    Raises:
        ValueError: alpha outside (0, 0.5), or even the cut `high` signals too often.
    """
    level = one_sided_level(alpha)
    if false_signal(boundary_where(score, planned, high), background) > level:
        raise ValueError(f"no cut up to {high:g} keeps the false-signal probability <= {level:g}")
    width = high - low
    while high - low > 1e-10 * width:
        middle = (low + high) / 2.0
        attained = false_signal(boundary_where(score, planned, middle), background)
        low, high = (low, middle) if attained <= level else (middle, high)
    return high


def posterior_boundary(
    planned: int, background: float, prior: tuple[float, float], cut: float
) -> Boundary:
    """Return the beta-binomial boundary: stop when P(risk > background | x, n) >= cut.

    Args:
        planned: Last n of the table.
        background: Acceptable risk p0.
        prior: The Beta prior's two parameters, both positive.
        cut: Posterior probability between 0 and 1 (`posterior_cut` calibrates one).

    Raises:
        ValueError: background or cut outside (0, 1), or a prior that is not positive.
    """
    rates(cut, "the posterior probability to stop at")
    return boundary_where(_posterior_score(background, prior), planned, cut)


def posterior_cut(
    planned: int, background: float, prior: tuple[float, float], alpha: float
) -> float:
    """Return the posterior probability to stop at that keeps the false signal at alpha."""
    score = _posterior_score(background, prior)
    return calibrated_cut(score, planned, background, alpha, 0.0, 1.0)


def nominal_boundary(planned: int, background: float, level: float) -> Boundary:
    """Return the boundary of an exact binomial test at the same nominal level at every n.

    Stop when P(X >= x | n, background) <= level: Pocock's idea for binomial counts.
    """
    rates(level, "the nominal level")
    return boundary_where(_nominal_score(background), planned, -level)


def nominal_level(planned: int, background: float, alpha: float) -> float:
    """Return the nominal level of `nominal_boundary` that keeps the false signal at alpha."""
    return -calibrated_cut(_nominal_score(background), planned, background, alpha, -alpha, 0.0)


def evalue_boundary(planned: int, background: float, cut: float) -> Boundary:
    """Return the boundary of the mixture e-value: stop when log E(x, n) >= cut."""
    return boundary_where(_evalue_score(background), planned, cut)


def evalue_cut(planned: int, background: float, alpha: float) -> float:
    """Return the cut on log E that spends alpha over n = 1..planned (horizon calibration).

    log(1 / alpha) holds over any horizon and is conservative over a short one; this cut is
    exact for the planned horizon and lies below it.
    """
    ceiling = math.log(1.0 / one_sided_level(alpha))
    return calibrated_cut(_evalue_score(background), planned, background, alpha, 0.0, ceiling)


def _posterior_score(background: float, prior: tuple[float, float]) -> Score:
    p0, (a, b) = rates(background), prior
    if not (a > 0 and b > 0):
        raise ValueError(f"the prior is Beta({a:g}, {b:g}): both parameters must be positive")
    return lambda x, n: np.asarray(betaincc(a + x, b + n - x, p0), dtype=np.float64)


def _nominal_score(background: float) -> Score:
    p0 = rates(background)
    return lambda x, n: -np.asarray(bdtrc(x - 1.0, n, p0), dtype=np.float64)


def _evalue_score(background: float) -> Score:
    p0 = rates(background)
    return lambda x, n: log_evalue(x, n, p0)
