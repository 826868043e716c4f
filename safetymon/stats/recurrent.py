"""Recurrent events: the mean cumulative function with its robust interval.

Source: Ghosh, Lin 2000. Times and curves are those of `survival`.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import BoolArray, FloatArray, IntArray, confidence_level, whole_numbers
from safetymon.stats.special import ndtri
from safetymon.stats.survival import Curve, finite_times, numbers_at_risk, tally


class _Jumps(NamedTuple):
    """Steps of the estimate up to a time, one per event in order of time."""

    who: IntArray
    when: FloatArray
    jump: FloatArray  # S(u-) / Y(u): what this event adds to the mean
    lost: FloatArray  # S(u-) / Y(u)^2: what each subject at risk takes from its influence


class _Deaths(NamedTuple):
    """Deaths at each distinct end of follow-up; survival is that just after this time."""

    time: FloatArray
    share: FloatArray  # deaths / at risk
    hazard: FloatArray  # 1 / (at risk - deaths), 0 where nobody is left
    survival: FloatArray


def mean_cumulative(
    follow_up: ArrayLike,
    subject: ArrayLike,
    event_time: ArrayLike,
    times: ArrayLike,
    died: ArrayLike | None = None,
    conf: float = 0.95,
) -> Curve:
    """Return the mean number of events per subject by each time, recurrences included.

    The sum of S(u-) dN(u) / Y(u), S the survival where death ends the events and 1 otherwise.
    The variance is the robust one, the sum of squared influences of the subjects; the interval
    is symmetric for the log. Without an event the upper bound is Poisson's for the n subjects
    still at risk, -log(alpha/2) / n. Where all subjects have the same history there is no
    spread to estimate and the bounds are NaN; beyond the last follow-up everything is.

    Args:
        follow_up: Each subject's end of observation, shape (subjects,).
        subject: For each event, its subject's position in follow_up, shape (events,).
        event_time: Time of each event, within that subject's follow-up, shape (events,).
        times: Times at which to give the function, shape (times,).
        died: Whether follow-up ended by death, shape (subjects,); None means no deaths.
        conf: Two-sided confidence level.

    Raises:
        ValueError: no subject, an event outside its subject's follow-up, negative times.
    """
    tail_area, end, asked = confidence_level(conf), finite_times(follow_up), finite_times(times)
    who, when = _events_within(end, subject, event_time)
    dead = np.zeros(end.shape, np.bool_) if died is None else np.asarray(died, dtype=np.bool_)
    deaths = _deaths(end, dead)
    jumps = _jumps(end, who, when, deaths)
    value, spread = _mean_and_spread(end, dead, jumps, deaths, asked)
    at_risk = numbers_at_risk(end, asked)
    low, high = _log_interval(value, spread, at_risk, tail_area)
    value, low, high = (np.where(at_risk > 0, bound, np.nan) for bound in (value, low, high))
    events = np.searchsorted(jumps.when, asked, side="right").astype(np.int64)
    return Curve(asked, at_risk, events, value, low, high)


def _mean_and_spread(
    end: FloatArray, died: BoolArray, jumps: _Jumps, deaths: _Deaths, asked: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the mean by each time and its standard error: the root of summed squared influences.

    A subject's influence is what its own events add, less what being at risk takes from every
    event, less (by its death) or plus (by outliving others' deaths) the mean still to come. All
    times at once: matrices are (times, subjects).
    """
    value = _step(jumps.when, np.cumsum(jumps.jump), asked)
    taken_by = np.cumsum(jumps.lost)
    # What was taken only grows, so by the earlier of two times it is the smaller of two sums.
    taken = np.minimum(
        _step(jumps.when, taken_by, end), _step(jumps.when, taken_by, asked)[:, None]
    )
    influence = _own(end.size, jumps, asked) - taken
    if died.any():
        influence += _by_deaths(end, died, jumps, deaths, asked, value)
    return value, np.sqrt(np.square(influence).sum(axis=1))


def _own(subjects: int, jumps: _Jumps, asked: FloatArray) -> FloatArray:
    """Return what each subject's own events have added by each time, (times, subjects)."""
    order = np.argsort(asked, kind="stable")
    row = np.searchsorted(asked[order], jumps.when, side="left")
    added = np.bincount(
        row * subjects + jumps.who, weights=jumps.jump, minlength=(asked.size + 1) * subjects
    )
    own = np.empty((asked.size, subjects))
    own[order] = np.cumsum(added.reshape(-1, subjects)[: asked.size], axis=0)
    return own


def _by_deaths(
    end: FloatArray,
    died: BoolArray,
    jumps: _Jumps,
    deaths: _Deaths,
    asked: FloatArray,
    value: FloatArray,
) -> FloatArray:
    """Return what deaths, one's own and others', do to each influence, (times, subjects)."""
    fatal = deaths.share > 0
    when, hazard, share = deaths.time[fatal], deaths.hazard[fatal], deaths.share[fatal]
    mean_then = _step(jumps.when, np.cumsum(jumps.jump), when)
    to_come = np.where(when <= asked[:, None], value[:, None] - mean_then, 0.0)
    outlived = np.zeros((asked.size, when.size + 1))
    np.cumsum(to_come * hazard * share, axis=1, out=outlived[:, 1:])
    by_death = np.zeros((asked.size, end.size))
    by_death[:, died] = (to_come * hazard)[:, np.searchsorted(when, end[died])]
    return np.asarray(outlived[:, np.searchsorted(when, end, side="right")] - by_death)


def _deaths(end: FloatArray, died: BoolArray) -> _Deaths:
    """Return deaths, hazards and survival at each end of follow-up."""
    counted = tally(end, died.astype(np.int64))
    left = counted.at_risk - counted.ended
    hazard = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
    share = counted.ended / counted.at_risk
    return _Deaths(counted.time, share, hazard, np.cumprod(1.0 - share, dtype=np.float64))


def _jumps(end: FloatArray, who: IntArray, when: FloatArray, deaths: _Deaths) -> _Jumps:
    """Return the steps of the estimate in order of time."""
    order = np.argsort(when, kind="stable")
    who, when = who[order], when[order]
    alive = _step(deaths.time, deaths.survival, when, side="left", start=1.0)
    at_risk = numbers_at_risk(end, when)
    return _Jumps(who, when, alive / at_risk, alive / np.square(at_risk))


def _step(
    times: FloatArray,
    values: FloatArray,
    at: FloatArray,
    side: Literal["left", "right"] = "right",
    start: float = 0.0,
) -> FloatArray:
    """Return a step function's value at other times; side "left" gives the limit from below."""
    padded = np.concatenate(([start], values))
    return np.asarray(padded[np.searchsorted(times, at, side=side)])


def _log_interval(
    value: FloatArray, spread: FloatArray, at_risk: IntArray, tail_area: float
) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of a mean count, with the edge cases of `mean_cumulative`."""
    some = value > 0
    factor = np.exp(-ndtri(tail_area / 2) * spread / np.where(some, value, 1.0))
    factor = np.where(spread > 1e-12 * value, factor, np.nan)
    none_yet = -np.log(tail_area / 2) / np.maximum(at_risk, 1)
    return np.where(some, value / factor, 0.0), np.where(some, value * factor, none_yet)


def _events_within(
    end: FloatArray, subject: ArrayLike, event_time: ArrayLike
) -> tuple[IntArray, FloatArray]:
    """Return events' subjects and times, checked against follow-up."""
    who, when = whole_numbers(subject, "subject positions"), finite_times(event_time)
    if who.shape != when.shape or np.any(who >= end.size):
        raise ValueError("every event needs a time and a subject that has follow-up")
    if np.any(when > end[who]):
        raise ValueError("an event lies after the end of its subject's follow-up")
    return who, when
