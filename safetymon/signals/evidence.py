"""What an evidence rule finds: a path over the days on which something was learnt.

A path is a pure function of who was at risk when and of the days the monitor first saw each event.
No look schedule enters it, so an extra look, a skipped night or a repeated run changes nothing.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from safetymon.schema import EVIDENCE
from safetymon.signals.transitions import State

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

NOBODY = "nobody has been at risk yet"


def _never_away() -> IntArray:
    return np.empty((0, 3), np.int64)


@dataclass(frozen=True, slots=True)
class Units:
    """Who is weighed: one element a subject and unbroken time at risk, in days since 1970-01-01.

    `event` is the day the monitor first saw the subject's first event of the rule, -1 for none;
    `last` the last day at risk; `treated` false in the reference group. `onset` is the day on
    which that event began, -1 for none; left out, it is the day it was seen. `dosed` is the first
    dose of a unit that resumes after a time away; left out, it is the entry. `away` is one row a
    time between entry and last in which a subject was not at risk: unit, first day, last day; by
    unit and day.
    """

    subject: tuple[str, ...]
    entry: IntArray
    last: IntArray
    event: IntArray
    treated: npt.NDArray[np.bool_]
    onset: IntArray | None = None
    dosed: IntArray | None = None
    away: IntArray = field(default_factory=_never_away)

    @property
    def began(self) -> IntArray:
        """The day on which each first event began, -1 for none."""
        return self.event if self.onset is None else self.onset

    def without(self, index: int) -> "Units":
        """The same subjects, one of them without its event: for fragility."""
        event, onset = self.event.copy(), self.began.copy()
        event[index] = onset[index] = -1
        return replace(self, event=event, onset=onset)

    def within(self, days: int | None) -> "Units":
        """The same subjects, without events that began later than so many days after entry."""
        if days is None:
            return self
        counts = self.began - self.entry < days
        event, onset = np.where(counts, self.event, -1), np.where(counts, self.began, -1)
        return replace(self, event=event, onset=onset)

    def last_by(self, day: int) -> IntArray:
        """The last day at risk as it was known by the end of a day: not beyond a time away."""
        last = np.minimum(self.last, day)
        now = self.away[(self.away[:, 1] <= day) & (self.away[:, 2] >= day)]
        last[now[:, 0]] = now[:, 1] - 1
        return last

    def known_by(self, day: int) -> "Units":
        """What was known by the end of a day: who had entered, and the events seen by then."""
        inside = self.entry <= day
        seen = inside & (self.event <= day)
        place = np.cumsum(inside) - 1
        away = self.away[inside[self.away[:, 0]] & (self.away[:, 2] < day)]
        return Units(
            tuple(s for s, keep in zip(self.subject, inside.tolist(), strict=True) if keep),
            self.entry[inside],
            self.last_by(day)[inside],
            np.where(seen, self.event, -1)[inside],
            self.treated[inside],
            np.where(seen, self.began, -1)[inside],
            None if self.dosed is None else self.dosed[inside],
            np.column_stack([place[away[:, 0]], away[:, 1:]]),
        )


@dataclass(frozen=True, slots=True)
class Path:
    """A rule's evidence from day to day; arrays of one length, one element a day.

    `count` is what the boundary limits (subjects with an event; events on treatment), `of` what it
    is counted among (subjects dosed; events in both groups), `limit` the boundary, `fraction` the
    share of the planned information, `expected` the expected share or number, `spent` the alpha
    spent, `log_e` the e-value's logarithm. Not every method has every column: NaN. `state` is what
    the rule finds unless the boundary was reached, and `cannot` says why it cannot tell. A
    boundary that other rules loosen later counts as reached on `not_before` at the earliest.
    """

    day: IntArray
    count: IntArray
    of: FloatArray
    limit: FloatArray
    fraction: FloatArray
    expected: FloatArray
    spent: FloatArray
    log_e: FloatArray
    crossed: npt.NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    state: State = "under"
    cannot: str = ""
    not_before: int = 0

    @property
    def first_crossing(self) -> int | None:
        """The first day on which the boundary was reached, as days since 1970-01-01."""
        days = self.day[self.crossed]
        return max(int(days[0]), self.not_before) if days.size else None

    def frame(self, rule: str) -> pl.DataFrame:
        """The path as rows of `schema.EVIDENCE`."""
        columns = {
            "rule": pl.Series([rule] * self.day.size, dtype=pl.String),
            "date": pl.Series(self.day.astype(np.int32)).cast(pl.Date),
            "count": self.count,
            "of": self.of,
            "limit": self.limit,
            "fraction": self.fraction,
            "expected": self.expected,
            "spent": self.spent,
            "log_e": self.log_e,
            "crossed": self.crossed,
        }
        frame = pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))
        return frame.select(pl.col(name).cast(kind) for name, kind in EVIDENCE.items())


class Finding(NamedTuple):
    """What a rule finds at one look, before history."""

    state: State
    value: float | None
    limit: float | None
    text: str
    path: Path | None = None
    fragile: bool = False
    sensitivity: pl.DataFrame | None = None
    e_value: float | None = None
    beyond_plan: str = ""


_EPOCH = date(1970, 1, 1).toordinal()


def day_of(when: date) -> int:
    """A date as days since 1970-01-01."""
    return when.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """Days since 1970-01-01 as a date."""
    return date.fromordinal(day + _EPOCH)


def nothing(days: int) -> FloatArray:
    """A column that a method does not have."""
    return np.full(days, np.nan)


def no_path(state: State, cannot: str) -> Path:
    """A path without a day, and why."""
    none, day = nothing(0), np.empty(0, np.int64)
    return Path(
        day, day, none, none, none, none, none, none, day > 0, state=state, cannot=cannot
    )  # fmt: skip
