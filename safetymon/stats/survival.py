"""Incidence over time: Kaplan-Meier, Aalen-Johansen, and the numbers at risk.

Times are days since the start of observation. At a tied time events come before censorings: a
subject followed to day t is at risk on day t. Curves are right-continuous steps with a row at
time 0 and at every time when something happened or follow-up ended; beyond the last follow-up
nothing is known, and the answer is NaN.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import FloatArray, IntArray, confidence_level, whole_numbers
from safetymon.stats.special import ndtri


class Curve(NamedTuple):
    """A step function of time with its pointwise interval; every array is (times,)."""

    time: FloatArray  # increasing
    at_risk: IntArray  # subjects under observation at this time
    events: IntArray  # events of interest up to and including this time
    value: FloatArray
    low: FloatArray
    high: FloatArray


class Tally(NamedTuple):
    """What happened at each distinct time, shape (times,)."""

    time: FloatArray
    at_risk: FloatArray
    interest: FloatArray  # events of interest
    ended: FloatArray  # events of any cause


def numbers_at_risk(follow_up: ArrayLike, times: ArrayLike) -> IntArray:
    """Return how many subjects are still followed at each time (follow-up >= time)."""
    ends = np.sort(finite_times(follow_up))
    before = np.searchsorted(ends, np.asarray(times, dtype=np.float64), side="left")
    return np.asarray(ends.size - before, dtype=np.int64)


def kaplan_meier(time: ArrayLike, event: ArrayLike, conf: float = 0.95) -> Curve:
    """Return the Kaplan-Meier incidence 1 - S(t) with Greenwood's log-log interval.

    Args:
        time: Time to the event or to the end of follow-up, shape (subjects,).
        event: Whether it was the event, shape (subjects,).
        conf: Two-sided confidence level.

    Raises:
        ValueError: no subject, negative times, lengths that differ, conf outside (0, 1).
    """
    return aalen_johansen(time, np.asarray(event, dtype=np.bool_), conf)


def aalen_johansen(time: ArrayLike, cause: ArrayLike, conf: float = 0.95) -> Curve:
    """Return the cumulative incidence of cause 1 while other causes compete.

    Source: Aalen, Johansen 1978. The variance is the delta-method one (Marubini, Valsecchi
    1995), which is Greenwood's where nothing competes; the interval is symmetric for
    log(-log(1 - F)). Before the first event the upper bound is the exact binomial one for the
    subjects still at risk, 1 - (alpha/2)^(1/n). Where F reaches 1 the lower bound is the last
    one that could be estimated, or (alpha/2)^(1/n) if all n had the event at once.

    Args:
        time: Time to the first of all causes or to the end of follow-up, shape (subjects,).
        cause: 0 censored, 1 event of interest, 2 and more competing (death, withdrawal).
        conf: Two-sided confidence level.

    Raises:
        ValueError: as in `kaplan_meier`, or a negative cause.
    """
    tail_area = confidence_level(conf)
    counted = tally(finite_times(time), whole_numbers(cause, "causes"))
    survival = np.cumprod(1.0 - counted.ended / counted.at_risk, dtype=np.float64)
    before = np.concatenate(([1.0], survival[:-1]))
    value = np.cumsum(before * counted.interest / counted.at_risk)
    if np.array_equal(counted.ended, counted.interest):
        value = 1.0 - survival  # the same but for rounding, and exactly 1 at the end
    spread = np.sqrt(_delta_variance(counted, before, value))
    low, high = _log_log_interval(value, spread, counted.at_risk, tail_area)
    events = np.cumsum(counted.interest).astype(np.int64)
    at_risk = counted.at_risk.astype(np.int64)
    return Curve(counted.time, at_risk, events, value, low, high)


def curve_at(curve: Curve, times: ArrayLike) -> Curve:
    """Return a curve read off at other times; NaN beyond the last follow-up.

    Raises:
        ValueError: a negative time.
    """
    asked = finite_times(times)
    row = np.searchsorted(curve.time, asked, side="right") - 1
    known = asked <= curve.time[-1]
    at_risk = np.concatenate((curve.at_risk, [0]))[np.searchsorted(curve.time, asked)]
    value, low, high = (
        np.where(known, step[row], np.nan) for step in (curve.value, curve.low, curve.high)
    )
    return Curve(asked, at_risk, curve.events[row], value, low, high)


def tally(time: FloatArray, cause: IntArray) -> Tally:
    """Return what happened at each distinct time, and at time 0."""
    if time.size == 0 or time.shape != cause.shape:
        raise ValueError("time and event need one value for each subject, and a subject at least")
    moments = np.unique(np.concatenate(([0.0], time)))
    row = np.searchsorted(moments, time)
    interest = np.bincount(row[cause == 1], minlength=moments.size).astype(np.float64)
    ended = np.bincount(row[cause >= 1], minlength=moments.size).astype(np.float64)
    at_risk = numbers_at_risk(time, moments).astype(np.float64)
    return Tally(moments, at_risk, interest, ended)


def _delta_variance(counted: Tally, before: FloatArray, value: FloatArray) -> FloatArray:
    """Return the delta-method variance of the cumulative incidence, shape (times,)."""
    n, d, d1 = counted.at_risk, counted.ended, counted.interest
    # Where all at risk end, no later increment exists for the first term to weigh.
    left = n * (n - d)
    a = np.divide(d, left, out=np.zeros_like(left), where=left > 0)
    b = np.square(before) * d1 * (n - d1) / n**3
    c = before * d1 / n**2
    first = np.square(value) * np.cumsum(a) - 2 * value * np.cumsum(a * value)
    third = value * np.cumsum(c) - np.cumsum(c * value)
    whole = first + np.cumsum(a * np.square(value)) + np.cumsum(b) - 2 * third
    return np.asarray(np.maximum(whole, 0.0))


def _log_log_interval(
    value: FloatArray, spread: FloatArray, at_risk: FloatArray, tail_area: float
) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of an incidence, with the edge cases of `aalen_johansen`."""
    inside = (value > 0) & (value < 1)
    rest = np.where(inside, 1.0 - value, 0.5)
    factor = np.exp(-ndtri(tail_area / 2) * spread / (rest * -np.log(rest)))
    low = np.where(inside, 1.0 - rest ** (1.0 / factor), 0.0)
    none_yet = 1.0 - (tail_area / 2) ** (1.0 / at_risk)
    high = np.where(inside, 1.0 - rest**factor, np.where(value > 0, 1.0, none_yet))
    if value[-1] >= 1:
        estimated = low[low > 0]
        low[-1] = estimated[-1] if estimated.size else (tail_area / 2) ** (1.0 / at_risk[-1])
    return low, high


def finite_times(time: ArrayLike) -> FloatArray:
    """Return times as a 1-d array; negative, missing and infinite times are refused."""
    days = np.atleast_1d(np.asarray(time, dtype=np.float64))
    if days.ndim != 1 or not np.all((days >= 0) & np.isfinite(days)):
        raise ValueError("times must be finite numbers of at least 0")
    return days
