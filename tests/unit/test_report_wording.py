"""Numbers as words: formats and sentences."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetymon.domain import ANY_EVENT, Estimand
from safetymon.report import wording
from tests.report_fixture import FIRST_IVIG, FIRST_PLACEBO, results


@pytest.mark.parametrize(
    ("subjects", "at_risk", "shown"),
    [
        (40, 95, "42.1"),
        (18, 95, "18.9"),
        (0, 48, "0.0"),
        (52, 52, "100.0"),
        (1, 16, "6.3"),  # 6.25 exactly: up, as SAS and the reader do; Python's format gives 6.2
        (0, 0, "n.e."),
    ],
)
def test_percent_has_one_decimal_and_rounds_halves_up(
    subjects: int, at_risk: int, shown: str
) -> None:
    assert wording.percent(subjects, at_risk) == shown


@given(at_risk=st.integers(1, 100_000), data=st.data())
def test_percent_is_the_exact_fraction_rounded_once(at_risk: int, data: st.DataObject) -> None:
    subjects = data.draw(st.integers(0, at_risk))
    exact = Decimal(100 * subjects) / Decimal(at_risk)
    assert wording.percent(subjects, at_risk) == str(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2222.94, "2,222.9"),
        (-3.37, "−3.4"),
        (-0.04, "0.0"),
        (None, "n.e."),
        (float("nan"), "n.e."),
        (float("inf"), "n.e."),
    ],
)
def test_a_number_is_shown_or_said_to_be_not_estimable(value: float | None, shown: str) -> None:
    assert wording.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(30.4, "+30.4"), (-1.0, "−1.0"), (0.0, "0.0"), (0.04, "0.0"), (None, "n.e.")],
)
def test_a_difference_carries_its_sign(value: float | None, shown: str) -> None:
    assert wording.signed(value) == shown


def test_an_interval_names_both_ends() -> None:
    assert wording.interval(-5.64, 10.2) == "−5.6 to 10.2"
    assert wording.interval(0.24, None, 2) == "0.24 to n.e."
    assert wording.interval(None, None) == "n.e."


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0004, "<0.001"), (0.0123, "0.012"), (1.0, ">0.999"), (None, "n.e.")],
)
def test_a_p_value_is_never_0_or_1(value: float | None, shown: str) -> None:
    assert wording.p_value(value) == shown


def test_dates_cannot_be_misread() -> None:
    assert wording.day(date(2026, 3, 5)) == "05 Mar 2026"
    assert wording.moment(datetime(2026, 3, 5, 7, 30, tzinfo=UTC)) == "05 Mar 2026 07:30 UTC"
    assert wording.moment(datetime(2026, 3, 5, 7, 30)) == "05 Mar 2026 07:30"  # noqa: DTZ001 - a study may be run without a zone


def test_only_the_file_name_of_a_path_is_told() -> None:
    assert wording.file_name("/home/anna/trial-7/ae.xpt") == "ae.xpt"
    assert wording.file_name(r"C:\trial\ae.xpt") == "ae.xpt"


@pytest.mark.parametrize(
    ("term", "estimand", "subjects", "events", "sentence"),
    [
        ("headache", "related", 40, 130,
         "related headache in 40 of 95 subjects (42.1%), 130 events"),
        ("headache", "all", 1, 1, "headache in 1 of 95 subjects (1.1%), 1 event"),
        (ANY_EVENT, "related serious", 0, 0,
         "any related serious event in 0 of 95 subjects (0.0%), 0 events"),
    ],
)  # fmt: skip
def test_a_sentence_says_what_is_subjects_and_what_is_events(
    term: str, estimand: Estimand, subjects: int, events: int, sentence: str
) -> None:
    row = {
        "term": term, "estimand": estimand, "subjects": subjects, "at_risk": 95, "events": events,
    }  # fmt: skip
    assert wording.incidence(row) == sentence
    share = sentence[sentence.index(" (") : sentence.index(")") + 1]
    assert wording.incidence(row, with_share=False) == sentence.replace(share, "")


def test_the_reference_group_does_not_speak_first_even_if_it_is_the_widest() -> None:
    made = results()
    sizes = {FIRST_IVIG: 84, FIRST_PLACEBO: 86}
    groups = made.groups.filter(pl.col("group").is_in(list(sizes))).with_columns(
        pl.col("group").replace_strict(sizes, return_dtype=pl.Int64).alias("subjects")
    )
    assert wording.foremost(replace(made, groups=groups)) == FIRST_IVIG


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0004, "<0.001"),
        (0.0012, "0.00120"),
        (0.501, "0.501"),
        (1.0, "1.00"),
        (29.528, "29.5"),
        (1564.8, "1,565"),
        (99_999, "99,999"),
        (123_456, "1.2 × 10⁵"),
        (953_000, "9.5 × 10⁵"),
        (996_000, "1.0 × 10⁶"),
        (1e61, "1.0 × 10⁶¹"),
    ],
)
def test_an_e_value_is_told_from_its_logarithm(value: float, shown: str) -> None:
    assert wording.e_value(math.log(value)) == shown


def test_an_e_value_that_no_number_can_hold_is_told() -> None:
    assert wording.e_value(2000.0) == "3.9 × 10⁸⁶⁸"


@pytest.mark.parametrize("nothing", [None, float("nan"), float("-inf")])
def test_without_an_e_value_there_is_a_dash(nothing: float | None) -> None:
    assert wording.e_value(nothing) == "–"


@pytest.mark.parametrize(
    ("confidence", "title"),
    [(0.95, "95% interval"), (0.9, "90% interval"), (0.975, "97.5% interval")],
)
def test_an_interval_is_called_by_its_level(confidence: float, title: str) -> None:
    assert wording.interval_title(confidence) == title


def test_a_background_is_told_as_it_is_given() -> None:
    assert [wording.background(p) for p in (0.005, 0.01, 0.07)] == ["0.5%", "1%", "7%"]


def test_a_weighted_count_keeps_its_fraction() -> None:
    assert [wording.whole(n) for n in (95.0, 61.43, 1234.0)] == ["95", "61.4", "1,234"]


def test_who_was_treated_is_never_added_up() -> None:
    assert wording.treated(results()) == (
        "52 First period, IVIg; 48 First period, placebo; 95 All IVIg"
    )
    assert wording.treated(results("open")) == "100 subjects"
