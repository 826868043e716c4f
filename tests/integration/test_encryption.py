"""Encryption at rest: nothing of a study is readable on the disk, and no message tells the key."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from safetymon import cipher, demonstration, keeping
from safetymon.cipher import VARIABLE
from safetymon.cli import run
from safetymon.store import encrypting, seal

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


def plain_then_key(study: Path) -> None:
    """A look without a key; then the study file names one."""
    named = study.read_text(encoding="utf-8")
    study.write_text(named.rsplit("[store]")[0])
    assert look(study) == 0
    study.write_text(named)


def plain_copies(study: Path) -> list[Path]:
    return list(store_of(study).parent.glob("*.plain.*"))


def test_a_plain_store_is_encrypted_and_says_the_same(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain_then_key(study)
    before = store_of(study).read_bytes()
    capsys.readouterr()
    assert run(["encrypt", str(study)]) == 0
    (copy,) = plain_copies(study)
    assert f"Encrypted. {copy} is the plain store as it was: delete it" in capsys.readouterr().out
    assert b"Headache" in before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert b"Headache" in copy.read_bytes()
    copy.unlink()
    written = [p for p in store_of(study).parent.iterdir() if p.is_file()]
    assert b"Headache" not in b"".join(p.read_bytes() for p in written)
    assert all(p.stat().st_mode & 0o077 == 0 for p in written)
    assert run(["verify", str(study)]) == 0
    assert "looks made again: 1" in capsys.readouterr().out
    assert look(study) == 0
    assert "(made before" in capsys.readouterr().out
    run(["audit", "export", str(study)])
    acts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (act,) = [act for act in acts if act["action"] == "encrypt"]
    assert json.loads(act["detail"]) == {"plain": copy.name}
    assert "seal" not in {act["action"] for act in acts}  # closed properly throughout


def test_a_store_is_encrypted_once_and_only_with_a_key(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["encrypt", str(study)]) == 2
    assert "no look has been made" in capsys.readouterr().err
    plain_then_key(study)
    assert "encrypt it with `safetymon encrypt`, or take the key away" in refused(study, capsys)
    named = study.read_text(encoding="utf-8")
    study.write_text(named.rsplit("[store]")[0])
    assert run(["encrypt", str(study)]) == 2
    assert "study.toml: there is no key; name its file as" in capsys.readouterr().err
    study.write_text(named)
    assert run(["encrypt", str(study)]) == 0
    assert run(["encrypt", str(study)]) == 2
    assert "is encrypted already" in capsys.readouterr().err
    assert len(plain_copies(study)) == 1


def stop(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("step", "stopped", "renamed"),
    [
        ("_written", stop, False),
        ("_replace", stop, False),
        ("seal", SimpleNamespace(mark=stop), False),
        ("seal", SimpleNamespace(mark=seal.mark, seal=stop), True),
    ],
    ids=["before it is written", "after it", "before it is renamed", "after it"],
)
def test_an_interrupted_encryption_leaves_a_whole_store_and_the_next_one_ends_it(
    study: Path, monkeypatch: pytest.MonkeyPatch, step: str, stopped: object, *, renamed: bool
) -> None:
    plain_then_key(study)
    with monkeypatch.context() as patched:
        patched.setattr(encrypting, step, stopped)
        with pytest.raises(KeyboardInterrupt):
            keeping.encrypted(study, datetime.now(UTC), "tester")
    assert len(plain_copies(study)) == renamed
    assert run(["encrypt", str(study)]) == (2 if renamed else 0)
    assert len(plain_copies(study)) == 1
    assert run(["verify", str(study)]) == 0
    assert not list(store_of(study).parent.glob(f".{store_of(study).name}*"))


def test_what_a_killed_encryption_left_is_no_obstacle(study: Path) -> None:
    plain_then_key(study)
    store_of(study).with_name(f".{store_of(study).name}").write_bytes(b"half of it")
    assert run(["encrypt", str(study)]) == 0


def test_a_store_that_is_not_what_its_audit_says_is_not_encrypted(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain_then_key(study)
    path = store_of(study)
    head = str(seal.condition(path).head)
    with duckdb.connect(path) as connection:
        connection.execute("update verdict set verdict = 'no signal'")
    seal.seal(path, head)
    assert run(["encrypt", str(study)]) == 3
    assert "rows of verdict 1 were changed" in capsys.readouterr().err
    assert plain_copies(study) == []


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
