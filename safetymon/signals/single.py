"""One group against an acceptable risk or rate: the rules for what has no concurrent control.

Sources and formulas: statistics, section 2 (exact binomial spending boundary, mixture e-value,
protocol tables, Poisson).
"""

import numpy as np
import polars as pl

from safetymon.schema import SENSITIVITY
from safetymon.signals.evidence import FloatArray, IntArray, Path, Units, nothing
from safetymon.stats import boundary, denominators, evalue, poisson
from safetymon.study import BackgroundRule, PoissonRule, ProtocolRule

LEAST_SHARE = 0.1
"""Share of subjects that must be followed as far as a Kaplan-Meier denominator looks: with the
formula as it stands a late event among the few shrinks everyone's weight (false signals 0.13)."""

STRIP = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05)
"""Backgrounds of the sensitivity strip where none is given."""

Counted = tuple[IntArray, FloatArray]


def background_path(rule: BackgroundRule, units: Units, cutoff: int) -> Path:
    """The path of a background rule: subjects with an event among those dosed, day by day.

    Days are those on which a subject was dosed or an event first seen; beyond `planned` the
    boundary goes on with what is left of alpha.
    """
    missing = _missing(rule)
    if missing or rule.background is None or rule.planned is None:
        return _empty(missing)
    day = _days(units, cutoff)
    events, n = _counted(rule, units, day)
    whole = np.ceil(n - 1e-9).astype(np.int64)
    table = boundary.binomial_boundary(
        rule.planned, rule.background, rule.alpha, rule.spending,
        subjects=int(whole.max(initial=1)),
    )  # fmt: skip
    limit = boundary.limit_at(table, np.maximum(whole, 1))
    fraction = np.minimum(whole / rule.planned, 1)
    return Path(
        day=day,
        count=events,
        of=n,
        limit=limit.astype(np.float64),
        fraction=fraction,
        expected=n * rule.background,
        spent=boundary.spending(rule.spending, fraction, rule.alpha),
        log_e=evalue.log_evalue(events, np.maximum(whole, events), rule.background),
        crossed=(events >= limit) & (whole > 0),
        notes=_beyond_plan(int(whole.max(initial=0)), rule.planned),
    )


def _missing(rule: BackgroundRule) -> str:
    if rule.background is None:
        return "no background rate given: add background to the rule or its topic"
    if rule.planned is None:
        return "no planned size given: add planned to the rule or planned_subjects to [evidence]"
    return ""


def _beyond_plan(subjects: int, planned: int) -> tuple[str, ...]:
    if subjects <= planned:
        return ()
    return (f"{subjects} subjects, {planned} planned: only alpha left over by then is still spent",)


def _days(units: Units, cutoff: int) -> IntArray:
    """The days up to the cut-off on which somebody was dosed or an event was first seen."""
    days = np.unique(np.concatenate([units.entry, units.event[units.event >= 0], [cutoff]]))
    return days[days <= cutoff]


def _counted(rule: BackgroundRule, units: Units, day: IntArray) -> Counted:
    """(subjects with an event, denominator) on each day."""
    if rule.denominator == "dosed":
        return _dosed(units, day, rule.window_days)
    pairs = [_windowed(rule, units, d) for d in day.tolist()]
    return np.array([x for x, _ in pairs]), np.array([n for _, n in pairs])


def _dosed(units: Units, day: IntArray, window: int | None) -> Counted:
    inside = units.event >= 0
    if window is not None:
        inside = inside & (units.event - units.entry < window)
    events = np.sort(units.event[inside])
    n = np.searchsorted(np.sort(units.entry), day, side="right")
    return np.searchsorted(events, day, side="right"), n.astype(np.float64)


def _windowed(rule: BackgroundRule, units: Units, day: int) -> tuple[int, float]:
    """Counts on one day for the denominators that know about windows."""
    began = units.entry <= day
    entry, event = units.entry[began], units.event[began]
    seen = (event >= 0) & (event <= day)
    time = np.where(seen, event, np.minimum(units.last[began], day)) - entry + 1.0
    window = float(rule.window_days or 1)
    if not began.any():
        return 0, 0.0
    if rule.denominator == "matured":
        found = denominators.matured(time, seen, day - entry + 1.0, window)
    else:
        found = denominators.km(time, seen, window, least_share=LEAST_SHARE)
    return found.events, found.weight


def protocol_path(rule: ProtocolRule, units: Units, cutoff: int) -> Path:
    """The protocol's table, day by day: of the first n subjects dosed, how many had an event.

    Each row of the table is asked as soon as n subjects are dosed and from then on. The path shows
    on each day the row that is nearest to its limit.
    """
    table = boundary.protocol_boundary(rule.n, rule.stop_at)
    day = _days(units, cutoff)
    order = np.lexsort((np.array(units.subject), units.entry))
    entry, event = units.entry[order], units.event[order]
    n = np.searchsorted(entry, day, side="right")
    seen = (event[None, :] >= 0) & (event[None, :] <= day[:, None])
    first = np.concatenate([np.zeros((day.size, 1), np.int64), np.cumsum(seen, axis=1)], axis=1)
    rows = np.minimum(table.n, entry.size)
    asked = table.n[None, :] <= n[:, None]
    events = first[:, rows]
    short = np.where(asked, table.stop_at - events, np.iinfo(np.int64).max)
    nearest = short.argmin(axis=1)
    pick = np.arange(day.size), nearest
    open_ = asked.any(axis=1)
    return Path(
        day=day,
        count=np.where(open_, events[pick], first[:, -1]),
        of=np.where(open_, table.n[nearest], n).astype(np.float64),
        limit=np.where(open_, table.stop_at[nearest], np.nan),
        fraction=np.minimum(n / table.n[-1], 1),
        expected=np.where(open_, table.n[nearest], n) * rule.background,
        spent=nothing(day.size),
        log_e=nothing(day.size),
        crossed=open_ & (short[pick] <= 0),
    )


def poisson_path(rule: PoissonRule, units: Units, cutoff: int) -> Path:
    """First events against the number expected in the person-time to the first event so far."""
    day = _days(units, cutoff)
    seen = (units.event[None, :] >= 0) & (units.event[None, :] <= day[:, None])
    until = np.minimum(units.last[None, :], day[:, None])
    until = np.where(seen, units.event[None, :], until)
    years = np.clip(until - units.entry[None, :] + 1, 0, None).sum(axis=1) / 365.25
    events, expected = seen.sum(axis=1), years * rule.background_per_100py / 100
    log_e = poisson.log_evalue_poisson(events, expected)
    if rule.statistic == "mixture":
        reached = log_e >= np.log(1 / rule.alpha)
        fraction = nothing(day.size)
    else:
        horizon = float(rule.planned_events or 0)
        critical = poisson.maxsprt_critical_value(horizon, rule.alpha)
        reached = (poisson.llr_poisson(events, expected) >= critical) & (expected <= horizon)
        fraction = np.minimum(expected / horizon, 1)
    return Path(
        day=day,
        count=events,
        of=years,
        limit=nothing(day.size),
        fraction=fraction,
        expected=expected,
        spent=nothing(day.size),
        log_e=log_e,
        crossed=reached & (events > 0),
    )


def sensitivity(rule: BackgroundRule, units: Units, cutoff: int) -> pl.DataFrame:
    """The same rule over a range of backgrounds, because the answer turns on it.

    One row a background (`schema.SENSITIVITY`): whether the boundary was ever reached, the limit
    now, the exact chance of as many subjects with an event, and the e-value.
    """
    if rule.planned is None:
        return pl.DataFrame(schema=SENSITIVITY)
    given = rule.background
    grid = STRIP if given is None else tuple(sorted({*STRIP, given}))
    rows = [_at(rule.model_copy(update={"background": p}), units, cutoff) for p in grid]
    return pl.DataFrame(rows, schema=SENSITIVITY, orient="row")


def _at(rule: BackgroundRule, units: Units, cutoff: int) -> dict[str, object]:
    path = background_path(rule, units, cutoff)
    events, n = int(path.count[-1]), int(np.ceil(path.of[-1]))
    return {
        "rule": rule.title,
        "background": rule.background,
        "subjects": events,
        "of": n,
        "limit": float(path.limit[-1]),
        "chance": _tail(events, n, float(rule.background or 0)),
        "log_e": float(path.log_e[-1]),
        "crossed": path.first_crossing is not None,
    }


def _tail(events: int, n: int, background: float) -> float:
    """P(X >= events) for X binomial(n, background), exactly."""
    if events == 0 or n == 0:
        return 1.0
    once = boundary.protocol_boundary([n], [events])
    return boundary.false_signal(once, background)


def _empty(cannot: str) -> Path:
    none = np.empty(0)
    whole = np.empty(0, np.int64)
    return Path(whole, whole, none, none, none, none, none, none, whole > 0, cannot=cannot)
