"""One group against an acceptable risk: the rules for what has no concurrent control.

Sources and formulas: statistics, section 2 (exact binomial spending boundary, mixture e-value,
denominators, protocol tables). `rate` has the rules against a rate.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from safetymon.schema import SENSITIVITY
from safetymon.signals.evidence import NOBODY, FloatArray, IntArray, Path, Units, no_path, nothing
from safetymon.signals.transitions import State
from safetymon.stats import boundary, calibration, denominators, evalue
from safetymon.study import BackgroundRule, ProtocolRule

LEAST_SHARE = 0.1
"""Share of subjects that must be followed as far as a Kaplan-Meier denominator looks: with the
formula as it stands a late event among the few shrinks everyone's weight (false signals 0.13)."""

STRIP = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05)
"""Backgrounds of the sensitivity strip where none is given."""


class Tally(NamedTuple):
    """Subjects with an event, and the subjects they are counted among, on each day, (days,)."""

    day: IntArray
    events: IntArray
    n: FloatArray

    @property
    def whole(self) -> IntArray:
        """The subjects, rounded up; rounding noise in a sum must not ask for one subject more."""
        return np.ceil(self.n - 1e-9).astype(np.int64)


def background_path(rule: BackgroundRule, units: Units, cutoff: int) -> Path:
    """The path of a background rule: subjects with an event among those dosed, day by day.

    Days are those on which a count can change; beyond `planned` the boundary goes on with what is
    left of alpha.
    """
    if rule.background is None:
        return no_path(
            "not applicable", "no background rate given: add background to the rule or its topic"
        )
    if rule.planned is None:
        return no_path(
            "not applicable",
            "no planned size given: add planned to the rule or planned_subjects to [evidence]",
        )
    known = units.known_by(cutoff).within(rule.window_days)
    if not known.entry.size:
        return no_path("too little data", NOBODY)
    found = tally(rule, known, cutoff)
    whole, limit = found.whole, _limit(rule, found.whole)
    spent = np.append(0.0, _table(rule, int(whole.max()))[1])
    state, cannot = _short_of(known, whole, limit)
    return Path(
        day=found.day,
        count=found.events,
        of=found.n,
        limit=limit,
        fraction=np.minimum(whole / rule.planned, 1),
        expected=np.asarray(whole * rule.background),
        spent=spent[whole],
        log_e=evalue.log_evalue(found.events, whole, rule.background),
        crossed=found.events >= limit,
        notes=_beyond_plan(int(whole.max()), rule.planned),
        state=state,
        cannot=cannot,
    )


def _short_of(known: Units, whole: IntArray, limit: FloatArray) -> tuple[State, str]:
    """What the rule finds where the boundary was not reached, and why it cannot tell."""
    if not (known.event >= 0).any():
        return "no events", ""
    if (limit <= whole).any():
        return "under", ""
    if not whole[-1]:
        return "too little data", "nobody has been followed to the end of the window yet"
    return "too little data", (
        f"too few subjects: even {whole[-1]} of {whole[-1]} with an event could not have signalled "
        "yet"
    )


def _beyond_plan(subjects: int, planned: int) -> tuple[str, ...]:
    if subjects <= planned:
        return ()
    return ("more subjects than planned: only alpha left by then is spent",)


def reached_by_chance(rule: BackgroundRule, background: float) -> float | None:
    """The exact chance that the rule signals in a trial of its planned size at a true background.

    None where it is not exact: without a plan, or with a denominator other than the subjects dosed.
    """
    if rule.planned is None or rule.background is None or rule.denominator != "dosed":
        return None
    return _reached(rule.planned, rule.background, rule.alpha, rule.spending, min(background, 1.0))


def _limit(rule: BackgroundRule, whole: IntArray) -> FloatArray:
    """The boundary at each number of subjects; NaN where nobody is counted yet."""
    subjects = int(whole.max())
    table = _anytime(rule, subjects) if rule.planned is None else _table(rule, subjects)[0]
    return np.where(whole > 0, boundary.limit_at(table, np.maximum(whole, 1)), np.nan)


def _table(rule: BackgroundRule, subjects: int) -> tuple[boundary.Boundary, FloatArray]:
    """The rule's boundary from its first subject on, and the alpha it has spent by each."""
    planned, background = rule.planned or 1, rule.background or 0.0
    return _exact(planned, background, rule.alpha, rule.spending, max(subjects, planned))


def _anytime(rule: BackgroundRule, subjects: int) -> boundary.Boundary:
    """Where the e-value reaches 1/alpha: valid at any number of looks and of subjects."""
    return calibration.evalue_boundary(
        max(subjects, 1), rule.background or 0.0, -math.log(rule.alpha)
    )


@lru_cache(maxsize=64)
def _exact(
    planned: int, background: float, alpha: float, shape: boundary.Shape, subjects: int
) -> tuple[boundary.Boundary, FloatArray]:
    """Kept: fragility asks for the same table once for each event, a replay at each look."""
    table = boundary.binomial_boundary(planned, background, alpha, shape, subjects=subjects)
    return table, np.cumsum(boundary.first_signal(table, background)[0])


@lru_cache(maxsize=64)
def _reached(
    planned: int, background: float, alpha: float, shape: boundary.Shape, true: float
) -> float:
    """Kept like the table, for the same replay."""
    return boundary.false_signal(_exact(planned, background, alpha, shape, planned)[0], true)


def tally(rule: BackgroundRule, known: Units, cutoff: int) -> Tally:
    """The counts of a rule's denominator on every day up to the cut-off on which they can change.

    Args:
        rule: The rule.
        known: What is known at the cut-off, with the events in the rule's window only.
        cutoff: The cut-off, in days since 1970-01-01.
    """
    day = _days(rule, known, cutoff)
    if rule.denominator == "dosed":
        events = np.sort(known.event[known.event >= 0])
        n = np.searchsorted(np.sort(known.entry), day, side="right")
        return Tally(day, np.searchsorted(events, day, side="right"), n.astype(np.float64))
    pairs = [_windowed(rule, known, d) for d in day.tolist()]
    return Tally(day, np.array([x for x, _ in pairs]), np.array([n for _, n in pairs]))


def _days(rule: BackgroundRule, known: Units, cutoff: int) -> IntArray:
    """Days on which somebody enters, an event is seen or a window closes, and the cut-off.

    The effective number of subjects moves on every day, so that a look between two events could
    see what the others do not: a Kaplan-Meier denominator is worked out for every day.
    """
    days = [known.entry, known.event[known.event >= 0], np.array([cutoff])]
    if rule.denominator != "dosed":
        days.append(known.entry + (rule.window_days or 1) - 1)
    every = np.unique(np.concatenate(days))
    if rule.denominator == "km":
        every = np.append(np.arange(every[0], every[-1]), every[-1])
    return every[every <= cutoff]


def _windowed(rule: BackgroundRule, known: Units, day: int) -> tuple[int, float]:
    """Counts on one day for the denominators that know about windows."""
    began = known.entry <= day
    entry, event = known.entry[began], known.event[began]
    seen = (event >= 0) & (event <= day)
    until = np.where(seen, known.began[began], known.last_by(day)[began])
    time, window = until - entry + 1.0, float(rule.window_days or 1)
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
    known = units.known_by(cutoff)
    if not known.entry.size:
        return no_path("too little data", NOBODY)
    table = boundary.protocol_boundary(rule.n, rule.stop_at)
    day = np.unique(np.concatenate([known.entry, known.event[known.event >= 0], [cutoff]]))
    n, first = _among_the_first(known, day)
    asked = table.n[None, :] <= n[:, None]
    events = first[:, np.minimum(table.n, known.entry.size)]
    short = np.where(asked, table.stop_at - events, np.iinfo(np.int64).max)
    nearest, at = short.argmin(axis=1), np.arange(day.size)
    open_ = asked.any(axis=1)
    of = np.where(open_, table.n[nearest], n)
    state, cannot = _before_the_table(known, rule.n[0])
    return Path(
        day=day,
        count=events[at, nearest],
        of=of.astype(np.float64),
        limit=np.where(open_, table.stop_at[nearest], np.nan),
        fraction=np.minimum(n / table.n[-1], 1),
        expected=of * rule.background,
        spent=nothing(day.size),
        log_e=nothing(day.size),
        crossed=open_ & (short[at, nearest] <= 0),
        state=state,
        cannot=cannot,
    )


def _among_the_first(known: Units, day: IntArray) -> tuple[IntArray, IntArray]:
    """Subjects dosed by each day, (days,), and events among the first 0, 1, … of them, (days, n+1).

    Subjects of one day stand in the order of their numbers.
    """
    order = np.lexsort((np.array(known.subject), known.entry))
    event = known.event[order]
    seen = (event[None, :] >= 0) & (event[None, :] <= day[:, None])
    none = np.zeros((day.size, 1), np.int64)
    n = np.searchsorted(known.entry[order], day, side="right")
    return n, np.concatenate([none, np.cumsum(seen, axis=1)], axis=1)


def _before_the_table(known: Units, begins: int) -> tuple[State, str]:
    if not (known.event >= 0).any():
        return "no events", ""
    if known.entry.size < begins:
        return "too little data", f"the protocol's table begins at {begins} subjects"
    return "under", ""


def sensitivity(rule: BackgroundRule, units: Units, cutoff: int) -> pl.DataFrame:
    """The same rule over a range of backgrounds, because the answer turns on it.

    One row a background (`schema.SENSITIVITY`): whether the boundary was ever reached, the limit
    now, the exact chance of as many subjects with an event, and the e-value. Without a planned
    size no alpha can be spent over it: the boundary is then that of the e-value.
    """
    found = tally(rule, units.known_by(cutoff).within(rule.window_days), cutoff)
    grid = STRIP if rule.background is None else sorted({*STRIP, rule.background})
    events, n = int(found.events[-1]), int(found.whole[-1])
    limits = [_limit(rule.model_copy(update={"background": p}), found.whole) for p in grid]
    columns = {
        "rule": [rule.title] * len(grid),
        "background": grid,
        "subjects": [events] * len(grid),
        "of": [n] * len(grid),
        "limit": [None if math.isnan(limit[-1]) else float(limit[-1]) for limit in limits],
        "chance": [boundary.chance_of(events, n, p) for p in grid],
        "log_e": evalue.log_evalue(events, n, grid),
        "crossed": [bool((found.events >= limit).any()) for limit in limits],
    }
    return pl.DataFrame(columns, schema=SENSITIVITY)
