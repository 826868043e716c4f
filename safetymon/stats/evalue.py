"""Evidence against an acceptable risk that holds at any time: the mixture e-value.

E(x, n) is the likelihood of x events in n subjects averaged over a prior Beta(1, b) cut to
risks above p0, divided by the likelihood at p0. Under any risk <= p0 its supremum over n
exceeds 1/alpha with probability at most alpha (Ville; Howard et al. 2021); without the cut
that would hold at p0 only. The prior's mean before the cut is min(2 p0, (1 + p0)/2).
It depends on x and n alone, not on the order of events, so a corrected data cut recomputes it.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import FloatArray, counts, one_sided_level, rates
from safetymon.stats.special import betaincc, betaln, xlogy

_TINY_TAIL = 1e-250  # below this the Beta tail is about to underflow: sum the series instead


def log_evalue(x: ArrayLike, n: ArrayLike, background: ArrayLike) -> FloatArray:
    """Return log E(x, n; background), broadcast over all three; no event costs, n = 0 is 0.

    Args:
        x: Subjects with an event, whole numbers, 0 <= x <= n.
        n: Subjects, see `denominators`.
        background: Acceptable risk p0, strictly between 0 and 1.

    Raises:
        ValueError: background 0 or 1 or beyond, counts that are negative, broken or x > n.
    """
    events, subjects = counts(x, n)
    e, s, p0 = np.broadcast_arrays(events, subjects, rates(background))
    return _log_evalue(e, s, p0)


def anytime_lower_bound(x: ArrayLike, n: ArrayLike, alpha: float = 0.05) -> FloatArray:
    """Return the lower confidence bound of the risk that holds at every look at once.

    It is the smallest background with log E < log(1/alpha), found to 1e-10 relative; backgrounds
    below 1e-9 / n are reported as 0. Few events rule nothing out: at alpha 0.05 it is 0 for
    x <= 2, whatever n.

    Args:
        x: Subjects with an event.
        n: Subjects, broadcast against x.
        alpha: One-sided level.

    Raises:
        ValueError: alpha outside (0, 0.5), or counts as in `log_evalue`.
    """
    threshold = -math.log(one_sided_level(alpha))
    events, subjects = counts(x, n)
    bound = np.zeros(events.shape)
    e, s = events[events > 0], subjects[events > 0]

    def excess(log_risk: FloatArray) -> FloatArray:
        return _log_evalue(e, s, np.exp(log_risk)) - threshold

    low, high = np.log(1e-9 / s), np.log(np.minimum(e / s, 1.0 - 1e-12))
    found = np.exp(_falling_root(excess, low, high))
    bound[events > 0] = np.where(excess(low) >= 0, found, 0.0)
    return bound


def _log_evalue(x: FloatArray, n: FloatArray, p0: FloatArray) -> FloatArray:
    # 1 / mu - 1 with mu = min(2 p0, (1 + p0) / 2), free of cancellation at both ends.
    b = np.where(p0 < 1.0 / 3.0, (0.5 - p0) / p0, (1.0 - p0) / (1.0 + p0))
    c = b + (n - x)
    tail = np.asarray(betaincc(1.0 + x, c, p0))
    far = tail <= _TINY_TAIL
    log_tail = np.log(np.where(far, 1.0, tail))
    log_e = betaln(1.0 + x, c) + log_tail + np.log(b) - xlogy(x, p0) - c * np.log1p(-p0)
    if np.any(far):
        log_e = np.asarray(log_e)
        log_e[far] = _log_evalue_series(x[far], c[far], p0[far], b[far])
    return np.asarray(log_e)


def _log_evalue_series(x: FloatArray, c: FloatArray, p0: FloatArray, b: FloatArray) -> FloatArray:
    """Return log E as the finite sum that integration by parts gives; all terms positive.

    E = b sum_{j=0}^{x} x (x-1)...(x-j+1) / (c (c+1)...(c+j)) ((1-p0)/p0)^j, c = b + n - x.
    Where the tail underflows, x / n lies far below p0 and the terms fall geometrically.
    """
    odds, term = (1.0 - p0) / p0, b / c
    total, j = term.copy(), 0.0
    while np.any(term > 1e-17 * total):
        term = term * (x - j) / (c + j + 1.0) * odds
        total += term
        j += 1.0
    return np.asarray(np.log(total))


def _falling_root(
    function: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return, element by element, where a falling function crosses 0.

    Illinois steps for speed; every sixth step halves the bracket, so that it always ends.
    """
    f_low, f_high = function(low), function(high)
    last, turn = np.zeros(low.shape), 0
    while True:
        drop = np.where(f_low > f_high, f_low - f_high, 1.0)
        step = 0.5 if turn % 6 == 5 else np.clip(f_low / drop, 0.0, 1.0)
        middle = low + (high - low) * step
        value = function(middle)
        above = value >= 0
        f_high = np.where(above, np.where(last > 0, f_high / 2.0, f_high), value)
        f_low = np.where(above, value, np.where(last < 0, f_low / 2.0, f_low))
        low, high = np.where(above, middle, low), np.where(above, high, middle)
        last, turn = np.where(above, 1.0, -1.0), turn + 1
        if np.all((high - low < 1e-10) | (np.abs(value) < 1e-11)):
            return np.asarray(middle)
