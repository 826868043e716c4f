"""CSV files: complete, and safe to open in a spreadsheet."""

import csv
import io
from dataclasses import replace

import polars as pl
import pytest

from safetymon import schema
from safetymon.report.sheets import defused, sheets
from tests.hostile_study import TERMS
from tests.report_fixture import results, schema_frame


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_closed_files() -> None:
    assert sorted(sheets(results())) == [
        "changes.csv", "comparisons.csv", "curves.csv", "edits.csv", "enrolment.csv",
        "evidence.csv", "findings.csv", "groups.csv", "history.csv", "incidence.csv", "lags.csv",
        "listing.csv", "overview.csv", "redefined.csv", "rejected.csv", "screen.csv",
        "sensitivity.csv", "severity.csv", "signals.csv",
    ]  # fmt: skip


def test_the_open_files_do_not_depend_on_treatment() -> None:
    names = [
        "changes.csv", "curves.csv", "enrolment.csv", "evidence.csv", "findings.csv",
        "groups.csv", "history.csv", "incidence.csv", "lags.csv", "overview.csv", "redefined.csv",
        "sensitivity.csv", "severity.csv", "signals.csv",
    ]  # fmt: skip
    assert sorted(sheets(results("open"))) == names
    assert sorted(sheets(results("open", rules=False))) == names


def test_a_study_without_reference_has_no_comparisons_file() -> None:
    made = replace(results(), comparisons=schema_frame({}, schema.COMPARISONS))
    assert "comparisons.csv" not in sheets(made)


def test_every_row_and_column_of_the_incidence_is_there() -> None:
    made = results()
    read = rows(sheets(made)["incidence.csv"])
    assert len(read) == made.incidence.height
    assert list(read[0]) == list(schema.INCIDENCE)
    assert [int(row["subjects"]) for row in read] == made.incidence["subjects"].to_list()
    assert [float(row["ci_high"]) for row in read] == made.incidence["ci_high"].to_list()


@pytest.mark.parametrize("name", ["evidence", "sensitivity", "screen"])
def test_the_evidence_is_there_row_by_row(name: str) -> None:
    made = {"evidence": results().evidence, "sensitivity": results().sensitivity}
    frame = made.get(name, results().screen)
    read = rows(sheets(results())[f"{name}.csv"])
    assert list(read[0]) == frame.columns
    assert [float(row["log_e"]) for row in read] == frame["log_e"].to_list()


def test_periods_are_one_cell() -> None:
    assert [row["periods"] for row in rows(sheets(results())["groups.csv"])] == [
        "First", "First", "",
    ]  # fmt: skip


def test_findings_without_a_finding_are_a_header() -> None:
    text = sheets(replace(results(), findings=()))["findings.csv"]
    assert text == "check,severity,count,text\n"


def test_no_text_of_the_data_starts_a_formula() -> None:
    made = rows(sheets(results(hostile=True))["incidence.csv"])
    terms = {row["term"] for row in made}
    assert "'=cmd|' /C calc'!A0" in terms
    assert not any(term[0] in "=+-@\t\r\n" for term in terms)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\t@", "＝", "'"])
def test_each_dangerous_start_gets_an_apostrophe(start: str) -> None:
    made = defused(
        pl.LazyFrame({"term": [f"{start}1+1", "Headache", None], "n": [-1, 2, 3]})
    ).collect()
    assert made["term"].to_list() == [f"'{start}1+1", "Headache", None]
    assert made["n"].to_list() == [-1, 2, 3]


def test_every_text_is_read_back_by_taking_one_leading_apostrophe_away() -> None:
    texts = [*TERMS, "'", "''=1", "It's", "a'=b", ""]
    made = defused(pl.LazyFrame({"term": texts})).collect()["term"]
    assert [text.removeprefix("'") for text in made] == texts
