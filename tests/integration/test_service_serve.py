"""The service as it runs: real processes, real signals, the real clock."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safetymon import keeping
from safetymon.service.worker import Worker
from tests.integration.test_monitor import ONE, TWO, small
from tests.service_study import BEGINNING, attended, looks, monitor_file, owe, safetymon, served
from tests.sinks import until

pytestmark = pytest.mark.slow

VERDICTS = re.compile("raised|no signal|too little data|cleared|signal", re.IGNORECASE)


def once(monitor: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one round."""
    with safetymon("serve", monitor, "--once") as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def child_of(process: "subprocess.Popen[str]") -> int:
    """The process of a look, once there is one."""
    children = Path(f"/proc/{process.pid}/task")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for task in children.iterdir():
            found = (task / "children").read_text().split()
            if found:
                return int(found[0])
        time.sleep(0.01)
    raise AssertionError("no look was begun")


def status(monitor: Path, *more: str) -> str:
    with safetymon("status", monitor, *more) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    return out


def test_one_round_makes_what_is_due_and_the_next_one_nothing(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    monitor = monitor_file(tmp_path, study.file)
    code, out, err = once(monitor)
    assert (code, out) == (0, "")
    assert re.search(r"Z info study=S1 look=1 look made, due .* 06:00:00 UTC, late\n", err)
    code, out, err = once(monitor)
    assert (code, out) == (0, "")
    assert "look made" not in err
    assert looks(study) == 1


def test_after_a_restore_a_round_tells_what_happens_again_and_nothing_else(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    monitor = monitor_file(tmp_path, study.file)
    monitor.write_text(monitor.read_text() + "watch_seconds = 1\n")
    assert re.findall("look=1 .*(look made, due|served by)", once(monitor)[2]) == ["look made, due"]
    packed = tmp_path / "backup.tar"
    keeping.backup(study.file, packed, datetime.now(UTC), "tester")
    (tmp_path / "s1" / "ae.csv").write_text(TWO)
    told = re.findall(r"look=\d .*", once(monitor)[2])
    for folder in ("state", "reports"):
        shutil.rmtree(tmp_path / "s1" / folder)
    keeping.restore(packed, study.file, datetime.now(UTC), "tester")
    assert (
        told
        == re.findall(r"look=\d .*", once(monitor)[2])
        == ["look=2 look made, at a new extract"]
    )
    assert looks(study) == 2


def test_status_says_how_a_study_stands_and_verdicts_only_to_the_board(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    small(tmp_path / "s1", TWO)
    owe(study)
    monitor = monitor_file(tmp_path, study.file)
    assert "last look  none yet" in status(monitor)
    once(monitor)
    plain, told = status(monitor), json.loads(status(monitor, "--json"))
    assert re.search(r"last look  1, cut-off .*, LATE", plain)
    assert re.search(r"next look  \S+ 06:00 UTC", plain)
    assert (told[0]["study"], told[0]["look"], told[0]["failures"]) == ("S1", 1, 0)
    assert not VERDICTS.search(plain + json.dumps(told))
    assert "raised           nausea" in status(monitor, "--closed")
    assert ["nausea", "raised"] in json.loads(status(monitor, "--json", "--closed"))[0]["verdicts"]
    (tmp_path / "s1" / "ae.csv").unlink()
    (tmp_path / "s1" / "study.toml").write_text("[study]\n")
    assert "PROBLEM    study.toml: study.id: is missing; add it" in status(monitor)


def test_what_operations_reads_is_the_same_with_and_without_a_signal(tmp_path: Path) -> None:
    logs = []
    for name, events in (("without", ONE), ("with", TWO)):
        study = served(tmp_path / name)
        small(tmp_path / name, events)
        owe(study)
        monitor = monitor_file(tmp_path / f"{name}-m", study.file)
        _, _, err = once(monitor)
        logs.append(re.sub(r"\d\d:\d\d:\d\dZ", "", err) + _without_times(status(monitor)))
    assert logs[0] == logs[1]
    assert "look made" in logs[0]


def _without_times(text: str) -> str:
    return re.sub(r"(made|read) \S+ \S+ UTC", "", text)


def test_two_services_started_together_make_one_look(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    services = [
        safetymon("serve", monitor_file(tmp_path / name, study.file), "--once")
        for name in ("a", "b")
    ]
    for service in services:
        _, err = service.communicate(timeout=120)
        # One may find the study held; it waits, and then nothing is due any more.
        assert service.returncode == 0, err
    assert [e.outcome for e in attended(study, datetime.now(UTC)).events].count("look") == 1
    assert looks(study) == 1


def test_a_second_service_of_the_same_file_is_refused_by_name(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    monitor = monitor_file(tmp_path, study.file)
    with safetymon("serve", monitor) as first:
        child_of(first)
        with safetymon("serve", monitor) as second:
            _, err = second.communicate(timeout=60)
        assert second.returncode == 4
        assert f"the service is held by process {first.pid} on " in err
        first.terminate()
        first.communicate(timeout=60)
    assert first.returncode == 0


def test_sigterm_lets_the_look_finish(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    with safetymon("serve", monitor_file(tmp_path, study.file)) as service:
        child_of(service)
        service.terminate()
        _, err = service.communicate(timeout=120)
    assert service.returncode == 0
    assert "stopping: looks being made are finished" in err
    assert "look=1 look made" in err
    assert looks(study) == 1


def heeds_sigterm(pid: int) -> bool:
    """Whether a process catches SIGTERM by now, as the kernel says."""
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert caught is not None
    return bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_python_imports_is_heeded_and_nothing_is_begun(
    tmp_path: Path, ask: signal.Signals
) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    with safetymon("serve", monitor_file(tmp_path, study.file)) as service:
        while not heeds_sigterm(service.pid):
            assert service.poll() is None
        assert "polars" not in Path(f"/proc/{service.pid}/maps").read_text()
        service.send_signal(ask)
        _, err = service.communicate(timeout=60)
    assert (service.returncode, "Traceback" in err) == (0, False)
    assert looks(study) == 0


def test_a_second_sigterm_ends_the_look_at_once_and_the_next_start_makes_it(
    tmp_path: Path,
) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    monitor = monitor_file(tmp_path, study.file)
    with safetymon("serve", monitor) as service:
        look = child_of(service)
        service.terminate()
        time.sleep(0.2)
        service.terminate()
        _, err = service.communicate(timeout=60)
    assert service.returncode == 0
    assert "look made" not in err
    assert not Path(f"/proc/{look}").exists()
    assert once(monitor)[0] == 0
    assert looks(study) == 1


def test_one_broken_study_does_not_take_down_the_other(tmp_path: Path) -> None:
    good, bad = served(tmp_path / "good"), served(tmp_path / "bad")
    owe(good)
    bad.file.write_text("[study]\nid = 1\n")
    code, _, err = once(monitor_file(tmp_path, bad.file, good.file))
    assert code == 2
    assert "study=bad look=- the study could not be attended to: study.toml: " in err
    assert "study=S1 look=1 look made" in err


def test_a_look_that_takes_too_long_is_ended_and_put_on_record(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    monitor = monitor_file(tmp_path, study.file)
    reply = Worker(monitor, 0.05).attend(study, None, BEGINNING)
    assert [e.outcome for e in reply.events if e.outcome != "missed"] == ["failed"]
    assert reply.error == "the look took longer than 0.05 s ([look] seconds) and was ended"
    assert looks(study) == 0


FAULTY = """#!/bin/sh
case "$*" in
    *--failure*) exec {python} "$@" ;;
    *) {before}
       echo "a library's words"
       echo "internal error ComputeError; run the study by hand"
       exit 1 ;;
esac
"""


@pytest.mark.parametrize("recorded", [False, True], ids=["before", "after it was on record"])
def test_a_fault_of_the_process_of_a_look_is_a_failure_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, recorded: bool
) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    python, why = tmp_path / "python", "internal error ComputeError; run the study by hand"
    before = f'{sys.executable} "$@" --failure "{why}" > /dev/null' if recorded else ""
    python.write_text(FAULTY.format(python=sys.executable, before=before))
    python.chmod(0o755)
    monkeypatch.setattr("safetymon.service.worker.sys.executable", str(python))
    reply = Worker(monitor_file(tmp_path, study.file), 30).attend(study, None, BEGINNING)
    assert [e.outcome for e in reply.events if e.outcome != "missed"] == ["failed"]
    assert (reply.code > 0, reply.error) == (True, why)


GREEDY = """
import sys
from safetymon import keeping
from safetymon.service.worker import limit_memory
limit_memory(600)
bytearray(200 * 2**20)
try:
    bytearray(700 * 2**20)
except MemoryError:
    sys.exit(7)
"""


def test_a_process_cannot_take_more_memory_than_it_may(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", GREEDY], cwd=tmp_path, check=False).returncode == 7


def test_a_look_that_runs_out_of_memory_is_a_failure_on_record(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    owe(study)
    big = tmp_path / "s1" / "ae.csv"
    row = "001,{},Nausea " + "x" * 2000 + ",2020-01-05\n"
    with big.open("w") as file:
        file.write(ONE)
        file.writelines(row.format(number) for number in range(2, 200_000))
    monitor = monitor_file(tmp_path, study.file, more="[look]\nmemory_mb = 600\ntries = 1")
    code, _, err = once(monitor)
    assert code in {1, 3}, err
    assert re.search("study=S1 look=- the look due .* failed: ", err)
    assert looks(study) == 0


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_leaves_when_it_is_asked(tmp_path: Path, ask: signal.Signals) -> None:
    study = served(tmp_path / "s1")
    with safetymon("serve", monitor_file(tmp_path, study.file)) as service:
        child_of(service)
        time.sleep(4)
        service.send_signal(ask)
        service.communicate(timeout=60)
    assert service.returncode == 0


def test_a_new_extract_is_looked_at_while_the_service_runs(tmp_path: Path) -> None:
    study = served(tmp_path / "s1")
    monitor = monitor_file(tmp_path, study.file)
    monitor.write_text(monitor.read_text() + "watch_seconds = 1\n")
    log = tmp_path / "log"
    with log.open("w") as said, subprocess.Popen(
        [sys.executable, "-m", "safetymon", "serve", str(monitor)], stderr=said
    ) as service:  # fmt: skip
        until(lambda: "look=1 look made" in log.read_text(), 90)
        aside = tmp_path / "s1" / ".ae.csv.part"
        aside.write_text(TWO)
        aside.replace(tmp_path / "s1" / "ae.csv")
        until(lambda: "look=2 look made" in log.read_text(), 90)
        service.terminate()
    assert service.returncode == 0
    assert looks(study) == 2
