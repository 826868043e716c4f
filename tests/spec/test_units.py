"""Who a rule weighs, drawn: one unit a subject and stay, and the day its event was first seen."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from safetymon.signals.evidence import Units
from safetymon.signals.spans import spans
from safetymon.signals.units import alone, compared, happened, left
from tests.tables import frame

MEMBERS = {"group": pl.String, "row": pl.Int64, "subject": pl.String, "start": pl.Date,
           "until": pl.Date}  # fmt: skip
EVENTS = {"row": pl.Int64, "onset": pl.Date, "seen": pl.Date}
NOTHING = "row | onset | seen"
Row = tuple[str, str, str, str, str | None, str | None]


def text(days: int) -> str | None:
    return None if days < 0 else str(date(1970, 1, 1) + timedelta(days=days))


def rows(made: Units) -> list[Row]:
    """(subject, side, entry, last day at risk, first seen, onset), in the order of the units."""
    sides = ["T" if treated else "P" for treated in made.treated]
    columns = (made.entry, made.last, made.event, made.began)
    days = zip(*(column.tolist() for column in columns), strict=True)
    return [
        (subject, side, *map(text, row))  # type: ignore[misc]  # entry and last are never null
        for subject, side, row in zip(made.subject, sides, days, strict=True)
    ]


def units(
    members: pl.DataFrame,
    events: pl.DataFrame,
    group: str,
    reference: str | None = None,
    window: int | None = None,
) -> Units:
    """The units of a group beside its reference, or alone."""
    made = spans(members, group, reference)
    if reference is None:
        return alone(made, happened(events), window)
    return compared(made, happened(events))


def weighed(
    members: str, events: str = NOTHING, reference: str | None = "P", window: int | None = None
) -> list[Row]:
    made = units(frame(members, MEMBERS), frame(events, EVENTS), "T", reference, window)
    return rows(made)


TWO_GROUPS = """
    group | row | subject | start      | until
    T     | 0   | 001     | 2020-01-10 | 2020-03-10
    P     | 1   | 002     | 2020-01-05 | 2020-03-05
    P     | 2   | 003     | 2020-01-05 | 2020-02-01
    All   | 0   | 001     | 2020-01-10 | 2020-03-10   # a group nobody asks about
    All   | 1   | 002     | 2020-01-05 | 2020-03-05
    """


def test_a_unit_a_subject_and_group_from_the_first_dose_to_the_last_day_at_risk() -> None:
    events = """
        row | onset      | seen
        0   | 2020-01-20 | 2020-01-25
        2   | 2020-01-07 | 2020-01-07
        """
    assert weighed(TWO_GROUPS, events) == [
        ("002", "P", "2020-01-05", "2020-03-05", None, None),
        ("003", "P", "2020-01-05", "2020-02-01", "2020-01-07", "2020-01-07"),
        ("001", "T", "2020-01-10", "2020-03-10", "2020-01-25", "2020-01-20"),
    ]


def test_without_a_reference_only_the_group_is_weighed() -> None:
    assert weighed(TWO_GROUPS, reference=None) == [
        ("001", "T", "2020-01-10", "2020-03-10", None, None),
    ]


def test_no_events_at_all_is_nobody_with_an_event() -> None:
    """Every day first seen is null; a null is not an event on the day of entry."""
    made = weighed(TWO_GROUPS)
    assert [row[4:] for row in made] == [(None, None)] * 3
    assert [row[0] for row in made] == ["002", "003", "001"]


def test_nobody_in_the_group_is_no_unit() -> None:
    assert weighed("group | row | subject | start | until") == []


def test_the_first_event_is_the_one_that_was_seen_first_not_the_one_that_began_first() -> None:
    events = """
        row | onset      | seen
        0   | 2020-01-11 | 2020-03-01   # began first, reported late
        0   | 2020-01-20 | 2020-01-20   # known first
        0   | 2020-02-02 | 2020-02-02
        """
    assert weighed(TWO_GROUPS, events)[2][4:] == ("2020-01-20", "2020-01-20")


def test_of_two_seen_on_one_day_the_onset_is_the_earlier() -> None:
    events = """
        row | onset      | seen
        0   | 2020-01-20 | 2020-02-01
        0   | 2020-01-15 | 2020-02-01
        """
    assert weighed(TWO_GROUPS, events)[2][4:] == ("2020-02-01", "2020-01-15")


@pytest.mark.parametrize(
    ("onset", "seen", "counts_on", "began"),
    [
        ("2020-01-02", "2020-01-03", "2020-01-10", "2020-01-10"),  # flagged emergent by the site
        ("2020-01-12", "2020-01-03", "2020-01-10", "2020-01-10"),  # entered before it happened
        ("2020-01-12", "2020-01-11", "2020-01-11", "2020-01-11"),  # onset edited since
    ],
)
def test_an_event_seen_before_entry_counts_on_entry(
    onset: str, seen: str, counts_on: str, began: str
) -> None:
    events = f"row | onset | seen\n0 | {onset} | {seen}"
    assert weighed(TWO_GROUPS, events)[2][4:] == (counts_on, began)


def test_an_event_seen_after_the_last_day_at_risk_counts_when_it_is_seen() -> None:
    events = "row | onset | seen\n2 | 2020-01-30 | 2020-04-01"
    assert weighed(TWO_GROUPS, events)[1] == (
        "003", "P", "2020-01-05", "2020-02-01", "2020-04-01", "2020-01-30",
    )  # fmt: skip


def test_what_is_known_by_a_day_ends_there() -> None:
    events = """
        row | onset      | seen
        1   | 2020-01-20 | 2020-01-20
        2   | 2020-01-09 | 2020-01-21   # seen after the cut-off
        """
    made = units(frame(TWO_GROUPS, MEMBERS), frame(events, EVENTS), "T", "P")
    cut = (date(2020, 1, 20) - date(1970, 1, 1)).days
    assert rows(made.known_by(cut)) == [
        ("002", "P", "2020-01-05", "2020-01-20", "2020-01-20", "2020-01-20"),
        ("003", "P", "2020-01-05", "2020-01-20", None, None),
        ("001", "T", "2020-01-10", "2020-01-20", None, None),
    ]
    assert rows(made.known_by(cut - 11)) == [  # 9 January: 001 has not entered
        ("002", "P", "2020-01-05", "2020-01-09", None, None),
        ("003", "P", "2020-01-05", "2020-01-09", None, None),
    ]


SWITCHER = """
    group | row | subject | start      | until
    P     | 0   | 001     | 2020-01-01 | 2020-01-31
    T     | 1   | 001     | 2020-02-01 | 2020-04-30
    """


@pytest.mark.parametrize(
    ("events", "expected", "why"),
    [
        (
            "",
            [("P", "2020-01-01", "2020-01-31", None), ("T", "2020-02-01", "2020-04-30", None)],
            "no event: at risk on both sides, one after the other",
        ),
        (
            "0 | 2020-01-10 | 2020-01-10",
            [("P", "2020-01-01", "2020-01-31", "2020-01-10")],
            "counted on placebo before the switch: not at risk on treatment any more",
        ),
        (
            "0 | 2020-01-10 | 2020-02-01",
            [("P", "2020-01-01", "2020-01-31", "2020-02-01")],
            "seen on the day of the switch: the unit that begins that day is left out",
        ),
        (
            "0 | 2020-01-10 | 2020-02-15",
            [
                ("P", "2020-01-01", "2020-01-31", "2020-02-15"),
                ("T", "2020-02-01", "2020-02-15", None),
            ],
            "seen after the switch: on treatment and not yet counted until then",
        ),
        (
            "1 | 2020-02-20 | 2020-02-20",
            [
                ("P", "2020-01-01", "2020-01-31", None),
                ("T", "2020-02-01", "2020-04-30", "2020-02-20"),
            ],
            "on treatment: at risk on placebo before, all the same",
        ),
        (
            "0 | 2020-01-10 | 2020-03-20\n1 | 2020-03-01 | 2020-03-01",
            [
                ("P", "2020-01-01", "2020-01-31", None),
                ("T", "2020-02-01", "2020-04-30", "2020-03-01"),
            ],
            "events on both sides: counted once, for the one that was seen first",
        ),
        (
            "1 | 2020-03-01 | 2020-03-20\n0 | 2020-01-10 | 2020-03-20",
            [
                ("P", "2020-01-01", "2020-01-31", "2020-03-20"),
                ("T", "2020-02-01", "2020-03-20", None),
            ],
            "both seen on one day: counted once, for the earlier stay, and at risk no longer",
        ),
    ],
)
def test_a_switcher_is_counted_once(events: str, expected: list[Row], why: str) -> None:
    made = weighed(SWITCHER, f"{NOTHING}\n{events}")
    assert [row[1:5] for row in made] == expected, why


RETURN = """
    group | row | subject | start      | until
    P     | 0   | 001     | 2020-01-01 | 2020-01-31
    T     | 1   | 001     | 2020-02-01 | 2020-02-28
    P     | 2   | 001     | 2020-03-01 | 2020-04-30
    """


def test_a_switch_ends_a_stay_and_a_return_begins_another() -> None:
    """Never at risk on both sides on one day."""
    assert [row[1:5] for row in weighed(RETURN)] == [
        ("P", "2020-01-01", "2020-01-31", None),
        ("T", "2020-02-01", "2020-02-28", None),
        ("P", "2020-03-01", "2020-04-30", None),
    ]


def test_an_event_in_the_middle_stay_leaves_the_first_and_drops_the_return() -> None:
    assert [row[1:5] for row in weighed(RETURN, "row|onset|seen\n1|2020-02-03|2020-02-03")] == [
        ("P", "2020-01-01", "2020-01-31", None),
        ("T", "2020-02-01", "2020-02-28", "2020-02-03"),
    ]


PERIODS = """
    group | row | subject | start      | until
    T     | 0   | 001     | 2020-01-01 | 2020-01-31   # first period, 31 days
    T     | 1   | 001     | 2020-03-01 | 2020-03-31   # extension, after 29 days without
    T     | 2   | 001     | 2020-04-01 | 2020-04-10   # goes on without a day in between
    T     | 3   | 002     | 2020-01-01 | 2020-01-31
    """


def test_the_periods_of_a_group_are_one_unit() -> None:
    event = "row|onset|seen\n1|2020-03-02|2020-03-02"
    assert weighed(PERIODS, event, reference=None) == [
        ("001", "T", "2020-01-01", "2020-04-10", "2020-03-02", "2020-03-02"),
        ("002", "T", "2020-01-01", "2020-01-31", None, None),
    ]


def test_days_between_the_periods_are_not_at_risk() -> None:
    made = units(frame(PERIODS, MEMBERS), frame(NOTHING, EVENTS), "T")
    away = made.away.tolist()
    assert [(made.subject[i], text(first), text(last)) for i, first, last in away] == [
        ("001", "2020-02-01", "2020-02-29"),
    ]


@pytest.mark.parametrize(
    ("day", "last", "away"),
    [
        ("2020-01-31", "2020-01-31", []),
        ("2020-02-01", "2020-01-31", []),  # away, and nobody knows yet for how long
        ("2020-02-29", "2020-01-31", []),
        ("2020-03-01", "2020-03-01", [("2020-02-01", "2020-02-29")]),
        ("2020-05-01", "2020-04-10", [("2020-02-01", "2020-02-29")]),
    ],
)
def test_a_time_away_is_known_when_it_is_over(
    day: str, last: str, away: list[tuple[str, str]]
) -> None:
    made = units(frame(PERIODS, MEMBERS), frame(NOTHING, EVENTS), "T")
    cut = made.known_by((date.fromisoformat(day) - date(1970, 1, 1)).days)
    assert text(int(cut.last[0])) == last
    assert [(text(a), text(b)) for _, a, b in cut.away.tolist()] == away


BESIDE = f"{PERIODS.rstrip()}\n    P     | 4   | 003     | 2020-01-01 | 2020-04-10\n"


@pytest.mark.parametrize(
    ("event", "seen"),
    [
        ("1 | 2020-03-05 | 2020-03-05", [None, "2020-03-05"]),
        ("0 | 2020-01-05 | 2020-01-05", ["2020-01-05"]),  # counted: does not resume
        ("0 | 2020-01-05 | 2020-03-05", ["2020-03-05", None]),  # resumed until it was seen
        ("1 | 2020-02-10 | 2020-02-10", ["2020-02-10"]),  # flagged in between: of the time before
    ],
)
def test_beside_a_reference_a_time_away_parts_a_stay_that_goes_on_from_its_first_dose(
    event: str, seen: list[str | None]
) -> None:
    made = units(frame(BESIDE, MEMBERS), frame(f"{NOTHING}\n{event}", EVENTS), "T", "P")
    mine = [i for i, subject in enumerate(made.subject) if subject == "001"]
    assert [text(int(made.event[i])) for i in mine] == seen
    assert made.dosed is not None
    assert {text(int(made.dosed[i])) for i in mine} == {"2020-01-01"}
    spans_ = [(text(int(made.entry[i])), text(int(made.last[i]))) for i in mine]
    until = "2020-03-05" if seen[-1] is None else "2020-04-10"
    assert spans_ == [("2020-01-01", "2020-01-31"), ("2020-03-01", until)][: len(mine)]


def test_in_a_window_the_first_event_that_began_in_it_counts() -> None:
    events = """
        row | onset      | seen
        0   | 2020-02-20 | 2020-02-20   # began on day 42: known first, and outside
        0   | 2020-01-20 | 2020-03-01   # began on day 11: inside, reported late
        """
    assert weighed(TWO_GROUPS, events, None, 28)[0][4:] == ("2020-03-01", "2020-01-20")
    assert weighed(TWO_GROUPS, events, None, 11)[0][4:] == ("2020-03-01", "2020-01-20")
    assert weighed(TWO_GROUPS, events, None, 10)[0][4:] == (None, None)


def test_one_subject_fewer_has_no_event_and_stays() -> None:
    events = """
        row | onset      | seen
        1   | 2020-01-20 | 2020-01-20
        2   | 2020-01-09 | 2020-01-21
        """
    made = units(frame(TWO_GROUPS, MEMBERS), frame(events, EVENTS), "T", "P")
    second = ("2020-01-21", "2020-01-09")
    assert [row[4:] for row in rows(made.without(0))] == [(None, None), second, (None, None)]
    assert [row[4:] for row in rows(made)][1:] == [second, (None, None)]


def test_the_order_of_the_rows_changes_nothing() -> None:
    events = frame("row|onset|seen\n1|2020-03-01|2020-03-20\n0|2020-01-10|2020-03-20", EVENTS)
    members = frame(RETURN, MEMBERS)
    here = rows(units(members, events, "T", "P"))
    assert rows(units(members.reverse(), events.reverse(), "T", "P")) == here


def test_who_was_counted_in_one_stay_leaves_the_others() -> None:
    """Still at risk in the first, gone from the return: one row a term and such a unit."""
    made = spans(frame(RETURN, MEMBERS), "T", "P")
    events = frame("row|onset|seen\n1|2020-02-03|2020-02-03\n2|2020-03-02|2020-03-02", EVENTS)
    first = made.firsts(happened(events), np.array([0, 1]))
    assert (first.term.tolist(), first.unit.tolist()) == ([0, 1], [1, 2])
    gone = left(made, first)
    assert (gone.term.tolist(), gone.subject.tolist()) == ([0], [2])
    assert text(int(gone.since[0])) == "2020-03-01"
