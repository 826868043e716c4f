"""ADaM: ADSL and ADAE, with and without periods, flags and analysis dates."""

from datetime import date
from pathlib import Path

import pytest

from safetymon.domain import Listings
from safetymon.errors import DataRefusedError, UsageError
from tests.unit.listings_trial import cells, found, read, rejected

D = date.fromisoformat
TREATMENTS = {"Drug": {"from": ["Drug 5 mg"]}, "Placebo": {"from": ["Placebo"], "reference": True}}
ADSL = """
    USUBJID | ARM       | TRT01A    | RANDDT     | TRTSDT     | TRTEDT     | SAFFL | EOSDT      | DTHDT
    01      | Drug 5 mg | Drug 5 mg | 2024-01-01 | 2024-01-02 | 2024-06-30 | Y     | 2024-07-30 |
    02      | Drug 5 mg | Placebo   | 2024-01-01 | 2024-01-03 |            | Y     |            | 2024-03-01
    03      | Placebo   | Placebo   | 2024-01-01 |            |            | Y     |            |
    04      | Placebo   | Placebo   | 2024-01-01 | 2024-01-04 | 2024-06-30 | N     |            |
"""  # noqa: E501 - a table
ADAE = """
    USUBJID | AESEQ | AETERM | AEDECOD  | AEBODSYS | ASTDT      | ASTDTF | AENDT      | AESER | AREL    | TRTEMFL
    01      | 1     | pain   | Headache | Nervous  | 2024-01-05 |        | 2024-01-06 | N     | RELATED | Y
    01      | 2     | pain   | Headache | Nervous  | 2024-02-15 | D      |            | Y     | NONE    | N
    02      | 1     | sick   | Nausea   | Gastro   | 2024-07-01 | M      |            | N     |         |
    02      | 2     | sick   | Nausea   | Gastro   |            |        |            | N     | NONE    | Y
"""  # noqa: E501 - a table


def adam(folder: Path, adsl: str = ADSL, adae: str = ADAE) -> Listings:
    return read(folder, "adam", {"adsl": adsl, "adae": adae}, treatments=TREATMENTS)


def without(table: str, *columns: str) -> str:
    lines = [line.split("|") for line in table.strip().splitlines()]
    keep = [i for i, name in enumerate(lines[0]) if name.strip() not in columns]
    return "\n".join("|".join(line[i] for i in keep) for line in lines)


def test_subjects_are_everybody_and_exposure_is_the_treated_safety_population(
    tmp_path: Path,
) -> None:
    got = adam(tmp_path)
    assert got.subjects.rows() == [
        ("01", "Drug 5 mg", D("2024-01-01"), D("2024-07-30"), None),
        ("02", "Drug 5 mg", D("2024-01-01"), None, D("2024-03-01")),
        ("03", "Placebo", D("2024-01-01"), None, None),
        ("04", "Placebo", D("2024-01-01"), None, None),
    ]
    assert got.exposure.rows() == [
        ("01", "Treatment", "Drug", D("2024-01-02"), D("2024-06-30"), None),
        ("02", "Treatment", "Placebo", D("2024-01-03"), D("2024-03-01"), None),  # died on treatment
    ]
    assert found(got, "never exposed")[0][0] == 2


def test_events_have_the_doubt_of_their_imputed_dates(tmp_path: Path) -> None:
    got = adam(tmp_path)
    assert cells(got.events, "key", "soc", "onset_recorded", "onset_low", "onset_high") == [
        ("1", "Nervous", "2024-01-05", D("2024-01-05"), D("2024-01-05")),
        ("2", "Nervous", "2024-02", D("2024-02-01"), D("2024-02-29")),
        ("1", "Gastro", "2024", D("2024-01-01"), D("2024-12-31")),
        ("2", "Gastro", None, None, None),
    ]
    assert found(got, "partial onset")[0][0] == 2
    assert found(got, "unknown onset")[0][0] == 1


def test_only_a_yes_is_treatment_emergent(tmp_path: Path) -> None:
    assert adam(tmp_path).events["emergent_flag"].to_list() == [True, False, False, True]
    unflagged = adam(tmp_path, adae=without(ADAE, "TRTEMFL"))
    assert unflagged.events["emergent_flag"].to_list() == [None] * 4


def test_collected_dates_are_preferred_to_analysis_dates(tmp_path: Path) -> None:
    adae = ADAE.replace(" ASTDT ", " AESTDTC ").replace("2024-02-15 | D", "2024-03    |  ")
    got = adam(tmp_path, adae=adae)
    assert got.events["onset_recorded"].to_list() == ["2024-01-05", "2024-03", "2024-07-01", None]


def test_periods_with_their_treatments(tmp_path: Path) -> None:
    adsl = """
        USUBJID | ARM | SAFFL | AP01SDT    | AP01EDT    | TRT01A    | AP02SDT    | AP02EDT    | TRT02A
        01      | A   | Y     | 2024-01-01 | 2024-03-31 | Placebo   | 2024-04-01 | 2024-06-30 | Drug 5 mg
        02      | A   | Y     | 2024-01-01 | 2024-03-31 | Drug 5 mg |            |            |
    """  # noqa: E501 - a table
    got = adam(tmp_path, adsl)
    assert cells(got.exposure, "subject", "period", "treatment", "start", "end") == [
        ("01", "Period 01", "Placebo", D("2024-01-01"), D("2024-03-31")),
        ("02", "Period 01", "Drug", D("2024-01-01"), D("2024-03-31")),
        ("01", "Period 02", "Drug", D("2024-04-01"), D("2024-06-30")),
    ]
    assert got.inputs[0].rows == got.inputs[0].accepted == 2


def test_first_and_last_dose_of_a_period_count_where_they_are_recorded(tmp_path: Path) -> None:
    adsl = """
        USUBJID | SAFFL | AP01SDT    | AP01EDT    | TR01SDT    | TR01EDT    | TRT01A
        01      | Y     | 2024-01-01 | 2024-03-31 | 2024-01-03 | 2024-03-01 | Placebo
    """
    got = adam(tmp_path, adsl, without(ADAE, "NONE"))
    assert cells(got.exposure, "start", "end") == [(D("2024-01-03"), D("2024-03-01"))]


def test_a_rejected_row_of_adsl_is_neither_subject_nor_exposure(tmp_path: Path) -> None:
    got = adam(tmp_path, ADSL.replace("2024-01-02 | 2024-06-30", "2024-02-30 | 2024-06-30"))
    assert rejected(got)[0] == ("adsl.csv", 1, "unparseable date", "TRTSDT")
    assert "01" not in [*got.subjects["subject"], *got.exposure["subject"], *got.events["subject"]]
    assert [row[2] for row in rejected(got)[1:]] == ["event without a subject"] * 2


def test_a_repeated_row_of_adsl_is_rejected_with_its_exposure(tmp_path: Path) -> None:
    row = "01 | Drug 5 mg | Drug 5 mg | 2024-01-01 | 2024-01-02 | 2024-06-30 | Y | 2024-07-30 |"
    got = adam(tmp_path, f"{ADSL.rstrip()}\n{row}")
    assert rejected(got) == [("adsl.csv", 5, "duplicate key", "USUBJID")]
    assert got.exposure["subject"].to_list() == ["01", "02"]


def test_a_row_that_breaks_two_rules_is_rejected_once(tmp_path: Path) -> None:
    row = "01 | Drug 5 mg | Drug 5 mg | 2024-01-01 | 2024-99-02 | 2024-06-30 | Y | 2024-07-30 |"
    got = adam(tmp_path, f"{ADSL.rstrip()}\n{row}")
    assert rejected(got) == [("adsl.csv", 5, "duplicate key", "USUBJID")]
    assert (got.inputs[0].rows, got.inputs[0].accepted, got.inputs[0].rejected) == (5, 4, 1)


def test_without_a_safety_flag_everybody_who_started_is_exposed(tmp_path: Path) -> None:
    got = adam(tmp_path, without(ADSL, "SAFFL"))
    assert got.exposure["subject"].to_list() == ["01", "02", "04"]


def test_a_subject_twice_with_two_treatments_is_refused(tmp_path: Path) -> None:
    row = "01 | Drug 5 mg | Placebo | 2024-01-01 | 2024-07-02 | 2024-08-30 | Y | |"
    with pytest.raises(DataRefusedError, match="1 subjects are listed twice with different TRT01A"):
        adam(tmp_path, f"{ADSL.rstrip()}\n{row}")


def test_without_a_sequence_the_row_is_the_key(tmp_path: Path) -> None:
    got = adam(tmp_path, adae=without(ADAE, "AESEQ"))
    assert got.events["key"].to_list() == ["1", "2", "3", "4"]


def test_lower_case_names_are_the_same_columns(tmp_path: Path) -> None:
    head, *rows = ADSL.strip().splitlines()
    got = adam(tmp_path, "\n".join([head.lower(), *rows]))
    assert got.subjects.height == 4


@pytest.mark.parametrize("column", ["USUBJID", "TRTSDT", "TRTEDT"])
def test_a_missing_column_is_refused_by_name(tmp_path: Path, column: str) -> None:
    with pytest.raises(DataRefusedError, match=f"adsl.csv: has no column {column}"):
        adam(tmp_path, without(ADSL, column))


def test_mapped_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="adam has its columns by definition"):
        read(tmp_path, "adam", {}, {"columns": {"adae": {"pt": "AEDECOD"}}}, TREATMENTS)


def test_adjudication_needs_no_mapping(tmp_path: Path) -> None:
    decided = "USUBJID | AESEQ | TOPIC | DECISION\n 01 | 1 | headache | N"
    drawn = {"adsl": ADSL, "adae": ADAE, "adjudication": decided}
    got = read(tmp_path, "adam", drawn, treatments=TREATMENTS)
    assert got.adjudication.rows() == [("01", "1", "headache", False)]
