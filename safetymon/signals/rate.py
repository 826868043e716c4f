"""First events of one group against a known rate per person-year.

Sources and formulas: statistics, section 2 (Poisson mixture e-value, MaxSPRT). Only where the
hazard does not change with time on treatment.
"""

from functools import lru_cache

import numpy as np

from safetymon.errors import UsageError
from safetymon.signals.evidence import NOBODY, FloatArray, IntArray, Path, Units, no_path, nothing
from safetymon.stats import poisson
from safetymon.study import PoissonRule

DAYS = 365.25
"""Days in a year where neither the rule nor the report says."""


def poisson_path(rule: PoissonRule, units: Units, cutoff: int) -> Path:
    """First events against the number expected in the person-time at risk so far.

    A subject is at risk until its event was first seen, as in the walk of two groups: time is
    never taken back, however late an event is reported.

    Raises:
        UsageError: The planned events of a MaxSPRT rule are too few for its alpha.
    """
    known = units.known_by(cutoff)
    if not known.entry.size:
        return no_path("too little data", NOBODY)
    day = np.unique(np.concatenate([known.entry, known.event[known.event >= 0], [cutoff]]))
    events = np.searchsorted(np.sort(known.event[known.event >= 0]), day, side="right")
    years = _days_at_risk(known, day) / (rule.days_per_year or DAYS)
    expected = years * rule.background_per_100py / 100
    horizon = rule.planned_events if rule.statistic == "maxsprt" else None
    limit = _limit(rule, horizon, expected)
    return Path(
        day=day,
        count=events,
        of=years,
        limit=limit,
        fraction=np.minimum(expected / (horizon or np.nan), 1),
        expected=expected,
        spent=nothing(day.size),
        log_e=poisson.log_evalue_poisson(events, expected),
        crossed=events >= limit,
        notes=_beyond_plan(float(expected[-1]), horizon),
        state="under" if events[-1] else "no events",
    )


def _days_at_risk(known: Units, day: IntArray) -> FloatArray:
    """Person-days from the first dose to the last day at risk or the event, by the end of a day."""
    until = np.where(known.event >= 0, np.minimum(known.event, known.last), known.last)
    unit, first, last = known.away.T
    whole = _elapsed(known.entry, until, day)
    return whole - _elapsed(first, np.minimum(last, until[unit]), day)


def _elapsed(first: IntArray, last: IntArray, day: IntArray) -> FloatArray:
    """Days of all spans together by the end of each day: those begun, less those over."""
    end = np.maximum(last, first - 1)
    return _passed(first, day) - _passed(end + 1, day)


def _passed(since: IntArray, day: IntArray) -> FloatArray:
    """Sum over `since` of the days from it to each day, both included."""
    ordered = np.sort(since)
    begun = np.searchsorted(ordered, day, side="right")
    total = np.concatenate([[0], np.cumsum(ordered)])
    return np.asarray(begun * (day + 1) - total[begun], np.float64)


def _limit(rule: PoissonRule, horizon: float | None, expected: FloatArray) -> FloatArray:
    """The least number of events that signals at each expected number; NaN beyond the horizon."""
    if horizon is None:
        return _mixture_limit(expected, rule.alpha).astype(np.float64)
    try:
        critical = _critical(horizon, rule.alpha)
    except ValueError as error:
        raise UsageError(f"rule '{rule.title}': planned_events: {error}") from error
    reach = poisson.maxsprt_limits(critical, horizon)
    found = np.searchsorted(reach, np.minimum(expected, horizon)) + 1.0
    return np.where(expected <= horizon, found, np.nan)


def _mixture_limit(expected: FloatArray, alpha: float) -> IntArray:
    """The least number of events at which the e-value reaches 1/alpha, by bisection."""
    wanted = -np.log(alpha)
    low = np.zeros(expected.shape, np.int64)
    high = np.ceil(expected).astype(np.int64) + 1
    while (short := poisson.log_evalue_poisson(high, expected) < wanted).any():
        high = np.where(short, 2 * high, high)
    while (high - low > 1).any():
        middle = np.maximum((low + high) // 2, 1)
        over = poisson.log_evalue_poisson(middle, expected) >= wanted
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return high


def _beyond_plan(expected: float, horizon: float | None) -> tuple[str, ...]:
    if horizon is None or expected <= horizon:
        return ()
    return (f"{horizon:g} expected events were planned: the rule has ended",)


@lru_cache(maxsize=64)
def _critical(horizon: float, alpha: float) -> float:
    """Kept, because a signal's fragility asks for it once for each event."""
    return poisson.maxsprt_critical_value(horizon, alpha)
