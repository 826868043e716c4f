"""The time courses of the simulated look of `report_fixture`: curves, severity, lag, enrolment."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from safetymon import curves, schema
from safetymon.curves import Events, Histories, People
from safetymon.domain import ANY_EVENT
from tests.tables import frame

FOLLOWED = 241
"""Days that every subject of the simulation is followed."""
Members = Callable[[str], range]


def histories(
    events: pl.DataFrame,
    groups: Sequence[str],
    members: Members,
    topics: Mapping[str, Sequence[str]],
) -> Histories:
    """The events (subject, pt, day, related, serious) of each group's subjects, by topic."""
    subjects = max(members(group).stop for group in groups)
    terms = {ANY_EVENT: pl.lit(value=True)} | {
        name: pl.col("pt").is_in(list(terms)) for name, terms in topics.items()
    }
    return Histories(
        {group: _people(members(group)) for group in groups},
        {
            (term, group): _events(events.filter(which), members(group), subjects)
            for term, which in terms.items()
            for group in groups
        },
        list(topics),
    )


def _people(who: range) -> People:
    return People(np.full(len(who), float(FOLLOWED)), np.zeros(len(who), np.bool_))


def _events(events: pl.DataFrame, who: range, subjects: int) -> Events:
    inside = events.filter(pl.col("subject").is_between(who.start, who.stop - 1))
    entry = pl.col("subject") * 700 // subjects
    kept = inside.with_columns(at=(pl.col("day") - entry + 1).cast(pl.Float64)).sort(
        "at", "subject"
    )
    related, serious = kept["related"].to_numpy(), kept["serious"].to_numpy()
    counts = {"all": np.ones(kept.height, np.bool_), "related": related, "serious": serious,
              "related serious": related & serious}  # fmt: skip
    place = kept["subject"].to_numpy() - who.start
    return Events(place, kept["at"].to_numpy(), np.arange(kept.height) % 4, counts)


def course(found: Histories) -> dict[str, pl.DataFrame]:
    return {"curves": curves.by_time(found, 0.95), "severity": curves.severity(found)}


def lags(groups: Sequence[str]) -> pl.DataFrame:
    drawn = frame(
        """
        events | dated | before | q10 | q25 | median | q75 | q90 | longest
        120    | 100   | 1      | 0   | 2   | 5      | 11  | 14  | 20
        """,
        {name: kind for name, kind in schema.LAGS.items() if name != "group"},
    )
    return pl.DataFrame({"group": list(groups)}).join(drawn, how="cross")


def enrolment(groups: pl.DataFrame, start: date, cutoff: date) -> pl.DataFrame:
    """Even growth to the numbers of the groups."""
    days = (cutoff - start).days
    rows = [
        (name, start + timedelta(days=day), subjects * day // days, years * day / days)
        for name, subjects, years in groups.select("group", "subjects", "person_years").rows()
        for day in [*range(0, days, 28), days]
    ]
    return pl.DataFrame(rows, schema=schema.ENROLMENT, orient="row")
