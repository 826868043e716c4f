"""Confidence intervals of one incidence proportion: x of n subjects had the event.

Every function takes whole numbers of subjects, scalars or arrays that broadcast against each
other, and returns float64 arrays of the broadcast shape (0-dimensional for scalars). A number that
does not exist is nan: with nobody at risk there is no interval.
"""

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import FloatArray, IndexArray, confidence_level, counts, one_tail
from safetymon.stats.special import betainccinv, betaincinv, erfinv


def clopper_pearson(
    x: ArrayLike, n: ArrayLike, conf: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Exact interval: every p at which neither binomial tail beyond x is below (1 - conf) / 2.

    Source: Clopper and Pearson 1934, Biometrika 26:404, as quantiles of beta distributions.

    Args:
        x: subjects with the event.
        n: subjects at risk; 0 gives nan, nan.
        conf: confidence level, strictly between 0 and 1.

    Returns:
        (low, high) as proportions. x = 0 gives low 0 and high 1 - ((1 - conf) / 2)^(1/n); x = n
        gives high 1.

    Raises:
        ValueError: x or n is not a whole number of at least 0, x exceeds n, or conf is not
            between 0 and 1.
    """
    tail = one_tail(conf)
    (x, n), place = distinct(*counts(x, n))
    # The parameters of the quantile are kept positive where the limit is 0 or 1 by definition.
    low = np.where(x > 0, betaincinv(np.maximum(x, 1), n - x + 1, tail), 0)
    high = np.where(x < n, betainccinv(x + 1, np.maximum(n - x, 1), tail), 1)
    return np.where(n > 0, low, np.nan)[place], np.where(n > 0, high, np.nan)[place]


def wilson(x: ArrayLike, n: ArrayLike, conf: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Score interval: every p with |x/n - p| <= z sqrt(p (1 - p) / n); no continuity correction.

    Source: Wilson 1927, JASA 22:209.

    Args:
        x: subjects with the event.
        n: subjects at risk; 0 gives nan, nan.
        conf: confidence level, strictly between 0 and 1.

    Returns:
        (low, high) as proportions; x = 0 gives low 0, x = n gives high 1.

    Raises:
        ValueError: as for `clopper_pearson`.
    """
    z = normal_quantile(conf)
    x, n = counts(x, n)
    high = 1 - _wilson_low(n - x, n, z)
    return np.where(n > 0, _wilson_low(x, n, z), np.nan), np.where(n > 0, high, np.nan)


def wilson_cc(x: ArrayLike, n: ArrayLike, conf: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Score interval with continuity correction: |x/n - p| - 1/(2n) <= z sqrt(p (1 - p) / n).

    Wider than Wilson's, and near the exact one. Arguments, result and errors are those of `wilson`.
    Sources: Blyth and Still 1983, JASA 78:108; Newcombe 1998, Stat Med 17:857, method 4.
    """
    z = normal_quantile(conf)
    x, n = counts(x, n)
    high = 1 - _wilson_cc_low(n - x, n, z)
    return np.where(n > 0, _wilson_cc_low(x, n, z), np.nan), np.where(n > 0, high, np.nan)


def jeffreys(x: ArrayLike, n: ArrayLike, conf: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Equal tails of the Beta(x + 1/2, n - x + 1/2) posterior; 0 at x = 0 and 1 at x = n.

    Arguments, result and errors are those of `clopper_pearson`. Source: Brown, Cai and DasGupta
    2001, Stat Sci 16:101.
    """
    tail = one_tail(conf)
    (x, n), place = distinct(*counts(x, n))
    low = np.where(x > 0, betaincinv(x + 0.5, n - x + 0.5, tail), 0)
    high = np.where(x < n, betainccinv(x + 0.5, n - x + 0.5, tail), 1)
    return np.where(n > 0, low, np.nan)[place], np.where(n > 0, high, np.nan)[place]


def agresti_coull(x: ArrayLike, n: ArrayLike, conf: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Simple interval of x + z^2/2 events among n + z^2 subjects, cut to lie within 0 and 1.

    Arguments, result and errors are those of `wilson`, but the limits need not be 0 at x = 0 or 1
    at x = n before they are cut. Source: Agresti and Coull 1998, Am Stat 52:119.
    """
    z = normal_quantile(conf)
    x, n = counts(x, n)
    more = n + z * z
    centre = (x + z * z / 2) / more
    reach = z * np.sqrt(centre * (1 - centre) / more)
    low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach, 1)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def _wilson_cc_low(x: FloatArray, n: FloatArray, z: float) -> FloatArray:
    # The smaller root of Wilson's equation at x - 1/2, as c/(larger root).
    few = np.maximum(x - 0.5, 0)
    share = few / np.maximum(n, 1)
    twice = 2 * few + z * z + z * np.sqrt(z * z + 4 * few * (1 - share))
    low: FloatArray = 2 * few * share / np.where(twice > 0, twice, 1)
    return low


def _wilson_low(x: FloatArray, n: FloatArray, z: float) -> FloatArray:
    # The smaller root of (n + z²) p² - (2x + z²) p + x²/n = 0 as c/(larger root): exactly 0 at
    # x = 0, and no cancellation where events are rare.
    share = x / np.maximum(n, 1)
    twice = 2 * x + z * z + z * np.sqrt(z * z + 4 * x * (1 - share))
    low: FloatArray = 2 * x * share / np.where(twice > 0, twice, 1)
    return low


def normal_quantile(conf: float) -> float:
    """The z with P(|Z| <= z) = conf for a standard normal Z: 1.96 for 0.95."""
    confidence_level(conf)  # refuses what is no level
    return float(np.sqrt(2) * erfinv(conf))


def distinct(*columns: FloatArray) -> tuple[list[FloatArray], IndexArray]:
    """Distinct rows of whole-number columns of one shape, and the place of each row among them.

    Hundreds of terms share few counts, and an exact interval costs far more than a sort. Rows whose
    combined key would not fit a float exactly (2^53) are left as they are.

    Returns:
        (columns, place): one-dimensional columns, and an integer array of the input's shape, so
        that columns[i][place] is the i-th input.
    """
    key, size = np.zeros(columns[0].shape), 1
    for column in columns:
        low, high = (column.min(), column.max()) if column.size else (0, 0)
        span = int(high - low) + 1
        key, size = key * span + (column - low), size * span
    if size > 2**53:
        return [column.ravel() for column in columns], np.arange(key.size).reshape(key.shape)
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return [column.ravel()[first] for column in columns], place.reshape(key.shape)
