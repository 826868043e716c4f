"""What is due is decided from what is on record: real looks, real stores, a clock that is given."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safetymon import monitor
from safetymon.errors import DataRefusedError, StudyBusyError
from safetymon.schedule import Due
from safetymon.service import status
from safetymon.service.attend import attend
from safetymon.service.monitor_file import Served
from safetymon.service.watch import Watch, fingerprint
from safetymon.store import opened
from safetymon.verify import accept_clock
from tests.integration.test_monitor import ONE, STUDY, TWO, small
from tests.service_study import (
    BEGINNING,
    PATIENCE,
    attended,
    day,
    looks,
    monitor_file,
    outcomes,
    served,
)


def test_a_due_look_is_made_once_and_a_night_off_is_made_up_late(tmp_path: Path) -> None:
    study = served(tmp_path)
    first = attended(study, day("01 12:00"))
    assert (first.events, first.next) == ((), day("02 06:00"))
    made = attended(study, day("02 06:00:01"))
    assert outcomes(made.events) == [("02 06:00", "look", 1)]
    assert not made.events[0].late
    assert made.next == day("03 06:00")
    again = attended(study, day("02 06:00:02"))
    assert again.events == made.events
    late = attended(study, day("05 09:00"))
    assert outcomes(late.events)[1:] == [
        ("03 06:00", "missed", None), ("04 06:00", "missed", None), ("05 06:00", "look", 1),
    ]  # fmt: skip
    assert late.events[-1].late
    assert looks(study) == 1  # the data had not changed: the same look answers


def test_a_look_that_is_refused_is_a_failure_on_record_and_is_tried_again(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    events = tmp_path / "ae.csv"
    text = events.read_text()
    events.unlink()
    failed = attended(study, day("02 06:00"))
    assert outcomes(failed.events) == [("02 06:00", "failed", None)]
    assert failed.code == 3
    assert failed.events[0].reason == failed.error
    assert "ae.csv" in (failed.error or "")
    assert failed.next == day("02 06:10")
    events.write_text(text)
    assert attended(study, day("02 06:05")).next == day("02 06:10")
    again = attended(study, day("02 06:10"))
    assert outcomes(again.events)[1:] == [("02 06:00", "look", 1)]


def test_a_due_time_is_served_by_one_process_whoever_planned_it(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    due = Due("schedule", day("02 06:00"), "look")
    monitor.look(study.file, day("02 06:00"), "one service", due=due)
    with pytest.raises(StudyBusyError, match="due 2024-03-02 06:00:00 UTC has been made by ano"):
        monitor.look(study.file, day("02 06:00"), "the other", due=due)
    assert looks(study) == 1


def test_settling_a_due_time_twice_breaks_the_tables_key(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    missed = Due("schedule", day("02 06:00"), "missed")
    event = monitor.AuditEvent(day("02 07:00"), "a", "due", missed.name)
    with opened(tmp_path / "state", "S1", day("02 07:00")) as store:
        with store.transaction():
            store.record_due([missed], event)
        with pytest.raises(Exception, match="Constraint"), store.transaction():
            store.record_due([replace(missed, late=True)], event)
        assert len(store.since(0)) == 1


MIDDLE = """
import sys, time
from datetime import datetime
from pathlib import Path
from safetymon import monitor
from safetymon.schedule import Due
due = datetime.fromisoformat(sys.argv[2])
def stop(*_): print("counted", flush=True); time.sleep(60)
monitor._settle = stop
monitor.look(Path(sys.argv[1]), due, "a", due=Due("schedule", due, "look"))
"""


def test_a_look_killed_in_its_transaction_leaves_no_trace_and_is_made_again(
    tmp_path: Path,
) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    due = day("02 06:00")
    with subprocess.Popen(
        [sys.executable, "-c", MIDDLE, str(study.file), due.isoformat()],
        stdout=subprocess.PIPE, text=True,
    ) as look:  # fmt: skip
        assert look.stdout is not None
        assert look.stdout.readline() == "counted\n"
        with pytest.raises(StudyBusyError, match=f"held by process {look.pid} on "):
            attended(study, due)
        look.send_signal(signal.SIGKILL)
    # The lock of a dead process is nobody's: the kernel gave it up.
    made = attended(study, due + timedelta(seconds=1))
    assert outcomes(made.events) == [("02 06:00", "look", 1)]
    assert looks(study) == 1


def test_a_failure_without_a_word_is_put_on_record_by_another_process(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    told = attend(study, PATIENCE, day("02 06:00"), since=BEGINNING, failure="it was ended")
    assert outcomes(told.events) == [("02 06:00", "failed", None)]
    assert told.error == "it was ended"
    assert not (tmp_path / "reports").exists()


def test_after_a_restore_or_in_a_new_store_all_is_told(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    attended(study, day("02 06:00"))
    shutil.copytree(tmp_path / "state", tmp_path / "backup")
    made = attended(study, day("03 06:00")).events[-1]
    last = made.mark
    again = attend(study, PATIENCE, day("03 06:01"), since=last)
    assert (again.events, again.last) == ((), made)

    shutil.rmtree(tmp_path / "state")
    (tmp_path / "backup").rename(tmp_path / "state")
    restored = attend(study, PATIENCE, day("03 07:00"), since=last)  # the same number, another time
    assert outcomes(restored.events) == [("02 06:00", "look", 1), ("03 06:00", "look", 1)]
    assert attend(study, PATIENCE, day("03 08:00"), since=restored.events[-1].mark).events == ()

    for folder in ("state", "reports"):
        shutil.rmtree(tmp_path / folder)
    assert attend(study, PATIENCE, day("04 05:00"), since=last).events == ()
    new = attend(study, PATIENCE, day("04 06:00"), since=last)
    assert outcomes(new.events) == [("04 06:00", "look", 1)]


def raised(study: Served, now: datetime) -> list[bool]:
    return [event.raised for event in attended(study, now).events]


def test_a_signal_is_told_once_also_when_its_look_answers_again_or_is_made_anew_as_stale(
    tmp_path: Path,
) -> None:
    study = served(tmp_path)
    small(tmp_path, TWO, STUDY + "[freshness]\nmax_unchanged_days = 2\n")
    attended(study, day("01 12:00"))
    assert raised(study, day("02 06:00")) == [True]
    assert raised(study, day("03 06:00")) == [True, False]  # the same look
    stale = attended(study, day("08 06:00")).events[-1]
    assert (stale.look, stale.stale, stale.raised) == (2, True, False)  # the same numbers again


def test_a_signal_raised_by_hand_between_two_looks_is_told_with_the_next(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    assert raised(study, day("02 06:00")) == [False]
    (tmp_path / "ae.csv").write_text(TWO)
    by_hand = monitor.look(study.file, day("02 12:00"), "a")
    assert by_hand.raised == 1
    assert raised(study, day("03 06:00")) == [False, True]
    assert raised(study, day("04 06:00")) == [False, True, False]


def test_status_does_not_mix_a_look_by_hand_with_the_due_look_before_it(tmp_path: Path) -> None:
    study = served(tmp_path)
    small(tmp_path, ONE, STUDY + "[freshness]\nmax_unchanged_days = 2\n")
    monitor_toml = monitor_file(tmp_path / "service", study.file)
    attended(study, day("01 12:00"))
    attended(study, day("02 06:00"))
    attended(study, day("08 09:00"))
    (late,) = status.of(monitor_toml, day("08 09:30"), closed=False)
    assert (late.look, late.due, late.late, late.stale) == (2, day("08 06:00"), True, True)
    (tmp_path / "ae.csv").write_text(TWO)
    monitor.look(study.file, day("08 10:00"), "a")
    (by_hand,) = status.of(monitor_toml, day("08 11:00"), closed=False)
    assert (by_hand.look, by_hand.due, by_hand.late, by_hand.stale) == (3, None, False, False)


def test_a_changed_timetable_owes_nothing_of_before(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    often = study.model_copy(update={"schedule": "*/5 * * * *"})
    assert attended(often, day("01 18:02")).events == ()
    assert attended(often, day("01 18:02")).next == day("01 18:05")


def test_a_clock_that_was_wrong_is_refused_until_it_is_said_to_be_right(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    attended(study, day("20 06:00"))  # the clock ran ahead
    with pytest.raises(DataRefusedError, match=r"clock \(2024-03-03 06:00 UTC\) is behind"):
        attended(study, day("03 06:00"))
    accept_clock(study.file, day("03 07:00"), "a")
    assert attended(study, day("03 07:00")).next == day("04 06:00")
    made = attended(study, day("04 06:00"))
    assert outcomes(made.events)[-1] == ("04 06:00", "look", 1)
    # The due time that the wrong clock had settled comes now, and gets its look.
    later = attended(study, day("20 06:00"))
    assert outcomes(later.events)[-1] == ("20 06:00", "look", 1)


def test_a_new_extract_is_looked_at_once_and_a_failed_one_so_many_times(tmp_path: Path) -> None:
    study = served(tmp_path, schedule=None, watch=60)
    arrived = fingerprint(tmp_path)
    made = attended(study, day("01 12:00"), arrived)
    assert [(e.cause, e.outcome, e.look) for e in made.events] == [("arrival", "look", 1)]
    assert made.next is None
    assert made.folder == arrived
    assert attended(study, day("01 12:01"), arrived).events == made.events
    (tmp_path / "ae.csv").write_text(TWO)
    second = attended(study, day("01 13:00"), fingerprint(tmp_path))
    assert [e.look for e in second.events] == [1, 2]
    (tmp_path / "ae.csv").write_text("nothing of use")
    broken = fingerprint(tmp_path)
    now = day("01 14:00")
    for _ in range(5):
        last = attended(study, now, broken)
        now += timedelta(minutes=10)
    assert [e.outcome for e in last.events] == ["look", "look", "failed", "failed", "failed"]


def test_an_extract_has_arrived_when_it_has_been_stable(tmp_path: Path) -> None:
    seconds = 0.0
    watch = Watch(tmp_path / "in", 60, clock=lambda: seconds)
    (tmp_path / "in").mkdir()

    def glance(at: float) -> str | None:
        nonlocal seconds
        seconds = at
        watch.glance()
        return watch.arrived

    assert glance(1000) is None  # an empty folder is no extract
    (tmp_path / "in" / "ae.csv").write_text("half of")
    assert glance(1001) is None
    (tmp_path / "in" / "ae.csv").write_text("half of the file")
    assert glance(1050) is None
    assert watch.changing
    assert glance(1109) is None  # 59 s since it last changed
    assert glance(1110) == fingerprint(tmp_path / "in")
    (tmp_path / "in" / ".ae.csv.part").write_text("a copying program's")
    assert glance(1111) is not None
    (tmp_path / "in" / "ae.csv").write_text("another file")
    assert glance(1112) is None


def test_a_watched_folder_is_glanced_at_in_the_background(tmp_path: Path) -> None:
    from threading import Event

    (tmp_path / "ae.csv").write_text("a")
    watch, over = Watch(tmp_path, 0.5), Event()
    watch.keep_watching(over)
    end = time.monotonic() + 20
    while watch.arrived is None and time.monotonic() < end:
        time.sleep(0.05)
    over.set()
    assert watch.arrived == fingerprint(tmp_path)


def test_old_reports_are_removed_after_a_look_and_the_look_stays(tmp_path: Path) -> None:
    study = served(tmp_path).model_copy(update={"keep_reports_days": 30})
    attended(study, day("01 12:00"))
    attended(study, day("02 06:00"))
    reports = tmp_path / "reports" / "S1" / "closed"
    assert [p.name[:4] for p in reports.iterdir() if p.is_dir()] == ["0001"]
    (tmp_path / "ae.csv").write_text(TWO)
    attended(study, day("02 06:00") + timedelta(days=31))
    assert [p.name[:4] for p in reports.iterdir() if p.is_dir()] == ["0002"]
    assert looks(study) == 2


def test_due_looks_are_part_of_the_audit_trail(tmp_path: Path) -> None:
    study = served(tmp_path)
    attended(study, day("01 12:00"))
    attended(study, day("03 06:00"))
    with opened(tmp_path / "state", "S1", datetime.now(UTC)) as store:
        acts = [(a["action"], a["about"]) for a in store.acts()]
    assert ("timetable", "study") in acts
    assert ("due", "2024-03-02 06:00:00 UTC") in acts  # missed
    assert ("due", "2024-03-03 06:00:00 UTC") in acts
