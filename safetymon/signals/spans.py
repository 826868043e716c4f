"""Who was at risk in a group, and in the group beside it, when: read once for all its rules."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from safetymon.signals.evidence import IntArray

BoolArray = npt.NDArray[np.bool_]


class Happened(NamedTuple):
    """Occurrences that count, in days since 1970-01-01; one element an occurrence.

    Attributes:
        row: Ledger row it belongs to.
        onset: Day it began.
        seen: Day the monitor first saw it.
    """

    row: IntArray
    onset: IntArray
    seen: IntArray


class First(NamedTuple):
    """The event that was seen first of each subject and term, sorted by term and subject.

    Attributes:
        term: Term of the occurrence, as given.
        unit: The unit it belongs to.
        seen: Day it was first seen, never before the unit's first day.
        onset: Day it began, from the unit's first day to `seen`.
    """

    term: IntArray
    unit: IntArray
    seen: IntArray
    onset: IntArray


class Spans(NamedTuple):
    """The unbroken times at risk of a group and its reference; one element a unit.

    Units stand by subject and time. A switch of side ends one, and so does a day that nobody could
    know to be at risk: what was not at risk on a day is not made so by a later dose.

    Attributes:
        names: The subjects, sorted.
        subject: Place of the unit's subject among the names.
        treated: In the group rather than in its reference.
        entry: First day at risk.
        last: Last day at risk.
        stay: Number of the stay on one side, of which the unit is a part.
        dosed: First dose of that stay.
        row: Ledger rows, sorted.
        of_row: Stay of each ledger row.
    """

    names: tuple[str, ...]
    subject: IntArray
    treated: BoolArray
    entry: IntArray
    last: IntArray
    stay: IntArray
    dosed: IntArray
    row: IntArray
    of_row: IntArray

    def firsts(
        self, happened: Happened, term: IntArray | None = None, window: int | None = None
    ) -> First:
        """The first event of every subject, by term if terms are given.

        Of several seen on one day, that of the earliest unit and onset stands. An occurrence
        belongs to the unit of its stay in which it began, else to the one before. One that began
        `window` days after the first dose or later does not count.
        """
        of_term = np.zeros(happened.row.size, np.int64) if term is None else term
        mine, unit = self._units_of(happened)
        onset = happened.onset[mine]
        if window is not None:
            early = onset - self.dosed[unit] < window
            mine, unit, onset = mine[early], unit[early], onset[early]
        of_term = of_term[mine]
        seen = np.maximum(happened.seen[mine], self.entry[unit])
        onset = np.clip(onset, self.entry[unit], seen)
        order = np.lexsort((onset, unit, seen, self.subject[unit], of_term))
        first = order[_begins(of_term[order], self.subject[unit][order])]
        return First(of_term[first], unit[first], seen[first], onset[first])

    def _units_of(self, happened: Happened) -> tuple[IntArray, IntArray]:
        """The occurrences that belong to a stay, and the unit of each."""
        if not self.row.size:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.minimum(np.searchsorted(self.row, happened.row), self.row.size - 1)
        mine = np.flatnonzero(self.row[at] == happened.row)
        stay = self.of_row[at[mine]]
        first = np.searchsorted(self.stay, stay)
        low, high = int(self.entry.min()), int(self.entry.max())
        onset = np.clip(happened.onset[mine], self.entry[first], high) - low
        days = high - low + 1
        key = self.stay * days + self.entry - low
        return mine, np.searchsorted(key, stay * days + onset, side="right") - 1

    def others(self, first: First) -> tuple[IntArray, IntArray]:
        """(place in `first`, unit) for every other unit of a counted subject."""
        bounds = np.searchsorted(self.subject, np.arange(len(self.names) + 1))
        who = self.subject[first.unit]
        count = bounds[who + 1] - bounds[who]
        place = np.repeat(np.arange(who.size), count)
        ends = np.cumsum(count)
        unit = np.arange(place.size) - (ends - count)[place] + bounds[who][place]
        other = unit != first.unit[place]
        return place[other], unit[other]


def spans(members: pl.DataFrame, group: str, reference: str | None = None) -> Spans:
    """The times at risk of a group, and of its reference if there is one.

    Args:
        members: One row a group, ledger row and time at risk (`derive.courses`).
        group: The group.
        reference: The group it is compared with.
    """
    sides = members.lazy().filter(pl.col("group").is_in([group, reference or group]))
    rows = (
        sides.select(
            "subject", "row",
            (pl.col("subject").rank("dense").cast(pl.Int64) - 1).alias("who"),
            (pl.col("group") == group).alias("treated"),
            pl.col("start", "until").to_physical().cast(pl.Int64),
        )
        .sort("who", "row", "start")
        .collect(engine="in-memory")
    )  # fmt: skip
    who, row, treated, start, until = (
        rows[name].to_numpy() for name in ("who", "row", "treated", "start", "until")
    )
    begins = _begins(who)
    stay = np.cumsum(begins_stay := _begins(who, treated)) - 1
    reached = _reached(stay, until)
    resumes = ~begins_stay
    resumes[1:] &= start[1:] > reached[:-1] + 1
    first = np.flatnonzero(begins_stay | resumes)
    ledger, at = np.unique(row, return_index=True)
    return Spans(
        names=tuple(rows["subject"].gather(np.flatnonzero(begins)).to_list()),
        subject=who[first],
        treated=treated[first],
        entry=start[first],
        last=reached[np.append(first[1:], who.size) - 1] if who.size else reached,
        stay=stay[first],
        dosed=start[begins_stay][stay[first]],
        row=ledger,
        of_row=stay[at],
    )


def _begins(*keys: npt.NDArray[np.generic]) -> BoolArray:
    """Where sorted keys change, the first included."""
    begins = np.ones(keys[0].size, np.bool_)
    begins[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return begins


def _reached(stay: IntArray, until: IntArray) -> IntArray:
    """The latest day reached so far within each stay."""
    if not until.size:
        return until
    low = int(until.min())
    step = int(until.max()) - low + 1
    reached: IntArray = np.maximum.accumulate(until - low + stay * step) - stay * step + low
    return reached
