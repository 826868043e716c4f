"""The comparisons of arms as one family: Holm's procedure over their sequential p-values.

Alpha is per topic unless the study asks for `family = "topics"`: then the chance that any
comparison without harm ever signals is at most alpha. Each starts at alpha over their number; one
that signals passes its share on. A walk only ever reaches more levels, so what Holm flags on one
day is flagged ever after, and the day does not depend on when anybody looked.

Source: Holm 1979, Scand J Stat 6:65; statistics, section 5.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from safetymon.signals.concurrent import NEVER, crossings
from safetymon.signals.evidence import FloatArray, IntArray, Units
from safetymon.stats.multiplicity import holm, holm_levels
from safetymon.study import EclRule, Rule


class Share(NamedTuple):
    """What Holm grants one of `tests` comparisons: alpha over `parts`; its signal's day, if any."""

    parts: int
    tests: int
    day: int | None

    def at(self, rule: EclRule) -> EclRule:
        """The rule at the level that it is granted."""
        return rule.model_copy(update={"alpha": rule.alpha / self.parts})


def in_family(rules: Iterable[Rule], references: Mapping[str, str | None]) -> list[EclRule]:
    """The comparisons of arms that can ever be made: with a reference, and with a plan."""
    walks = (rule for rule in rules if isinstance(rule, EclRule) and not rule.off)
    planned = (rule for rule in walks if rule.planned and rule.window_days)
    return [rule for rule in planned if references.get(rule.group)]


def shares(
    rules: Mapping[str, tuple[EclRule, Units]], alpha: float, cutoff: int
) -> dict[str, Share]:
    """What Holm grants each comparison by the cut-off, by title.

    Args:
        rules: Every comparison of the family, with its units.
        alpha: Shared by all of them.
        cutoff: The data cut-off, in days since 1970-01-01.
    """
    levels = holm_levels(len(rules), alpha)
    reached = [crossings(rule, units, cutoff, levels.tolist()) for rule, units in rules.values()]
    made = _by_day(np.array(reached).reshape(len(rules), -1), levels, alpha)
    return dict(zip(rules, made, strict=True))


def _by_day(reached: IntArray, levels: FloatArray, alpha: float) -> list[Share]:
    """Holm on each day on which a walk reached a level; `reached` is (tests, levels)."""
    tests = len(levels)
    found: list[Share | None] = [None] * tests
    for day in np.unique(reached[reached < NEVER]).tolist():
        p = np.where(reached <= day, levels, 1.0).min(axis=1)
        order = np.argsort(p, kind="stable").tolist()
        flagged = holm(p, alpha)
        for place, i in enumerate(order):
            if flagged[i] and found[i] is None:
                found[i] = Share(tests - place, tests, day)
    left = sum(share is None for share in found)
    return [share or Share(left, tests, None) for share in found]
