"""The demo's listings read as text and counted by plain loops, for test_demo_generator.

Independent on purpose of safetymon's own counting and of the generator's recount.
"""

import calendar
import csv
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from safetymon.demo import generate
from safetymon.topics import BUILT_IN

Row = dict[str, str]

FOLDER = Path(generate.__file__).parent / "listings"
NAMES = ("subjects", "infusions", "adverse_events", "adjudication")

FIRST_IVIG, PLACEBO, EXTENSION = "First/OCTAGAM 10%", "First/PLACEBO", "Extension/OCTAGAM 10%"
COLUMNS = {
    "First period IVIg": (FIRST_IVIG,),
    "First period placebo": (PLACEBO,),
    "Overall all IVIg": (FIRST_IVIG, EXTENSION),
}
RELATED = ("probable", "possible")
day_of = date.fromisoformat


def read(name: str) -> list[Row]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SUBJECTS, INFUSIONS, EVENTS, ADJUDICATION = map(read, NAMES)


def days_allowed(onset: str) -> list[date]:
    """Every day that a year, a year and month, or a date allows; none for what is no date."""
    if len(onset) == 10:
        try:
            return [day_of(onset)]
        except ValueError:
            return []
    year = int(onset[:4])
    months = range(1, 13) if len(onset) == 4 else [int(onset[5:7])]
    last = {month: calendar.monthrange(year, month)[1] for month in months}
    return [date(year, month, day) for month in months for day in range(1, last[month] + 1)]


def is_partial(row: Row) -> bool:
    return len(row["ONSET"]) in (4, 7)


def treatment_on(day: date, subject: str) -> str | None:
    """Period/drug of the latest infusion cycle begun, if its last day is at most 30 days ago."""
    own = [row for row in INFUSIONS if row["SUBJECT"] == subject]
    begun = [row for row in own if day_of(row["START"]) <= day]
    latest = max(begun, key=lambda row: row["START"], default=None)
    if latest is None or (day - day_of(latest["END"])).days > 30:
        return None
    return f"{latest['PERIOD']}/{latest['DRUG']}"


def places(row: Row, days: Iterable[date]) -> set[str]:
    """The treatments an event may belong to: one day on treatment is enough, if it could be."""
    return {place for day in days if (place := treatment_on(day, row["SUBJECT"]))}


def is_infusional(row: Row) -> bool:
    """During a cycle or up to 3 days (72 h) after it; a partial date cannot say so."""
    if is_partial(row):
        return False
    own = [infusion for infusion in INFUSIONS if infusion["SUBJECT"] == row["SUBJECT"]]
    spans = [(day_of(r["START"]), day_of(r["END"]) + timedelta(days=3)) for r in own]
    return any(start <= day_of(row["ONSET"]) <= end for start, end in spans)


def split_good_from_bad() -> tuple[list[Row], dict[str, list[Row]]]:
    known, seen = {row["SUBJECT"] for row in SUBJECTS}, set()
    good: list[Row] = []
    bad: dict[str, list[Row]] = {"unknown subject": [], "no date": [], "key twice": []}
    for row in EVENTS:
        key = (row["SUBJECT"], row["AE_NO"])
        if row["SUBJECT"] not in known:
            bad["unknown subject"].append(row)
        elif not days_allowed(row["ONSET"]):
            bad["no date"].append(row)
        else:
            (bad["key twice"] if key in seen else good).append(row)
        seen.add(key)
    return good, bad


GOOD, BAD = split_good_from_bad()
PLACED = [(row, places(row, days_allowed(row["ONSET"]))) for row in GOOD]
COUNTED = [(row, min(found)) for row, found in PLACED if found]
CONFIRMED = {(row["SUBJECT"], row["AE_NO"]) for row in ADJUDICATION if row["DECISION"] == "Y"}


def is_related(row: Row) -> bool:
    return row["CAUSALITY"] in RELATED


def is_confirmed(row: Row) -> bool:
    return (row["SUBJECT"], row["AE_NO"]) in CONFIRMED


def of_topic(row: Row, topic: str) -> bool:
    return row["PREFERRED_TERM"] in BUILT_IN[topic]


def rows_of(column: str) -> list[Row]:
    return [row for row, place in COUNTED if place in COLUMNS[column]]


def subjects_and_events(rows: list[Row]) -> tuple[int, int]:
    return len({row["SUBJECT"] for row in rows}), len(rows)


def subjects_by_term(rows: list[Row]) -> dict[str, int]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["PREFERRED_TERM"], set()).add(row["SUBJECT"])
    return {term: len(subjects) for term, subjects in found.items()}
