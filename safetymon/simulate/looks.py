"""Threshold rules at every look of many trials at once.

The decision is that of the live product (`signals.threshold.states`); the numbers it compares come
from the same statistics that fill its tables.
"""

import numpy as np

from safetymon.domain import ReportSettings
from safetymon.incidence import DIFFERENCE, PROPORTION
from safetymon.signals import threshold
from safetymon.signals.evidence import FloatArray, IntArray
from safetymon.simulate.trials import Drawn
from safetymon.stats.comparisons import risk_ratio_score
from safetymon.study import ThresholdRule


def first_signals(
    rule: ThresholdRule, drawn: Drawn, event: IntArray, every: int, settings: ReportSettings
) -> IntArray:
    """The day of the first look that finds the rule's number at its limit, -1 for none; (trials,).

    Args:
        rule: The rule.
        drawn: The trials.
        event: Day of each subject's first event, -1 without one, (trials, subjects).
        every: Days between looks; the first is on day `every` - 1, the last not before the end.
        settings: What the report's intervals are, whose lower bounds may be compared.
    """
    day = np.arange(every - 1, int(drawn.end.max()) + every, every)
    x, n = (counted(days[:, drawn.treated], day) for days in (event, drawn.entry))
    x0, n0 = (counted(days[:, ~drawn.treated], day) for days in (event, drawn.entry))
    value = values(rule, x, n, x0, n0, settings)
    over = threshold.states(rule, x, n, value) == "over"
    return np.where(over.any(axis=1), day[over.argmax(axis=1)], -1)


def counted(days: IntArray, look: IntArray) -> IntArray:
    """How many of each trial's days had come at each look; (trials, looks). -1 never comes."""
    trials, looks = days.shape[0], look.size
    row = np.broadcast_to(np.arange(trials)[:, None], days.shape)
    first = np.searchsorted(look, days)
    come = (days >= 0) & (first < looks)
    at = np.bincount(row[come] * looks + first[come], minlength=trials * looks)
    return np.cumsum(at.reshape(trials, looks), axis=1)


def values(
    rule: ThresholdRule,
    x: IntArray,
    n: IntArray,
    x0: IntArray,
    n0: IntArray,
    settings: ReportSettings,
) -> FloatArray:
    """The number that a rule compares with its limit; NaN where it cannot be estimated.

    Args:
        rule: The rule.
        x: Subjects with an event in the rule's group, any shape.
        n: Subjects of the group.
        x0: Subjects with an event in the reference group.
        n0: Subjects of the reference group.
        settings: What the report's intervals are.
    """
    which, confidence = 1 if rule.on == "lower bound" else 0, settings.confidence
    match rule.method:
        case "subjects":
            return x.astype(np.float64)
        case "incidence" if which:
            return PROPORTION[settings.proportion](x, n, confidence)[0] * 100
        case "incidence":
            return np.where(n > 0, x / np.maximum(n, 1), np.nan) * 100
        case "difference":
            return DIFFERENCE[settings.difference](x, n, x0, n0, confidence)[which] * 100
        case "ratio":
            return risk_ratio_score(x, n, x0, n0, confidence)[which]
