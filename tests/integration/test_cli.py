"""The command line as a contract: names, files, exit codes, and one plain line for every error."""

import subprocess
import sys
from pathlib import Path

import pytest

from safetymon import __version__, cli, demonstration, monitor
from tests.integration.test_monitor import ONE, STUDY, TWO, small
from tests.integration.test_store import HOLD
from tests.trials import pilot_adam, pilot_sdtm
from tests.unit.test_listings_recognise import edc

Capture = pytest.CaptureFixture[str]


def failed(arguments: list[str], capsys: Capture) -> tuple[int, str]:
    """(exit code, the one line on stderr)."""
    code = cli.run(arguments)
    printed = capsys.readouterr()
    assert printed.err.startswith("safetymon: ")
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    return code, printed.err


def test_version_and_help(capsys: Capture) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"safetymon {__version__}\n"
    for arguments in ([], ["--help"]):
        assert cli.run(arguments) == 0
        assert "Exit codes: 0 done" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "init", "check", "run"])
def test_every_command_has_help(command: str, capsys: Capture) -> None:
    assert cli.run([command, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out


def test_demo_prints_the_topics_and_the_reports(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["demo", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for said in ("62/95 65.3% (282)", "40/95 42.1%", "18/95 18.9%", "15/95 15.8%",
                 "5/95  5.3%   (6)", "Synthetic data", "do not add the columns"):  # fmt: skip
        assert said in out
    assert (tmp_path / "PRODERM-DEMO/closed/0001-2020-05-25/report.html").exists()
    assert (tmp_path / "PRODERM-DEMO/open/0001-2020-05-25/report.html").exists()
    assert (tmp_path / "PRODERM-DEMO/closed/index.html").exists()


def test_run_writes_both_trees_and_prints_no_number(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path, TWO)
    assert cli.run(["run", str(study), "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "Look 1, data cut-off 01 Feb 2020" in out
    assert not any(word in out.lower() for word in ("drug", "nausea", "raised", "signal"))
    for scope in ("closed", "open"):
        look = tmp_path / "out/S1" / scope / "0001-2020-02-01"
        assert {p.name for p in look.iterdir()} == {"report.html", "results.json", "tables"}


def test_fail_on_signal(tmp_path: Path) -> None:
    study = small(tmp_path, ONE)
    assert cli.run(["run", str(study), "--fail-on-signal"]) == 0
    small(tmp_path, TWO)
    assert cli.run(["run", str(study), "--fail-on-signal"]) == 10
    assert cli.run(["run", str(study), "--fail-on-signal"]) == 0  # looked at before: told before
    small(tmp_path, f"{TWO}003,1,Rash,2020-01-07\n")
    assert cli.run(["run", str(study), "--fail-on-signal"]) == 0  # open, not newly raised


def test_check_prints_and_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path, f"{ONE}999,1,Nausea,2020-01-05\n")
    before = sorted(p.name for p in tmp_path.iterdir())
    assert cli.run(["check", str(study)]) == 0
    out = capsys.readouterr().out
    assert "ae.csv: 2 rows, 1 accepted, 1 rejected" in out
    assert "999" not in out
    errors = sum(text.startswith("error: ") for text in out.splitlines())
    assert errors == 1
    assert out.endswith("the data can be looked at; see 1 error above.\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "Missing argument"),
        (["run", "none.toml"], "no such study file"),
        (["jump"], "No such command"),
        (["run", "x.toml", "--cutof", "2020-01-01"], "No such option"),
        (["run", "x.toml", "--cutoff", "1 May"], "write it as YYYY-MM-DD"),
        (["init", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage_is_2(arguments: list[str], said: str, capsys: Capture) -> None:
    code, line = failed(arguments, capsys)
    assert code == 2
    assert said in line


def test_a_place_that_cannot_be_written_is_2(tmp_path: Path, capsys: Capture) -> None:
    edc(tmp_path)
    code, line = failed(["init", str(tmp_path), "--out", str(tmp_path / "no/study.toml")], capsys)
    assert code == 2
    assert "no/study.toml: No such file or directory; see to the path" in line


def test_a_report_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path, TWO)
    code, line = failed(["run", str(study), "--out", "/proc/nope"], capsys)
    assert code in (2, 3)
    assert "/proc/nope" in line


def test_a_damaged_store_is_3_and_named(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path, TWO)
    (tmp_path / "state").mkdir()
    (tmp_path / "state/S1.duckdb").write_bytes(b"this is no store" * 1000)
    code, line = failed(["run", str(study)], capsys)
    assert code == 3
    assert "S1.duckdb" in line


def test_a_changed_demonstration_is_not_shown_as_the_published_one(
    tmp_path: Path, capsys: Capture
) -> None:
    study = demonstration.unpack(tmp_path)
    assert demonstration.unpack(tmp_path) == study
    events = study.parent / "listings/adverse_events.csv"
    events.write_bytes(events.read_bytes() + b"\n")
    code, line = failed(["demo", "--out", str(tmp_path)], capsys)
    assert code == 2
    assert "adverse_events.csv: differs from the packaged demonstration" in line


def test_a_wrong_study_file_is_2(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path, study=STUDY.replace("[treatments.Drug]", "[treatment.Drug]"))
    code, line = failed(["check", str(study)], capsys)
    assert code == 2
    assert "study.toml: treatment: is not a key of a study file; did you mean 'treatments'" in line


def test_refused_data_is_3_and_nothing_is_left(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path)
    (tmp_path / "ex.csv").write_text("ID,DRUG,FROM,TO\n")
    code, line = failed(["run", str(study)], capsys)
    assert code == 3
    assert "ex.csv" in line
    assert not (tmp_path / "reports").exists()
    assert not (tmp_path / "state").exists()


def test_a_subject_in_two_arms_without_a_switch_is_3_and_is_not_named(
    tmp_path: Path, capsys: Capture
) -> None:
    study = small(tmp_path)
    rows = "ID,DRUG,FROM,TO\nSECRET-7,D,2020-01-01,2020-02-01\nSECRET-7,C,2020-01-15,2020-02-15\n"
    (tmp_path / "ex.csv").write_text(rows)
    (tmp_path / "dm.csv").write_text("ID\nSECRET-7\n")
    code, line = failed(["run", str(study)], capsys)
    assert code == 3
    assert "SECRET-7" not in line


def test_a_held_study_is_4(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "state")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        holder.stdout.readline()
        code, line = failed(["run", str(study)], capsys)
        holder.communicate("")
    assert code == 4
    assert "study S1 is held by process" in line


def test_a_bug_is_1_and_quotes_no_data(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("subject 001 has nausea")

    monkeypatch.setattr(monitor, "look", broken)
    code, line = failed(["run", str(small(tmp_path))], capsys)
    assert code == 1
    assert "RuntimeError" in line
    assert "001" not in line
    assert cli.run(["run", "x", "--debug"]) == 1
    assert "subject 001 has nausea" in capsys.readouterr().err


@pytest.mark.parametrize(("pilot", "standard"), [(pilot_adam, "adam"), (pilot_sdtm, "sdtm")])
def test_init_writes_a_file_that_runs_unchanged(
    tmp_path: Path, capsys: Capture, pilot: object, standard: str
) -> None:
    pilot(tmp_path / "given")  # type: ignore[operator]  # the fixture is a function
    study = tmp_path / "given" / "made.toml"
    assert cli.run(["init", str(tmp_path / "given/listings"), "--out", str(study)]) == 0
    assert f'standard = "{standard}"' in study.read_text(encoding="utf-8")
    assert cli.run(["run", str(study)]) == 0
    out = capsys.readouterr().out
    assert "Closed report" in out


def test_init_does_not_overwrite(tmp_path: Path, capsys: Capture) -> None:
    study = pilot_adam(tmp_path)
    code, line = failed(["init", str(tmp_path / "listings"), "--out", str(study)], capsys)
    assert code == 2
    assert "study.toml" in line
