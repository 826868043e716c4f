"""`init`: what is recognised in a folder, and the study file that is written from it."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from safetymon import config, listings, starter
from safetymon.domain import Listings
from safetymon.errors import DataRefusedError, UsageError
from safetymon.listings.recognise import Recognised, recognise
from tests.tables import frame
from tests.unit import test_listings_adam as adam
from tests.unit import test_listings_sdtm as sdtm

SUBJECTS = "PATNUM | PLANNED_ARM\n 001 | A\n 002 | P"
EXPOSURE = """
    IT.PATNUM | DRUGAD   | IT.ECSTDAT  | IT.ECENDAT  | PERIOD
    001       | Verum    | 02-Jan-2014 | 16-Jan-2014 | First
    002       | placebo  | 17-Jan-2014 | 18-Jun-2014 | First
    002       | Verum    | 19-Jun-2014 |             | Second
"""
EVENTS = """
    PATNUM | IT.AETERM | AEDECOD  | IT.AESER | IT.AEREL | IT.AESTDAT
    001    | headache  | Headache | No       | maybe    | 01/16/2014
    001    | headache  | Headache | No       | Related  | 2014
    002    | fever     | Pyrexia  | Yes      | Related  | 06/20/2014
"""


def folder_of(folder: Path, **tables: str) -> Path:
    for name, table in tables.items():
        frame(table).write_csv(folder / f"{name}.csv")
    return folder


def edc(folder: Path, **other: str) -> Path:
    tables = {"dm_raw": SUBJECTS, "ec_raw": EXPOSURE, "ae_raw": EVENTS}
    return folder_of(folder, **{**tables, **other})


def run(known: Recognised, folder: Path) -> Listings:
    """Writes the study file next to the listings and reads it as `run` would."""
    path = folder / "study.toml"
    path.write_text(starter.write_study(known, "."), encoding="utf-8")
    return listings.read(config.load(path), folder)


def test_adam_is_recognised_and_its_study_file_runs_unchanged(tmp_path: Path) -> None:
    known = recognise(folder_of(tmp_path, adsl=adam.ADSL, adae=adam.ADAE))
    assert (known.standard, known.files) == ("adam", {"adsl": "adsl.csv", "adae": "adae.csv"})
    assert known.treatments == (("Drug 5 mg", 1), ("Placebo", 1))
    assert (known.first, known.last) == (date(2024, 1, 2), date(2024, 6, 30))
    assert known.terms == (("Headache", 1), ("Nausea", 1))
    got = run(known, tmp_path)
    assert set(got.exposure["treatment"]) == {"Drug 5 mg", "Placebo"}
    assert got.events.height == 4


def test_sdtm_is_recognised_and_its_study_file_runs_unchanged(tmp_path: Path) -> None:
    known = recognise(folder_of(tmp_path, dm=sdtm.DM, ex=sdtm.EX, ae=sdtm.AE, suppae=sdtm.SUPPAE))
    assert (known.standard, known.treatment_from, known.flagged) == ("sdtm", "ACTARM", True)
    assert known.treatments == (("Low", 1), ("Placebo", 1))
    assert known.remarks == ("dm.csv: ARM and ACTARM differ for 1 subjects; see treatment_from.",)
    assert run(known, tmp_path).exposure.height == 3


def test_sdtm_without_an_actual_arm_uses_the_planned_one(tmp_path: Path) -> None:
    dm = adam.without(sdtm.DM, " ACTARM", "ACTARM")
    known = recognise(folder_of(tmp_path, dm=dm, ex=sdtm.EX, ae=sdtm.AE))
    assert known.treatment_from == "ARM"
    assert run(known, tmp_path).exposure["treatment"].to_list() == ["High", "High", "Placebo"]


def test_an_edc_export_is_recognised_by_the_names_of_its_columns(tmp_path: Path) -> None:
    known = recognise(
        edc(tmp_path, lab="PATNUM | LBTEST | LBVALUE\n 001 | ALT | 3\n 001 | ALT | 4")
    )
    assert known.files == {
        "subjects": "dm_raw.csv", "exposure": "ec_raw.csv", "events": "ae_raw.csv",
    }  # fmt: skip
    assert known.columns["events"] == {
        "subject": "PATNUM", "term": "IT.AETERM", "pt": "AEDECOD", "onset": "IT.AESTDAT",
        "serious": "IT.AESER", "related": "IT.AEREL",
    }  # fmt: skip
    assert known.date_formats == ("%d-%b-%Y", "%m/%d/%Y")
    assert known.exposed == (("Verum", "First", 1), ("placebo", "First", 1), ("Verum", "Second", 1))
    assert known.periods == ("First", "Second")
    assert (known.missing, known.terms) == ((), (("Headache", 1), ("Pyrexia", 1)))
    assert len(known.remarks) == 1
    assert "IT.AEREL are not understood" in known.remarks[0]
    got = run(known, tmp_path)
    assert [str(day) for day in got.events["onset_high"]] == [
        "2014-01-16",
        "2014-12-31",
        "2014-06-20",
    ]


def test_groups_are_drawn_by_period_with_the_control_as_reference(tmp_path: Path) -> None:
    folder = edc(tmp_path)
    run(recognise(folder), folder)
    study = config.load(folder / "study.toml")
    assert [(g.name, g.treatment, g.periods, g.reference) for g in study.group] == [
        ("First, Verum", "Verum", ("First",), "First, placebo"),
        ("First, placebo", "placebo", ("First",), None),
        ("Second, Verum", "Verum", ("Second",), None),
        ("All Verum", "Verum", (), None),
        ("All placebo", "placebo", (), None),
    ]
    assert {name: t.reference for name, t in study.treatments.items()} == {
        "Verum": False, "placebo": True,
    }  # fmt: skip


def test_what_was_not_found_is_marked_and_does_not_run(tmp_path: Path) -> None:
    folder = edc(tmp_path, ae_raw=EVENTS.replace("IT.AESTDAT", "WHEN"))
    known = recognise(folder)
    assert known.missing == (("events", "onset"),)
    assert 'onset = "NOT FOUND"    # name the column' in starter.write_study(known, ".")
    with pytest.raises(UsageError, match=r"events\] onset: ae_raw.csv has no column 'NOT FOUND'"):
        run(known, folder)


def test_a_missing_exposure_file_is_marked_and_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, dm_raw=SUBJECTS, ae_raw=EVENTS)
    with pytest.raises(DataRefusedError, match=r"NOT FOUND.csv: no such file \(exposure\)"):
        run(recognise(folder), folder)


def test_dates_that_could_be_either_are_left_to_a_person(tmp_path: Path) -> None:
    events = EVENTS.replace("01/16", "01/02").replace("06/20", "06/03")
    known = recognise(edc(tmp_path, ae_raw=events))
    assert known.date_formats == ("%d-%b-%Y",)
    assert "could be any of %m/%d/%Y, %d/%m/%Y" in known.remarks[0]


def test_a_value_that_is_no_date_does_not_hide_the_format(tmp_path: Path) -> None:
    known = recognise(edc(tmp_path, ae_raw=EVENTS.replace("06/20/2014", "about June")))
    assert known.date_formats == ("%d-%b-%Y", "%m/%d/%Y")
    assert known.remarks[0] == (
        "ae_raw.csv IT.AESTDAT: 1 values are no date in any format that was tried."
    )


def test_dates_that_no_format_reads_are_said(tmp_path: Path) -> None:
    events = EVENTS.replace("06/20/2014", "June").replace("01/16/2014", "January")
    known = recognise(edc(tmp_path, ae_raw=events))
    assert known.date_formats == ("%d-%b-%Y",)
    assert "2 values are no date in any format" in known.remarks[0]


def test_the_reference_is_what_looks_like_a_control() -> None:
    def reference(*names: str) -> str | None:
        known = Recognised("adam", "X", {}, treatments=tuple((name, 1) for name in names))
        text = starter.write_study(known, ".")
        before, mark, _ = text.partition("reference = true")
        return before.rsplit("from = ", 1)[1].strip() if mark else None

    assert reference("Drug", "Placebo") == '["Placebo"]'
    assert reference("Drug", "Vehicle cream") == '["Vehicle cream"]'
    assert reference("Drug", "PBO") == '["PBO"]'
    assert reference("Drug 1", "Drug 2") is None


def test_names_are_written_so_that_toml_reads_them_back(tmp_path: Path) -> None:
    name = 'Drug "5 mg" \\ Ü'
    adsl = adam.ADSL.replace("Drug 5 mg", name)
    known = recognise(folder_of(tmp_path, adsl=adsl, adae=adam.ADAE))
    assert name in set(run(known, tmp_path).exposure["treatment"])


def test_the_study_id_names_a_folder_whatever_the_data_say(tmp_path: Path) -> None:
    known = Recognised("adam", "../Trial 7/β", {}, treatments=(("A", 1),))
    path = tmp_path / "study.toml"
    path.write_text(starter.write_study(known, "."), encoding="utf-8")
    assert config.load(path).study.id == "Trial-7"


def test_of_two_files_in_one_role_one_is_taken_and_the_other_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, adsl=adam.ADSL, adae=adam.ADAE, dm=sdtm.DM, ex=sdtm.EX, ae=sdtm.AE)
    frame(adam.ADAE).write_parquet(folder / "adae.parquet")
    known = recognise(folder)
    assert known.files["adae"] == "adae.parquet"
    assert known.remarks == (
        "adae.csv was left aside: adae.parquet has the same role.",
        'The folder also holds SDTM (dm, ex, ae): standard = "sdtm" would read that.',
    )
    run(known, folder)


def test_a_damaged_file_among_edc_listings_is_passed_over_aloud(tmp_path: Path) -> None:
    folder = edc(tmp_path)
    (folder / "broken.csv").write_text("A,B\n1\n")
    assert "Not looked at: broken.csv: row 1 has 1 fields" in recognise(folder).remarks[0]


def test_a_folder_without_listings_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "adam").mkdir()
    with pytest.raises(UsageError, match="try one of its folders: adam"):
        recognise(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        recognise(tmp_path / "nowhere")


def test_spellings_of_a_term_are_counted_together(tmp_path: Path) -> None:
    events = EVENTS + "    002    | ache      | headache | No       | Related  | 06/20/2014\n"
    known = recognise(edc(tmp_path, ae_raw=events))
    assert known.terms == (("Headache", 2), ("Pyrexia", 1))
    assert "# - headache: Headache (2)" in starter.write_study(known, ".")


def test_what_the_data_say_stays_in_its_comment() -> None:
    """A line break or an escape in a word of the data neither ends a comment nor the file."""
    word = "may\nbe\x1b[31m\x00\r\x7f"
    known = Recognised(
        "edc", "A\x7fstudy", {}, treatments=((word, 1),), exposed=((word, "", 1),),
        terms=(("Rash\n[rule]", 1), ("Nausea\n", 1)), remarks=(f"not understood: {word}",),
    )  # fmt: skip
    made = tomllib.loads(starter.write_study(known, "."))
    assert list(made["treatments"]) == [word]
    assert made["study"]["title"] == "A\x7fstudy"
    assert "rule" not in made
