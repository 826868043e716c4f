"""Many tests at once: Holm's, and Benjamini and Hochberg's, adjusted p-values and flags.

A flag is an adjusted p-value at or below the level, so that table and flag cannot disagree. NaN
means that a test could not be made: it stays NaN, is never flagged, and does not count among
the tests made.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import BoolArray, FloatArray


def holm_adjusted(p: ArrayLike) -> FloatArray:
    """Return Holm's adjusted p-values, shape (tests,).

    Source: Holm 1979, Scand J Stat 6:65.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    return _adjusted(p, lambda s: np.maximum.accumulate(s * np.arange(s.size, 0, -1)))


def holm(p: ArrayLike, alpha: float) -> BoolArray:
    """Return which tests Holm's procedure flags: family-wise error <= alpha, any dependence.

    Raises:
        ValueError: a p-value outside [0, 1], or alpha outside (0, 1).
    """
    return _flags(holm_adjusted(p), alpha)


def benjamini_hochberg_adjusted(p: ArrayLike) -> FloatArray:
    """Return Benjamini and Hochberg's adjusted p-values, shape (tests,).

    Source: Benjamini, Hochberg 1995; for safety terms Mehrotra, Adewale 2012.

    Raises:
        ValueError: a p-value outside [0, 1].
    """

    def step_up(s: FloatArray) -> FloatArray:
        # size / rank first: the largest p-value is then returned unchanged, to the last bit.
        return np.minimum.accumulate((s * (s.size / np.arange(1, s.size + 1)))[::-1])[::-1]

    return _adjusted(p, step_up)


def benjamini_hochberg(p: ArrayLike, q: float) -> BoolArray:
    """Return which tests are flagged with the false discovery rate held at q.

    Raises:
        ValueError: a p-value outside [0, 1], or q outside (0, 1).
    """
    return _flags(benjamini_hochberg_adjusted(p), q)


def _flags(adjusted: FloatArray, level: float) -> BoolArray:
    """Return which adjusted p-values are at most the level; NaN is not."""
    if not 0 < level < 1:
        raise ValueError(f"the level is {level:g}: give one between 0 and 1")
    return adjusted <= level


def _adjusted(p: ArrayLike, rule: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Apply a rule for sorted p-values to the tests that were made."""
    raw = np.asarray(p, dtype=np.float64)
    made = ~np.isnan(raw)
    if raw.ndim != 1 or np.any((raw[made] < 0) | (raw[made] > 1)):
        raise ValueError("p-values must be one row of numbers between 0 and 1")
    order = np.flatnonzero(made)[np.argsort(raw[made], kind="stable")]
    adjusted = raw.copy()
    adjusted[order] = np.minimum(rule(raw[order]), 1.0)
    return adjusted
