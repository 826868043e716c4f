"""What happened when, drawn: curves, the highest severity, reporting lag, enrolment."""

from datetime import timedelta

import polars as pl
import pytest

from safetymon import conduct, curves, derive, incidence, schema
from safetymon.domain import Emergent, Group, ReportSettings
from tests.tables import day, frame, seen

TOPICS = {"headache": ("HEADACHE",)}
GROUPS = (Group(name="IVIg", treatment="IVIg"), Group(name="Placebo", treatment="Placebo"))
EXPOSURE = frame(
    """
    subject | period | treatment | start      | end        | administrations
    001     | First  | IVIg      | 2020-01-01 | 2020-01-10 | 1
    002     | First  | IVIg      | 2020-01-01 | 2020-01-20 | 1
    003     | First  | IVIg      | 2020-01-11 | 2020-01-15 | 1
    004     | First  | Placebo   | 2020-01-01 | 2020-01-10 | 1
    004     | Later  | IVIg      | 2020-01-21 | 2020-01-30 | 1   # the 4th to take IVIg
    """,
    schema.EXPOSURE,
)
SUBJECTS = frame(
    """
    subject | died
    001     |
    002     |
    003     | 2020-01-15   # on the 5th day: competes with a first event, ends its events
    004     |
    """,
    schema.SUBJECTS,
)
EVENTS = frame(
    """
    subject | key | pt       | soc  | onset_low  | reported   | serious | related | severity
    001     | 1   | Headache | Head | 2020-01-02 | 2020-01-04 | N       | Y       | mild
    001     | 2   | Headache | Head | 2020-01-04 | 2020-01-04 | N       | Y       | severe
    002     | 1   | Headache | Head | 2020-01-06 | 2020-01-16 | N       | N       |
    002     | 2   | Rash     | Skin | 2020-01-08 |            | Y       | N       | awful
    004     | 1   | Headache | Head | 2020-01-22 | 2020-01-21 | N       | N       | moderate
    """,
    schema.EVENTS,
).with_columns(onset_high=pl.col("onset_low"))
CUTOFF, EMERGENT, SETTINGS = day("2020-12-31"), Emergent(lag_days=0), ReportSettings()
LEDGER = derive.ledger(EXPOSURE, SUBJECTS, CUTOFF, EMERGENT)
MEMBERS = derive.members(LEDGER, GROUPS, "at risk")
OCCURRENCES = derive.occurrences(
    derive.attributed(seen(EVENTS, CUTOFF), LEDGER, EMERGENT),
    derive.topic_terms(EVENTS, TOPICS, frame("subject", schema.ADJUDICATION)),
)
FOUND = curves.histories(OCCURRENCES, MEMBERS, EVENTS, SUBJECTS, list(TOPICS))
CURVES = curves.by_time(FOUND, 0.95)
SEVERITY = curves.severity(FOUND)
NAMES = [group.name for group in GROUPS]


def steps(kind: str, estimand: str = "all", group: str = "IVIg") -> list[tuple[object, ...]]:
    """(day, at risk, events, value) of the headaches, where the value steps."""
    of = CURVES.filter(kind=kind, term="headache", estimand=estimand, group=group)
    changed = of.filter(pl.col("events") != pl.col("events").shift(1, fill_value=0))
    told = changed.select("day", "at_risk", "events", pl.col("value").round(4))
    return told.rows()


def test_the_curves_have_their_columns() -> None:
    assert CURVES.schema == schema.CURVES
    assert SEVERITY.schema == schema.SEVERITY


def test_a_first_event_is_counted_on_its_day_at_risk_while_death_competes() -> None:
    # 4 took IVIg: events on day 2 (001, and 004 of its own day 1) and day 6 (002); 003 dies day 5.
    assert steps("incidence") == [(2, 4, 2, 50.0), (6, 1, 3, 75.0)]


def test_every_event_counts_in_the_mean_and_the_dead_have_no_more() -> None:
    # Day 2: 2/4; day 4: 1/4; then one of 4 died, so survival 3/4 times 1/3 on day 6.
    assert steps("mean") == [(2, 4, 2, 0.5), (4, 4, 3, 0.75), (6, 3, 4, 1.0)]


def test_related_events_have_curves_of_their_own() -> None:
    assert steps("incidence", "related") == [(2, 4, 1, 25.0)]
    assert steps("mean", "related") == [(2, 4, 1, 0.25), (4, 4, 2, 0.5)]


def test_without_an_event_the_curve_is_flat_and_its_bound_is_not_zero() -> None:
    of = CURVES.filter(kind="incidence", term="headache", estimand="all", group="Placebo")
    assert of["value"].to_list() == [0.0] * of.height
    assert of["high"][0] == pytest.approx(97.5)  # 1 - (alpha/2)^(1/n) of one subject
    assert of["day"].max() == 10


def test_a_curve_ends_where_incidence_does() -> None:
    sizes = incidence.group_table(MEMBERS, GROUPS, SETTINGS)
    counted = incidence.by_group(OCCURRENCES, MEMBERS, sizes, list(TOPICS), SETTINGS).filter(
        pl.col("level").is_in(["any", "topic"]), pl.col("adjudicated").fill_null(value=True)
    )
    keys = ["term", "estimand", "group"]
    last = CURVES.group_by("kind", *keys).agg(pl.col("events").last().alias("n"))
    for kind, column in (("incidence", "subjects"), ("mean", "events")):
        both = counted.join(last.filter(kind=kind), on=keys)
        assert both.height == counted.height
        assert both["n"].to_list() == both[column].to_list()


def test_a_subject_stands_once_under_its_highest_severity() -> None:
    of = SEVERITY.filter(term="Any event", estimand="all", group="IVIg")
    assert dict(of.select("severity", "subjects").rows()) == {
        "not recorded": 0, "moderate": 1, "severe": 1, "another word": 1,
    }  # fmt: skip
    headache = SEVERITY.filter(term="headache", estimand="all", group="IVIg")
    assert dict(headache.select("severity", "subjects").rows())["not recorded"] == 1


def test_a_curve_with_many_steps_is_read_on_evenly_spaced_days() -> None:
    busy = pl.concat(
        EVENTS.head(1).with_columns(
            key=pl.lit(str(n)), onset_low=pl.lit(day("2020-01-01") + timedelta(days=n)),
            onset_high=pl.lit(day("2020-01-01") + timedelta(days=n)),
        )
        for n in range(200)
    )  # fmt: skip
    exposure = EXPOSURE.head(1).with_columns(end=pl.lit(day("2020-07-31")))
    ledger = derive.ledger(exposure, SUBJECTS, CUTOFF, EMERGENT)
    members = derive.members(ledger, GROUPS, "at risk")
    occurrences = derive.occurrences(
        derive.attributed(seen(busy, CUTOFF), ledger, EMERGENT),
        derive.topic_terms(busy, TOPICS, frame("subject", schema.ADJUDICATION)),
    )
    found = curves.histories(occurrences, members, busy, SUBJECTS, list(TOPICS))
    made = curves.by_time(found, 0.95)
    mean = made.filter(kind="mean", term="headache", estimand="all", group="IVIg")
    assert mean.height <= curves.MOST_STEPS + curves.MOST_TICKS + 2
    assert mean["events"].to_list()[-1] == 200
    assert mean["value"].to_list()[-1] == pytest.approx(200)


def test_the_lag_is_from_onset_to_record_of_the_events_that_have_both() -> None:
    made = conduct.lags(OCCURRENCES, MEMBERS, EVENTS, NAMES)
    assert made.schema == schema.LAGS
    ivig, placebo = made.rows(named=True)
    # 2, 0 and 10 days; one has no recording date, one was recorded the day before its onset.
    assert (ivig["events"], ivig["dated"], ivig["before"]) == (5, 3, 1)
    assert (ivig["q10"], ivig["median"], ivig["longest"]) == (0, 2, 10)
    assert (placebo["events"], placebo["dated"], placebo["median"]) == (0, 0, None)


def test_a_partial_onset_has_no_lag() -> None:
    partial = EVENTS.with_columns(onset_high=pl.col("onset_low") + timedelta(days=3))
    made = conduct.lags(OCCURRENCES, MEMBERS, partial, NAMES)
    assert made["dated"].to_list() == [0, 0]


def test_enrolment_ends_with_the_subjects_and_person_years_of_the_groups() -> None:
    made = conduct.enrolment(MEMBERS, NAMES, CUTOFF, SETTINGS.days_per_year)
    assert made.schema == schema.ENROLMENT
    last = made.group_by("group", maintain_order=True).last()
    sizes = incidence.group_table(MEMBERS, GROUPS, SETTINGS)
    assert last["date"].to_list() == [CUTOFF, CUTOFF]
    assert last["subjects"].to_list() == sizes["subjects"].to_list() == [4, 1]
    assert last["person_years"].to_list() == pytest.approx(sizes["person_years"].to_list())


def test_on_the_first_day_of_treatment_there_is_one_row_a_group() -> None:
    first = MEMBERS["start"].min()
    only = MEMBERS.filter(pl.col("start") == first)
    made = conduct.enrolment(only, NAMES, first, 1.0)  # type: ignore[arg-type]  # a Date column
    assert made.select("group", "date").is_unique().all()


def test_person_years_grow_day_by_day() -> None:
    made = conduct.enrolment(MEMBERS, NAMES, CUTOFF, 1.0).filter(group="IVIg")
    told = {row["date"]: (row["subjects"], row["person_years"]) for row in made.rows(named=True)}
    assert told[day("2020-01-01")] == (2, 2.0)
    assert told[day("2020-01-08")] == (2, 16.0)
    assert told[day("2020-01-15")] == (3, 10 + 15 + 5)  # 001 has ended, 003 is in its 5th day


def test_before_anybody_is_treated_there_is_nothing_to_tell() -> None:
    nobody = MEMBERS.clear()
    found = curves.histories(OCCURRENCES.clear(), nobody, EVENTS, SUBJECTS, list(TOPICS))
    assert curves.by_time(found, 0.95).is_empty()
    assert curves.severity(found).is_empty()
    assert conduct.enrolment(nobody, NAMES, CUTOFF, 365.25).is_empty()
    assert conduct.lags(OCCURRENCES.clear(), nobody, EVENTS, NAMES)["events"].to_list() == [0, 0]
