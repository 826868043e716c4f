"""What an evidence rule finds: a path over the days on which something was learnt.

A path is a pure function of who was at risk when and of the days the monitor first saw each event.
No look schedule enters it, so an extra look, a skipped night or a repeated run changes nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from safetymon.schema import EVIDENCE
from safetymon.signals.transitions import State

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Units:
    """Who is weighed: one element a subject of a group, in days since 1970-01-01.

    `event` is the day the monitor first saw the subject's first event of the rule, -1 for none;
    `last` the last day at risk; `treated` false in the reference group. `years` is a subject's
    person-years at risk up to its last day or event.
    """

    subject: tuple[str, ...]
    entry: IntArray
    last: IntArray
    event: IntArray
    treated: npt.NDArray[np.bool_]

    def without(self, index: int) -> "Units":
        """The same subjects, one of them without its event: for fragility."""
        event = self.event.copy()
        event[index] = -1
        return Units(self.subject, self.entry, self.last, event, self.treated)


@dataclass(frozen=True, slots=True)
class Path:
    """A rule's evidence from day to day; arrays of one length, one element a day.

    `count` is what the boundary limits (subjects with an event; events on treatment), `of` what it
    is counted among (subjects dosed; events in both groups), `limit` the boundary, `fraction` the
    share of the planned information, `expected` the expected share or number, `spent` the alpha
    spent, `log_e` the e-value's logarithm. Not every method has every column: NaN.
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
    cannot: str = ""

    @property
    def first_crossing(self) -> int | None:
        """The first day on which the boundary was reached, as days since 1970-01-01."""
        days = self.day[self.crossed]
        return int(days[0]) if days.size else None

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


@dataclass(frozen=True, slots=True)
class Finding:
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


def nothing(days: int = 0) -> FloatArray:
    """A column that a method does not have."""
    return np.full(days, np.nan)
