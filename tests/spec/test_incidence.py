"""Counting, drawn: subjects, events, percent, person-years; zeros included."""

from datetime import timedelta
from typing import get_args

import polars as pl
import pytest

from safetymon import derive, incidence, schema
from safetymon.domain import ALL_SUBJECTS, Emergent, Group, ReportSettings
from safetymon.stats import comparisons, proportions, rates
from tests.tables import day, frame, seen

SETTINGS = ReportSettings()
TOPICS = {"headache": ("HEADACHE", "MIGRAINE"), "pyrexia": ("PYREXIA",)}
GROUPS = (
    Group(name="First, IVIg", treatment="IVIg", periods=("First",), reference="First, placebo"),
    Group(name="First, placebo", treatment="Placebo", periods=("First",)),
    Group(name="All IVIg", treatment="IVIg"),
)
EXPOSURE = frame(
    """
    subject | period    | treatment | start      | end        | administrations
    001     | First     | IVIg      | 2020-01-01 | 2020-01-10 | 1
    001     | Extension | IVIg      | 2020-03-01 | 2020-03-10 | 1
    002     | First     | Placebo   | 2020-01-01 | 2020-01-10 | 1
    002     | Extension | IVIg      | 2020-03-01 | 2020-03-10 | 1
    003     | First     | Placebo   | 2020-01-01 | 2020-01-10 | 1   # switches early: both groups
    003     | First     | IVIg      | 2020-01-21 | 2020-01-30 | 1
    004     | First     | IVIg      | 2020-01-01 | 2020-01-10 | 1   # no event at all
    """,
    schema.EXPOSURE,
)
SUBJECTS = EXPOSURE.select("subject").unique().with_columns(
    *(pl.lit(None, kind).alias(name) for name, kind in schema.SUBJECTS.items() if name != "subject")
)  # fmt: skip
EVENTS = frame(
    """
    subject | key | pt       | soc     | onset_low  | serious | related
    001     | 1   | Headache | Nervous | 2020-01-05 | N       | Y
    001     | 2   | HEADACHE | Nervous | 2020-01-06 | N       | Y   # again the same
    001     | 3   | Migraine | Nervous | 2020-03-02 | Y       | N   # another term of the topic
    002     | 1   | Headache | Nervous | 2020-01-05 | N       | Y   # on placebo
    002     | 2   | Rash     | Skin    | 2020-03-02 | N       | N
    003     | 1   | Headache | Nervous | 2020-01-25 | N       | N   # after the switch
    003     | 2   | Rash     | Skin    | 2019-12-01 | N       | N   # before the first dose
    """,
    schema.EVENTS,
).with_columns(onset_high=pl.col("onset_low"))
CUTOFF = day("2020-12-31")


def tables(
    events: pl.DataFrame = EVENTS, exposure: pl.DataFrame = EXPOSURE
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(groups, incidence, occurrences) of the drawn trial."""
    ledger = derive.ledger(exposure, SUBJECTS, CUTOFF, Emergent())
    terms = derive.topic_terms(events, TOPICS, frame("subject", schema.ADJUDICATION))
    occurrences = derive.occurrences(
        derive.attributed(seen(events, CUTOFF), ledger, Emergent()), terms
    )
    members = derive.members(ledger, GROUPS, "at risk")
    sizes = incidence.group_table(members, GROUPS, SETTINGS)
    return (
        sizes,
        incidence.by_group(occurrences, members, sizes, list(TOPICS), SETTINGS),
        occurrences,
    )


def counts(term: str, group: str, estimand: str = "all", **more: object) -> tuple[object, ...]:
    """(subjects, at risk, events) of a term in a group."""
    found = tables()[1].filter(term=term, group=group, estimand=estimand, **more)
    return found.select("subjects", "at_risk", "events").unique().row(0)


def test_denominators_are_what_was_taken_and_overlap() -> None:
    sizes = tables()[0].select("group", "subjects", "administrations")
    assert sizes.rows() == [
        ("First, IVIg", 3, 3), ("First, placebo", 2, 2), ("All IVIg", 4, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("term", "group", "estimand", "expected"),
    [
        ("headache", "First, IVIg", "all", (2, 3, 3)),
        ("headache", "First, placebo", "all", (1, 2, 1)),
        ("headache", "All IVIg", "all", (2, 4, 4)),
        ("headache", "All IVIg", "related", (1, 4, 2)),
        ("headache", "All IVIg", "serious", (1, 4, 1)),
        ("headache", "All IVIg", "related serious", (0, 4, 0)),
        ("pyrexia", "All IVIg", "all", (0, 4, 0)),
        ("Any event", "All IVIg", "all", (3, 4, 5)),
        ("Nervous", "First, placebo", "all", (1, 2, 1)),
        ("Skin", "First, placebo", "all", (0, 2, 0)),
        ("Skin", "All IVIg", "all", (1, 4, 1)),
    ],
)
def test_subjects_not_rows(term: str, group: str, estimand: str, expected: tuple[int, ...]) -> None:
    assert counts(term, group, estimand) == expected


def test_a_term_is_one_term_however_it_is_spelled() -> None:
    terms = tables()[1].filter(level="pt")["term"].unique().to_list()
    assert sorted(terms) == ["HEADACHE", "Migraine", "Rash"]


def test_every_term_has_a_row_in_every_group_and_estimand() -> None:
    _, counted, _ = tables()
    terms = counted.select("level", "term", "adjudicated").unique()
    assert len(counted) == len(terms) * 4 * len(GROUPS)
    assert counted.select("level", "term", "adjudicated", "estimand", "group").is_unique().all()


def test_zero_events_have_an_exact_interval() -> None:
    row = tables()[1].filter(
        term="pyrexia", group="All IVIg", estimand="all", adjudicated=True
    ).row(0, named=True)  # fmt: skip
    assert (row["percent"], row["ci_low"]) == (0, 0)
    assert row["ci_high"] == pytest.approx(100 * (1 - 0.025 ** (1 / 4)))
    assert row["rate_per_100py"] == 0
    assert row["rate_high"] == pytest.approx(100 * 3.688879454 / row["person_years"])


def test_person_time_of_first_events_stops_at_the_first_event() -> None:
    row = tables()[1].filter(
        term="headache", group="All IVIg", estimand="all", adjudicated=True
    ).row(0, named=True)  # fmt: skip
    # Windows: 10 days and 30 of lag each, 5 of them; subject 001 first on day 5 of 80,
    # subject 003 on day 5 of 40, subjects 002 and 004 never in 40.
    assert row["person_years"] * 365.25 == pytest.approx(5 * 40)
    assert row["first_person_years"] * 365.25 == pytest.approx(5 + 5 + 40 + 40)
    assert row["rate_per_100py"] == pytest.approx(100 * 4 / (200 / 365.25))
    assert row["first_rate_per_100py"] == pytest.approx(100 * 2 / (90 / 365.25))
    assert row["per_100_administrations"] == pytest.approx(100 * 4 / 5)


def test_a_group_nobody_is_in_has_zero_subjects_and_no_percentage() -> None:
    nobody = EXPOSURE.filter(pl.col("treatment") == "IVIg")
    sizes, counted, _ = tables(exposure=nobody)
    assert sizes.filter(group="First, placebo")["subjects"].item() == 0
    row = counted.filter(group="First, placebo", term="Any event", estimand="all").row(
        0, named=True
    )
    assert (row["subjects"], row["at_risk"], row["percent"], row["ci_high"]) == (0, 0, None, None)


def test_no_events_at_all_still_gives_every_topic_a_row() -> None:
    _, counted, _ = tables(events=EVENTS.clear())
    assert set(counted["term"]) == {"Any event", "headache", "pyrexia"}
    assert counted["subjects"].sum() == 0


def test_groups_are_set_beside_their_reference_only() -> None:
    compared = incidence.compare(tables()[1], GROUPS, SETTINGS)
    assert set(compared.select("group", "reference").rows()) == {("First, IVIg", "First, placebo")}
    row = compared.filter(term="headache", estimand="all", adjudicated=True).row(0, named=True)
    assert row["risk_difference"] == pytest.approx(100 * (2 / 3 - 1 / 2))
    assert row["risk_ratio"] == pytest.approx((2 / 3) / (1 / 2))
    nothing = compared.filter(term="pyrexia", estimand="all", adjudicated=True).row(0, named=True)
    assert nothing["risk_difference"] == 0
    assert nothing["risk_ratio"] is None
    assert nothing["rd_low"] < 0 < nothing["rd_high"]


def test_the_calendar_ends_at_the_table() -> None:
    _, counted, occurrences = tables()
    ledger = derive.ledger(EXPOSURE, SUBJECTS, CUTOFF, Emergent())
    members = derive.members(ledger, GROUPS, "at risk")
    drawn = incidence.calendar(occurrences, members, list(TOPICS), CUTOFF)
    last = drawn.filter(pl.col("date") == CUTOFF).sort("term", "group")
    table = counted.filter(level="topic", adjudicated=True, estimand="all").sort("term", "group")
    assert last.select("term", "group", "subjects", "at_risk").equals(
        table.select("term", "group", "subjects", "at_risk")
    )
    steps = drawn.sort("term", "group", "date").with_columns(
        pl.col("subjects", "at_risk").diff().over("term", "group").fill_null(0)
    )
    assert (steps["subjects"] >= 0).all()
    assert (steps["at_risk"] >= 0).all()
    early = drawn.filter(term="headache", group="All IVIg", date=day("2020-01-08")).row(
        0, named=True
    )
    assert (early["subjects"], early["at_risk"]) == (1, 2)


def test_the_open_ledger_counts_the_same_subjects_without_knowing_the_treatment() -> None:
    ledger = derive.ledger(EXPOSURE.drop("treatment"), SUBJECTS, CUTOFF, Emergent())
    everyone = (Group(name=ALL_SUBJECTS),)
    members = derive.members(ledger, everyone, "at risk")
    sizes = incidence.group_table(members, everyone, SETTINGS)
    terms = derive.topic_terms(EVENTS, TOPICS, frame("subject", schema.ADJUDICATION))
    occurrences = derive.occurrences(
        derive.attributed(seen(EVENTS, CUTOFF), ledger, Emergent()), terms
    )
    counted = incidence.by_group(occurrences, members, sizes, list(TOPICS), SETTINGS)
    row = counted.filter(term="headache", estimand="all", adjudicated=True).row(0, named=True)
    assert (row["subjects"], row["at_risk"], row["events"]) == (3, 4, 5)
    assert "treatment" not in occurrences.columns


def test_duplicated_rows_change_events_and_never_subjects() -> None:
    again = EVENTS.with_columns(key=pl.col("key") + "-again")
    doubled = tables(events=pl.concat([EVENTS, again]))[1]
    once = tables()[1]
    assert doubled["subjects"].equals(once["subjects"])
    assert doubled["events"].equals(once["events"] * 2)


def test_an_event_dated_beyond_the_group_time_takes_no_time_off_twice() -> None:
    late = EVENTS.head(1).with_columns(
        onset_low=pl.col("onset_low") + timedelta(days=400), emergent_flag=True
    )
    late = late.with_columns(onset_high=pl.col("onset_low"))
    counted = tables(events=late)[1].filter(estimand="all", term="headache", adjudicated=True)
    assert (counted["first_person_years"] <= counted["person_years"]).all()


def test_the_study_chooses_its_intervals() -> None:
    chosen = ReportSettings(proportion="wilson", difference="newcombe", confidence=0.9)
    sizes, _, occurrences = tables()
    ledger = derive.ledger(EXPOSURE, SUBJECTS, CUTOFF, Emergent())
    members = derive.members(ledger, GROUPS, "at risk")
    counted = incidence.by_group(occurrences, members, sizes, list(TOPICS), chosen)
    row = counted.filter(
        term="pyrexia", group="All IVIg", estimand="all", adjudicated=True
    ).row(0, named=True)  # fmt: skip
    z2 = 1.6448536269514722**2
    assert row["ci_high"] == pytest.approx(100 * z2 / (4 + z2))  # Wilson, 0 of 4
    compared = incidence.compare(counted, GROUPS, chosen)
    nothing = compared.filter(term="pyrexia", estimand="all", adjudicated=True).row(0, named=True)
    # Newcombe, 0 of 3 against 0 of 2: the Wilson upper limits of each.
    assert nothing["rd_high"] == pytest.approx(100 * z2 / (3 + z2))
    assert nothing["rd_low"] == pytest.approx(-100 * z2 / (2 + z2))


PROPORTIONS = {
    "clopper-pearson": proportions.clopper_pearson,
    "wilson": proportions.wilson,
    "wilson-cc": proportions.wilson_cc,
    "jeffreys": proportions.jeffreys,
    "agresti-coull": proportions.agresti_coull,
}
DIFFERENCES = {
    "miettinen-nurminen": comparisons.risk_difference_mn,
    "mee": comparisons.risk_difference_mee,
    "newcombe": comparisons.risk_difference_newcombe,
    "newcombe-cc": comparisons.risk_difference_newcombe_cc,
}
RATES = {
    "exact": rates.poisson_exact,
    "score": rates.poisson_score,
    "byar": rates.poisson_byar,
    "jeffreys": rates.poisson_jeffreys,
}


def row_of(chosen: ReportSettings) -> tuple[dict[str, float], dict[str, float]]:
    """Headache in the first period: 2 of 3 with 3 events on IVIg, 1 of 2 on placebo."""
    ledger = derive.ledger(EXPOSURE, SUBJECTS, CUTOFF, Emergent())
    members = derive.members(ledger, GROUPS, "at risk")
    sizes, _, occurrences = tables()
    counted = incidence.by_group(occurrences, members, sizes, list(TOPICS), chosen)
    about = {"term": "headache", "estimand": "all", "adjudicated": True, "group": "First, IVIg"}
    compared = incidence.compare(counted, GROUPS, chosen)
    control = counted.filter(**{**about, "group": "First, placebo"}).row(0, named=True)
    beside = {f"control_{key}": value for key, value in control.items()}
    row = compared.filter(**about).row(0, named=True)
    return counted.filter(**about).row(0, named=True), row | beside


def test_every_interval_on_offer_is_that_of_its_name() -> None:
    offered = {name: set(get_args(ReportSettings.model_fields[name].annotation))
               for name in ("proportion", "difference", "rate")}  # fmt: skip
    assert offered == {
        "proportion": set(PROPORTIONS), "difference": set(DIFFERENCES), "rate": set(RATES),
    }  # fmt: skip
    for name, proportion in PROPORTIONS.items():
        row, _ = row_of(ReportSettings(proportion=name))
        expected = [100 * float(end) for end in proportion(2, 3)]
        assert [row["ci_low"], row["ci_high"]] == pytest.approx(expected)
    for name, difference in DIFFERENCES.items():
        _, row = row_of(ReportSettings(difference=name))
        expected = [100 * float(end) for end in difference(2, 3, 1, 2)]
        assert [row["risk_difference"], row["rd_low"], row["rd_high"]] == pytest.approx(expected)
    for name, rate in RATES.items():
        row, _ = row_of(ReportSettings(rate=name))
        for prefix, n, years in (
            ("rate", 3, "person_years"), ("first_rate", 2, "first_person_years"),
        ):  # fmt: skip
            expected = [100 * float(end) for end in rate(n, row[years])]
            assert [row[f"{prefix}_low"], row[f"{prefix}_high"]] == pytest.approx(expected)


def test_a_comparison_has_the_odds_ratio_and_the_ratio_of_first_rates() -> None:
    row, beside = row_of(SETTINGS)
    assert beside["odds_ratio"] == pytest.approx((2 / 1) / (1 / 1))
    expected = comparisons.odds_ratio(2, 3, 1, 2)
    assert [beside["or_low"], beside["or_high"]] == pytest.approx([float(e) for e in expected[1:]])
    years, other = row["first_person_years"], beside["control_first_person_years"]
    assert beside["rate_ratio"] == pytest.approx((2 / years) / (1 / other))
    ends = rates.rate_ratio_exact(2, years, 1, other)[1:]
    assert [beside["rate_ratio_low"], beside["rate_ratio_high"]] == pytest.approx(
        [float(end) for end in ends]
    )


def test_no_events_on_either_side_have_no_odds_and_no_rate_ratio() -> None:
    _, counted, _ = tables()
    compared = incidence.compare(counted, GROUPS, SETTINGS)
    none = compared.filter(term="pyrexia", estimand="all", adjudicated=True).row(0, named=True)
    assert (none["odds_ratio"], none["or_low"]) == (None, 0)
    assert (none["rate_ratio"], none["rate_ratio_low"]) == (None, 0)
