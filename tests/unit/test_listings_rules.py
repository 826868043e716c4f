"""What is rejected row by row, what is refused as a whole, and that nothing is lost between."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from safetymon.errors import DataRefusedError
from safetymon.listings import formats
from safetymon.listings.rules import RULES, Rejections
from tests.unit.listings_trial import EVENTS, EXPOSURE, SUBJECTS, cells, edc, found, rejected


def more(table: str, *rows: str) -> str:
    return "\n".join([table.rstrip(), *rows])


def test_bad_events_are_rejected_with_the_rule_and_the_column(tmp_path: Path) -> None:
    events = """
        SUBJ | NO | PT       | ONSET      | STOP       | SER | REL
        001  | 1  | Headache | 2024-01-05 |            | N   | N
             | 1  | Headache | 2024-01-05 |            | N   | N   # of nobody
        009  | 1  | Headache | 2024-01-05 |            | N   | N   # of nobody we know
        001  | 2  | Nausea   | 2024-02-30 |            | N   | N   # there is no such day
        001  | 3  | Nausea   | 2024-02-03 | soon       | N   | N
        001  | 1  | Rash     | 2024-02-03 |            | N   | N   # the second with number 1
        001  | 1  | Rash     | 2024-02-04 |            | N   | N   # the third
        002  | 1  | Rash     | 2024-02-03 |            | N   | N   # number 1 of another subject
    """
    got = edc(tmp_path, events=events)
    assert rejected(got) == [
        ("events.csv", 2, "event without a subject", "SUBJ"),
        ("events.csv", 3, "event without a subject", "SUBJ"),
        ("events.csv", 4, "unparseable date", "ONSET"),
        ("events.csv", 5, "unparseable date", "STOP"),
        ("events.csv", 6, "duplicate key", "NO"),
        ("events.csv", 7, "duplicate key", "NO"),
    ]
    assert cells(got.events, "subject", "key", "pt") == [
        ("001", "1", "Headache"), ("002", "1", "Rash"),
    ]  # fmt: skip
    assert (got.inputs[2].rows, got.inputs[2].accepted, got.inputs[2].rejected) == (8, 2, 6)
    assert sorted(n for n, _ in found(got, "rejected rows")) == [2, 2, 2]
    assert json.loads(got.rejected["record"][2]) == {
        "SUBJ": "001", "NO": "2", "PT": "Nausea", "ONSET": "2024-02-30", "STOP": None,
        "SER": "N", "REL": "N",
    }  # fmt: skip


def test_a_sound_copy_is_kept_when_the_first_one_is_rejected(tmp_path: Path) -> None:
    events = """
        SUBJ | NO | PT       | ONSET      | STOP | SER | REL
        001  | 1  | Headache | 2024-01-99 |      | N   | N
        001  | 1  | Headache | 2024-01-09 |      | N   | N
    """
    got = edc(tmp_path, events=events)
    assert [row[1:3] for row in rejected(got)] == [(1, "unparseable date")]
    assert got.events.height == 1


def test_an_end_before_the_onset_is_a_finding_not_a_rejection(tmp_path: Path) -> None:
    got = edc(tmp_path, events=EVENTS.replace("2024-01-06", "2024-01-04"))
    assert found(got, "end before onset")[0][0] == 1
    assert got.events.height == 3


def test_a_bad_day_of_entry_costs_no_event(tmp_path: Path) -> None:
    events = EVENTS.replace("NO ", "NO | ENTERED").replace("| 1 ", "| 1 | never").replace(
        "| 2 ", "| 2 | 2024-02-05"
    )  # fmt: skip
    events = events.replace("2024-02-05", "2024-02")
    got = edc(tmp_path, events=events, columns={"events": {"reported": "ENTERED"}})
    # A record cannot have been seen before it was there: a partial day of entry is its last.
    assert [str(day) for day in got.events["reported"]] == ["None", "2024-02-29", "None"]
    assert found(got, "unparseable date")[0][0] == 2


def test_bad_exposure_is_rejected(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | ACTIVE | 2024-01-01 | 2024-01-31
        001  | ACTIVE | 2024-01-01 | 2024-01-31   # the same row again
        009  | ACTIVE | 2024-01-01 | 2024-01-31   # nobody we know
        002  | PBO    |            | 2024-01-31
        002  | PBO    | 2024-13-01 | 2024-01-31
        002  | PBO    | 2024-02-01 | 2024-01-31   # ends before it starts
        002  | PBO    | 2024-02-01 | 2024-03-31
        002  | other  | 2024-01-32 |              # rejected, so its treatment needs no name
    """
    got = edc(tmp_path, exposure=exposure)
    assert rejected(got) == [
        ("exposure.csv", 2, "duplicate key", "SUBJ"),
        ("exposure.csv", 3, "exposure without a subject", "SUBJ"),
        ("exposure.csv", 4, "exposure without a start date", "START"),
        ("exposure.csv", 5, "unparseable date", "START"),
        ("exposure.csv", 6, "exposure that ends before it starts", "STOP"),
        ("exposure.csv", 8, "unparseable date", "START"),
    ]
    assert got.exposure["subject"].to_list() == ["001", "002"]


def test_bad_subjects_are_rejected_and_their_events_with_them(tmp_path: Path) -> None:
    subjects = more(SUBJECTS, " 002 | P", "     | A")
    got = edc(tmp_path, subjects)
    assert rejected(got) == [
        ("subjects.csv", 4, "duplicate key", "SUBJ"),
        ("subjects.csv", 5, "subject without an identifier", "SUBJ"),
    ]


def test_a_subject_is_not_lost_for_a_bad_date_of_leaving(tmp_path: Path) -> None:
    subjects = "SUBJ | ARM | LEFT\n 001 | A | 2024-99-01\n 002 | P | 2024-05"
    got = edc(tmp_path, subjects, columns={"subjects": {"left": "LEFT"}})
    assert [str(day) for day in got.subjects["left"]] == ["None", "2024-05-31"]
    assert found(got, "unparseable date")[0][0] == 1


def test_adjudication_of_nothing_or_without_a_decision_is_rejected(tmp_path: Path) -> None:
    adjudication = """
        SUBJ | NO | TOPIC    | DECISION
        001  | 1  | headache | Y
        001  | 1  | Headache | N           # decided already
        001  | 9  | headache | Y           # no such event
        002  | 1  | headache | perhaps     # the preferred term goes on deciding
        002  | 1  |          | Y
    """
    got = edc(tmp_path, adjudication=adjudication)
    assert [row[1:] for row in rejected(got)] == [
        (2, "duplicate key", "TOPIC"),
        (3, "adjudication without an event", "NO"),
        (4, "adjudication without a decision", "DECISION"),
        (5, "adjudication without a decision", "TOPIC"),
    ]
    assert got.adjudication.rows() == [("001", "1", "headache", True)]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"subjects": "SUBJ | ARM"}, "holds no usable subject, so there are no denominators"),
        ({"exposure": "SUBJ | DRUG | START | STOP"}, "holds no usable exposure, so there are no"),
        ({"subjects": more(SUBJECTS, " 001 | P")}, "1 subjects are listed twice with diff"),
        ({"exposure": more(EXPOSURE, " 003 | Panacea | 2024-01-01 | ")},
         r"DRUG 'Panacea', which no name in the study file covers; add it to a \[treatments\]"),
        ({"exposure": more(EXPOSURE, " 003 | 003 | 2024-01-01 |")}, "DRUG as in row 3,"),
        ({"exposure": more(EXPOSURE, " 003 |  | 2024-01-01 | ")}, r"DRUG '\(blank\)'"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_trusted_as_a_whole_are_refused(
    tmp_path: Path, tables: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataRefusedError, match=message) as refused:
        edc(tmp_path, **tables)
    assert "001" not in str(refused.value)  # no identifiers


@pytest.mark.parametrize(
    ("first", "second", "is_switch"),
    [
        ("ACTIVE | 2024-01-01 | 2024-01-31", "PBO | 2024-02-01 | 2024-02-28", True),
        ("ACTIVE | 2024-01-01 | 2024-01-31", "PBO | 2024-01-31 | 2024-02-28", True),  # on the day
        ("PBO | 2024-02-01 | 2024-02-28", "ACTIVE | 2024-01-01 | 2024-01-31", True),  # any order
        ("ACTIVE | 2024-01-01 | 2024-01-31", "PBO | 2024-01-30 | 2024-02-28", False),
        ("ACTIVE | 2024-01-01 | 2024-03-31", "PBO | 2024-02-01 | 2024-02-28", False),  # within
        ("ACTIVE | 2024-01-01 |", "PBO | 2024-02-01 | 2024-02-28", False),  # no date of the switch
        ("ACTIVE | 2024-01-01 | 2024-01-01", "PBO | 2024-01-01 | 2024-01-01", False),  # which?
        ("ACTIVE | 2024-01-01 | 2024-03-31", "active | 2024-02-01 | 2024-02-28", True),  # one drug
    ],
)
def test_two_treatments_at_the_same_time_are_refused(
    tmp_path: Path, first: str, second: str, *, is_switch: bool
) -> None:
    exposure = more("SUBJ | DRUG | START | STOP", f"001 | {first}", f"001 | {second}",
                    "002 | PBO | 2024-01-01 | 2024-12-31")  # fmt: skip
    if is_switch:
        assert edc(tmp_path, exposure=exposure).exposure.height == 3
        return
    with pytest.raises(DataRefusedError, match="1 subjects take two treatments at the same time"):
        edc(tmp_path, exposure=exposure)


def test_the_switches_of_several_subjects_are_kept_apart(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | ACTIVE | 2024-01-01 | 2024-01-31
        001  | PBO    | 2024-02-01 | 2024-12-31
        002  | ACTIVE | 2024-01-01 | 2024-01-31   # the other's placebo goes on
        002  | PBO    | 2024-02-01 | 2024-12-31
    """
    assert edc(tmp_path, exposure=exposure).exposure.height == 4


def test_treatments_may_go_there_and_back(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | PBO    | 2024-01-01 | 2024-01-31
        001  | ACTIVE | 2024-02-01 | 2024-02-28
        001  | ACTIVE | 2024-03-01 | 2024-03-31
        001  | PBO    | 2024-04-01 | 2024-04-30
    """
    assert edc(tmp_path, exposure=exposure).exposure.height == 4


def test_an_overlap_is_found_behind_a_short_interval(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | ACTIVE | 2024-01-01 | 2024-06-30
        001  | ACTIVE | 2024-02-01 | 2024-02-02
        001  | PBO    | 2024-03-01 | 2024-04-30   # clashes with the first, not with the second
    """
    with pytest.raises(DataRefusedError, match="1 subjects take two treatments"):
        edc(tmp_path, exposure=exposure)


def test_lost_rows_are_a_bug_that_stops_the_reading(tmp_path: Path) -> None:
    (tmp_path / "ae.csv").write_text("A\n1\n2\n")
    sheet = formats.load("ae", tmp_path / "ae.csv")
    rejections = Rejections()
    rejections.add(sheet, pl.DataFrame({"row": [1], "rule": ["duplicate key"], "column": ["A"]}))
    assert rejections.account([sheet], {"ae": 1})[0].accepted == 1
    with pytest.raises(AssertionError, match="2 rows are not 0 accepted and 1 rejected"):
        rejections.account([sheet], {"ae": 0})


def test_every_rule_says_why() -> None:
    assert all(why and not why.endswith(".") for why in RULES.values())
