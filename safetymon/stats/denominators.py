"""How many subjects stand behind the events of one group while entry is still going on.

Subjects enter one by one and each is watched for a window after the first dose, so at a look
some have had an event, some have completed the window, and the rest are in between. Counting
"events + completers" is not offered: events arrive at once and completers only later, so the
rate reads high, and even an exact boundary then signals falsely: 0.06 to 0.81 of trials with 95
subjects, 0.12 to 1.00 with 500 (tests/simulation/single_arm.py).

In every function `time` is the time from first dose to the first event or, without one, to the
end of follow-up at this look; an event after the window is no event of the window.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import BoolArray, FloatArray
from safetymon.stats.survival import curve_at, kaplan_meier


class Evaluated(NamedTuple):
    """Subjects with an event, the subjects they are counted among, and that number unrounded."""

    events: int
    subjects: int
    weight: float


def dosed(time: ArrayLike, event: ArrayLike, window: float = math.inf) -> Evaluated:
    """Count events so far among all subjects dosed so far: exactly valid, the default.

    Valid for any hazard, accrual and dropout: it never counts more events than these subjects
    will have in the end.

    Args:
        time: Days from first dose to first event or end of follow-up, shape (subjects,).
        event: Whether that was an event, shape (subjects,).
        window: Days during which an event counts.

    Raises:
        ValueError: negative times, lengths that differ, a window that is not positive.
    """
    follow_up, had_event = _watched(time, event, window)
    return Evaluated(int(had_event.sum()), follow_up.size, float(follow_up.size))


def matured(time: ArrayLike, event: ArrayLike, elapsed: ArrayLike, window: float) -> Evaluated:
    """Count events among the subjects whose window has closed by the calendar.

    A subject who left without an event stays in the denominator once the window has closed:
    leaving such subjects out would keep their neighbours' events and lose their non-events.

    Args:
        time: As in `dosed`.
        event: As in `dosed`.
        elapsed: Days from first dose to this look's cut-off, shape (subjects,), >= time.
        window: Days during which an event counts.

    Raises:
        ValueError: as in `dosed`, or follow-up that goes beyond the cut-off.
    """
    follow_up, had_event = _watched(time, event, window)
    since_dose = np.asarray(elapsed, dtype=np.float64)
    if since_dose.shape != follow_up.shape or np.any(follow_up > since_dose):
        raise ValueError("elapsed needs one value a subject, not below that subject's time")
    closed = since_dose >= window
    subjects = int(closed.sum())
    return Evaluated(int((had_event & closed).sum()), subjects, float(subjects))


def km(time: ArrayLike, event: ArrayLike, window: float, *, least_share: float = 0.0) -> Evaluated:
    """Count events among an effective number of subjects: earlier signals, near nominal.

    A subject with an event or a completed window weighs 1; one followed for s < window weighs
    (F(s) + s / (window n)) / (F(window) + 1 / n), F the Kaplan-Meier estimate of the time to
    first event from these same subjects, carried forward where follow-up ends before the
    window does. The denominator is the sum of weights, rounded up.

    Args:
        time: As in `dosed`.
        event: As in `dosed`.
        window: Days during which an event counts; finite.
        least_share: F is carried forward from the last time that at least this share of the
            subjects has been followed to. 0 is the formula as it stands; where entry is about
            as quick as the window is long, a late event among the few who are followed that
            far then shrinks everyone's weight, and 500 subjects at 5% signal falsely in 0.13
            of trials. With 0.1 they do in 0.04, and power is the same within 0.002.

    Raises:
        ValueError: as in `dosed`, a window without end, or a share outside [0, 1].
    """
    follow_up, had_event = _watched(time, event, window)
    if not math.isfinite(window):
        raise ValueError("the effective denominator needs a window of finite length")
    if not 0 <= least_share <= 1:
        raise ValueError(f"least_share is {least_share:g}: give a share between 0 and 1")
    if follow_up.size == 0:
        return Evaluated(0, 0, 0.0)
    weight = _weights(follow_up, had_event, window, least_share)
    # Rounding noise in a sum of ones must not ask for one subject more.
    return Evaluated(int(had_event.sum()), math.ceil(weight - 1e-9), weight)


def _weights(
    follow_up: FloatArray, had_event: BoolArray, window: float, least_share: float
) -> float:
    """Return the sum of the subjects' weights."""
    n = follow_up.size
    curve = kaplan_meier(follow_up, had_event)
    last = int(np.flatnonzero(curve.at_risk >= least_share * n)[-1])
    incidence = curve_at(curve, np.minimum(follow_up, curve.time[last])).value
    share = (incidence + follow_up / (window * n)) / (curve.value[last] + 1.0 / n)
    return float(np.where(had_event | (follow_up >= window), 1.0, share).sum())


def _watched(time: ArrayLike, event: ArrayLike, window: float) -> tuple[FloatArray, BoolArray]:
    """Return follow-up cut at the window, and whether an event fell within it."""
    raw, flag = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.bool_)
    if raw.ndim != 1 or raw.shape != flag.shape:
        raise ValueError("time and event need one value for each subject")
    if not np.all((raw >= 0) & np.isfinite(raw)):
        raise ValueError("time from first dose must be a finite number of at least 0")
    if not window > 0:
        raise ValueError(f"the window is {window:g}: give a positive number of days")
    return np.minimum(raw, window), flag & (raw <= window)
