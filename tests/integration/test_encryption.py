"""Encryption at rest: nothing of a study is readable on the disk, and no message tells the key."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from safetymon import cipher, demonstration
from safetymon.cipher import VARIABLE
from safetymon.cli import run

KEY = "5a" * 32
OTHER = "a5" * 32


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The demonstration, with a key file that its study file names."""
    made = demonstration.unpack(tmp_path)
    key_file(made.parent / "store.key")
    with made.open("a", encoding="utf-8") as file:
        file.write('\n[store]\nencryption_key_file = "store.key"\n')
    return made


def key_file(path: Path, text: str = KEY, mode: int = 0o600) -> Path:
    path.write_text(text + "\n", encoding="ascii")
    path.chmod(mode)
    return path


def store_of(study: Path) -> Path:
    return study.parent / "state" / "PRODERM-DEMO.duckdb"


def look(study: Path) -> int:
    return run(["run", str(study)])


def refused(study: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which a look is refused; no key is in it."""
    capsys.readouterr()
    assert look(study) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not any(key in said for key in (KEY, OTHER))
    return said


def test_no_byte_of_an_encrypted_store_says_who_or_what(study: Path) -> None:
    assert look(study) == 0
    written = [p.read_bytes() for p in store_of(study).parent.iterdir() if p.is_file()]
    assert sum(map(len, written)) > 100_000
    listing = (study.parent / "listings" / "adverse_events.csv").read_text(encoding="utf-8")
    subject = listing.splitlines()[1].split(",")[0]
    assert subject
    for known in (subject, "Headache", "Thromboembolism", "thromboembolism", "create table"):
        assert known.encode() not in b"".join(written)


def test_the_same_words_are_in_a_store_that_is_not_encrypted(tmp_path: Path) -> None:
    study = demonstration.unpack(tmp_path)
    assert look(study) == 0
    assert b"Headache" in store_of(study).read_bytes()


def test_the_log_of_a_killed_look_is_encrypted_too(study: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from datetime import UTC, datetime
from safetymon import cipher, config, store
from safetymon.audit import AuditEvent
study = Path(sys.argv[1])
key = cipher.key(config.load(study), study.parent)
with store.opened(study.parent / "state", "PRODERM-DEMO", datetime.now(UTC), key) as opened:
    with opened.transaction():
        event = AuditEvent(datetime.now(UTC), "x", "decision", "y")
        opened.record_decision("Headache", "new", "a note", event)
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", program, study], check=False).returncode == 9
    files = list(store_of(study).parent.glob("*.wal"))
    assert files
    assert b"a note" not in b"".join(path.read_bytes() for path in files)
    assert look(study) == 0  # and it is read again with the key


def test_an_encrypted_study_gives_the_same_results(study: Path, tmp_path: Path) -> None:
    plain = demonstration.unpack(tmp_path / "plain")
    assert look(study) == look(plain) == 0
    one, other = (next(s.parent.rglob("closed/*/tables")) for s in (study, plain))
    assert [p.name for p in sorted(one.iterdir())]
    for table in one.iterdir():
        assert table.read_bytes() == (other / table.name).read_bytes()


def test_the_key_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = demonstration.unpack(tmp_path)
    monkeypatch.setenv(VARIABLE, KEY)
    assert look(study) == look(study) == 0
    assert b"Headache" not in store_of(study).read_bytes()


def test_the_key_file_of_the_study_goes_before_the_environment(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OTHER)
    assert look(study) == 0
    monkeypatch.delenv(VARIABLE)
    assert look(study) == 0


def test_another_key_is_refused(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert look(study) == 0
    key_file(study.parent / "store.key", OTHER)
    said = refused(study, capsys)
    assert "PRODERM-DEMO.duckdb: is encrypted with another key than that of key file" in said


def test_an_encrypted_store_without_a_key_is_refused(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(study) == 0
    study.write_text(study.read_text().rsplit("[store]")[0])
    assert "is encrypted; name its key file as encryption_key_file" in refused(study, capsys)


def test_a_key_for_a_store_that_is_not_encrypted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = demonstration.unpack(tmp_path)
    assert look(study) == 0
    monkeypatch.setenv(VARIABLE, KEY)
    said = refused(study, capsys)
    assert f"is not encrypted, but there is a key (environment variable {VARIABLE})" in said


def test_a_missing_extension_is_refused_and_nothing_is_written(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cipher.util, "find_spec", lambda _: None)
    assert "pip install 'safetymon[encryption]'" in refused(study, capsys)
    assert not store_of(study).exists()


def test_an_extension_for_another_duckdb_is_refused(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb, "__version__", "9.9.9")
    said = refused(study, capsys)
    assert "is for DuckDB v" in said
    assert "DuckDB is v9.9.9" in said


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_file_that_others_can_reach_is_refused(
    mode: int, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study.parent / "store.key").chmod(mode)
    assert f"others can read or change it (mode {mode:03o})" in refused(study, capsys)


@pytest.mark.parametrize("text", ["", "secret", KEY[:-1], KEY + "0", "é" * 64, f"{KEY}\n{OTHER}"])
def test_what_is_no_key_is_refused_and_not_repeated(
    text: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study.parent / "store.key").write_text(text, encoding="utf-8")
    said = refused(study, capsys)
    assert "does not hold a key of 64 hexadecimal digits" in said
    assert not text or text not in said


def test_a_key_file_that_is_not_there_is_refused(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study.parent / "store.key").unlink()
    assert "no such file" in refused(study, capsys)


@pytest.mark.parametrize("line", [f'encryption_key_file = "{KEY}"', f'encryption_key = "{KEY}"'])
def test_a_key_in_the_study_file_is_refused_and_not_repeated(
    line: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study.write_text(study.read_text().rsplit("encryption_key_file")[0] + line)
    assert "study.toml: store.encryption_key" in refused(study, capsys)


def test_check_tells_of_a_key_that_a_look_could_not_use(study: Path) -> None:
    key_file(study.parent / "store.key", mode=0o644)
    assert run(["check", str(study)]) == 2


def test_the_key_is_in_no_log_no_report_no_store_and_no_command_line(study: Path) -> None:
    command = [sys.executable, "-m", "safetymon", "run", "-v", "--debug", str(study)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    for path in study.parent.rglob("*"):
        if path.is_file() and path.name != "store.key":
            assert KEY.encode() not in path.read_bytes(), path.name


def test_a_key_shows_itself_nowhere() -> None:
    assert KEY not in repr(cipher.Key(KEY, "key file x"))
