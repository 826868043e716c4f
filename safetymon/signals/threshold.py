"""Simple threshold rules: a number that is compared with a limit, once there is enough data.

What a protocol often states. Not valid evidence over repeated looks, and the report says so.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt

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


def states(
    rule: ThresholdRule, subjects: npt.ArrayLike, at_risk: npt.ArrayLike, value: npt.ArrayLike
) -> npt.NDArray[np.str_]:
    """The state of a rule, element by element: the one home of its decision.

    The live product asks it for one look, the simulation for every look of many trials.

    Args:
        rule: The rule.
        subjects: Subjects with an event in the rule's group.
        at_risk: Subjects of the group.
        value: What is compared with the limit; NaN where it cannot be estimated.
    """
    x, n, number = np.asarray(subjects), np.asarray(at_risk), np.asarray(value, np.float64)
    asked: list[tuple[State, npt.NDArray[np.bool_]]] = [  # in this order: the first decides
        ("too little data", n < rule.min_at_risk),
        ("no events", x == 0),
        ("too little data", x < rule.min_subjects),
        ("not applicable", np.isnan(number)),
        ("over", number >= rule.limit),
    ]
    under: State = "under"
    return np.select([holds for _, holds in asked], [state for state, _ in asked], under)


def evaluate(rule: ThresholdRule, cell: Row, comparison: Row | None) -> Finding:
    """What the rule finds in its cell of the incidence table and of the comparisons.

    Args:
        rule: The rule.
        cell: The rule's row of `schema.INCIDENCE`.
        comparison: The rule's row of `schema.COMPARISONS`; none if its group has no reference.
    """
    if rule.method in ("difference", "ratio") and comparison is None:
        return _said(rule, "not applicable", "The group has no reference to be compared with.")
    value = _value(rule, cell if comparison is None else {**comparison, **cell})
    number = np.nan if value is None else value
    state = cast("State", str(states(rule, cell["subjects"], cell["at_risk"], number)))
    counts = f"{cell['subjects']} of {cell['at_risk']} subjects, {cell['events']} events"
    match state:
        case "too little data":
            return _said(rule, state, f"Too little data: {_wanted(rule, cell)}.")
        case "no events":
            upper = f"the interval reaches {cell['ci_high']:.1f}%"
            zero = 0.0 if rule.method in ("incidence", "subjects") else None
            return _said(rule, state, f"No events in {cell['at_risk']} subjects; {upper}.", zero)
        case "not applicable":
            return _said(rule, state, f"{counts}; the {rule.method} is not estimable.")
        case _:
            return _compared(rule, state, number, counts)


def _value(rule: ThresholdRule, row: Row) -> float | None:
    """The number that is compared with the limit; none where it cannot be estimated."""
    estimate, bound, _ = _COLUMNS[rule.method]
    value = row[bound if rule.on == "lower bound" else estimate]
    return None if value is None else float(value)


def _wanted(rule: ThresholdRule, cell: Row) -> str:
    if cell["at_risk"] < rule.min_at_risk:
        return f"{cell['at_risk']} subjects at risk, {rule.min_at_risk} wanted"
    return f"{cell['subjects']} subjects with an event, {rule.min_subjects} wanted"


def _said(rule: ThresholdRule, state: State, text: str, value: float | None = None) -> Finding:
    return Finding(state, value, rule.limit, text)


def _compared(rule: ThresholdRule, state: State, value: float, counts: str) -> Finding:
    unit = _COLUMNS[rule.method][2]
    sign = "at or above" if state == "over" else "below"
    limit = f"{sign} the limit of {rule.limit:g}{unit}"
    return _said(rule, state, f"{counts}; {_what(rule, value, unit)}{limit}.", value)


def _what(rule: ThresholdRule, value: float, unit: str) -> str:
    if rule.method == "subjects":
        return ""
    what = rule.method if rule.on == "estimate" else f"lower bound of the {rule.method}"
    return f"{what} {value:.4g}{unit}, "
