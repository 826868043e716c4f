"""Draws trials of a plan: who enters when, who is at risk how long, who has an event when.

The same subjects and the same luck serve every harm of a plan, so that a greater harm never looks
smaller by chance. Days are whole numbers since the trial's first dose.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.signals.evidence import FloatArray, IntArray, Units, day_of
from safetymon.simulate.design import Plan
from safetymon.simulate.harms import Harm
from safetymon.simulate.sides import Side


class Drawn(NamedTuple):
    """Trials without their events; (trials, subjects) but for `subject` and `treated`."""

    subject: tuple[str, ...]
    treated: npt.NDArray[np.bool_]  # false in the reference group, (subjects,)
    entry: IntArray
    last: IntArray  # last day at risk
    need: FloatArray  # cumulative hazard at which the event comes: standard exponential
    end: IntArray  # the last day on which anything can be learnt, (trials,)


def draw(plan: Plan, trials: int, rng: np.random.Generator) -> Drawn:
    """Draws so many trials of a plan.

    The first and the last subject of a group enter on the first and the last day of its accrual,
    the others independently in between, as observed; times at risk are independent of all that.
    """
    sizes = [side.subjects for side in plan.sides]
    entry = np.concatenate([_entry(side, trials, rng) for side in plan.sides], axis=1)
    days = np.concatenate([_days(side, trials, rng) for side in plan.sides], axis=1)
    subjects = sum(sizes)
    window = getattr(plan.rule, "window_days", None) or 0
    last = entry + days - 1
    final = getattr(plan.rule, "final_analysis", None)
    latest = 0 if final is None else day_of(final)
    return Drawn(
        subject=tuple(f"{i:0{len(str(subjects))}d}" for i in range(subjects)),
        treated=np.arange(subjects) < sizes[0],
        entry=entry,
        last=last,
        need=rng.exponential(size=entry.shape),
        end=np.maximum(np.maximum(last, entry + window - 1).max(axis=1), latest),
    )


def _entry(side: Side, trials: int, rng: np.random.Generator) -> IntArray:
    place = rng.random((trials, side.subjects))
    place[:, 0], place[:, -1] = 0.0, 1.0
    so_far = np.arange(side.entry.size)
    return np.asarray(np.interp(place * so_far[-1], so_far, side.entry), np.int64)


def _days(side: Side, trials: int, rng: np.random.Generator) -> IntArray:
    row = np.searchsorted(np.cumsum(side.weight), rng.random((trials, side.subjects)), "right")
    return np.asarray(side.days[np.minimum(row, side.days.size - 1)], np.int64)


def first_events(drawn: Drawn, harm: Harm) -> IntArray:
    """The day of each subject's first event under a harm, -1 without one; (trials, subjects).

    The chance of an event by the end of d days at risk is 1 - exp(-hazard d).
    """
    hazard = np.where(drawn.treated, harm.hazards[0], harm.hazards[-1])
    day = drawn.entry + np.ceil(drawn.need / hazard) - 1
    return np.where(day <= drawn.last, day, -1).astype(np.int64)


def units_of(drawn: Drawn, event: IntArray, trial: int) -> Units:
    """One trial as the live product sees a trial at its end."""
    return Units(drawn.subject, drawn.entry[trial], drawn.last[trial], event[trial], drawn.treated)
