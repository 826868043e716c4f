"""Numbers as words: formats and sentences."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetymon.domain import ANY_EVENT, Estimand, Scope
from safetymon.report import wording
from tests.report_fixture import ALL_IVIG, FIRST_IVIG, FIRST_PLACEBO, results


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


def test_the_lead_says_who_was_treated_and_which_signals_are_new() -> None:
    lead = wording.lead(results())
    assert lead.data == (
        "This is look 3, of the data up to 04 Nov 2019: 52 subjects in “First period, IVIg”, "
        "48 subjects in “First period, placebo” and 95 subjects in “All IVIg”."
    )
    assert lead.verdict == (
        "Of 4 rules, 1 newly raises a signal; 1 raised earlier is still open; 1 rule could not be "
        "judged (too little data, no events, not applicable)."
    )
    assert [alert.verdict for alert in lead.alerts] == ["raised", "open"]
    assert "thromboembolism" in lead.alerts[0].rule
    assert "of 95 subjects" in lead.alerts[0].text
    assert lead.alerts[1].text.endswith("(raised at look 2).")


def test_the_topics_are_told_for_the_widest_group_that_is_no_reference() -> None:
    made = results()
    row = made.incidence.row(
        by_predicate=(pl.col("term") == "headache")
        & pl.col("adjudicated")
        & (pl.col("estimand") == "related")
        & (pl.col("group") == ALL_IVIG),
        named=True,
    )
    assert f"in {ALL_IVIG}: {wording.incidence(row)}" in wording.lead(made).topics
    assert len(wording.lead(made).topics) == 5  # any event and four topics, none twice


def test_the_reference_group_does_not_speak_first_even_if_it_is_the_widest() -> None:
    made = results()
    sizes = {FIRST_IVIG: 84, FIRST_PLACEBO: 86}
    groups = made.groups.filter(pl.col("group").is_in(list(sizes))).with_columns(
        pl.col("group").replace_strict(sizes, return_dtype=pl.Int64).alias("subjects")
    )
    assert wording.foremost(replace(made, groups=groups)) == FIRST_IVIG


def test_without_a_rule_the_numbers_only_describe() -> None:
    lead = wording.lead(results(rules=False))
    assert lead.verdict.startswith("No signal rule is defined")
    assert lead.alerts == ()


def _signals(*verdicts: str) -> pl.DataFrame:
    return pl.DataFrame({"verdict": verdicts}, schema={"verdict": pl.String})


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["no signal"], "No signal is raised by the 1 rule."),
        (
            ["no signal", "no events"],
            (
                "No signal is raised by the 2 rules; 1 rule could not be judged "
                "(too little data, no events, not applicable)."
            ),
        ),
        (["raised", "raised"], "Of 2 rules, 2 newly raise a signal."),
        (
            ["open", "open", "no signal"],
            "Of 3 rules, none newly raises a signal; 2 raised earlier are still open.",
        ),
        (["cleared"], "No signal is raised by the 1 rule."),
    ],
)
def test_the_verdicts_are_counted_in_words(verdicts: list[str], sentence: str) -> None:
    assert wording.verdict_sentence(_signals(*verdicts)) == sentence


@pytest.mark.parametrize("scope", ["closed", "open"])
@pytest.mark.parametrize("rules", [True, False])
def test_no_sentence_ever_says_safe(scope: Scope, rules: bool) -> None:
    assert "safe" not in " ".join(wording.lead(results(scope, rules=rules)).sentences).lower()


def test_the_open_lead_names_no_group() -> None:
    text = " ".join(wording.lead(results("open")).sentences)
    assert "100 subjects treated" in text
    assert not any(word in text.lower() for word in ("ivig", "placebo"))
