"""Simple threshold rules: a number that is compared with a limit, once there is enough data.

What a protocol often states. Not valid evidence over repeated looks, and the report says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safetymon.domain import ThresholdMethod, ThresholdRule
from safetymon.signals.transitions import State

Row = Mapping[str, Any]

# method -> (column of the estimate, column of its lower bound, unit)
_COLUMNS: dict[ThresholdMethod, tuple[str, str, str]] = {
    "incidence": ("percent", "ci_low", "%"),
    "subjects": ("subjects", "subjects", " subjects"),
    "difference": ("risk_difference", "rd_low", " percentage points"),
    "ratio": ("risk_ratio", "rr_low", ""),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule finds at one look, before history: the state, the number and the sentence."""

    state: State
    value: float | None
    text: str


def evaluate(rule: ThresholdRule, cell: Row, comparison: Row | None) -> Outcome:
    """The rule's outcome from its cell of the incidence table and of the comparisons.

    Args:
        rule: The rule.
        cell: The rule's row of `schema.INCIDENCE`.
        comparison: The rule's row of `schema.COMPARISONS`; none if its group has no reference.
    """
    counts = f"{cell['subjects']} of {cell['at_risk']} subjects, {cell['events']} events"
    if rule.method in ("difference", "ratio") and comparison is None:
        return Outcome("not applicable", None, "The group has no reference to be compared with.")
    if cell["at_risk"] < rule.min_at_risk:
        wanted = f"{cell['at_risk']} subjects at risk, {rule.min_at_risk} wanted"
        return Outcome("too little data", None, f"Too little data: {wanted}.")
    if cell["subjects"] == 0:
        upper = f"the interval reaches {cell['ci_high']:.1f}%"
        return Outcome(
            "no events", _zero(rule), f"No events in {cell['at_risk']} subjects; {upper}."
        )
    if cell["subjects"] < rule.min_subjects:
        wanted = f"{cell['subjects']} subjects with an event, {rule.min_subjects} wanted"
        return Outcome("too little data", None, f"Too little data: {wanted}.")
    return _compared(rule, cell if comparison is None else {**comparison, **cell}, counts)


def _zero(rule: ThresholdRule) -> float | None:
    return 0.0 if rule.method in ("incidence", "subjects") else None


def _compared(rule: ThresholdRule, row: Row, counts: str) -> Outcome:
    estimate, bound, unit = _COLUMNS[rule.method]
    value = row[bound if rule.on == "lower bound" else estimate]
    if value is None:
        return Outcome("not applicable", None, f"{counts}; the {rule.method} is not estimable.")
    over = value >= rule.limit
    what = rule.method if rule.on == "estimate" else f"lower bound of the {rule.method}"
    sign = "at or above" if over else "below"
    text = f"{counts}; {what} {value:.4g}{unit}, {sign} the limit of {rule.limit:g}{unit}."
    return Outcome("over" if over else "under", float(value), text)
