"""Two groups at risk at the same time: the exact conditional log-rank walk (ECL) of a rule.

Sources and formulas: statistics, section 3. The e-process stands beside the walk; it has no
horizon and does not decide.
"""

import numpy as np

from safetymon.signals.evidence import Path, Units, no_path
from safetymon.signals.transitions import State
from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import RiskTables, risk_tables
from safetymon.stats.steps import Steps, steps
from safetymon.stats.walk import Walk, walk
from safetymon.study import EclRule

_STATES: dict[str, State] = {"": "under", "no events": "no events"}
"""What a walk's reason for not signalling means; any other: too little data."""


def ecl_path(rule: EclRule, units: Units, cutoff: int, *, final: bool = False) -> Path:
    """The path of an ECL rule: events on treatment among all events, event day by event day."""
    if rule.planned is None or rule.window_days is None:
        return no_path(
            "not applicable",
            "no planned size given: add planned and window_days to the rule, or planned_subjects "
            "and window_days to [evidence]",
        )
    known = units.known_by(cutoff)
    empty = _empty(known)
    if empty:
        return no_path("too little data", f"nobody has been at risk in {empty} yet")
    tables = tables_of(known, rule.planned, rule.window_days, cutoff)
    made = steps_of(tables, known, rule)
    return _path(made, walk(made, alpha=rule.alpha, final=final))


def tables_of(known: Units, planned: int, window: int, cutoff: int) -> RiskTables:
    """Who was at risk on each day up to the cut-off, ignoring events."""
    return risk_tables(
        known.entry, known.last, known.treated, planned=planned, window=window, horizon=cutoff
    )


def steps_of(tables: RiskTables, known: Units, rule: EclRule) -> Steps:
    """The first events of the units, each with its expected share on treatment."""
    who = np.flatnonzero(known.event >= 0)
    topic = np.zeros_like(who)
    return steps(tables, topic, who, known.event[who], terms=1, mode=rule.mode, h0=rule.margin)


def _empty(units: Units) -> str:
    """Which of the two groups nobody has been in."""
    if not units.treated.any():
        return "the group"
    return "the reference group" if units.treated.all() else ""


def _path(made: Steps, walked: Walk) -> Path:
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
        notes=_notes(walked),
        state=_STATES.get(reason, "too little data"),
        cannot=reason,
    )


def _notes(walked: Walk) -> tuple[str, ...]:
    notes = []
    lost = walked.uninformative[0]
    if lost:
        say = "1 event says" if lost == 1 else f"{lost} events say"
        notes.append(f"{say} nothing: one group was empty")
    if walked.beyond_plan[0]:
        notes.append("exposure has passed what was planned: only alpha left by then is spent")
    return tuple(notes)
