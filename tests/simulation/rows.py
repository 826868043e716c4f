"""What a simulation reports: one figure of one rule in one scenario, beside its goal."""

import math
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

ERRORS: Final = 3.0
"""Monte-Carlo errors by which a figure may pass its goal and still agree with it."""

Design = Literal["two groups", "one group", "200 terms", "published values"]
Verdict = Literal["", "met", "within 3 errors", "NOT MET"]


class Goal(NamedTuple):
    """What a figure must not exceed, or what it must reach."""

    name: str
    bound: float
    at_least: bool = False

    def surplus(self, value: float) -> float:
        """How far a figure lies on the wrong side; negative where it lies on the right one."""
        return self.bound - value if self.at_least else value - self.bound


class Row(NamedTuple):
    """One figure of one rule in one scenario."""

    design: Design
    scenario: str
    rule: str
    measure: str
    trials: int  # or other things compared; 0 where nothing was repeated
    value: float
    error: float  # Monte-Carlo standard error, 0 where nothing was drawn
    goal: Goal | None = None


def verdict(row: Row) -> Verdict:
    """Whether a row meets its goal, passes it by no more than chance explains, or does not."""
    if row.goal is None:
        return ""
    surplus = row.goal.surplus(row.value)
    if surplus <= 0:
        return "met"
    return "within 3 errors" if surplus <= ERRORS * row.error else "NOT MET"


def excess(row: Row) -> float:
    """What a row with a goal adds to it, in the goal's units: the largest is the worst."""
    return -math.inf if row.goal is None else row.goal.surplus(row.value)


def share_of(hits: NDArray[np.bool_]) -> tuple[float, float]:
    """A proportion and its Monte-Carlo error, never below that of one trial."""
    p, n = float(hits.mean()), hits.size
    return p, math.sqrt(max(p * (1 - p), 1 / n) / n)


def mean_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """A mean and its Monte-Carlo error, never below that of one trial."""
    n = values.size
    return float(values.mean()), max(float(values.std()), 1 / math.sqrt(n)) / math.sqrt(n)
