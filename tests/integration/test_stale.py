"""Data that are stale or have shrunk are never read as "no new events"."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safetymon import cli, monitor, verify
from safetymon.errors import DataRefusedError
from safetymon.monitor import LookDone
from tests.integration.test_monitor import LOOK_AT_LOSSES as BANNERS
from tests.integration.test_monitor import ONE, STUDY, SUBJECTS, TWO, small, verdict

NOW = datetime(2024, 1, 1, tzinfo=UTC)
THREE = f"{TWO}003,1,Rash,2020-01-07\n"


def day(n: int) -> datetime:
    return NOW + timedelta(days=n)


def told(done: LookDone) -> list[list[str]]:
    """The banners of the closed and of the open report, and what results.json says of them."""
    said = []
    for path in (done.closed_report, done.open_report):
        page = path.read_text(encoding="utf-8")
        document = json.loads((path.parent / "results.json").read_text(encoding="utf-8"))
        stale = [f["check"] for f in document["findings"] if f["check"].startswith("DATA STALE")]
        assert page.count('class="stale"') == len(stale)
        assert page.index("<main>") > page.rfind('class="stale"')  # above everything else
        assert all(f["severity"] == "error" for f in document["findings"] if f["check"] in stale)
        said.append(stale)
    return said


def test_fresh_data_say_nothing(tmp_path: Path) -> None:
    monitor.look(small(tmp_path), NOW, "a")
    assert told(monitor.look(small(tmp_path, TWO), day(1), "a")) == [[], []]


def test_rows_that_are_missing_stop_a_look_unless_the_study_says_otherwise(tmp_path: Path) -> None:
    monitor.look(small(tmp_path, THREE), NOW, "a")
    with pytest.raises(DataRefusedError, match=r"ae\.csv has 2 rows, 3 at look 1"):
        monitor.look(small(tmp_path, TWO), day(1), "a")
    done = monitor.look(small(tmp_path, TWO, f"{STUDY}{BANNERS}"), day(2), "a")
    assert told(done) == [["DATA STALE: rows are missing"]] * 2


def test_a_loss_is_said_at_every_look_until_the_rows_are_back(tmp_path: Path) -> None:
    study = f"{STUDY}{BANNERS}"
    extracts = (
        THREE,
        ONE,
        f"{ONE}003,1,Rash,2020-01-07\n",
        THREE,
        f"{THREE}001,2,Rash,2020-01-09\n",
    )
    said = [
        told(monitor.look(small(tmp_path, events, study), day(n), "a"))[0]
        for n, events in enumerate(extracts)
    ]
    missing = ["DATA STALE: rows are missing"]
    assert said == [[], missing, missing, [], []]


def test_a_subject_that_vanishes_is_said_in_both_reports(tmp_path: Path) -> None:
    study = small(tmp_path)
    monitor.look(study, NOW, "a")
    (tmp_path / "dm.csv").write_text(SUBJECTS.replace("003", "004"))
    (tmp_path / "ex.csv").write_text((tmp_path / "ex.csv").read_text().replace("003", "004"))
    done = monitor.look(study, day(1), "a")
    assert told(done) == [["DATA STALE: subjects are missing"]] * 2
    assert "003" not in done.open_report.read_text().split("<main>")[0]


def test_older_data_stop_a_look(tmp_path: Path) -> None:
    study = small(tmp_path)
    monitor.look(study, NOW, "a")
    (tmp_path / "ex.csv").write_text(
        (tmp_path / "ex.csv").read_text().replace("2020-02-01", "2020-01-20")
    )
    with pytest.raises(DataRefusedError, match="older than before: the latest date in the data is"):
        monitor.look(study, day(1), "a")


def test_the_same_files_for_too_long_are_a_look_that_says_so_and_nothing_else(
    tmp_path: Path,
) -> None:
    study = small(tmp_path, TWO)
    first = monitor.look(study, NOW, "a")
    assert monitor.look(study, day(35), "a").repeated
    stale = monitor.look(study, day(36), "a")
    assert (stale.repeated, stale.closed.look.number) == (False, 2)
    assert told(stale) == [["DATA STALE: unchanged"]] * 2
    assert verdict(stale) == verdict(first) == ("raised", 1)
    assert (first.raised, stale.raised) == (1, 0)  # nobody is told of the same signal twice
    assert monitor.look(study, day(50), "a").repeated
    fresh = monitor.look(small(tmp_path, THREE), day(51), "a")
    assert (told(fresh), verdict(fresh)) == ([[], []], ("open", 1))
    assert verify.verify(study, day(52)).looks == 3


def test_data_that_only_grew_old_do_not_speak_against_a_signal_twice(tmp_path: Path) -> None:
    study = f"{STUDY}{BANNERS}"
    monitor.look(small(tmp_path, TWO, study), NOW, "a")
    assert verdict(monitor.look(small(tmp_path, ONE, study), day(1), "a")) == ("open", 1)
    stale = monitor.look(small(tmp_path, ONE, study), day(60), "a")
    assert (stale.repeated, verdict(stale)) == (False, ("open", 1))  # two would have cleared it


def test_a_banner_does_not_change_the_definitions(tmp_path: Path) -> None:
    first = monitor.look(small(tmp_path), NOW, "a")
    again = monitor.look(small(tmp_path, ONE, f"{STUDY}{BANNERS}"), day(1), "a")
    assert again.repeated
    assert again.closed.look == first.closed.look


def test_a_block_is_one_line_and_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor.look(small(tmp_path, THREE), NOW, "a")
    assert cli.run(["run", str(small(tmp_path, ONE))]) == 3
    line = capsys.readouterr().err
    assert line.startswith(
        "safetymon: DATA STALE: rows are missing: ae.csv has 1 rows, 3 at look 1"
    )
    assert line.count("\n") == 1


def test_an_adjudication_file_that_is_gone_is_a_loss(tmp_path: Path) -> None:
    columns = (
        '[data.columns.adjudication]\nsubject = "ID"\nkey = "NO"\ntopic = "T"\ndecision = "D"\n'
    )
    with_file = STUDY.replace("[treatments.Drug]", f"{columns}[treatments.Drug]")
    files = 'events = "ae.csv"\nadjudication = "adj.csv"'
    study = small(tmp_path, ONE, with_file.replace('events = "ae.csv"', files))
    (tmp_path / "adj.csv").write_text("ID,NO,T,D\n001,1,nausea,N\n")
    monitor.look(study, NOW, "a")
    with pytest.raises(DataRefusedError, match=r"adj\.csv has 0 rows, 1 at look 1"):
        monitor.look(small(tmp_path), day(1), "a")
