"""Two groups at risk at the same time: the exact conditional log-rank walk (ECL) of a rule.

Sources and formulas: statistics, section 3. The e-process stands beside the walk; it has no
horizon and does not decide.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from safetymon.signals.evidence import IntArray, Path, Units, date_of, day_of, no_path
from safetymon.signals.transitions import State
from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import RiskTables, risk_tables
from safetymon.stats.steps import Steps, steps
from safetymon.stats.walk import Walk, crossing_days, walk
from safetymon.study import EclRule

_STATES: dict[str, State] = {"": "under", "no events": "no events"}
"""What a walk's reason for not signalling means; any other: too little data."""


def ecl_path(rule: EclRule, units: Units, cutoff: int) -> Path:
    """The path of an ECL rule: events on treatment among all events, event day by event day.

    At the final analysis, if the rule has one, all alpha that is left is spent: that day has a row
    of its own, and events seen later are not weighed.
    """
    if rule.planned is None or rule.window_days is None:
        return no_path(
            "not applicable",
            "no planned size given: add planned and window_days to the rule, or planned_subjects "
            "and window_days to [evidence]",
        )
    day, final = until(rule.final_analysis, cutoff)
    known = units.known_by(day)
    empty = _empty(known)
    if empty:
        return no_path("too little data", f"nobody has been at risk in {empty} yet")
    made = steps_of(tables_of(known, rule.planned, rule.window_days, day), known, rule)
    path = _path(made, walk(made, alpha=rule.alpha), _unweighed(units, day, cutoff))
    if final:
        path = _at_the_end(path, walk(made, alpha=rule.alpha, final=True), day)
    waits = path.state != "under" and path.first_crossing is None
    return replace(path, notes=(*path.notes, *_gone(known, day))) if waits else path


def until(final_analysis: date | None, cutoff: int) -> tuple[int, bool]:
    """The last day that is weighed at a cut-off, and whether it is the final analysis."""
    last = cutoff if final_analysis is None else day_of(final_analysis)
    return min(last, cutoff), final_analysis is not None and cutoff >= last


def tables_of(known: Units, planned: int, window: int, cutoff: int) -> RiskTables:
    """Who was at risk on each day up to the cut-off, ignoring events."""
    return risk_tables(
        known.entry, known.last, known.treated, planned=planned, window=window, horizon=cutoff,
        dosed=known.dosed,
    )  # fmt: skip


def steps_of(tables: RiskTables, known: Units, rule: EclRule) -> Steps:
    """The first events of the units, each with its expected share on treatment."""
    who = np.flatnonzero(known.event >= 0)
    topic = np.zeros_like(who)
    return steps(tables, topic, who, known.event[who], terms=1, mode=rule.mode, h0=rule.margin)


NEVER = int(np.iinfo(np.int64).max)

CELLS = 2**20
"""Steps of leave-one-out walks worked on at a time."""
SOON = 50
"""Events after a crossing by which most walks have crossed from which one event is left out."""


def hangs_on_one(rule: EclRule, units: Units, cutoff: int) -> bool:
    """Whether the walk would never cross without some one of its events; as `Units.without` asks.

    An event that was seen after the first crossing cannot undo it. The others are left out one by
    one, first from the walk until soon after that crossing, then, where it is not crossed by then,
    from the whole.
    """
    day, final = until(rule.final_analysis, cutoff)
    known = units.known_by(day)
    tables = tables_of(known, rule.planned or 1, rule.window_days or 1, day)
    who = np.flatnonzero(known.event >= 0)
    whole = steps_of(tables, known, rule)
    first = int(crossing_days(whole, levels=[rule.alpha], final=final)[0, 0]) if who.size else -1
    seen = known.event[who]
    doubtful = who[seen <= first] if first >= 0 else who
    soon = who[seen <= np.sort(seen)[: 2 * doubtful.size + SOON].max(initial=0)]
    for among, end in ((soon, False), (who, final)):
        doubtful = _without_crossing(rule, tables, known, among, doubtful, final=end)
    return doubtful.size > 0


def _without_crossing(
    rule: EclRule,
    tables: RiskTables,
    known: Units,
    who: IntArray,
    left_out: IntArray,
    *,
    final: bool,
) -> IntArray:
    """Those units without whose event the walk of `who` never crosses.

    Each event left out is a term of its own, so that all walks advance together.
    """
    width = max(1, CELLS // max(1, who.size))
    parts = [left_out[i : i + width] for i in range(0, left_out.size, width)]
    crossed = [
        crossing_days(_one_fewer(rule, tables, known, who, part), levels=[rule.alpha], final=final)
        for part in parts
    ]
    return left_out[np.concatenate(crossed)[:, 0] < 0] if crossed else left_out


def _one_fewer(
    rule: EclRule, tables: RiskTables, known: Units, who: IntArray, left_out: IntArray
) -> Steps:
    """The steps of as many terms as events are left out, each without one of them."""
    term, kept = np.nonzero(who != left_out[:, None])
    who = who[kept]
    return steps(
        tables, term, who, known.event[who], terms=left_out.size, mode=rule.mode, h0=rule.margin
    )


def crossings(rule: EclRule, units: Units, cutoff: int, levels: Sequence[float]) -> IntArray:
    """The day by which the walk had crossed at each level and at all above it; `NEVER`: not yet.

    `levels` fall. Where boundaries are whole numbers, a walk could cross at a level and not at the
    one above it: only what crosses at all of them may count as a p-value.
    """
    day, final = until(rule.final_analysis, cutoff)
    known = units.known_by(day)
    if _empty(known):
        return np.full(len(levels), NEVER)
    made = steps_of(tables_of(known, rule.planned or 1, rule.window_days or 1, day), known, rule)
    found = crossing_days(made, levels=levels)[0]
    if final:
        last = crossing_days(made, levels=levels, final=True)[0]
        found = np.where((found < 0) & (last >= 0), day, found)
    reached: IntArray = np.maximum.accumulate(np.where(found < 0, NEVER, found))
    return reached


def _empty(units: Units) -> str:
    """Which of the two groups nobody has been in."""
    if not units.treated.any():
        return "the group"
    return "the reference group" if units.treated.all() else ""


def _gone(known: Units, day: int) -> tuple[str, ...]:
    """Says that events can show nothing any more, where nobody is at risk in one of the groups."""
    sides = ((known.treated, "the group"), (~known.treated, "the reference group"))
    last, name = min((int(known.last[side].max()), name) for side, name in sides)
    if last == day:
        return ()
    text = (
        f"nobody has been at risk in {name} since {date_of(last):%d %b %Y}, so an event since then "
        "shows nothing of a difference between the groups"
    )
    return (text,)


def _unweighed(units: Units, day: int, cutoff: int) -> tuple[str, ...]:
    """Says how many first events were seen after the final analysis."""
    later = int(((units.event > day) & (units.event <= cutoff)).sum())
    what = "1 first event" if later == 1 else f"{later} first events"
    end = f"{date_of(day):%d %b %Y}"
    return (f"{what} seen after the final analysis of {end} not weighed",) if later else ()


def _at_the_end(path: Path, last: Walk, day: int) -> Path:
    """The path with a row for the final analysis, at which all alpha may be spent."""
    if not path.day.size:
        return path
    before = path.day < day
    rows = np.append(np.flatnonzero(before), path.day.size - 1)
    ends = np.arange(rows.size) == rows.size - 1
    return replace(
        path,
        day=np.where(ends, day, path.day[rows]),
        count=path.count[rows],
        of=path.of[rows],
        limit=np.where(ends, last.boundary[-1], path.limit[rows]),
        fraction=np.where(ends, 1.0, path.fraction[rows]),
        expected=path.expected[rows],
        spent=np.where(ends, last.spent[-1], path.spent[rows]),
        log_e=path.log_e[rows],
        crossed=np.where(ends, last.crossed[-1], path.crossed[rows]),
        state=_STATES.get(last.reason[0], "too little data"),
        cannot=last.reason[0],
    )


def _path(made: Steps, walked: Walk, notes: tuple[str, ...]) -> Path:
    reason = walked.reason[0]
    return Path(
        day=walked.day,
        count=walked.total_treated,
        of=walked.total.astype(np.float64),
        limit=walked.boundary.astype(np.float64),
        fraction=walked.fraction,
        expected=walked.share,
        spent=walked.spent,
        log_e=eprocess(made).log_e,
        crossed=walked.crossed,
        notes=(*_notes(walked), *notes),
        state=_STATES.get(reason, "too little data"),
        cannot=reason,
    )


def _notes(walked: Walk) -> tuple[str, ...]:
    notes = []
    lost = walked.uninformative[0]
    if lost:
        told = "1 more event is" if lost == 1 else f"{lost:,} more events are"
        notes.append(f"{told} not weighed: only one of the groups was at risk")
    if walked.beyond_plan[0]:
        notes.append("exposure has passed what was planned: only alpha left by then is spent")
    return tuple(notes)
