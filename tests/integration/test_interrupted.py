"""Whatever stops a look, the next one finds everything that was acknowledged, and nothing half."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from safetymon import delivery, monitor, report, verify
from safetymon.errors import DataRefusedError, StorageError
from safetymon.listings import files as listing_files
from safetymon.listings import formats
from safetymon.sql import migrations
from safetymon.store import opened
from tests import faults
from tests.integration.test_monitor import LOOK_AT_LOSSES as LOSSES
from tests.integration.test_monitor import ONE, STUDY, TWO, numbers, small

pytestmark = pytest.mark.slow

NOW = datetime(2024, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def interrupted(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that is stored and stopped before its report is written."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(report, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            monitor.look(study, NOW, "tester")


def test_an_interrupted_look_is_finished_before_the_next_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calm = monitor.look(small(tmp_path / "calm"), NOW, "tester")
    interrupted(small(tmp_path / "wild"), monkeypatch)
    monitor.look(small(tmp_path / "wild", TWO), LATER, "tester")
    assert "look 1 was interrupted; its report is written now" in caplog.text
    finished = tmp_path / "wild/reports/S1/closed/0001-2020-02-01"
    assert report.hashes(finished) == report.hashes(calm.closed_report.parent)
    assert verify.verify(tmp_path / "wild/study.toml", LATER).looks == 2


def test_an_interrupted_look_is_finished_even_if_the_data_are_refused_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small(tmp_path)
    interrupted(study, monkeypatch)
    (tmp_path / "ae.csv").unlink()
    with pytest.raises(DataRefusedError, match="no such file"):
        monitor.look(study, LATER, "tester")
    assert verify.verify(study, LATER).looks == 1


def test_a_look_interrupted_between_its_reports_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small(tmp_path)
    monkeypatch.setattr(delivery, "_files", lambda _: pytest.fail("stopped here"))
    with pytest.raises(pytest.fail.Exception):
        monitor.look(study, NOW, "tester")  # both reports are there, their hashes are not kept
    monkeypatch.undo()
    assert monitor.look(study, LATER, "tester").repeated
    assert verify.verify(study, LATER).looks == 1


@pytest.mark.parametrize("earlier", [0, 1], ids=["the first look", "a later one"])
def test_verify_tells_an_interrupted_look_as_what_it_is_and_takes_its_folder_for_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    for _ in range(earlier):
        monitor.look(small(tmp_path), NOW, "tester")
    study, number = small(tmp_path, TWO), earlier + 1
    monkeypatch.setattr(delivery, "_files", lambda _: pytest.fail("stopped here"))
    with pytest.raises(pytest.fail.Exception):
        monitor.look(study, LATER, "tester")  # reports and lists of looks are there, unrecorded
    monkeypatch.undo()
    found = verify.verify(study, LATER)
    assert (found.looks, found.again) == (number, number)
    (note,) = found.notes
    assert note.startswith(f"look {number} was interrupted before its report was on record")
    monitor.look(study, LATER, "tester")
    assert verify.verify(study, LATER).notes == ()


def test_a_look_that_this_version_counts_otherwise_is_not_told_wrongly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(small(tmp_path, f"{TWO}003,1,Rash,2020-01-09\n"), monkeypatch)
    first_seen = "safetymon.results.derive.first_seen"
    monkeypatch.setattr(first_seen, lambda e, *_: e.with_columns(seen="onset_low").head(1))
    for _ in range(2):
        monitor.look(small(tmp_path, ONE, f"{STUDY}{LOSSES}"), LATER, "tester")
    assert caplog.text.count("look 1 was interrupted and stays without a report") == 1
    looks = [p.name for p in (tmp_path / "reports/S1/closed").iterdir() if p.is_dir()]
    assert looks == ["0002-2020-02-01"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    study = small(tmp_path)
    for tree in ("closed", "open"):
        left = tmp_path / "reports/S1" / tree / ".0001-2020-02-01-abcdef"
        left.mkdir(parents=True)
        (left / "report.html").write_text("half")
        (left.parent / ".index-17").write_text("half")
    (tmp_path / "state/S1.duckdb.tmp").mkdir(parents=True)
    done = monitor.look(study, NOW, "tester")
    assert not list((tmp_path / "reports").rglob(".*"))
    assert not (tmp_path / "state/S1.duckdb.tmp").exists()
    assert done.closed_report.exists()


def test_a_report_of_an_earlier_life_is_not_taken_for_this_look_s(tmp_path: Path) -> None:
    study = small(tmp_path)
    (tmp_path / "reports/S1/open/0001-2020-02-01").mkdir(parents=True)
    with pytest.raises(DataRefusedError, match="is there already, though look 1 has not been made"):
        monitor.look(study, NOW, "tester")
    with opened(tmp_path / "state", "S1", NOW) as store:
        assert store.looks() == []


def test_a_file_that_is_written_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small(tmp_path)
    load = formats.load

    def meanwhile(role: str, path: Path) -> formats.Sheet:
        sheet = load(role, path)
        if role == "events":  # the last file: the first one is written anew
            (tmp_path / "dm.csv").write_text("ID\n001\n")
        return sheet

    monkeypatch.setattr(listing_files.formats, "load", meanwhile)
    with pytest.raises(DataRefusedError, match=r"dm\.csv: changed while the listings were read"):
        monitor.look(study, NOW, "tester")
    assert not (tmp_path / "state").exists()


def blocked_state(base: Path) -> None:
    (base / "state").write_text("a file where a folder should be")


def blocked_reports(base: Path) -> None:
    (base / "reports").write_text("a file where a folder should be")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (blocked_state, r"state: cannot be read or written \(File exists\)"),
        (blocked_reports, r"look 1 is stored, but .* \(Not a directory\); .* it is finished then"),
    ],
)
def test_a_folder_that_cannot_be_written_is_one_plain_line(
    tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    study = small(tmp_path)
    spoil(tmp_path)
    with pytest.raises(StorageError, match=said):
        monitor.look(study, NOW, "tester")
    for name in ("state", "reports"):
        if (tmp_path / name).is_file():
            (tmp_path / name).unlink()
    monitor.look(study, LATER, "tester")
    assert verify.verify(study, LATER).looks == 1


def test_a_file_that_cannot_be_read_is_one_plain_line(tmp_path: Path) -> None:
    study = small(tmp_path)
    (tmp_path / "ae.csv").unlink()
    (tmp_path / "ae.csv").mkdir()
    with pytest.raises(DataRefusedError, match=r"ae\.csv: cannot be read \(Is a directory\)"):
        monitor.look(study, NOW, "tester")


def test_two_processes_started_together_make_one_look(tmp_path: Path) -> None:
    study = small(tmp_path)
    command = [sys.executable, "-m", "safetymon", "run", str(study)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 4]), errors
    assert verify.verify(study, datetime.now(UTC)).looks == 1
    with opened(tmp_path / "state", "S1", datetime.now(UTC)) as store:
        assert store.looks() == [1]


def test_looks_that_are_killed_lose_nothing(tmp_path: Path) -> None:
    figures = faults.kills(tmp_path, looks=3, each=3, seed=7)
    assert figures.kills == 9


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    said = faults.full_disks(tmp_path, [2**12, 2**19])
    assert all(text.startswith("safetymon: ") for text in said.values()), said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_with_no_space_left_loses_nothing(small_disk: Path) -> None:
    study = small(small_disk)
    refused = faults.run(study)
    assert refused.returncode == 3, refused
    assert refused.stderr.count("\n") == 1
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    done = faults.run(study)
    assert done.returncode == 0, done
    assert verify.verify(study, datetime.now(UTC)).looks == 1


def test_a_store_of_an_earlier_version_is_copied_then_brought_up_to_date(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").mkdir()
    with duckdb.connect(tmp_path / "state/S1.duckdb") as connection:
        connection.execute(migrations()[0][1])
        connection.execute("insert into migration values (1, 'long ago')")
        connection.execute("insert into extract values ('e', '{}', 'long ago')")
        connection.execute(
            "insert into event (extract, subject, key, pt) values ('e', 's', '1', 'p')"
        )
    done = monitor.look(small(tmp_path), NOW, "tester")
    (copy,) = (tmp_path / "state").glob("S1.v1.*.duckdb")
    assert f"copied to {copy.name}" in caplog.text
    assert copy.stat().st_mode & 0o077 == 0
    with duckdb.connect(copy, read_only=True) as connection:
        assert connection.sql("select max(version) from migration").fetchall() == [(1,)]
    assert verify.verify(tmp_path / "study.toml", LATER).looks == 1  # its old rows are covered too
    assert numbers(done)
