"""The day from which the monitor counts an event as known, drawn."""

import polars as pl
import pytest

from safetymon import derive, schema
from safetymon.analysis import known_by
from tests.tables import day, frame

SEEN = {"subject": pl.String, "key": pl.String, "seen": pl.Date}
CUTOFF = "2020-03-31"


def seen(
    event: str, known: str = "", previous: str | None = None, cutoff: str = CUTOFF
) -> str | None:
    """When the one drawn event (onset, reported) counts; both may be blank."""
    events = frame(f"subject|key|onset_low|reported\n001|1|{event}", schema.EVENTS)
    recorded = frame(f"subject|key|seen\n{f'001|1|{known}' if known else ''}", SEEN)
    before = day(previous) if previous else None
    made = derive.first_seen(events, recorded, before, day(cutoff))
    return made["seen"].cast(pl.String).item()


@pytest.mark.parametrize(
    ("event", "expected", "why"),
    [
        ("2020-02-01 | 2020-02-20", "2020-02-20", "the recorded reporting date"),
        ("2020-02-01 |", "2020-02-01", "no reporting date: its onset"),
        ("|", "2020-03-31", "neither: the day of the cut-off"),
        ("| 2020-02-20", "2020-02-20", "an onset nobody recorded hides no reporting date"),
        ("2020-02-20 | 2020-02-01", "2020-02-20", "entered before it began: known when it began"),
    ],
)
def test_at_the_first_load_of_a_running_trial(event: str, expected: str, why: str) -> None:
    assert seen(event) == expected, why


@pytest.mark.parametrize(
    ("event", "expected", "why"),
    [
        ("2020-03-10 |", "2020-03-10", "began since the previous look"),
        ("2020-02-01 |", "2020-03-01", "began before it, and was not known then: the day after"),
        ("2020-02-29 |", "2020-03-01", "began on its very day: the day after"),
        ("|", "2020-03-31", "no date at all: the day of the cut-off"),
        ("2020-02-01 | 2020-02-20", "2020-02-20", "the reporting date, whoever looked before"),
        ("2020-02-01 | 2020-03-20", "2020-03-20", "the reporting date"),
    ],
)
def test_at_a_later_look_evidence_is_not_written_into_the_past(
    event: str, expected: str, why: str
) -> None:
    assert seen(event, previous="2020-02-29") == expected, why


@pytest.mark.parametrize("event", ["2020-02-01 |", "2020-03-05 | 2020-03-09", "|"])
@pytest.mark.parametrize("previous", [None, "2020-02-29"])
def test_what_a_look_recorded_is_never_changed(event: str, previous: str | None) -> None:
    assert seen(event, known="2020-02-15", previous=previous) == "2020-02-15"


def test_a_look_back_in_time_keeps_the_day_and_so_does_not_know_the_event() -> None:
    assert seen("2020-02-01 |", known="2020-03-01", cutoff="2020-02-15") == "2020-03-01"


def test_a_report_after_the_cut_off_is_not_pulled_before_it() -> None:
    assert seen("2020-02-01 | 2020-04-20") == "2020-04-20"


def test_a_second_look_at_the_same_cut_off_counts_what_is_new_on_that_day() -> None:
    """Another extract, the same cut-off: the day after it would hide the event from this look."""
    assert seen("2020-02-01 |", previous=CUTOFF) == CUTOFF


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("2020-02-01 |", "2020-04-11"),  # the look of 10 April did not have it
        ("|", "2020-04-11"),
        ("2020-02-01 | 2020-02-20", "2020-02-20"),  # a reporting date stands
    ],
)
def test_a_look_back_that_is_the_first_to_find_a_record_dates_it_after_every_look(
    event: str, expected: str
) -> None:
    """Dated by the looks before its own cut-off, it would change what later looks have said."""
    assert seen(event, previous="2020-04-10", cutoff="2020-02-29") == expected


def test_every_event_keeps_its_row_and_its_order() -> None:
    events = frame(
        """
        subject | key | onset_low  | reported
        002     | 1   | 2020-02-01 |
        001     | 2   | 2020-02-02 |
        001     | 1   | 2020-02-03 | 2020-02-09
        """,
        schema.EVENTS,
    )
    known = frame("subject|key|seen\n001|2|2020-01-05\n009|1|2020-01-05", SEEN)
    made = derive.first_seen(events, known, None, day(CUTOFF))
    assert made.select("subject", "key", pl.col("seen").cast(pl.String)).rows() == [
        ("002", "1", "2020-02-01"), ("001", "2", "2020-01-05"), ("001", "1", "2020-02-09"),
    ]  # fmt: skip


def test_an_event_is_known_once_it_has_been_seen_and_can_have_begun() -> None:
    events = frame(
        """
        key | onset_low  | seen
        1   | 2020-02-01 | 2020-02-20
        2   | 2020-02-01 | 2020-02-21   # not seen yet
        3   |            | 2020-02-20   # an unknown onset can lie before
        4   | 2020-02-21 | 2020-02-20   # begins tomorrow, says its edited onset
        """,
        {"key": pl.String, "onset_low": pl.Date, "seen": pl.Date},
    )
    assert known_by(events, day("2020-02-20"))["key"].to_list() == ["1", "3"]
