"""Recorded dates: which days they allow, and which texts are no date."""

from datetime import date

import polars as pl
import pytest

from safetymon.errors import UsageError
from safetymon.listings import dates

EDC, US, EURO = "%d-%b-%Y", "%m/%d/%Y", "%d/%m/%Y"
UNKNOWN = (None, None)


def ranges(text: str | None, *formats: str) -> tuple[date | None, date | None, bool]:
    frame = pl.DataFrame({"day": [text]}, schema={"day": pl.String})
    low, high, bad = dates.ranges(frame, ["day"], formats).row(0)[1:]
    return low, high, bad


def days(text: str) -> tuple[date | None, date | None]:
    low, _, high = text.partition("..")
    return date.fromisoformat(low), date.fromisoformat(high or low)


@pytest.mark.parametrize(
    ("text", "form", "allowed"),
    [
        ("2014-02-03", "", "2014-02-03"),
        ("2014-02-03T11:45", "", "2014-02-03"),  # a time is cut off, not rounded
        ("2014-02-03T23:59:59.9+02:00", "", "2014-02-03"),  # the day as recorded, wherever
        ("2014-02", "", "2014-02-01..2014-02-28"),
        ("2016-02", "", "2016-02-01..2016-02-29"),  # a leap year
        ("2014-12", "", "2014-12-01..2014-12-31"),
        ("2014", "", "2014-01-01..2014-12-31"),
        ("2003---15", "", "2003-01-15..2003-12-15"),  # ISO 8601 as CDISC uses it: no month
        ("2014-UN-UN", "", "2014-01-01..2014-12-31"),
        ("2014-02-UN", "", "2014-02-01..2014-02-28"),
        ("3-Feb-2018", EDC, "2018-02-03"),
        ("03-FEB-2018 10:15", EDC, "2018-02-03"),
        ("UN-FEB-2018", EDC, "2018-02-01..2018-02-28"),
        ("FEB-2018", EDC, "2018-02-01..2018-02-28"),
        ("UN-UNK-2018", EDC, "2018-01-01..2018-12-31"),
        ("2018", EDC, "2018-01-01..2018-12-31"),
        ("2018-02-03", EDC, "2018-02-03"),  # ISO 8601 is read beside any format
        ("03-September-2018", EDC, "2018-09-03"),
        ("03/04/2014", US, "2014-03-04"),
        ("03/04/2014", EURO, "2014-04-03"),
        ("04/2014", US, "2014-04-01..2014-04-30"),
        ("02JAN2014", "%d%b%Y", "2014-01-02"),
        ("20140102", "%Y%m%d", "2014-01-02"),
        ("201401", "%Y%m%d", "2014-01-01..2014-01-31"),
        ("Jan 2, 2014", "%b %d, %Y", "2014-01-02"),
        ("Jan 2014", "%b %d, %Y", "2014-01-01..2014-01-31"),
        ("Feb 2014", "%b %Y", "2014-02-01..2014-02-28"),  # a listing of months
        ("02JAN68", "%d%b%y", "2068-01-02"),  # POSIX: 69 to 99 are 19xx
        ("02JAN69", "%d%b%y", "1969-01-02"),
    ],
)
def test_a_date_allows_these_days(text: str, form: str, allowed: str) -> None:
    assert ranges(text, *([form] if form else [])) == (*days(allowed), False)


@pytest.mark.parametrize("text", [None, "UNK", "UN-UNK-UNKN", "--12-15", "-----T07:15"])
def test_a_blank_or_a_date_without_a_year_is_unknown_but_not_wrong(text: str | None) -> None:
    assert ranges(text, EDC) == (*UNKNOWN, False)


@pytest.mark.parametrize(
    "text",
    [
        "2014-02-30", "2015-02-29", "2014-13", "2014-2-3", "31-APR-2014", "03/04/2014", "7305",
        "19725", "yesterday", "2014-02-03 or later", "3014-01-01", "2014-02-",
    ],
)  # fmt: skip
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    assert ranges(text, EDC) == (*UNKNOWN, True)


def test_two_formats_that_disagree_on_a_day_are_refused() -> None:
    with pytest.raises(UsageError, match="1 dates mean different days"):
        ranges("03/04/2014", US, EURO)


def test_two_formats_that_agree_are_not() -> None:
    assert ranges("04/04/2014", US, EURO) == (*days("2014-04-04"), False)


@pytest.mark.parametrize("form", ["%d-%b", "%j-%Y", "%A %d %b %Y"])
def test_a_format_without_year_or_with_other_parts_is_refused(form: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        ranges("2014-01-01", form)


def test_rows_keep_their_order_and_their_number() -> None:
    texts = ["2014", None, "2014-02-03", "2014", "nonsense"]
    read = dates.ranges(pl.DataFrame({"day": texts}), ["day"], [])
    assert read["day"].to_list() == texts
    assert read["day_bad"].to_list() == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("flag", "recorded", "allowed"),
    [
        (None, "2014-02-15", "2014-02-15"),
        ("D", "2014-02", "2014-02-01..2014-02-28"),
        ("M", "2014", "2014-01-01..2014-12-31"),
    ],
)
def test_an_imputed_analysis_date_is_given_back_its_doubt(
    flag: str | None, recorded: str, allowed: str
) -> None:
    frame = pl.DataFrame(
        {"day": ["2014-02-15"], "flag": [flag]}, schema_overrides={"flag": pl.String}
    )
    undone = dates.as_imputed(dates.ranges(frame, ["day"], []), "day", "flag")
    assert undone.select("day", "day_low", "day_high").row(0) == (recorded, *days(allowed))


def test_a_wholly_imputed_date_is_unknown() -> None:
    frame = pl.DataFrame({"day": ["2014-02-15"], "flag": ["Y"]})
    undone = dates.as_imputed(dates.ranges(frame, ["day"], []), "day", "flag")
    assert undone.select("day", "day_low", "day_high").row(0) == (None, None, None)
