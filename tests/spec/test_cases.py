"""Who they are, drawn: each event as it was counted, and the overview by group."""

from datetime import date

import polars as pl
import pytest

from safetymon import analysis, schema
from safetymon.analysis import Counted, Frames
from safetymon.cases import listing
from safetymon.overview import overview
from safetymon.record_schema import EDITS, OVERVIEW
from safetymon.study import Study
from tests.tables import frame, seen

CUTOFF = date(2020, 6, 30)
STUDY = Study.model_validate(
    {
        "study": {"id": "S", "title": "drawn"},
        "data": {"standard": "edc"},
        "treatments": {"IVIg": {"from": ["I"]}, "Placebo": {"from": ["P"], "reference": True}},
        "group": [
            {"name": "First, IVIg", "treatment": "IVIg", "periods": ["First"]},
            {"name": "Placebo", "treatment": "Placebo"},
            {"name": "All IVIg", "treatment": "IVIg"},
        ],
        "evidence": {"defaults": "never"},
    }
)
SUBJECTS = frame("subject | arm\n001 | I\n002 | P\n003 | P", schema.SUBJECTS)
EXPOSURE = frame(
    """
    subject | period    | treatment | start      | end        | administrations
    001     | First     | IVIg      | 2020-01-10 | 2020-01-10 | 1
    001     | Extension | IVIg      | 2020-03-01 | 2020-03-01 | 1
    002     | First     | Placebo   | 2020-01-10 | 2020-01-10 | 1   # 003 was never treated
    """,
    schema.EXPOSURE,
)
EVENTS = frame(
    """
    subject | key | pt       | onset_recorded | onset_low  | serious | related | fatal | withdrawn
    001     | 1   | Headache | 2020-01-10     | 2020-01-10 | N       | Y       | N     | N  # day 1
    001     | 2   | Headache | 2020-01-09     | 2020-01-09 | N       | Y       | N     | N  # day -1
    001     | 3   | Rash     | 2020-03-02     | 2020-03-02 |         |         | N     | Y  # untold
    001     | 4   | Rash     | 2020-03-03     | 2020-03-03 | N       | N       | N     |
    002     | 1   | Migraine | 2020-01-12     | 2020-01-12 | Y       | N       | Y     | Y
    002     | 2   | Rash     | 2020-05-01     | 2020-05-01 | N       | N       | N     | N  # late
    003     | 1   | Nausea   | 2020-01-12     | 2020-01-12 | N       | N       | N     | N
    """,
    schema.EVENTS,
).with_columns(onset_high=pl.col("onset_low"))
ADJUDICATION = frame(
    """
    subject | key | topic           | decision
    001     | 1   | headache        | N
    001     | 3   | headache        | Y
    001     | 3   | thromboembolism | N
    """,
    schema.ADJUDICATION,
)
EDITED = frame("part | change | subject | key\nevent | new | 002 | 1\nevent | deleted | 001 | 9",
               EDITS)  # fmt: skip


def drawn(events: pl.DataFrame = EVENTS) -> tuple[Counted, Frames]:
    frames = Frames("closed", CUTOFF, SUBJECTS, EXPOSURE, seen(events, CUTOFF), ADJUDICATION)
    return analysis.counted(frames, STUDY), frames


def listed(*columns: str) -> list[tuple[object, ...]]:
    counted, frames = drawn()
    return listing(counted, frames, EDITED).select("subject", "key", *columns).rows()


def test_study_days_count_from_the_first_dose_and_there_is_no_day_0() -> None:
    assert listed("study_day", "emergent") == [
        ("001", "2", -1, False),
        ("001", "1", 1, True),
        ("001", "3", 53, True),
        ("001", "4", 54, True),
        ("002", "1", 3, True),
        ("002", "2", 113, False),  # after the lag: listed, counted nowhere
    ]  # and 003, who was never treated, is not listed


def test_treatment_and_groups_are_those_in_which_the_event_counts() -> None:
    assert listed("treatment", "period", "groups") == [
        ("001", "2", None, None, []),
        ("001", "1", "IVIg", "First", ["First, IVIg", "All IVIg"]),
        ("001", "3", "IVIg", "Extension", ["All IVIg"]),
        ("001", "4", "IVIg", "Extension", ["All IVIg"]),
        ("002", "1", "Placebo", "First", ["Placebo"]),
        ("002", "2", None, None, []),
    ]


def test_topics_are_told_after_adjudication_and_by_the_terms_alone() -> None:
    told = {row[:2]: row[2:] for row in listed("topics", "topics_by_terms", "adjudication")}
    assert told["001", "1"] == ([], ["headache"], "headache: no")
    assert told["001", "3"] == (["headache"], [], "headache: yes; thromboembolism: no")
    assert told["002", "1"] == (["headache"], ["headache"], None)


def test_what_is_not_recorded_is_listed_as_not_recorded() -> None:
    told = {row[:2]: row[2:] for row in listed("serious", "related")}
    assert told["001", "3"] == (None, None)  # it counts as serious and related all the same
    assert told["002", "1"] == (True, False)


def test_a_record_is_new_if_the_look_before_did_not_know_it() -> None:
    assert [row[:2] for row in listed("is_new") if row[2]] == [("002", "1")]


def told_overview(events: pl.DataFrame = EVENTS) -> dict[tuple[str, str], tuple[object, ...]]:
    counted, frames = drawn(events)
    numbers = counted.numbers
    table = overview(
        frames.events, counted.placed, numbers.members, numbers.incidence, STUDY.report
    )
    assert dict(table.schema) == dict(OVERVIEW)
    return {
        (row["kind"], row["group"]): (row["subjects"], row["events"], row["at_risk"], row["untold"])
        for row in table.rows(named=True)
    }


def test_the_overview_counts_subjects_by_kind_of_event() -> None:
    told = told_overview()
    assert told["all", "All IVIg"] == (1, 3, 1, None)
    assert told["serious", "All IVIg"] == (1, 1, 1, None)  # unrecorded counts as serious
    assert told["led to discontinuation", "All IVIg"] == (1, 1, 1, 1)  # unrecorded counts as no
    assert told["led to discontinuation", "Placebo"] == (1, 1, 1, 0)
    assert told["fatal", "Placebo"] == (1, 1, 1, 0)
    assert told["fatal", "First, IVIg"] == (0, 0, 1, 0)


@pytest.mark.parametrize("column", ["fatal", "withdrawn"])
def test_a_column_that_no_event_has_is_not_recorded_rather_than_0(column: str) -> None:
    told = told_overview(EVENTS.with_columns(pl.lit(None, pl.Boolean).alias(column)))
    kind = {"fatal": "fatal", "withdrawn": "led to discontinuation"}[column]
    other = {"fatal": "led to discontinuation", "withdrawn": "fatal"}[column]
    assert {row[:2] for key, row in told.items() if key[0] == kind} == {(None, None)}
    assert told[other, "Placebo"] == (1, 1, 1, 0)


def test_a_trial_without_any_event_has_no_fatal_one() -> None:
    assert told_overview(EVENTS.clear())["fatal", "Placebo"] == (0, 0, 1, 0)
