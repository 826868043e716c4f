"""Simple threshold rules: a number that is compared with a limit, once there is enough data.

What a protocol often states. Not valid evidence over repeated looks, and the report says so.
"""

from collections.abc import Mapping
from typing import Any

from safetymon.domain import ThresholdMethod
from safetymon.signals.evidence import Finding
from safetymon.signals.transitions import State
from safetymon.study import ThresholdRule

Row = Mapping[str, Any]

# method -> (column of the estimate, column of its lower bound, unit)
_COLUMNS: dict[ThresholdMethod, tuple[str, str, str]] = {
    "incidence": ("percent", "ci_low", "%"),
    "subjects": ("subjects", "subjects", " subjects"),
    "difference": ("risk_difference", "rd_low", " percentage points"),
    "ratio": ("risk_ratio", "rr_low", ""),
}


def evaluate(rule: ThresholdRule, cell: Row, comparison: Row | None) -> Finding:
    """What the rule finds in its cell of the incidence table and of the comparisons.

    Args:
        rule: The rule.
        cell: The rule's row of `schema.INCIDENCE`.
        comparison: The rule's row of `schema.COMPARISONS`; none if its group has no reference.
    """
    counts = f"{cell['subjects']} of {cell['at_risk']} subjects, {cell['events']} events"
    if rule.method in ("difference", "ratio") and comparison is None:
        return _said(rule, "not applicable", "The group has no reference to be compared with.")
    if cell["at_risk"] < rule.min_at_risk:
        wanted = f"{cell['at_risk']} subjects at risk, {rule.min_at_risk} wanted"
        return _said(rule, "too little data", f"Too little data: {wanted}.")
    if cell["subjects"] == 0:
        upper = f"the interval reaches {cell['ci_high']:.1f}%"
        zero = 0.0 if rule.method in ("incidence", "subjects") else None
        return _said(rule, "no events", f"No events in {cell['at_risk']} subjects; {upper}.", zero)
    if cell["subjects"] < rule.min_subjects:
        wanted = f"{cell['subjects']} subjects with an event, {rule.min_subjects} wanted"
        return _said(rule, "too little data", f"Too little data: {wanted}.")
    return _compared(rule, cell if comparison is None else {**comparison, **cell}, counts)


def _said(rule: ThresholdRule, state: State, text: str, value: float | None = None) -> Finding:
    return Finding(state, value, rule.limit, text)


def _compared(rule: ThresholdRule, row: Row, counts: str) -> Finding:
    estimate, bound, unit = _COLUMNS[rule.method]
    value = row[bound if rule.on == "lower bound" else estimate]
    if value is None:
        return _said(rule, "not applicable", f"{counts}; the {rule.method} is not estimable.")
    over = value >= rule.limit
    sign = "at or above" if over else "below"
    limit = f"{sign} the limit of {rule.limit:g}{unit}"
    text = f"{counts}; {_what(rule, value, unit)}{limit}."
    return _said(rule, "over" if over else "under", text, float(value))


def _what(rule: ThresholdRule, value: float, unit: str) -> str:
    if rule.method == "subjects":
        return ""
    what = rule.method if rule.on == "estimate" else f"lower bound of the {rule.method}"
    return f"{what} {value:.4g}{unit}, "
