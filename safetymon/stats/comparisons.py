"""Two groups compared: x1 of n1 subjects had the event in the first, x2 of n2 in the reference.

Every function takes whole numbers of subjects, scalars or arrays that broadcast against each
other, and returns float64 arrays of the broadcast shape (0-dimensional for scalars). A group with
nobody at risk cannot be compared: nan throughout.

A score interval holds every value of its measure that a score test does not reject. The test needs
p1 and p2, the maximum-likelihood proportions restricted to that value: for a difference the root
of a cubic, at each step of a search. Here u, the Lagrange multiplier of the restriction, is
searched instead: p1 and p2 are explicit in u, and the squared score statistic is one term a group,
each 0 at u = 0, increasing and convex. Newton's method from the right of the root then descends to
it without fail, and the smaller of the two u at which one term alone reaches the limit (the root
of a quadratic) is such a start, a few steps away. Only lower limits are searched; an upper limit
is the negative (difference) or the inverse (ratios) of the lower limit of the groups exchanged.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import FloatArray, counts
from safetymon.stats.proportions import distinct, normal_quantile, wilson, wilson_cc

Pair: TypeAlias = tuple[FloatArray, FloatArray]
Triple: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]

_TINY = 1e-100  # stands for a denominator of 0 below a numerator of 0
_TIE = 1e-7  # Fisher: how much likelier than the observed table, relatively, still counts as a tie
_CELLS = 2**13  # Fisher: cells of one dense block; twice as fast as 2**15, in cache


def risk_difference_mn(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, conf: float = 0.95
) -> Triple:
    """x1/n1 - x2/n2 with the Miettinen-Nurminen score interval (variance factor N / (N - 1)).

    Source: Miettinen and Nurminen 1985, Stat Med 4:213.

    Args:
        x1: subjects with the event in the first group.
        n1: subjects at risk in the first group.
        x2: subjects with the event in the reference group.
        n2: subjects at risk in the reference group.
        conf: confidence level, strictly between 0 and 1.

    Returns:
        (difference, low, high), each within [-1, 1]. 0 v 0 is a difference of 0 with its interval.

    Raises:
        ValueError: a count is not a whole number of at least 0, x exceeds n, or conf is not
            between 0 and 1.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    limit = normal_quantile(conf) ** 2 * (n1 + n2) / (n1 + n2 - 1)
    low = _difference_low(x1, n1, x2, n2, limit)
    high = -_difference_low(x2, n2, x1, n1, limit)
    return known * (x1 / n1 - x2 / n2), known * low, known * high


def risk_difference_mee(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, conf: float = 0.95
) -> Triple:
    """x1/n1 - x2/n2 with Mee's score interval: Miettinen and Nurminen's without the factor.

    Arguments, result and errors are those of `risk_difference_mn`. Sources: Mee 1984, Biometrics
    40:1175; Farrington and Manning 1990, Stat Med 9:1447.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    limit = np.full(x1.shape, normal_quantile(conf) ** 2)
    low = _difference_low(x1, n1, x2, n2, limit)
    high = -_difference_low(x2, n2, x1, n1, limit)
    return known * (x1 / n1 - x2 / n2), known * low, known * high


def risk_difference_newcombe(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, conf: float = 0.95
) -> Triple:
    """x1/n1 - x2/n2 with Newcombe's hybrid of two Wilson intervals; no continuity correction.

    Arguments, result and errors are those of `risk_difference_mn`. Source: Newcombe 1998,
    Stat Med 17:873, method 10.
    """
    return _hybrid(wilson, x1, n1, x2, n2, conf)


def risk_difference_newcombe_cc(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, conf: float = 0.95
) -> Triple:
    """x1/n1 - x2/n2 with Newcombe's hybrid of two Wilson intervals with continuity correction.

    Arguments, result and errors are those of `risk_difference_mn`. Source: Newcombe 1998,
    Stat Med 17:873, method 11.
    """
    return _hybrid(wilson_cc, x1, n1, x2, n2, conf)


def _hybrid(
    interval: Callable[[FloatArray, FloatArray, float], Pair],
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    conf: float,
) -> Triple:
    """The squares of the distances to the limits of the two proportions, added up."""
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = interval(x1, n1, conf), interval(x2, n2, conf)
    low = np.maximum(p1 - p2 - np.hypot(p1 - low1, high2 - p2), -1)
    high = np.minimum(p1 - p2 + np.hypot(high1 - p1, p2 - low2), 1)
    return known * (p1 - p2), known * low, known * high


def risk_ratio_score(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, conf: float = 0.95
) -> Triple:
    """(x1/n1) / (x2/n2) with Koopman's score interval (Pearson's chi-squared, no factor).

    Arguments and errors are those of `risk_difference_mn`. Source: Koopman 1984,
    Biometrics 40:513.

    Returns:
        (ratio, low, high). Events in the first group only: ratio and high are inf; in the
        reference only: ratio and low are 0. 0 v 0 says nothing of the ratio: nan, 0, inf.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    limit = normal_quantile(conf) ** 2
    low = _risk_ratio_low(x1, n1, x2, n2, limit)
    high = _divide(1, _risk_ratio_low(x2, n2, x1, n1, limit))
    return known * _divide(x1 * n2, x2 * n1), known * low, known * high


def odds_ratio(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, conf: float = 0.95
) -> Triple:
    """Sample odds ratio x1 (n2 - x2) / (x2 (n1 - x1)) with Cornfield's score interval.

    The interval inverts Pearson's chi-squared, without continuity correction. Arguments and errors
    are those of `risk_difference_mn`. Source: Cornfield 1956, Proc 3rd Berkeley Symposium 4:135.

    Returns:
        (ratio, low, high); 0 or inf where only one group has nobody or everybody with the event.
        Nobody or everybody in both groups says nothing of the ratio: nan, 0, inf.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    limit = normal_quantile(conf) ** 2
    low = _odds_ratio_low(x1, n1, x2, n2, limit)
    high = _divide(1, _odds_ratio_low(x2, n2, x1, n1, limit))
    return known * _divide(x1 * (n2 - x2), x2 * (n1 - x1)), known * low, known * high


def fisher_two_sided(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> FloatArray:
    """Fisher's exact two-sided p: the probability of all tables no likelier than the observed one.

    "No likelier" allows a relative 1e-7, so that rounding cannot separate equally likely tables.
    Counts and errors are those of `risk_difference_mn`. Source: Fisher 1935, J R Stat Soc 98:39.

    Returns:
        p in [0, 1]: 1 for 0 v 0; 0 only where p is below the smallest float64.
    """
    x1, n1, x2, n2, known = _groups(x1, n1, x2, n2)
    tables, place = distinct(x1, n1, x2, n2)
    _, width = _first_counts(*_margins(*tables))
    todo, p = np.argsort(-width), np.empty(width.size)
    while todo.size:
        rows = max(1, int(_CELLS // width[todo[0]]))  # padded to its widest table, the first
        block, todo = todo[:rows], todo[rows:]
        p[block] = _fisher_block(*(column[block] for column in tables))
    return known * p[place]


def _fisher_block(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> FloatArray:
    margins, place = distinct(*_margins(x1, n1, x2, n2))
    log_weight = _log_hypergeometric(*margins)
    weight = np.exp(log_weight)
    first, _ = _first_counts(*margins)
    observed = log_weight[place, (x1 - first[place]).astype(np.intp)]
    no_likelier = log_weight[place] <= observed[:, None] + _TIE
    tail: FloatArray = (weight[place] * no_likelier).sum(axis=1) / weight.sum(axis=1)[place]
    return tail


def _log_hypergeometric(n1: FloatArray, n2: FloatArray, m: FloatArray) -> FloatArray:
    """Log weight of each possible first count, one row a table: 0 at the mode, -inf as padding."""
    first, width = (column[:, None] for column in _first_counts(n1, n2, m))
    n1, n2, m = n1[:, None], n2[:, None], m[:, None]
    step = np.arange(width.max() - 1)
    count, inside = first + step, step < width - 1
    # Ratios of neighbours, not factorials: those lose eight digits at a million subjects.
    growth = (n1 - count) * (m - count) / ((count + 1) * (n2 - m + count + 1))
    climb = np.cumsum(np.log(np.where(inside, growth, 1)), axis=1)
    log_weight = np.hstack([np.zeros(width.shape), np.where(inside, climb, -np.inf)])
    log_weight -= log_weight.max(axis=1, keepdims=True)
    return log_weight


def _margins(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> Triple:
    return n1, n2, x1 + x2


def _first_counts(n1: FloatArray, n2: FloatArray, m: FloatArray) -> Pair:
    """Smallest x1 possible with these margins, and how many x1 are possible."""
    first = np.maximum(0, m - n2)
    return first, np.minimum(n1, m) - first + 1


def _difference_low(
    x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, limit: FloatArray
) -> FloatArray:
    """Smallest p1 - p2 whose squared score statistic, u² (p1 q1 / n1 + p2 q2 / n2), is in limit."""
    y2 = n2 - x2

    def score(u: FloatArray) -> Pair:
        p1, q1, fall1 = _pulled_down(x1, n1, u)
        q2, p2, fall2 = _pulled_down(y2, n2, u)
        variance = p1 * q1 / n1 + p2 * q2 / n2
        return u * u * variance, u * (variance + fall1 + fall2)

    def alone(x: FloatArray, n: FloatArray) -> FloatArray:
        p, q = x / n, 1 - x / n
        return _larger_root(p * q, limit * (p - q), limit * (limit + n))

    start = np.minimum(alone(x1, n1), alone(y2, n2))
    u = _descend(score, np.where(start < np.inf, start, 0), limit)  # no u: 0/n1 v n2/n2, low -1
    return _pulled_down(x1, n1, u)[0] + _pulled_down(y2, n2, u)[0] - 1


def _pulled_down(x: FloatArray, n: FloatArray, u: FloatArray) -> Triple:
    """The p with n (x/n - p) = u p (1 - p), its complement, and -dp/du, for u >= 0.

    The restriction pulls p1 down so; it pulls p2 up, which is q2 = 1 - p2 pulled down.
    """
    root = np.sqrt((n - u) ** 2 + 4 * u * (n - x))
    p = 2 * x / (n + u + root)
    # Two forms of one number: neither takes a difference of nearly equal terms.
    q_small_u = 2 * (n - x) / np.maximum(np.maximum(n - u, 0) + root, _TINY)
    q = np.where(u > n, (u - n + root) / (2 * np.maximum(u, n)), q_small_u)
    return p, q, p * q / np.maximum(root, _TINY)


def _risk_ratio_low(
    x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, limit: float
) -> FloatArray:
    """Smallest p1 / p2 whose Pearson chi-squared, u² (q1 / (n1 p1) + q2 / (n2 p2)), is in limit.

    p1 = (x1 - u) / (n1 - u) and p2 = (x2 + u) / (n2 + u): q1 / p1 = y1 / (x1 - u).
    """
    y1, y2 = n1 - x1, n2 - x2

    def chi_squared(u: FloatArray) -> Pair:
        down, up = u / np.maximum(x1 - u, _TINY), u / np.maximum(x2 + u, _TINY)
        slope = down * (2 + down) * y1 / n1 + up * (2 - up) * y2 / n2
        return u * (down * y1 / n1 + up * y2 / n2), slope

    alone1 = _larger_root(y1, limit * n1, limit * n1 * x1)
    alone2 = _larger_root(y2, -limit * n2, limit * n2 * x2)
    u = _descend(chi_squared, np.minimum(alone1, alone2), limit)
    # Everybody in group 1: p1 stays 1 up to u = n1, then falls until its own term fills the limit.
    left = np.maximum(limit - u * u * y2 / (n2 * np.maximum(x2 + u, _TINY)), 0)
    p1 = np.where(y1 > 0, (x1 - u) / np.maximum(n1 - u, _TINY), n1 / (n1 + left))
    return p1 * (n2 + u) / np.maximum(x2 + u, _TINY)


def _odds_ratio_low(
    x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, limit: float
) -> FloatArray:
    """Smallest odds ratio whose chi-squared, u² (1 / (n1 p1 q1) + 1 / (n2 p2 q2)), is in limit.

    p1 = (x1 - u) / n1 and p2 = (x2 + u) / n2.
    """
    y1, y2 = n1 - x1, n2 - x2

    def term(x: FloatArray, n: FloatArray, u: FloatArray) -> Pair:
        left, others = np.maximum(x - u, _TINY), np.maximum(n - x + u, _TINY)
        value = n * (u / left) * (u / others)
        return value, value / np.maximum(u, _TINY) * (x / left + (n - x) / others)

    def chi_squared(u: FloatArray) -> Pair:
        (value1, slope1), (value2, slope2) = term(x1, n1, u), term(y2, n2, u)
        return value1 + value2, slope1 + slope2

    alone1 = _larger_root(n1 + limit, limit * (y1 - x1), limit * x1 * y1)
    alone2 = _larger_root(n2 + limit, limit * (x2 - y2), limit * x2 * y2)
    u = _descend(chi_squared, np.minimum(alone1, alone2), limit)
    return (x1 - u) * (y2 - u) / np.maximum((y1 + u) * (x2 + u), _TINY)


def _descend(
    function: Callable[[FloatArray], Pair], start: FloatArray, limit: FloatArray | float
) -> FloatArray:
    """Root of function = limit by Newton's method; the function is convex, the start not below."""
    u = start
    for _ in range(200):
        value, slope = function(u)
        last, u = u, np.clip(u - (value - limit) / np.where(slope > 0, slope, np.inf), 0, start)
        if (np.abs(u - last) <= 1e-10 * u + 1e-12).all():
            return u
    raise ArithmeticError("the search for a score limit did not settle; please report the counts")


def _larger_root(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Larger root of a u² + b u - c = 0 for a, c >= 0, no cancellation; inf if there is none."""
    reach = np.sqrt(b * b + 4 * a * c)
    return np.where(b > 0, 2 * c / np.maximum(b + reach, _TINY), _divide(reach - b, 2 * a))


def _divide(above: ArrayLike, below: FloatArray) -> FloatArray:
    """Quotient with above/0 = inf and 0/0 = nan."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(above, below)


def _groups(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Checked, broadcast counts (n at least 1) and a factor: 1, or nan where a group is empty."""
    x1, n1, x2, n2 = np.broadcast_arrays(*counts(x1, n1), *counts(x2, n2))
    known = np.where((n1 > 0) & (n2 > 0), 1.0, np.nan)
    return x1, np.maximum(n1, 1), x2, np.maximum(n2, 1), known
