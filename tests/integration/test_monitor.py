"""One look after another: what is kept, repeated, refused, and what becomes of a signal."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from safetymon import demonstration, monitor, report, store
from safetymon.errors import DataRefusedError, StorageError, UsageError
from safetymon.monitor import LookDone

NOW = datetime(2024, 1, 1, tzinfo=UTC)
LATER = datetime(2024, 1, 2, tzinfo=UTC)

STUDY = """
[study]
id = "S1"
title = "A small study"

[data]
standard = "edc"
[data.files]
subjects = "dm.csv"
exposure = "ex.csv"
events = "ae.csv"
[data.columns.subjects]
subject = "ID"
[data.columns.exposure]
subject = "ID"
treatment = "DRUG"
start = "FROM"
end = "TO"
[data.columns.events]
subject = "ID"
key = "NO"
pt = "PT"
onset = "ON"

[treatments.Drug]
from = ["D"]
[treatments.Control]
from = ["C"]
reference = true

[[rule]]
name = "nausea"
topic = "nausea"
group = "Drug"
method = "subjects"
limit = 2
min_at_risk = 1
"""
LOOK_AT_LOSSES = '[freshness]\nolder = "banner"\nfewer = "banner"\n'
SUBJECTS = "ID\n001\n002\n003\n"
EXPOSURE = (
    "ID,DRUG,FROM,TO\n001,D,2020-01-01,2020-02-01\n002,D,2020-01-01,2020-02-01\n"
    "003,C,2020-01-01,2020-02-01\n"
)
ONE = "ID,NO,PT,ON\n001,1,Nausea,2020-01-05\n"
TWO = f"{ONE}002,1,Nausea,2020-01-06\n"


def small(folder: Path, events: str = ONE, study: str = STUDY) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "dm.csv").write_text(SUBJECTS)
    (folder / "ex.csv").write_text(EXPOSURE)
    (folder / "ae.csv").write_text(events)
    (folder / "study.toml").write_text(study)
    return folder / "study.toml"


def verdict(done: LookDone) -> tuple[Any, ...]:
    return done.closed.signals.select("verdict", "since_look").row(0)


def numbers(done: LookDone) -> str:
    return (done.closed_report.parent / "results.json").read_text(encoding="utf-8")


def rows_in(folder: Path, table: str) -> int:
    with store.opened(folder / "state", "S1", NOW) as opened:
        return len(opened._connection.sql(f"from {table}").fetchall())


def test_a_look_at_the_same_inputs_changes_nothing(tmp_path: Path) -> None:
    study = small(tmp_path)
    first = monitor.look(study, NOW, "a")
    text = numbers(first)
    again = monitor.look(study, LATER, "b")
    assert (first.repeated, again.repeated) == (False, True)
    assert again.closed.look == first.closed.look
    assert numbers(again) == text
    tables = ("extract", "cut", "look", "event", "verdict")
    assert [rows_in(tmp_path, t) for t in tables] == [1, 1, 1, 1, 1]


def test_a_repeated_look_counts_the_same_numbers_anew(tmp_path: Path) -> None:
    study = small(tmp_path)
    first = monitor.look(study, NOW, "a", out=tmp_path / "one")
    again = monitor.look(study, LATER, "b", out=tmp_path / "two")
    assert again.closed_report != first.closed_report
    assert numbers(again) == numbers(first)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot be placed")
@pytest.mark.parametrize(("rows", "processors"), [(7, "one"), (6, "all")])
def test_a_small_look_keeps_to_one_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, processors: str
) -> None:
    study = small(tmp_path)  # 3 subjects, 3 exposures, 1 event
    used: list[set[int]] = []
    told = monitor.told
    monkeypatch.setattr("safetymon.processors.SMALL", rows)
    monkeypatch.setattr(
        monitor, "told", lambda here: (used.append(os.sched_getaffinity(0)), told(here))[1]
    )
    monitor.look(study, NOW, "a")
    allowed = os.sched_getaffinity(0)
    assert [len(used[0]), used[0] <= allowed] == [{"one": 1, "all": len(allowed)}[processors], True]


def test_looks_at_two_cut_offs_both_stay(tmp_path: Path) -> None:
    study = small(tmp_path, TWO)
    late = monitor.look(study, NOW, "a")
    early = monitor.look(study, NOW, "a", cutoff=date(2020, 1, 5))
    folders = sorted(p.name for p in (tmp_path / "reports/S1/closed").iterdir() if p.is_dir())
    assert folders == ["0001-2020-02-01", "0002-2020-01-05"]
    counted = [
        done.closed.incidence.filter(term="nausea", group="Drug", estimand="all", adjudicated=True)[
            "subjects"
        ].item()
        for done in (early, late)
    ]
    assert counted == [1, 2]
    assert [rows_in(tmp_path, t) for t in ("extract", "cut", "event")] == [1, 2, 2]


def test_a_signal_is_raised_stays_open_and_is_cleared_by_two_looks(tmp_path: Path) -> None:
    seen = []
    more = "003,1,Rash,2020-01-07\n"
    for events in (ONE, TWO, f"{TWO}{more}", ONE, f"{ONE}{more}"):
        done = monitor.look(small(tmp_path, events, f"{STUDY}{LOOK_AT_LOSSES}"), NOW, "a")
        seen.append((*verdict(done), done.closed.signals["reason"][0], done.raised))
    assert seen == [
        ("no signal", 1, "first look", 0),
        ("raised", 2, "new data", 1),
        ("open", 2, None, 0),
        ("open", 2, "edited history", 0),
        ("cleared", 5, "edited history", 0),
    ]
    # The fourth extract is the first again: its rows are not stored twice, but the look is new.
    assert [rows_in(tmp_path, t) for t in ("extract", "look")] == [4, 5]


def test_a_look_back_in_time_does_not_see_the_future(tmp_path: Path) -> None:
    study = small(tmp_path, TWO)
    assert verdict(monitor.look(study, NOW, "a")) == ("raised", 1)
    early = monitor.look(study, NOW, "a", cutoff=date(2020, 1, 5))
    assert verdict(early) == ("no signal", 2)


def test_changed_definitions_are_a_new_look_at_the_same_cut(tmp_path: Path) -> None:
    monitor.look(small(tmp_path), NOW, "a")
    changed = small(tmp_path, study=STUDY.replace("limit = 2", "limit = 1"))
    done = monitor.look(changed, NOW, "a")
    assert verdict(done) == ("raised", 2)
    assert done.closed.signals["reason"].item() == "changed definitions"
    assert [rows_in(tmp_path, t) for t in ("cut", "definitions", "look")] == [1, 2, 2]


def test_an_extract_that_lost_its_events_is_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    monitor.look(small(tmp_path), NOW, "a")
    emptied = small(tmp_path, "ID,NO,PT,ON\n")
    with pytest.raises(DataRefusedError, match=r"ae.csv: holds no adverse events .* held 1"):
        monitor.look(emptied, NOW, "a")
    assert [rows_in(tmp_path, t) for t in ("extract", "look")] == [1, 1]


def test_an_extract_of_which_no_event_can_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="none of its 1 rows could be accepted"):
        monitor.look(small(tmp_path, "ID,NO,PT,ON\n999,1,Nausea,2020-01-05\n"), NOW, "a")


def test_a_trial_without_events_yet_is_no_error(tmp_path: Path) -> None:
    done = monitor.look(small(tmp_path, "ID,NO,PT,ON\n"), NOW, "a")
    assert verdict(done) == ("no events", 1)
    assert done.closed.incidence["events"].sum() == 0


def test_a_missing_extract_is_refused(tmp_path: Path) -> None:
    study = small(tmp_path)
    (tmp_path / "ae.csv").unlink()
    with pytest.raises(DataRefusedError, match=r"ae\.csv"):
        monitor.look(study, NOW, "a")
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "reports").exists()


def test_a_cut_off_before_the_first_treatment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="nobody had been treated"):
        monitor.look(small(tmp_path), NOW, "a", cutoff=date(2019, 12, 31))


def test_a_mistyped_year_does_not_carry_the_cut_off_along(tmp_path: Path) -> None:
    """Neither to the year 2030 nor to today: who is still on treatment is at risk up to it."""
    late = f"{ONE}002,1,Rash,2030-01-05\n"
    right = monitor.look(small(tmp_path / "right"), NOW, "a").closed
    wrong = monitor.look(small(tmp_path / "wrong", late), NOW, "a").closed
    assert wrong.cut.cutoff == right.cut.cutoff == date(2020, 2, 1)
    assert wrong.groups.equals(right.groups)
    assert [(f.severity, f.count) for f in wrong.findings if f.check == "date in the future"] == [
        ("error", 1)
    ]


def test_an_exposure_in_the_future_is_told(tmp_path: Path) -> None:
    file = small(tmp_path)
    (tmp_path / "ex.csv").write_text(f"{EXPOSURE}002,D,2033-01-01,2033-02-01\n")
    [told] = [f for f in monitor.check(file, NOW).findings if f.check == "date in the future"]
    assert "exposure end 1, exposure start 1" in told.text


def test_a_partial_date_of_leaving_does_not_carry_the_cut_off_along(tmp_path: Path) -> None:
    study = STUDY.replace('subject = "ID"', 'subject = "ID"\nleft = "LEFT"', 1)
    file = small(tmp_path, study=study)
    (tmp_path / "dm.csv").write_text("ID,LEFT\n001,2020\n002,\n003,\n")
    assert monitor.look(file, NOW, "a").closed.cut.cutoff == date(2020, 2, 1)


def test_a_cut_off_in_the_future_is_refused(tmp_path: Path) -> None:
    file = small(tmp_path)
    with pytest.raises(UsageError, match="2099-01-01: lies in the future"):
        monitor.look(file, NOW, "a", cutoff=date(2099, 1, 1))
    file.write_text(STUDY.replace("[data]", "[data]\ncutoff = 2099-01-01", 1))
    with pytest.raises(UsageError, match="lies in the future"):
        monitor.check(file, NOW)


def test_a_cut_off_may_be_the_day_that_has_begun_in_the_east(tmp_path: Path) -> None:
    evening = datetime(2024, 1, 1, 20, tzinfo=UTC)
    done = monitor.look(small(tmp_path), evening, "a", cutoff=date(2024, 1, 2))
    assert done.closed.cut.cutoff == date(2024, 1, 2)


def test_overlapping_groups_cannot_be_summed(tmp_path: Path) -> None:
    groups = """
    [[group]]
    name = "Drug"
    treatment = "Drug"
    [[group]]
    name = "Drug again"
    treatment = "Drug"
    [[group]]
    name = "Sum"
    total_of = ["Drug", "Drug again"]
    """
    with pytest.raises(UsageError, match="overlapping groups cannot be summed"):
        monitor.look(small(tmp_path, study=STUDY + groups), NOW, "a")
    assert not (tmp_path / "reports").exists()


def test_a_report_that_cannot_be_written_is_made_good_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(report, "write", full)
        with pytest.raises(StorageError, match=r"look 1 is stored, but .* \(No space"):
            monitor.look(study, NOW, "a")
    done = monitor.look(study, LATER, "a")
    assert done.closed.look.number == 1
    assert done.closed_report.exists()


def test_the_store_knows_the_hash_of_every_report_file(tmp_path: Path) -> None:
    done = monitor.look(small(tmp_path), NOW, "a")
    with store.opened(tmp_path / "state", "S1", NOW) as opened:
        rows = opened._connection.sql("select scope, path, sha256 from report_file").fetchall()
    kept = {(scope, path): digest for scope, path, digest in rows}
    found = {
        (scope, str(path.relative_to(page.parent))): sha256(path.read_bytes()).hexdigest()
        for scope, page in (("closed", done.closed_report), ("open", done.open_report))
        for path in page.parent.rglob("*")
        if path.is_file()
    }
    assert kept == found


@pytest.mark.slow
def test_results_follow_their_schema(tmp_path: Path) -> None:
    study = demonstration.unpack(tmp_path)
    done = monitor.look(study, NOW, "a")
    schema = json.loads((Path(report.__file__).parent / "results.schema.json").read_text())
    for path in (done.closed_report, done.open_report):
        document = json.loads((path.parent / "results.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
        assert document["format"] == "safetymon/results/1"


def test_closed_files_are_their_owner_s_alone(tmp_path: Path) -> None:
    done = monitor.look(small(tmp_path), NOW, "a")
    closed, pooled = done.closed_report.parent, done.open_report.parent
    assert all(p.stat().st_mode & 0o077 == 0 for p in (closed, *closed.rglob("*")))
    assert all(p.stat().st_mode & 0o044 == 0o044 for p in (pooled, *pooled.rglob("*")))


SWAPPED = EXPOSURE.replace(",D,", ",X,").replace(",C,", ",D,").replace(",X,", ",C,")


def test_the_open_report_does_not_depend_on_who_took_what(tmp_path: Path) -> None:
    """Swapping the treatments moves the closed numbers and leaves every open byte but the stamp."""
    text = STUDY.replace('group = "Drug"', 'group = "All subjects"')
    one, other = tmp_path / "one", tmp_path / "other"
    first = monitor.look(small(one, TWO, text), NOW, "a")
    study = small(other, TWO, text)
    (other / "ex.csv").write_text(SWAPPED)
    second = monitor.look(study, NOW, "a")
    assert not first.closed.incidence.equals(second.closed.incidence)
    for name in ("incidence", "groups", "signals", "findings"):
        left, right = (
            (done.open_report.parent / "tables" / f"{name}.csv").read_bytes()
            for done in (first, second)
        )
        assert left == right


def test_a_look_does_not_import_what_it_does_not_need() -> None:
    code = "import sys, safetymon.monitor; print('altair' in sys.modules, 'rich' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False False\n"
