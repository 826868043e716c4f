"""Miettinen and Nurminen's score test: the tests' second way to what the score interval says.

The product offers the interval and no p-value of it; a test that rejects exactly what lies outside
the interval, and whose z, p and restricted proportions have been published, holds it at any size.
It is solved for the restricted proportions, where the interval is solved for the difference.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from safetymon.stats.comparisons import Pair, Triple, _descend, _groups, _pulled_down
from safetymon.stats.inputs import FloatArray


def mn_score_test(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, delta: ArrayLike = 0
) -> Pair:
    """Miettinen-Nurminen score test of the risk difference delta: z and the two-sided normal p.

    z = (x1/n1 - x2/n2 - delta) / sqrt((p1 q1 / n1 + p2 q2 / n2) N / (N - 1)), p1 and p2 from
    `mn_restricted_mle`. Counts and errors are those of `risk_difference_mn`; a delta that is not
    strictly between -1 and 1 is a ValueError too. Source: Miettinen and Nurminen 1985,
    Stat Med 4:213.

    Returns:
        (z, p). Data that fit delta exactly, 0 v 0 with delta 0 included, give z = 0 and p = 1.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    delta = _checked_difference(delta)
    u, _, _ = _restricted(x1, n1, x2, n2, delta)
    gap = x1 / n1 - x2 / n2 - delta
    # The gap is u times the variance, so z needs no division: exact where both vanish.
    z = np.sign(gap) * np.sqrt(np.abs(gap) * u * (n1 + n2 - 1) / (n1 + n2))
    return known * z, known * 2 * ndtr(-np.abs(z))


def mn_restricted_mle(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, delta: ArrayLike
) -> Pair:
    """Likeliest proportions (p1, p2) with p1 - p2 = delta.

    Arguments and errors are those of `mn_score_test`. Source: Miettinen and Nurminen 1985,
    Stat Med 4:213, appendix 1.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    _, p1, p2 = _restricted(x1, n1, x2, n2, _checked_difference(delta))
    return known * p1, known * p2


def _restricted(
    x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, delta: FloatArray
) -> Triple:
    """(u, p1, p2): the likeliest p1 and p2 with p1 - p2 = delta, and the multiplier, u >= 0."""
    above = delta > x1 / n1 - x2 / n2
    x1, x2 = np.where(above, x2, x1), np.where(above, x1, x2)
    n1, n2 = np.where(above, n2, n1), np.where(above, n1, n2)
    delta = np.where(above, -delta, delta)
    y2 = n2 - x2

    def excess(u: FloatArray) -> Pair:  # convex in u: negative between u = 0 and the root
        p1, _, fall1 = _pulled_down(x1, n1, u)
        q2, _, fall2 = _pulled_down(y2, n2, u)
        gap = delta - (p1 + q2 - 1)
        gap = np.where(np.abs(gap) < 2e-15, 0, gap)  # the last digit: no reason to go on
        return u * gap, gap + u * (fall1 + fall2)

    u = _descend(excess, (x1 + y2) / (1 + delta), np.zeros(()))  # from p1 <= x1/u, q2 <= y2/u
    p1, p2 = _pulled_down(x1, n1, u)[0], _pulled_down(y2, n2, u)[1]
    return u, np.where(above, p2, p1), np.where(above, p1, p2)


def _checked_difference(delta: ArrayLike) -> FloatArray:
    differences = np.asarray(delta, dtype=np.float64)
    if (bad := ~(np.abs(differences) < 1)).any():
        raise ValueError(f"delta must lie between -1 and 1: found {differences[bad][0]:g}")
    return differences
