"""A mapped EDC listing: canonical frames, words, periods, doses, and wrong mappings."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from safetymon import schema
from safetymon.domain import InputFile
from safetymon.errors import DataRefusedError, UsageError
from tests.unit.listings_trial import (
    ADJUDICATED,
    COLUMNS,
    EVENTS,
    SUBJECTS,
    cells,
    edc,
    found,
    read,
    rejected,
)

D = date.fromisoformat


def test_the_frames_have_the_columns_of_the_schema(tmp_path: Path) -> None:
    got = edc(tmp_path)
    assert dict(got.subjects.schema) == schema.SUBJECTS
    assert dict(got.exposure.schema) == schema.EXPOSURE
    assert dict(got.events.schema) == schema.EVENTS
    assert dict(got.adjudication.schema) == schema.ADJUDICATION
    assert dict(got.rejected.schema) == schema.REJECTED


def test_every_row_arrives_where_it_should(tmp_path: Path) -> None:
    got = edc(tmp_path)
    assert cells(got.subjects, "subject", "arm") == [("001", "A"), ("002", "P"), ("003", "P")]
    assert got.exposure.rows() == [
        ("001", "Treatment", "Active", D("2024-01-01"), D("2024-03-31"), None),
        ("002", "Treatment", "Placebo", D("2024-01-01"), D("2024-03-31"), None),
    ]
    assert cells(
        got.events, "subject", "key", "pt", "onset_recorded", "onset_low", "onset_high"
    ) == [
        ("001", "1", "Headache", "2024-01-05", D("2024-01-05"), D("2024-01-05")),
        ("001", "2", "Nausea", "2024-02", D("2024-02-01"), D("2024-02-29")),
        ("002", "1", "Headache", "2024-02-01", D("2024-02-01"), D("2024-02-01")),
    ]
    assert cells(got.events, "serious", "related", "emergent_flag") == [
        (False, True, None), (True, False, None), (False, False, None),
    ]  # fmt: skip
    assert rejected(got) == []


def test_provenance_counts_every_row_of_every_file(tmp_path: Path) -> None:
    got = edc(tmp_path)
    assert [(i.role, i.path, i.rows, i.accepted, i.rejected) for i in got.inputs] == [
        ("subjects", "subjects.csv", 3, 3, 0),
        ("exposure", "exposure.csv", 2, 2, 0),
        ("events", "events.csv", 3, 3, 0),
    ]
    assert all(isinstance(i, InputFile) and len(i.sha256) == 64 for i in got.inputs)


def test_an_event_file_with_a_header_and_no_row_means_no_events(tmp_path: Path) -> None:
    got = edc(tmp_path, events="SUBJ | NO | PT | ONSET | STOP | SER | REL")
    assert got.events.is_empty()
    assert got.inputs[2].rows == 0


def test_a_word_that_no_map_knows_is_not_recorded_and_said_so(tmp_path: Path) -> None:
    got = edc(
        tmp_path, events=f"{EVENTS.rstrip()}\n 002 | 2 | Rash | 2024-02-03 | | maybe | likely"
    )
    assert cells(got.events, "serious", "related")[3] == (None, None)
    ser, rel = found(got, "unmapped values")
    start = "events.csv: 1 values of SER are not understood and count as not recorded: 'maybe' (1)"
    assert ser == (1, f"{start}; add them to yes or no under [data.values]")
    assert rel[1].endswith("'likely' (1); add them to related or not_related under [data.values]")
    assert found(got, "seriousness not recorded")[0][0] == 1


def test_the_words_of_the_study_file_replace_the_built_in_ones(tmp_path: Path) -> None:
    words = {"yes": ["no"], "no": ["n", "y"]}
    got = edc(tmp_path, data={"values": words})
    assert got.events["serious"].to_list() == [False, False, True]


def test_an_unknown_word_is_shown_cut_to_40_characters(tmp_path: Path) -> None:
    got = edc(tmp_path, events=EVENTS.replace("RELATED", "x" * 99))
    assert f"'{'x' * 40}' (1)" in found(got, "unmapped values")[0][1]


def test_severity_outcome_and_action_are_understood(tmp_path: Path) -> None:
    events = """
        SUBJ | NO | PT | ONSET | STOP | SER | REL | SEV                  | OUT       | ACT                | DTH
        001  | 1  | a  | 2024  |      | N   | N   | Mild adverse event   | fatal     | drug withdrawn     |
        001  | 2  | b  | 2024  |      | N   | N   | SEVERE               | recovered | dose not changed   | N
        001  | 3  | c  | 2024  |      | N   | N   | mild to moderate     | unknown   |                    | Y
        001  | 4  | d  | 2024  |      | N   | N   | Life threatening     |           | Discontinued       |
        001  | 5  | e  | 2024  |      | N   | N   |                      | recovered | not discontinued   |
        001  | 6  | f  | 2024  |      | N   | N   | moderate             | unknown   | unknown            |
    """  # fmt: skip  # noqa: E501 - a table
    names = {"severity": "SEV", "outcome": "OUT", "action": "ACT", "fatal": "DTH"}
    got = edc(tmp_path, events=events, columns={"events": names})
    assert cells(got.events, "severity", "fatal", "withdrawn") == [
        ("mild", True, True),
        ("severe", False, False),
        ("mild to moderate", True, None),
        ("life threatening", None, True),
        (None, False, False),
        ("moderate", None, None),
    ]


def test_a_recorded_emergent_flag_is_yes_or_no(tmp_path: Path) -> None:
    events = """
        SUBJ | NO | PT | ONSET | STOP | SER | REL | TE
        001  | 1  | a  | 2024  |      | N   | N   | Y
        001  | 2  | b  | 2024  |      | N   | N   | N
        001  | 3  | c  | 2024  |      | N   | N   |
    """
    got = edc(tmp_path, events=events, columns={"events": {"emergent": "TE"}})
    assert got.events["emergent_flag"].to_list() == [True, False, False]


def test_an_emergent_flag_that_is_not_understood_is_derived_and_its_word_is_named(
    tmp_path: Path,
) -> None:
    events = """
        SUBJ | NO | PT | ONSET | STOP | SER | REL | TE
        001  | 1  | a  | 2024  |      | N   | N   | J
        001  | 2  | b  | 2024  |      | N   | N   | Y
        001  | 3  | c  | 2024  |      | N   | N   |
    """
    got = edc(tmp_path, events=events, columns={"events": {"emergent": "TE"}})
    assert got.events["emergent_flag"].to_list() == [None, True, False]
    [(count, text)] = found(got, "unmapped values")
    assert count == 1
    assert "of TE" in text
    assert "'J' (1)" in text


def test_a_word_that_says_who_somebody_is_is_counted_and_not_quoted(tmp_path: Path) -> None:
    events = """
        SUBJ  | NO | PT | ONSET | STOP | SER        | REL
        A-001 | 1  | a  | 2024  |      | A-001      | N
        A-001 | 2  | b  | 2024  |      | site/a-002 | N    # in another case, within a word
        A-002 | 3  | c  | 2024  |      | perhaps    | N
    """
    got = edc(
        tmp_path,
        "SUBJ | ARM\nA-001 | A\nA-002 | P",
        "SUBJ | DRUG | START | STOP\nA-001 | ACTIVE | 2024-01-01 | 2024-03-31",
        events,
    )
    [(count, text)] = found(got, "unmapped values")
    assert count == 3
    assert "'perhaps' (1)" in text
    assert "2 of words that name a subject" in text
    assert "00" not in text


def test_an_event_that_is_not_coded_or_not_numbered_is_kept(tmp_path: Path) -> None:
    got = edc(tmp_path, events=EVENTS.replace("| 2  | Nausea", "|    |       "))
    assert cells(got.events, "key", "pt")[1] == ("row 2", "(not coded)")
    assert found(got, "not coded")[0][0] == 1
    assert found(got, "record number") == [
        (1, "events.csv: 1 events have no NO; the row's number is used")
    ]


def test_without_a_record_number_the_row_is_the_key(tmp_path: Path) -> None:
    columns = {k: v for k, v in COLUMNS["events"].items() if k != "key"}
    mapped = {"columns": {**COLUMNS, "events": columns}}
    edc(tmp_path)
    got = read(tmp_path, "edc", {}, mapped)
    assert got.events["key"].to_list() == ["1", "2", "3"]
    assert found(got, "record number")[0][0] == 3


def test_formats_of_the_study_file_are_read(tmp_path: Path) -> None:
    got = edc(
        tmp_path,
        events=EVENTS.replace("2024-01-05", "05-JAN-2024").replace("2024-02 ", "UN-FEB-2024 "),
        data={"date_formats": ["%d-%b-%Y"]},
    )
    assert cells(got.events, "onset_low", "onset_high")[:2] == [
        (D("2024-01-05"), D("2024-01-05")), (D("2024-02-01"), D("2024-02-29")),
    ]  # fmt: skip


def test_periods_are_named_as_recorded_or_as_the_study_file_says(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START      | STOP       | VISIT
        001  | ACTIVE | 2024-01-01 | 2024-03-31 | p1
        002  | pbo    | 2024-01-01 | 2024-03-31 |
    """
    mapped = {"exposure": {"period": "VISIT"}}
    got = edc(tmp_path, exposure=exposure, columns=mapped)
    assert got.exposure["period"].to_list() == ["p1", "(not recorded)"]
    with pytest.raises(DataRefusedError, match=r"VISIT '\(not recorded\)'.*add it to \[periods\]"):
        edc(tmp_path, exposure=exposure, columns=mapped, periods={"First": ["P1"]})
    named = {"First": ["P1"], "(not recorded)": []}
    got = edc(tmp_path, exposure=exposure, columns=mapped, periods=named)
    assert got.exposure["period"].to_list() == ["First", "(not recorded)"]


def test_short_rows_of_exposure_are_administrations(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | ACTIVE | 2024-01-01 | 2024-01-03
        001  | ACTIVE | 2024-01-29 | 2024-02-02
        002  | PBO    | 2024-01-01 | 2024-03-31   # one long row does not make them intervals
    """
    got = edc(tmp_path, exposure=exposure)
    assert got.exposure["administrations"].to_list() == [1, 1, 1]
    assert found(got, "administrations")[0][0] == 3


def test_without_a_column_of_ends_each_row_is_a_dose_on_its_day(tmp_path: Path) -> None:
    columns = {k: v for k, v in COLUMNS["exposure"].items() if k != "end"}
    edc(tmp_path)
    got = read(tmp_path, "edc", {}, {"columns": {**COLUMNS, "exposure": columns}})
    assert cells(got.exposure, "start", "end", "administrations") == [
        (D("2024-01-01"), D("2024-01-01"), 1), (D("2024-01-01"), D("2024-01-01"), 1),
    ]  # fmt: skip


def test_a_blank_end_is_closed_by_what_is_recorded(tmp_path: Path) -> None:
    subjects = """
        SUBJ | ARM | LEFT       | DIED
        001  | A   |            |
        002  | P   | 2024-05-31 | 2024-05-20
        003  | P   | 2023-12-31 |              # before treatment: says nothing
    """
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | ACTIVE | 2024-01-01 |            # the next row begins
        001  | ACTIVE | 2024-02-01 |            # ongoing
        002  | PBO    | 2024-01-01 |            # until death
        003  | PBO    | 2024-01-01 |            # ongoing
    """
    got = edc(tmp_path, subjects, exposure, columns={"subjects": {"left": "LEFT", "died": "DIED"}})
    assert got.exposure["end"].to_list() == [D("2024-02-01"), None, D("2024-05-20"), None]
    assert [count for count, _ in found(got, "exposure without an end")] == [1, 1, 2]


def test_partial_exposure_dates_are_the_widest_interval(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | START   | STOP
        001  | ACTIVE | 2024-01 | 2024-03
        002  | PBO    | 2024-01 | 2024
    """
    got = edc(tmp_path, exposure=exposure)
    assert cells(got.exposure, "start", "end") == [
        (D("2024-01-01"), D("2024-03-31")), (D("2024-01-01"), D("2024-12-31")),
    ]  # fmt: skip
    assert found(got, "partial exposure")[0][0] == 4


def test_a_blank_end_before_another_period_of_the_same_treatment_is_closed(tmp_path: Path) -> None:
    exposure = """
        SUBJ | DRUG   | PER | START      | STOP
        001  | ACTIVE | One | 2024-01-01 |            # the next period begins
        001  | ACTIVE | Two | 2024-02-01 | 2024-03-01
    """
    got = edc(tmp_path, exposure=exposure, columns={"exposure": {"period": "PER"}})
    assert got.exposure["end"].to_list() == [D("2024-02-01"), D("2024-03-01")]
    [(count, text)] = found(got, "exposure without an end")
    assert (count, "where the subject's next one starts" in text) == (1, True)


def test_the_days_on_record_are_counted_a_partial_date_by_its_first_day(tmp_path: Path) -> None:
    subjects = """
        SUBJ | ARM | LEFT | DIED
        001  | A   | 2025 |
        002  | P   |      | 2025-02
    """
    exposure = """
        SUBJ | DRUG   | START      | STOP
        001  | ACTIVE | 2024-01-01 | 2024-03
        002  | PBO    | 2024-01-01 |           # ends with death: not recorded as an end
        009  | PBO    | 2031-01-01 |           # of nobody: rejected
    """
    events = """
        SUBJ | NO | PT   | ONSET | STOP | SER | REL | MADE
        001  | 1  | Rash | 2024  |      | N   | N   | 2024-05
        001  | 2  | Rash |       | 2032 | N   | N   |
    """
    mapped = {
        "subjects": {"left": "LEFT", "died": "DIED"}, "events": {"reported": "MADE"},
    }  # fmt: skip
    got = edc(tmp_path, subjects, exposure, events, columns=mapped).recorded
    assert dict(got.schema) == schema.RECORDED
    assert sorted(got.rows()) == [
        ("data entry", D("2024-05-01"), 1), ("death", D("2025-02-01"), 1),
        ("exposure end", D("2024-03-01"), 1), ("exposure start", D("2024-01-01"), 2),
        ("leaving", D("2025-01-01"), 1), ("onset", D("2024-01-01"), 1),
    ]  # fmt: skip


def test_adjudication_is_read_and_topics_are_spelled_as_the_study_does(tmp_path: Path) -> None:
    adjudication = """
        SUBJ | NO | TOPIC           | DECISION
        001  | 1  | Thromboembolism | N
        002  | 1  | cough           | yes
    """
    got = edc(tmp_path, adjudication=adjudication)
    assert got.adjudication.rows() == [
        ("001", "1", "thromboembolism", False), ("002", "1", "cough", True),
    ]  # fmt: skip
    assert found(got, "adjudicated topic")[0][0] == 1  # cough is no topic of the study


def test_events_of_subjects_without_exposure_are_named(tmp_path: Path) -> None:
    got = edc(tmp_path, events=f"{EVENTS.rstrip()}\n 003 | 1 | Rash | 2024-02-03 | | N | N")
    assert found(got, "never exposed")[0][0] == 1
    assert found(got, "event without exposure") == []  # one finding a fact: `caveats.emergence`


@pytest.mark.parametrize(
    ("role", "ours", "theirs", "message"),
    [
        ("events", "pt", "PTT", r"pt: events.csv has no column 'PTT'; did you mean 'PT'\?"),
        ("events", "pt", "PTT", r"\(it has SUBJ, NO, PT, ONSET, STOP, SER, REL\)"),
        ("events", "onset", "WHEN", "; it has SUBJ, NO, PT, ONSET, STOP, SER, REL"),
        ("events", "seriuos", "SER", "not a column of ours; did you mean 'serious'"),
        ("events", "related", "SUBJ", "related: names the column of the subject"),
        ("event", "pt", "PT", r"\[data.columns.event\]: no such role; did you mean 'events'"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_named_with_the_nearest_right_one(
    tmp_path: Path, role: str, ours: str, theirs: str, message: str
) -> None:
    mapped: dict[str, Any] = {**COLUMNS, role: {**COLUMNS.get(role, {}), ours: theirs}}
    edc(tmp_path)
    with pytest.raises(UsageError, match=message):
        read(tmp_path, "edc", {}, {"columns": mapped})


def test_a_missing_mapping_names_the_columns_there_are(tmp_path: Path) -> None:
    edc(tmp_path)
    mapped = {**COLUMNS, "subjects": {"arm": "ARM"}}
    with pytest.raises(
        UsageError, match=r"subject: has to name a column of subjects.csv; it has SUBJ, ARM"
    ):
        read(tmp_path, "edc", {}, {"columns": mapped})


def test_files_are_found_by_name_or_named(tmp_path: Path) -> None:
    edc(tmp_path)
    (tmp_path / "events.csv").rename(tmp_path / "AE.CSV")
    got = read(tmp_path, "edc", {}, {"columns": COLUMNS, "files": {"events": "AE.CSV"}})
    assert got.inputs[2].path == "AE.CSV"


def test_a_missing_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    edc(tmp_path)
    (tmp_path / "events.csv").unlink()
    with pytest.raises(DataRefusedError, match=r"no events file .* under \[data.files\]"):
        read(tmp_path, "edc", {}, {"columns": COLUMNS})


def test_an_adjudication_that_is_mapped_but_missing_is_refused(tmp_path: Path) -> None:
    edc(tmp_path)
    with pytest.raises(DataRefusedError, match="no adjudication file"):
        read(tmp_path, "edc", {}, {"columns": {**COLUMNS, "adjudication": ADJUDICATED}})


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    edc(tmp_path)
    (tmp_path / "events.parquet").write_bytes(b"")
    with pytest.raises(UsageError, match=r"events.csv and events.parquet could both be events"):
        edc(tmp_path, subjects=SUBJECTS)


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[data.files\] event: .* did you mean 'events'"):
        read(tmp_path, "edc", {}, {"files": {"event": "x.csv"}})


def test_severity_can_be_written_in_the_study_s_own_words(tmp_path: Path) -> None:
    events = """
        SUBJ | NO | PT | ONSET | STOP | SER | REL | SEV
        001  | 1  | a  | 2024  |      | N   | N   | 1
        001  | 2  | b  | 2024  |      | N   | N   | Schwer
        001  | 3  | c  | 2024  |      | N   | N   | Severe
        001  | 4  | d  | 2024  |      | N   | N   | 9
    """
    words = {"values": {"mild": ["1"], "severe": ["3", "schwer"]}}
    got = edc(tmp_path, events=events, columns={"events": {"severity": "SEV"}}, data=words)
    assert got.events["severity"].to_list() == ["mild", "severe", "severe", "9"]


@pytest.mark.parametrize("columns", [COLUMNS["events"], {}])
def test_a_first_line_that_may_be_a_patients_is_not_repeated(
    tmp_path: Path, columns: dict[str, str]
) -> None:
    edc(tmp_path)
    (tmp_path / "events.csv").write_text("001,1,Headache,2024-01-05,2024-01-06,N,RELATED\n")
    with pytest.raises(UsageError, match="is its first line a header") as refused:
        read(tmp_path, "edc", {}, {"columns": {**COLUMNS, "events": columns}})
    assert "001" not in str(refused.value)
    assert "Headache" not in str(refused.value)
