"""What a reader must know about how the numbers came about."""

import polars as pl

from safetymon import caveats, definitions, derive, schema
from safetymon.domain import Emergent, Group
from tests.tables import day, frame
from tests.unit.listings_trial import study

CUTOFF = day("2023-05-01")
LAG_30 = Emergent(lag_days=30)
SUBJECTS = frame("subject\n001\n002", schema.SUBJECTS)
EVENT = "subject | key | pt | onset_low | onset_high"
GROUPS = (Group(name="Active", treatment="Active", reference="Placebo"), Group(name="Placebo"))

GAP = frame(
    """
    subject | period | treatment | start      | end
    001     | First  | Placebo   | 2023-01-01 | 2023-01-10   # counts to 9 February
    001     | First  | Active    | 2023-04-01 | 2023-04-10
    """,
    schema.EXPOSURE,
)


def both(exposure: pl.DataFrame, onset: str) -> list[tuple[str, int, str]]:
    """The finding on one event of 001, from the ledgers by treatment and pooled."""
    events = frame(f"{EVENT}\n001 | 1 | Embolism | {onset} | {onset}", schema.EVENTS)
    ledgers = [
        derive.ledger(frame_, SUBJECTS, CUTOFF, LAG_30)
        for frame_ in (exposure, exposure.drop("treatment"))
    ]
    placed = [derive.attributed(events, one, LAG_30) for one in ledgers]
    found = caveats.pooled_only(*ledgers, *placed)
    return [(f.about, f.count, f.text) for f in found]


def test_the_board_is_told_what_only_the_pooled_report_counts() -> None:
    [(about, count, text)] = both(GAP, "2023-03-01")
    assert (about, count) == ("closed", 1)
    assert "1 events" in text
    assert "50 days" in text  # 10 February to 31 March


def test_the_open_report_says_that_it_does_not_see_a_change_of_treatment() -> None:
    said = dict(definitions.sentences(study("edc", {}), "open", CUTOFF))
    assert "A change of treatment is not seen" in said["Population"]


def test_time_between_treatments_is_told_even_if_nothing_happened_in_it() -> None:
    [(_, count, text)] = both(GAP, "2023-04-02")
    assert count == 0
    assert "50 days" in text


def test_without_a_change_of_treatment_both_count_the_same() -> None:
    same = GAP.with_columns(treatment=pl.lit("Active"))
    assert both(same, "2023-03-01") == []
    assert both(GAP.with_columns(period=pl.Series(["First", "Second"])), "2023-03-01") == []


def compared(text: str) -> list[tuple[str, int]]:
    members = frame(text, {"group": pl.String, "subject": pl.String, "start": pl.Date,
                           "until": pl.Date})  # fmt: skip
    found = caveats.comparisons(members, GROUPS)
    assert all(f.about == "closed" and f.severity == "warning" for f in found)
    return [(f.check, f.count) for f in found]


PERIODS = """
    subject | period    | treatment | start      | end
    001     | First     | Placebo   | 2023-01-01 | 2023-01-10
    002     | First     | Active    | 2023-01-01 | 2023-01-10
    001     | Extension | Active    | 2023-02-01 | 2023-02-10
    002     | Extension | {}   | 2023-02-01 | 2023-02-10
    """


def alone(exposure: str) -> list[tuple[str, int, str]]:
    """The findings on periods in which everybody took the same treatment."""
    made = derive.ledger(frame(exposure, schema.EXPOSURE), SUBJECTS, CUTOFF, LAG_30)
    return [(f.about, f.count, f.text) for f in caveats.one_treatment(derive.taken_by_all(made))]


def test_the_board_is_told_when_the_open_report_shows_one_treatment_only() -> None:
    [(about, count, text)] = alone(PERIODS.format("Active"))
    assert (about, count) == ("closed", 2)
    assert "in the period 'Extension' everybody took Active (2 subjects)" in text


def test_a_period_with_both_treatments_shows_none_alone() -> None:
    assert alone(PERIODS.format("Placebo")) == []


def test_where_treatments_never_differed_there_is_nothing_to_hide() -> None:
    assert alone(PERIODS.format("Active").replace("Placebo", "Active")) == []


def test_a_run_in_that_all_spend_on_one_treatment_is_told_too() -> None:
    run_in = PERIODS.format("Placebo").replace(
        "| Active    | 2023-01-01", "| Placebo   | 2023-01-01"
    )
    [(_, count, text)] = alone(run_in)
    assert count == 2
    assert "in the period 'First' everybody took Placebo" in text


def test_a_first_period_that_only_one_arm_has_entered_is_no_extension() -> None:
    assert alone("\n".join(PERIODS.format("Active").splitlines()[:3])) == []


def test_groups_that_were_never_at_risk_at_the_same_time_are_told() -> None:
    assert compared("""
        group   | subject | start      | until
        Active  | 001     | 2023-01-01 | 2023-03-31
        Placebo | 002     | 2023-06-01 | 2023-09-30
        """) == [("comparison not concurrent", 1)]


def test_a_day_in_common_is_the_same_time() -> None:
    assert (
        compared("""
        group   | subject | start      | until
        Active  | 001     | 2023-01-01 | 2023-03-31
        Placebo | 002     | 2023-03-31 | 2023-09-30
        """)
        == []
    )


def test_subjects_on_both_sides_of_a_comparison_are_told() -> None:
    assert compared("""
        group   | subject | start      | until
        Active  | 001     | 2023-01-01 | 2023-03-31
        Active  | 002     | 2023-03-01 | 2023-03-31
        Placebo | 001     | 2023-04-01 | 2023-09-30   # changed treatment
        Placebo | 003     | 2023-01-01 | 2023-09-30
        """) == [("subjects on both sides", 1)]


def test_a_group_nobody_is_in_is_no_comparison() -> None:
    assert (
        compared("""
        group   | subject | start      | until
        Active  | 001     | 2023-01-01 | 2023-03-31
        """)
        == []
    )


RECORDED = pl.DataFrame(
    [("onset", day("2023-03-01"), 3), ("onset", day("2032-03-01"), 2),
     ("exposure start", day("2033-01-01"), 1)],
    schema=schema.RECORDED, orient="row",
)  # fmt: skip


def test_the_latest_date_is_the_latest_that_has_come() -> None:
    assert caveats.latest_date(RECORDED, CUTOFF) == day("2023-03-01")
    assert caveats.latest_date(RECORDED, day("2032-03-01")) == day("2032-03-01")
    assert caveats.latest_date(RECORDED.clear(), CUTOFF) == CUTOFF


def test_dates_in_the_future_are_an_error_by_what_they_date() -> None:
    [one] = caveats.future(RECORDED, CUTOFF)
    assert (one.severity, one.count, one.about) == ("error", 3, "open")
    assert "exposure start 1, onset 2" in one.text
    assert caveats.future(RECORDED, day("2033-01-01")) == []
