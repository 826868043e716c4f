"""A group as it will be in the end, read from what of it has been seen so far."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from safetymon.signals.evidence import FloatArray, IntArray
from safetymon.stats.survival import kaplan_meier


@dataclass(frozen=True, slots=True)
class Side:
    """A group of a planned size, with its accrual and its times at risk.

    `entry` are the first doses so far, in days since the trial's first dose, increasing, stretched
    to the planned number of `subjects`. A subject is at risk for one of `days` (whole numbers),
    with the chance at the same place in `weight`.
    """

    group: str
    subjects: int
    entry: FloatArray
    days: FloatArray
    weight: FloatArray

    @property
    def mean_days(self) -> float:
        """Mean days at risk of a subject."""
        return float(self.days @ self.weight)


def side_of(
    group: str, entry: IntArray, last: IntArray, cutoff: int, *, stretch: float, window: int
) -> Side:
    """The group that these subjects are the beginning of.

    Args:
        group: Its name.
        entry: First doses so far, in days since the trial's first dose, (subjects,).
        last: Last days at risk so far, counted the same way.
        cutoff: The data cut-off, counted the same way: who is at risk on it may go on.
        stretch: Planned subjects for each subject so far.
        window: Planned days at risk; 0 where there is no such plan.
    """
    start = np.sort(entry)
    days, weight = time_at_risk(last - entry + 1, last < cutoff, window)
    return Side(
        group=group,
        subjects=round(start.size * stretch),
        entry=start[0] + (start - start[0]) * stretch,
        days=days,
        weight=weight,
    )


def time_at_risk(
    days: IntArray, complete: npt.NDArray[np.bool_], window: int
) -> tuple[FloatArray, FloatArray]:
    """The days at risk that occur, and how often: Kaplan and Meier's estimate.

    What the estimate leaves over, because the longest times are not complete, is put at the
    window, or at the longest time if that is longer.
    """
    curve = kaplan_meier(days, complete)
    weight = np.diff(curve.value, prepend=0.0)
    occurs = weight > 0
    longest = max(float(curve.time[-1]), float(window))
    left = 1.0 - float(curve.value[-1])
    return np.append(curve.time[occurs], longest), np.append(weight[occurs], left)
