"""Backup, restore, retention."""

import shutil
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safetymon import keeping, monitor, report, verify
from safetymon.errors import DataRefusedError, StudyBusyError, UsageError
from safetymon.export import Wanted, export
from safetymon.store import reserved
from tests.integration.test_monitor import ONE, STUDY, TWO, small

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def day(n: int) -> datetime:
    return NOW + timedelta(days=n)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    monitor.look(small(folder, ONE), NOW, "tester")
    monitor.look(small(folder, TWO), day(1), "tester")
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "study")) / "study.toml"


@pytest.fixture
def packed(study: Path, tmp_path: Path) -> Path:
    keeping.backup(study, tmp_path / "backup.tar", day(2), "tester")
    return tmp_path / "backup.tar"


def test_a_backup_is_restored_and_whole(study: Path, packed: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "study.toml"
    found = keeping.restore(packed, elsewhere, day(3), "tester")
    assert (found.looks, found.notes) == (2, ())
    assert elsewhere.read_bytes() == study.read_bytes()
    for name in ("dm.csv", "ex.csv", "ae.csv"):  # the listings are the sponsor's, not in a backup
        shutil.copy(study.parent / name, elsewhere.parent / name)
    assert monitor.look(elsewhere, day(4), "tester").repeated
    assert verify.verify(elsewhere, day(5)).looks == 2


def test_what_is_restored_has_the_modes_it_had(packed: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    keeping.restore(packed, elsewhere / "study.toml", day(3), "tester")
    closed = [p for name in ("state", "reports/S1/closed") for p in (elsewhere / name).rglob("*")]
    assert closed
    assert all(p.stat().st_mode & 0o077 == 0 for p in closed)
    pooled = list((elsewhere / "reports/S1/open").rglob("*"))
    assert all(p.stat().st_mode & 0o044 == 0o044 for p in pooled)


def test_a_backup_is_its_owner_s_alone_and_names_no_user(packed: Path) -> None:
    assert packed.stat().st_mode & 0o077 == 0
    with tarfile.open(packed) as tar:
        assert {(m.uname, m.gname, m.uid) for m in tar.getmembers()} == {("", "", 0)}


def test_nothing_is_overwritten(study: Path, packed: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"backup\.tar: is there already"):
        keeping.backup(study, packed, day(3), "tester")
    with pytest.raises(UsageError, match=r"S1\.duckdb: is there already"):
        keeping.restore(packed, study, day(3), "tester")
    assert verify.verify(study, day(4)).looks == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other/study.toml").write_text(STUDY.replace('"S1"', '"S2"'))
    with pytest.raises(UsageError, match="is of another study; the backup is of S1"):
        keeping.restore(packed, tmp_path / "other/study.toml", day(3), "tester")
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["study.toml"]


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
def test_a_changed_backup_is_refused_and_nothing_of_it_stays(
    packed: Path, tmp_path: Path, share: float
) -> None:
    with tarfile.open(packed) as tar:
        members = [m for m in tar.getmembers() if m.size]
    member = members[int(share * len(members))]
    whole = bytearray(packed.read_bytes())
    whole[member.offset_data + member.size // 2] ^= 1
    packed.write_bytes(whole)
    with pytest.raises(DataRefusedError, match=r"was changed|is no whole backup|is no file"):
        keeping.restore(packed, tmp_path / "new/study.toml", day(3), "tester")
    assert not list((tmp_path / "new").iterdir())


def test_half_a_backup_is_refused(packed: Path, tmp_path: Path) -> None:
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    with pytest.raises(DataRefusedError, match="is no whole backup of safetymon"):
        keeping.restore(packed, tmp_path / "new/study.toml", day(3), "tester")


def test_a_backup_that_reaches_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    listed = b'{"format": "safetymon/backup/1", "study": "S1", "files": {"../out": "x"}}'
    with tarfile.open(evil, "w") as tar:
        keeping._add(tar, keeping._LIST, listed)
        keeping._add(tar, "../out", b"")
    with pytest.raises(DataRefusedError, match="is no file of a study"):
        keeping.restore(evil, tmp_path / "new/study.toml", day(3), "tester")
    assert not (tmp_path / "out").exists()


def test_a_backup_waits_for_a_look_to_end(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "WAIT_S", 0.1)
    with reserved(study.parent / "state", "S1"), pytest.raises(StudyBusyError, match="held by"):
        keeping.backup(study, tmp_path / "b.tar", day(2), "tester")
    assert not (tmp_path / "b.tar").exists()


def test_retention_removes_old_reports_and_keeps_looks(study: Path) -> None:
    assert keeping.retire(study, 30, day(30), "tester") == []
    assert keeping.retire(study, 30, day(31), "tester") == [1]
    assert keeping.retire(study, 30, day(90), "tester") == []  # the last look's stays
    closed = study.parent / "reports/S1/closed"
    assert sorted(p.name for p in closed.iterdir() if p.is_dir()) == ["0002-2020-02-01"]
    found = verify.verify(study, day(91))
    assert (found.looks, found.notes) == (2, ())
    text, _ = verify.exported(study, day(92), "tester")
    assert text.count('"action": "retire"') == 1


def test_of_a_retired_report_it_is_said_where_it_can_still_be_had(
    study: Path, packed: Path, tmp_path: Path
) -> None:
    keeping.retire(study, 30, day(31), "tester")
    for look in ("1", "0001-2020-02-01"):
        with pytest.raises(
            UsageError, match="its report was retired; restore a backup from before"
        ):
            export(study, look, Wanted(xlsx=True), day(32), "tester")
    assert monitor.look(study, day(33), "tester").closed.look.number != 1  # the data are newer
    keeping.restore(packed, tmp_path / "new/study.toml", day(34), "tester")
    (made,) = export(tmp_path / "new/study.toml", "1", Wanted(xlsx=True), day(35), "tester")
    assert made.is_file()


def test_a_report_that_goes_without_an_act_is_missed(study: Path) -> None:
    shutil.rmtree(study.parent / "reports/S1/open/0001-2020-02-01")
    with pytest.raises(DataRefusedError, match="the open report of look 1 is not there"):
        verify.verify(study, day(2))


def test_an_interrupted_retention_is_carried_on(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise KeyboardInterrupt(path)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            keeping.retire(study, 30, day(31), "tester")
    found = verify.verify(study, day(32))  # the report is there, and whole
    assert found.again == 2
    assert "the report of look 1 was retired, but some of it is there still" in found.notes[0]
    (study.parent / "reports/S1/closed/0001-2020-02-01/report.html").unlink()  # half removed
    assert verify.verify(study, day(32)).again == 2
    (study.parent / "reports/S1/closed/0001-2020-02-01/results.json").write_text("x")
    with pytest.raises(DataRefusedError, match=r"results\.json was changed"):
        verify.verify(study, day(32))
    assert keeping.retire(study, 30, day(33), "tester") == [1]
    assert verify.verify(study, day(34)).notes == ()


def test_a_backup_leaves_out_what_no_look_wrote_so_that_it_can_be_restored(
    study: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = study.parent / "reports/S1/open/0007-2020-05-25"
    foreign.mkdir()
    (foreign / "report.html").write_text("x")
    keeping.backup(study, tmp_path / "b.tar", day(2), "tester")
    assert f"{foreign}: was written by no look on record; it is not in the backup" in caplog.text
    assert keeping.restore(tmp_path / "b.tar", tmp_path / "new/study.toml", day(3), "t").looks == 2


def test_the_reports_of_a_backup_are_those_on_disk(
    study: Path, packed: Path, tmp_path: Path
) -> None:
    keeping.restore(packed, tmp_path / "new/study.toml", day(3), "tester")
    for tree in ("closed", "open"):
        before, after = (base / "reports/S1" / tree for base in (study.parent, tmp_path / "new"))
        assert report.hashes(before) == report.hashes(after)


def test_days_must_be_positive(study: Path) -> None:
    with pytest.raises(UsageError, match="give at least 1"):
        keeping.retire(study, 0, NOW, "tester")
