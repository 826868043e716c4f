"""Cron settings: what is accepted, which instants they mean, what a change of clocks does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from safetymon import cron

NEW_YORK = ZoneInfo("America/New_York")


def due(text: str, zone: str, after: str, until: str) -> list[str]:
    """The due times in (after, until] as local and UTC wall clock."""
    times = cron.times(cron.parsed(text), ZoneInfo(zone), utc(after), utc(until))
    return [f"{t.astimezone(ZoneInfo(zone)):%a %d %H:%M} = {t:%d %H:%M}" for t in times]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 6 * * 1", r"day of the week '1': write names \(mon, .*not numbers"),
        ("0 6 * * 1-5", "write names"),
        ("0 6 * * mon,2", "write names"),
        ("0 6 * * monday", "day of the week 'monday': write names"),
        ("0 6 * *", "has 4 fields; write minute, hour, day of the month, month and day"),
        ("0 0 6 * * mon", "has 6 fields"),
        ("60 6 * * *", "minute '60': is not a number from 0 to 59"),
        ("0 24 * * *", "hour '24': is not a number from 0 to 23"),
        ("0 6 0 * *", "day of the month '0'"),
        ("0 6 * janu *", "month 'janu'"),
        ("0 6 31 feb *", "never comes: no such date exists"),
        ("0 6 1 * mon", "programs disagree on what both mean"),
        ("5/10 * * * *", "a step needs"),
        ("*/0 * * * *", "whole number above 0"),
        ("*/-5 * * * *", "whole number above 0"),
        ("9-5 * * * *", "ends before it begins"),
        ("0 6 * * fri-mon", "ends before it begins"),
        ("", "has 0 fields"),
        ("@daily", "has 1 fields"),
        (", 6 * * *", "minute ''"),
        ("٣ 6 * * *", "minute '٣'"),
    ],
)
def test_what_cannot_be_understood_for_certain_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cron.parsed(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * mon", ["Mon 01 06:00 = 01 06:00", "Mon 08 06:00 = 08 06:00"]),
        ("0 6 * * MON", ["Mon 01 06:00 = 01 06:00", "Mon 08 06:00 = 08 06:00"]),
        ("0 6 9 * *", ["Tue 09 06:00 = 09 06:00"]),
        ("0 6 9 jan *", ["Tue 09 06:00 = 09 06:00"]),
        ("0 6 9 1 *", ["Tue 09 06:00 = 09 06:00"]),
        ("0 6 * feb *", []),
        ("0 6,18 2-3 * *", ["Tue 02 06:00 = 02 06:00", "Tue 02 18:00 = 02 18:00",
                            "Wed 03 06:00 = 03 06:00", "Wed 03 18:00 = 03 18:00"]),
        ("0 */12 5 * *", ["Fri 05 00:00 = 05 00:00", "Fri 05 12:00 = 05 12:00"]),
        ("10-50/20 3 4 * *", ["Thu 04 03:10 = 04 03:10", "Thu 04 03:30 = 04 03:30",
                              "Thu 04 03:50 = 04 03:50"]),
        ("0 0 * * sat-sun", ["Sat 06 00:00 = 06 00:00", "Sun 07 00:00 = 07 00:00"]),
    ],
)  # fmt: skip
def test_a_setting_means_these_times(text: str, expected: list[str]) -> None:
    assert due(text, "UTC", "2023-12-31T12:00", "2024-01-10T00:00") == expected


def test_when_clocks_go_back_a_local_time_that_comes_twice_is_due_once() -> None:
    assert due("30 1 * * *", "America/New_York", "2024-11-02T12:00", "2024-11-05T00:00") == [
        "Sun 03 01:30 = 03 05:30",  # the first of the two
        "Mon 04 01:30 = 04 06:30",
    ]


def test_when_clocks_go_forward_a_skipped_local_time_is_due_when_the_gap_ends() -> None:
    assert due("30 2 * * *", "America/New_York", "2024-03-09T12:00", "2024-03-12T00:00") == [
        "Sun 10 03:00 = 10 07:00",
        "Mon 11 02:30 = 11 06:30",
    ]


def test_skipped_times_fall_together_with_each_other_and_with_the_end_of_the_gap() -> None:
    assert due("*/20 2-3 10 3 *", "America/New_York", "2024-03-10T00:00", "2024-03-11T00:00") == [
        "Sun 10 03:00 = 10 07:00", "Sun 10 03:20 = 10 07:20", "Sun 10 03:40 = 10 07:40",
    ]  # fmt: skip


def test_a_change_of_half_an_hour_and_a_day_that_never_was() -> None:
    assert due("15 2 * * sun", "Australia/Lord_Howe", "2024-10-05T00:00", "2024-10-06T20:00") == [
        "Sun 06 02:30 = 05 15:30",
    ]  # fmt: skip
    # Samoa had no 30 December 2011: its look is due as the 31st begins.
    assert due("0 6 * * *", "Pacific/Apia", "2011-12-29T00:00", "2012-01-01T00:00") == [
        "Thu 29 06:00 = 29 16:00", "Sat 31 00:00 = 30 10:00", "Sat 31 06:00 = 30 16:00",
        "Sun 01 06:00 = 31 16:00",
    ]  # fmt: skip


def test_the_interval_excludes_its_beginning_and_includes_its_end() -> None:
    assert due("0 6 * * *", "UTC", "2024-01-01T06:00", "2024-01-02T06:00") == [
        "Tue 02 06:00 = 02 06:00"
    ]


def test_the_following_time_may_be_eight_years_away() -> None:
    leap_day = cron.parsed("0 6 29 feb *")
    assert cron.following(leap_day, NEW_YORK, utc("2096-03-01")) == utc("2104-02-29T11:00")


def test_cutting_an_interval_in_two_changes_nothing() -> None:
    setting, start = cron.parsed("*/30 * * * *"), utc("2024-03-09T00:00")
    whole = list(cron.times(setting, NEW_YORK, start, start + timedelta(days=3)))
    for hours in range(72):
        cut = start + timedelta(hours=hours, minutes=7)
        parts = [*cron.times(setting, NEW_YORK, start, cut),
                 *cron.times(setting, NEW_YORK, cut, start + timedelta(days=3))]  # fmt: skip
        assert parts == whole
