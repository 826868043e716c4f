"""Many tests at once: Holm's flags, and Benjamini and Hochberg's with their adjusted p-values.

Benjamini and Hochberg flag an adjusted p-value at or below the level, so that table and flag cannot
disagree. There, NaN means that a test could not be made: it stays NaN, is never flagged, and does
not count among the tests made.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import BoolArray, FloatArray


def holm_levels(tests: int, alpha: float) -> FloatArray:
    """Return alpha, alpha/2, …, alpha/tests: Holm's level with so many tests left, (tests,)."""
    return alpha / np.arange(1, tests + 1)


def holm(p: ArrayLike, alpha: float) -> BoolArray:
    """Return which tests Holm's procedure flags: family-wise error <= alpha, any dependence.

    Each p-value is compared with `holm_levels` itself, so that one that is such a level is flagged.
    Source: Holm 1979, Scand J Stat 6:65.

    Raises:
        ValueError: a p-value outside [0, 1] or missing, or alpha outside (0, 1).
    """
    values = np.asarray(p, np.float64)
    if values.ndim != 1 or not np.all((values >= 0) & (values <= 1)):
        raise ValueError("p-values must be one row of numbers between 0 and 1")
    if not 0 < alpha < 1:
        raise ValueError(f"the level is {alpha:g}: give one between 0 and 1")
    order = np.argsort(values, kind="stable")
    passed = np.logical_and.accumulate(values[order] <= holm_levels(values.size, alpha)[::-1])
    flags = np.zeros(values.size, np.bool_)
    flags[order] = passed
    return flags


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
