"""Poisson intervals of an event rate, and the exact one of the ratio of two rates.

Events are whole numbers; time is person-time at risk (or a number of administrations) in any unit,
and a rate is per one such unit. Scalars or arrays that broadcast against each other go in, float64
arrays of the broadcast shape come back (0-dimensional for scalars). Without time there is no rate:
nan.
"""

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import FloatArray, one_tail, whole
from safetymon.stats.proportions import distinct, normal_quantile
from safetymon.stats.special import betaincinv, gammainccinv, gammaincinv


def poisson_exact(
    events: ArrayLike, time: ArrayLike, conf: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Exact interval of a rate: no Poisson tail beyond the events is below (1 - conf) / 2.

    Source: Garwood 1936, Biometrika 28:437, as quantiles of gamma distributions.

    Args:
        events: number of events.
        time: time at risk; 0 gives nan, nan.
        conf: confidence level, strictly between 0 and 1.

    Returns:
        (low, high) per unit of time; no events gives low 0 and high -log((1 - conf) / 2) / time.

    Raises:
        ValueError: events is not a whole number of at least 0, time is negative or not finite, or
            conf is not between 0 and 1.
    """
    tail = one_tail(conf)
    events, time = np.broadcast_arrays(whole(events, "events"), person_time(time, "time"))
    (count,), place = distinct(events)
    low = np.where(count > 0, gammaincinv(np.maximum(count, 1), tail), 0.0)
    high = np.asarray(gammainccinv(count + 1, tail), dtype=np.float64)
    return _per(low[place], time), _per(high[place], time)


def poisson_score(
    events: ArrayLike, time: ArrayLike, conf: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Score interval of a rate: every mean m with |events - m| <= z sqrt(m), per unit of time.

    Arguments, result and errors are those of `poisson_exact`. Source: Rao 1948, as given for rates
    by Barker 2002, Am Stat 56:85.
    """
    z = normal_quantile(conf)
    events, time = np.broadcast_arrays(whole(events, "events"), person_time(time, "time"))
    high = events + z * z / 2 + z * np.sqrt(events + z * z / 4)
    # The product of the two roots is events squared: no cancellation in the smaller.
    low = events * events / np.where(events > 0, high, 1)
    return _per(low, time), _per(high, time)


def poisson_byar(
    events: ArrayLike, time: ArrayLike, conf: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Byar's approximation to the exact interval of a rate, at events + 1/2 for both limits.

    Near the mid-P interval, so shorter than the exact one. Arguments, result and errors are those
    of `poisson_exact`; no events gives low 0. Sources: Rothman and Boice 1979, Epidemiologic
    Analysis with a Programmable Calculator; at events + 1/2 Cohen and Yang 1994, Stat Med 13:2189.
    """
    z = normal_quantile(conf)
    events, time = np.broadcast_arrays(whole(events, "events"), person_time(time, "time"))
    more = events + 0.5
    centre, reach = 1 - 1 / (9 * more), z / (3 * np.sqrt(more))
    low = np.where(events > 0, more * np.maximum(centre - reach, 0) ** 3, 0.0)
    return _per(low, time), _per(more * (centre + reach) ** 3, time)


def poisson_jeffreys(
    events: ArrayLike, time: ArrayLike, conf: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Equal tails of the Gamma(events + 1/2) posterior of a rate; no events gives low 0.

    Arguments, result and errors are those of `poisson_exact`. Source: Brown, Cai and DasGupta 2003,
    Stat Sin 13:19.
    """
    tail = one_tail(conf)
    events, time = np.broadcast_arrays(whole(events, "events"), person_time(time, "time"))
    (count,), place = distinct(events)
    low = np.where(count > 0, gammaincinv(count + 0.5, tail), 0.0)
    high = np.asarray(gammainccinv(count + 0.5, tail), dtype=np.float64)
    return _per(low[place], time), _per(high[place], time)


def rate_ratio_exact(
    d1: ArrayLike, t1: ArrayLike, d2: ArrayLike, t2: ArrayLike, conf: float = 0.95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ratio of two rates, first over second, with the exact conditional interval.

    Given d1 + d2 events, d1 is binomial with share ratio·t1 / (ratio·t1 + t2): the Clopper-Pearson
    limits of that share, as odds, times t2 / t1. Source: Przyborowski and Wilenski 1940,
    Biometrika 31:313.

    Args:
        d1: events of the first group.
        t1: time at risk of the first group.
        d2: events of the second group (the reference).
        t2: time at risk of the second group, in the unit of t1.
        conf: confidence level, strictly between 0 and 1.

    Returns:
        (ratio, low, high). Events in the first group only: ratio and high are inf; in the second
        only: ratio and low are 0; in neither: nothing is known of the ratio: nan, 0, inf. A group
        without person-time: nan, nan, nan.

    Raises:
        ValueError: as for `poisson_exact`.
    """
    tail = one_tail(conf)
    d1, t1, d2, t2 = np.broadcast_arrays(
        whole(d1, "d1"), person_time(t1, "t1"), whole(d2, "d2"), person_time(t2, "t2")
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = np.where((t1 > 0) & (t2 > 0), t2 / t1, np.nan)
        ratio = scale * (d1 / d2)
        low = scale * _odds_low(d1, d2, tail)
        high = scale / _odds_low(d2, d1, tail)
    return ratio, low, high


def person_time(values: ArrayLike, name: str) -> FloatArray:
    """Time at risk as float64; negative, infinite or nan is a ValueError."""
    times = np.asarray(values, dtype=np.float64)
    if (bad := ~((times >= 0) & (times < np.inf))).any():
        raise ValueError(f"{name} must be a finite time of at least 0: found {times[bad][0]:g}")
    return times


def _per(amount: FloatArray, time: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(time > 0, amount / time, np.nan)


def _odds_low(d: FloatArray, others: FloatArray, tail: float) -> FloatArray:
    # Odds of the lower Clopper-Pearson limit of d among d + others; 0 when d is 0.
    (d, others), place = distinct(d, others)
    share = np.where(d > 0, betaincinv(np.maximum(d, 1), others + 1, tail), 0)
    odds: FloatArray = (share / (1 - share))[place]
    return odds
