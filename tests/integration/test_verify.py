"""Verify: every link that can be broken is, and is named."""

import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from safetymon import monitor, rehearsal, verify
from safetymon.board import assess
from safetymon.errors import DataRefusedError, UsageError
from safetymon.store import seal
from tests import tamper
from tests.integration.test_monitor import LOOK_AT_LOSSES, ONE, STUDY, TWO, small

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def day(n: int) -> datetime:
    return NOW + timedelta(days=n)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return looked(tmp_path_factory.mktemp("made"))


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """A copy of the study with four looks: everything in it can be moved together."""
    return Path(shutil.copytree(made.parent, tmp_path / "study")) / "study.toml"


def looked(folder: Path) -> Path:
    """Four looks: the third after a loss of data, the last under other definitions."""
    more = "003,1,Rash,2020-01-07\n"
    for n, events in enumerate((ONE, f"{TWO}{more}", TWO)):
        study = small(folder, events, f"{STUDY}{LOOK_AT_LOSSES}")
        monitor.look(study, day(n), "tester")
    study = small(folder, TWO, f"{STUDY.replace('limit = 2', 'limit = 1')}{LOOK_AT_LOSSES}")
    monitor.look(study, day(3), "tester")
    return study


def store_file(study: Path) -> Path:
    return study.parent / "state" / "S1.duckdb"


def with_sql(study: Path, statement: str) -> None:
    """Changes the store behind the monitor's back, and seals it as if it had been the monitor."""
    path = store_file(study)
    head = str(seal.condition(path).head)
    with duckdb.connect(path) as connection:
        connection.execute(statement)
    seal.seal(path, head)


def test_every_look_can_be_made_again_later(study: Path) -> None:
    assess(study, "nausea", "confirmed", "Dr A", "", day(4))
    found = verify.verify(study, day(5))
    assert (found.looks, found.notes) == (4, ())
    assert verify.verify(study, day(5), look=2, head=found.head).looks == 1


def test_later_simulations_and_titles_do_not_disturb_a_look(study: Path) -> None:
    rehearsal.simulated(study, 2, 1, day(4), "tester")
    study.write_text(study.read_text().replace("A small study", "Another title"))
    done = monitor.look(study, day(5), "tester")
    assert done.repeated
    assert verify.verify(study, day(6)).notes == ()


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("update event set pt = 'Headache' where key = '1'", r"rows of event \w+ were changed"),
        ("delete from seen where look = 1", "rows of seen 1 are gone"),
        ("update verdict set verdict = 'no signal' where look = 2", "rows of verdict 2 were"),
        ("insert into flag values (1, 'Rash', 'Drug', 1)", "rows of flag 1 were written by no act"),
        ("update input set rows_read = 9, accepted = 9", r"rows of input \w+ were changed"),
        ("update definitions set study = replace(study, '2', '3')", "rows of definitions"),
        ("update audit set actor = 'nobody' where seq = 2", "act 2 of the audit"),
        ("delete from audit where seq = 3", "act 3 is missing"),
        ("update report_file set sha256 = 'f' where look = 1", "rows of report_file 1 were"),
        ("update presented set open_sha256 = 'f' where look = 1", "rows of presented 1 were"),
    ],
)
def test_rows_changed_behind_the_monitor_s_back_are_named(
    study: Path, statement: str, broken: str
) -> None:
    with_sql(study, statement)
    with pytest.raises(DataRefusedError, match=f"broken: {broken}"):
        verify.verify(study, day(5))


def test_a_chain_cut_at_its_end_is_found_by_its_head_kept_elsewhere(study: Path) -> None:
    head = verify.verify(study, day(5)).head
    path = store_file(study)
    with duckdb.connect(path) as connection:
        connection.execute("delete from report_file where look = 4")
        connection.execute("delete from audit where seq = (select max(seq) from audit)")
        last = connection.sql("select hash from audit order by seq desc limit 1").fetchall()[0][0]
    seal.seal(path, last)
    with pytest.raises(DataRefusedError, match="no act of the audit has the hash"):
        verify.verify(study, day(5), head=head)


def test_a_store_changed_after_it_was_closed_is_opened_by_nothing(study: Path) -> None:
    path = store_file(study)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    for command in (verify.verify, lambda file, now: monitor.look(file, now, "tester")):
        with pytest.raises(DataRefusedError, match=r"S1\.duckdb: was changed since"):
            command(study, day(5))
    path.write_bytes(whole)
    assert verify.verify(study, day(5)).looks == 4


def test_a_store_without_a_seal_is_checked_and_sealed_anew_which_the_audit_records(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seal._path(store_file(study)).unlink()
    assert verify.verify(study, day(5)).looks == 4
    assert "has no seal; it agrees with its audit and is sealed anew" in caplog.text
    text, _ = verify.exported(study, day(6), "tester")
    assert [json.loads(line)["action"] for line in text.splitlines()][-2:] == ["seal", "export"]


def test_a_store_that_vanished_is_not_begun_anew(study: Path) -> None:
    store_file(study).unlink()
    with pytest.raises(DataRefusedError, match=r"S1\.duckdb: is gone, but its seal is there"):
        monitor.look(study, day(5), "tester")


def spoilt(action: Callable[[Path], object]) -> Callable[[Path], None]:
    def on(study: Path) -> None:
        action(study.parent / "reports" / "S1")

    return on


@pytest.mark.parametrize(
    ("spoil", "broken"),
    [
        (lambda r: (r / "open/0001-2020-02-01/.hidden").write_text("x"), "was added"),
        (lambda r: next(r.glob("open/0001*/report.html")).write_text("x"), "was changed"),
        (lambda r: next(r.glob("closed/0002*/tables/groups.csv")).unlink(), "is gone"),
        (lambda r: (next(r.glob("open/0003*")) / "extra.txt").write_text("x"), "was added"),
        (lambda r: (r / "closed/index.html").write_text("x"), "index.html was changed"),
        (lambda r: next(r.glob("closed/0004*")).rename(r / "elsewhere"), "look 4 is not there"),
        (lambda r: (r / "open/0007-2020-05-25").mkdir(), "open/0007-2020-05-25 was written by no"),
        (lambda r: (r / "closed/0001-2020-02-02").mkdir(), "0001-2020-02-02 was written by no"),
        (lambda r: (r / "coded/0001-2020-02-01").mkdir(parents=True), "coded/0001-2020-02-01 was"),
        (lambda r: (r / "open/by-arm.csv").write_text("x"), "open/by-arm.csv was written by no"),
    ],
)
def test_a_changed_report_is_named(
    study: Path, spoil: Callable[[Path], object], broken: str
) -> None:
    spoilt(spoil)(study)
    with pytest.raises(DataRefusedError, match=f"broken: .*{broken}"):
        verify.verify(study, day(5))


def test_every_folder_that_reports_went_to_is_searched_for_what_no_look_wrote(
    study: Path, tmp_path: Path
) -> None:
    for n, out in enumerate((tmp_path / "other", study.parent / "reports"), start=4):
        assert monitor.look(study, day(n), "tester", out=out).repeated
    assert verify.verify(study, day(6)).notes == ()
    (tmp_path / "other/S1/open/0007-2020-05-25").mkdir()
    with pytest.raises(DataRefusedError, match="other/S1/open/0007-2020-05-25 was written by no"):
        verify.verify(study, day(6))


def count_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_one(events: pl.DataFrame, *_: object) -> pl.DataFrame:
        return events.with_columns(seen="onset_low").head(1)

    monkeypatch.setattr("safetymon.results.derive.first_seen", only_one)


def test_a_look_that_would_say_other_numbers_now_is_named(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_otherwise(monkeypatch)
    with pytest.raises(DataRefusedError, match="broken: look 2, made again, says other closed"):
        verify.verify(study, day(5))


def test_a_look_by_another_version_that_counted_differently_is_a_note(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_otherwise(monkeypatch)
    monkeypatch.setattr("safetymon.monitor.versions", lambda: {"safetymon": "9"})
    notes = verify.verify(study, day(5)).notes
    assert notes[0].startswith("look 2 cannot be made again by these versions")


def test_there_is_nothing_to_verify_before_the_first_look(study: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no look has been made"):
        verify.verify(small(tmp_path / "new"), NOW)
    with pytest.raises(UsageError, match="look 9: has not been made"):
        verify.verify(study, day(5), look=9)


def test_what_is_done_is_in_the_audit(study: Path) -> None:
    assess(study, "nausea", "confirmed", "Dr A", "", day(4))
    (study.parent / "ae.csv").unlink()
    with pytest.raises(DataRefusedError):
        monitor.look(study, day(5), "tester")
    text, head = verify.exported(study, day(6), "auditor")
    acts = [json.loads(line) for line in text.splitlines()]
    assert [act["action"] for act in acts] == [
        "migrate", "cut", "definitions", "look", "report", "cut", "look", "report", "cut", "look",
        "report", "definitions", "look", "report", "decision", "refuse", "export",
    ]  # fmt: skip
    assert (acts[-1]["actor"], acts[-1]["hash"]) == ("auditor", head)


def test_the_clock_of_the_last_look_holds(study: Path) -> None:
    with pytest.raises(DataRefusedError, match=r"the clock says 2024-01-02 .* look 4 was made at"):
        monitor.look(study, day(1), "tester")
    verify.accept_clock(study, day(1), "tester")
    assert monitor.look(study, day(1) + timedelta(hours=1), "tester").repeated


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_a_part_of_a_thousand_changed_bytes_is_found(tmp_path: Path, seed: int) -> None:
    study = tamper.made(tmp_path / "study")
    made_to, missed = tamper.tampered(study, 90, seed)
    assert sum(made_to.values()) == 90
    assert not missed


def test_the_tamper_test_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tamper.made(tmp_path / "study")
    monkeypatch.setattr(tamper.Study, "is_whole", lambda *_: True)
    assert tamper.changed(study, "export", random.Random(1)) is not None  # noqa: S311 - no secret
