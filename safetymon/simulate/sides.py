"""A group as it will be in the end, read from what of it has been seen so far."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.signals.evidence import FloatArray, IntArray, Units
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


class Stay(NamedTuple):
    """How long each subject of a side was at risk, whatever its times away: one element a subject.

    `entry` is the first day, `last` the last one, `days` those at risk.
    """

    entry: IntArray
    last: IntArray
    days: IntArray


def stays_of(units: Units, *, treated: bool) -> Stay:
    """The subjects of a side. One who was away is several units beside a reference, else one."""
    mine = units.treated == treated
    days = units.last - units.entry + 1
    unit, left, back = units.away.T
    np.subtract.at(days, unit, back - left + 1)
    names, who = np.unique(np.array(units.subject)[mine], return_inverse=True)
    entry, last = np.full(names.size, np.iinfo(np.int64).max), np.zeros(names.size, np.int64)
    np.minimum.at(entry, who, units.entry[mine])
    np.maximum.at(last, who, units.last[mine])
    return Stay(entry, last, np.bincount(who, days[mine], names.size).astype(np.int64))


def side_of(group: str, stay: Stay, cutoff: int, *, stretch: float, window: int) -> Side:
    """The group that these subjects are the beginning of.

    Args:
        group: Its name.
        stay: Its subjects so far, in days since the trial's first dose.
        cutoff: The data cut-off, counted the same way: who is at risk on it may go on.
        stretch: Planned subjects for each subject so far.
        window: Planned days at risk; 0 where there is no such plan.
    """
    start = np.sort(stay.entry)
    days, weight = time_at_risk(stay.days, stay.last < cutoff, window)
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
