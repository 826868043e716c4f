"""Two groups at risk at the same time: the exact conditional log-rank walk (ECL) of a rule.

Sources and formulas: statistics, section 3. The e-process stands beside the walk; it has no
horizon and does not decide.
"""

import numpy as np

from safetymon.signals.evidence import FloatArray, IntArray, Path, Units
from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import RiskTables, risk_tables
from safetymon.stats.steps import steps
from safetymon.stats.walk import Walk, walk
from safetymon.study import EclRule


def ecl_path(rule: EclRule, units: Units, cutoff: int, *, final: bool = False) -> Path:
    """The path of an ECL rule: events on treatment among all events, event day by event day."""
    missing = _missing(rule, units)
    if missing:
        return _nothing(missing)
    who = np.flatnonzero((units.event >= 0) & (units.event <= cutoff))
    made = steps(
        _tables(rule, units, cutoff), np.zeros(who.size, np.int64), who, units.event[who],
        terms=1, mode=rule.mode, h0=rule.margin,
    )  # fmt: skip
    walked = walk(made, alpha=rule.alpha, final=final)
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
        cannot=walked.reason[0] if not who.size or not walked.crossed.any() else "",
    )


def _missing(rule: EclRule, units: Units) -> str:
    if rule.planned is None or rule.window_days is None:
        return "no planned size given: add planned_subjects and window_days to [evidence]"
    if not units.treated.any():
        return "nobody has been at risk in the group yet"
    if units.treated.all():
        return "nobody has been at risk in the reference group yet"
    return ""


def _tables(rule: EclRule, units: Units, cutoff: int) -> RiskTables:
    return risk_tables(
        units.entry, np.minimum(units.last, cutoff), units.treated,
        planned=rule.planned or 0, window=rule.window_days or 0,
        horizon=max(cutoff, int(units.last.max())),
    )  # fmt: skip


def _notes(walked: Walk) -> tuple[str, ...]:
    notes = []
    if walked.uninformative[0]:
        notes.append(f"{walked.uninformative[0]} events say nothing: one group was empty")
    if walked.beyond_plan[0]:
        notes.append("exposure has passed what was planned: no alpha is left to spend")
    return tuple(notes)


def _nothing(cannot: str) -> Path:
    none: FloatArray = np.empty(0)
    day: IntArray = np.empty(0, np.int64)
    return Path(day, day, none, none, none, none, none, none, day > 0, cannot=cannot)
