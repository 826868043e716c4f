"""The demo's listings as rows of text, in the columns of an EDC export."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from safetymon.demo.dating import Event
from safetymon.demo.dice import roll
from safetymon.demo.roster import Subject
from safetymon.demo.terms import CLASS_OF, as_reported

Row = dict[str, str]

SYNTHETIC = {"SYNTHETIC": "synthetic"}

UNKNOWN_SUBJECT = "PD-999"  # has an event, is in no other listing
IMPOSSIBLE_DATE = "2018-02-31"


def subject_rows(people: Iterable[Subject]) -> list[Row]:
    """One row a subject."""
    return [
        {
            "SUBJECT": person.id,
            "SITE": person.site,
            "ARM": person.arm,
            "RANDOMISED": person.randomised.isoformat(),
            "COMPLETED_OR_LEFT": person.left.isoformat(),
            "END_REASON": person.reason,
            **SYNTHETIC,
        }
        for person in people
    ]


def infusion_rows(people: Iterable[Subject]) -> list[Row]:
    """One row an infusion cycle."""
    return [
        {
            "SUBJECT": person.id,
            "PERIOD": cycle.period,
            "CYCLE": str(cycle.number),
            "DRUG": cycle.drug,
            "START": cycle.start.isoformat(),
            "END": cycle.end.isoformat(),
            "DOSE_G_PER_KG": cycle.dose,
            **SYNTHETIC,
        }
        for person in people
        for cycle in person.cycles
    ]


def numbered(events: Iterable[Event]) -> list[tuple[str, Event]]:
    """The events in the order of subject and onset, each with its number within the subject."""
    by_subject: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_subject[event.draft.subject].append(event)
    return [
        (str(number), event)
        for subject in sorted(by_subject)
        for number, event in enumerate(sorted(by_subject[subject], key=_order), start=1)
    ]


def _order(event: Event) -> tuple[str, str]:
    return event.account.onset.isoformat(), event.draft.term


def event_rows(events: Iterable[tuple[str, Event]]) -> list[Row]:
    """One row an event, and three rows that a reader has to reject.

    The three: a row entered twice, an onset that is no date, a subject nobody knows.
    """
    rows = [_event_row(number, event) for number, event in events]
    return [*_with_impossible_date(_with_row_twice(rows)), _of_unknown_subject(rows)]


def _event_row(number: str, event: Event) -> Row:
    account, term = event.account, event.draft.term
    days = account.duration
    resolved = "" if days is None else (account.onset + timedelta(days - 1)).isoformat()
    return {
        "SUBJECT": event.draft.subject,
        "AE_NO": number,
        "TERM": as_reported(term, roll(2**16, event.draft.subject, number, "words")),
        "PREFERRED_TERM": term,
        "SOC": CLASS_OF[term],
        "ONSET": account.onset.isoformat()[: event.known],
        "RESOLVED": resolved,
        "SEVERITY": account.severity,
        "SERIOUS": "Y" if account.serious else "N",
        "CAUSALITY": account.causality,
        "OUTCOME": account.outcome,
        "ACTION": account.action,
        "REPORTED": event.reported.isoformat(),
        **SYNTHETIC,
    }


def _with_row_twice(rows: list[Row]) -> list[Row]:
    place = next(
        i
        for i, row in enumerate(rows)
        if row["PREFERRED_TERM"] == "Fatigue" and len(row["ONSET"]) == len(IMPOSSIBLE_DATE)
    )
    return [*rows[: place + 1], rows[place], *rows[place + 1 :]]


def _with_impossible_date(rows: list[Row]) -> list[Row]:
    """Add to a subject who had an event in that month one more, entered with a wrong day."""
    like = next(row for row in rows if row["ONSET"].startswith(IMPOSSIBLE_DATE[:7]))
    place = max(i for i, row in enumerate(rows) if row["SUBJECT"] == like["SUBJECT"])
    number = str(int(rows[place]["AE_NO"]) + 1)
    bad = like | {"AE_NO": number, "ONSET": IMPOSSIBLE_DATE}
    return [*rows[: place + 1], bad, *rows[place + 1 :]]


def _of_unknown_subject(rows: list[Row]) -> Row:
    return rows[0] | {"SUBJECT": UNKNOWN_SUBJECT, "AE_NO": "1"}


def adjudication_rows(events: Iterable[tuple[str, Event]]) -> list[Row]:
    """One row an adjudicated event."""
    rows = []
    for number, event in events:
        if event.account.thromboembolic:
            days = 20 + roll(25, event.draft.subject, number, "adjudicated")
            rows.append(
                {
                    "SUBJECT": event.draft.subject,
                    "AE_NO": number,
                    "TOPIC": "thromboembolism",
                    "DECISION": event.account.thromboembolic,
                    "ADJUDICATED_ON": (event.reported + timedelta(days)).isoformat(),
                    **SYNTHETIC,
                }
            )
    return rows
