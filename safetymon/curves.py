"""What happened when: cumulative incidence, mean cumulative events, and the highest severity.

Pure: frames in, frames out (`schema`). Time is a subject's days at risk in a group, from its first
day there; stretches outside the group do not count, as in the rates of `incidence`. Statistics
come from `stats`, each on plain arrays.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from safetymon.domain import ANY_EVENT, ESTIMANDS
from safetymon.schema import COUNTS, CURVES, SEVERITY
from safetymon.stats.recurrent import mean_cumulative
from safetymon.stats.survival import Curve, aalen_johansen, curve_at

Days = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEVERITIES: Final = (
    "not recorded", "mild", "moderate", "severe", "life-threatening", "fatal", "another word",
)  # fmt: skip
"""From the lowest. A word that nobody knows could mean the worst, so it stands last, in sight."""
MOST_STEPS: Final = 60
"""Days on which a curve is read; one with more is read at as many evenly spaced days."""
TICKS: Final = (1, 7, 14, 28, 56, 84, 112, 182, 364, 728, 1456)
MOST_TICKS: Final = 6
"""How many times, at most, the numbers at risk are told after day 0."""


class People(NamedTuple):
    """The subjects of a group: days at risk in it, and whether death ended them; (subjects,)."""

    days: Days
    died: Flags


class Events(NamedTuple):
    """Events of a term in a group, in order of time; (events,)."""

    who: Places  # the subject's place in People
    day: Days
    severity: Places  # place in SEVERITIES
    counts: dict[str, Flags]  # estimand -> whether it counts

    def of(self, estimand: str) -> "Events":
        """Those that count for an estimand."""
        kept = self.counts[estimand]
        return Events(self.who[kept], self.day[kept], self.severity[kept], {})


class Histories(NamedTuple):
    """Group -> its subjects; (term, group) -> events, for any event and each topic, adjudicated."""

    people: dict[str, People]
    events: dict[tuple[str, str], Events]
    topics: Sequence[str]

    def cells(self) -> Iterator[tuple[str, str, str, Events]]:
        """(term, estimand, group, events) for every term, estimand and group, events or none."""
        terms = (ANY_EVENT, *self.topics)
        for term, estimand, group in product(terms, ESTIMANDS, self.people):
            found = self.events.get((term, group))
            yield term, estimand, group, found.of(estimand) if found else NONE


NONE: Final = Events(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), {})


def histories(
    occurrences: pl.DataFrame,
    members: pl.DataFrame,
    events: pl.DataFrame,
    subjects: pl.DataFrame,
    topics: Sequence[str],
) -> Histories:
    """Who was at risk how long in each group, and what happened to them on which of those days.

    Args:
        occurrences: As made by `derive.occurrences` of `events`, whose rows its `event` counts.
        members: As made by `derive.members`.
        events: `schema.EVENTS`.
        subjects: `schema.SUBJECTS`, for the day of death.
        topics: Names of the topics.
    """
    people = _people(members, subjects)
    dated = _dated(occurrences, members, people, events)
    who, found = pl.collect_all([people, dated], engine="in-memory")
    return Histories(
        {
            str(group): People(part["total"].to_numpy(), part["dead"].to_numpy())
            for (group,), part in who.group_by("group", maintain_order=True)
        },
        {
            (str(term), str(group)): _events(part)
            for (term, group), part in found.group_by("term", "group", maintain_order=True)
        },
        topics,
    )


def _people(members: pl.DataFrame, subjects: pl.DataFrame) -> pl.LazyFrame:
    """One row a group and subject: total days, whether death ended them, place in the group."""
    order = members.lazy().select("group").unique(maintain_order=True).with_row_index("rank")
    dead = (pl.col("died") <= pl.col("until")).fill_null(value=False)
    return (
        members.lazy()
        .group_by("group", "subject")
        .agg(pl.col("days").sum().cast(pl.Float64).alias("total"), pl.col("until").max())
        .join(subjects.lazy().select("subject", "died"), on="subject", how="left")
        .join(order, on="group")
        .sort("rank", "subject")
        .select("group", "subject", "total", dead.alias("dead"),
                pl.int_range(pl.len()).over("group").alias("place"))
    )  # fmt: skip


def _dated(
    occurrences: pl.DataFrame, members: pl.DataFrame, people: pl.LazyFrame, events: pl.DataFrame
) -> pl.LazyFrame:
    """One row an event, term and group, by day: as the counting of `incidence` places it."""
    kept = (pl.col("level") == "any") | ((pl.col("level") == "topic") & pl.col("adjudicated"))
    day = pl.col("offset") + pl.min_horizontal("day", "days")
    rows = members.lazy().select("group", "row", "subject", "offset", "days")
    return (
        occurrences.lazy()
        .filter(kept)
        .select("term", "event", "row", "day", "serious", "related")
        .join(rows, on="row")
        .join(people.select("group", "subject", "place"), on=["group", "subject"])
        .join(events.lazy().select(_severity()).with_row_index("event"), on="event")
        .with_columns(day.cast(pl.Float64).alias("day"))
        .sort("term", "group", "day", "place")
        .select("term", "group", "place", "day", "severity",
                *(counts.alias(name) for name, counts in COUNTS.items()))
    )  # fmt: skip


def _severity() -> pl.Expr:
    """The place of a recorded severity in `SEVERITIES`."""
    known = {word: place for place, word in enumerate(SEVERITIES)} | {"life threatening": 4}
    found = pl.col("severity").replace_strict(
        known, default=len(SEVERITIES) - 1, return_dtype=pl.Int64
    )
    return pl.when(pl.col("severity").is_null()).then(0).otherwise(found).alias("severity")


def _events(part: pl.DataFrame) -> Events:
    counts: dict[str, Flags] = {name: part[name].to_numpy() for name in COUNTS}
    who, day, severity = (part[name].to_numpy() for name in ("place", "day", "severity"))
    return Events(who, day, severity, counts)


def by_time(found: Histories, confidence: float) -> pl.DataFrame:
    """Cumulative incidence and mean cumulative events, over days at risk.

    One row a kind, term, estimand, group and day (`schema.CURVES`): the days of the events (or
    `MOST_STEPS` evenly spaced ones), those at which the numbers at risk are told, and the last day
    of follow-up. Death competes with a first event, and ends the events of a subject.
    """
    ticks = days_told(max((people.days.max() for people in found.people.values()), default=0.0))
    quiet: dict[str, list[tuple[str, Curve]]] = {}
    parts = []
    for term, estimand, group, events in found.cells():
        if events.who.size or group not in quiet:
            both = _both(found.people[group], events, ticks, confidence)
            if not events.who.size:
                quiet[group] = both  # without an event every term has the same curves
        else:
            both = quiet[group]
        parts += [((kind, term, estimand, group), curve) for kind, curve in both]
    return _frame(parts)


def days_told(longest: float) -> Days:
    """The days on which the numbers at risk are told, of a follow-up of so many days at most."""
    step = next((s for s in TICKS if longest / s <= MOST_TICKS), longest / MOST_TICKS)
    return np.arange(0.0, longest + 1, step)


def _both(
    people: People, events: Events, ticks: Days, confidence: float
) -> list[tuple[str, Curve]]:
    first = np.full(people.days.size, np.inf)
    np.minimum.at(first, events.who, events.day)
    had = np.isfinite(first)
    cause = np.where(had, 1, np.where(people.died, 2, 0))
    incidence = aalen_johansen(np.where(had, first, people.days), cause, confidence)
    firsts = _read(first[had], ticks, incidence.time[-1])
    days = _read(events.day, ticks, people.days.max())
    mean = mean_cumulative(people.days, events.who, events.day, days, people.died, confidence)
    return [("incidence", curve_at(incidence, firsts)), ("mean", mean)]


def _read(days: Days, ticks: Days, last: float) -> Days:
    """The days on which a curve is read off."""
    steps = np.unique(days)
    if steps.size > MOST_STEPS:
        steps = np.unique(np.linspace(0, last, MOST_STEPS).round())
    return np.unique(np.concatenate((steps, ticks[ticks <= last], [last])))


def _frame(parts: list[tuple[tuple[str, str, str, str], Curve]]) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame(schema=CURVES)
    lengths = np.array([curve.time.size for _, curve in parts])
    keys = {
        name: pl.Series(name, [key[i] for key, _ in parts]).gather(
            np.repeat(np.arange(len(parts)), lengths)
        )
        for i, name in enumerate(("kind", "term", "estimand", "group"))
    }
    arrays = [np.concatenate(column) for column in zip(*(c for _, c in parts), strict=True)]
    numbers = dict(zip(("day", "at_risk", "events", "value", "low", "high"), arrays, strict=True))
    percent = pl.when(pl.col("kind") == "incidence").then(100.0).otherwise(1.0)
    frame = pl.DataFrame(keys | numbers).with_columns(
        (pl.col(name) * percent).fill_nan(None) for name in ("value", "low", "high")
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in CURVES.items())


def severity(found: Histories) -> pl.DataFrame:
    """Subjects by the highest severity recorded for any of their events.

    One row a term, estimand, group and severity (`schema.SEVERITY`), those nobody had included
    where anybody in the report had them, and "not recorded" always: a subject stands there if none
    of its events has a severity.
    """
    cells = [(t, e, g, _highest(events)) for t, e, g, events in found.cells()]
    used = {0} | {place for *_, counts in cells for place in np.flatnonzero(counts)}
    rows = [
        (term, estimand, group, SEVERITIES[place], int(counts[place]), at_risk,
         100 * int(counts[place]) / at_risk)
        for term, estimand, group, counts in cells
        for at_risk in (found.people[group].days.size,)
        for place in sorted(used)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SEVERITY, orient="row")


def _highest(events: Events) -> Places:
    """Subjects by the place of their highest severity, (severities,)."""
    if not events.who.size:
        return np.zeros(len(SEVERITIES), np.int64)
    highest = np.full(int(events.who.max()) + 1, -1)
    np.maximum.at(highest, events.who, events.severity)
    counted: Places = np.bincount(highest[highest >= 0], minlength=len(SEVERITIES))
    return counted
