"""Serves three studies for ten minutes while extracts arrive and processes are killed.

    make soak                                   or: python -m tests.soak --minutes 10 --seed 1

The real `safetymon serve`: a look is due every minute and whenever an extract arrives, which is
every few seconds. Every few seconds the service or the process of a look is killed, and the service
is started again. At the end nothing may be lost, made twice, or half there.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetymon.freshness import LOSSES
from safetymon.store import opened
from safetymon.verify import verify
from tests import sinks
from tests.integration.test_monitor import ONE, STUDY, small

STUDIES = 3
NAMES = ("S1", "S2", "S3")
KILLS = ("service", "look", "term")
LEFT = {0, -signal.SIGKILL, -signal.SIGTERM}
"""How the service may end; by SIGTERM only before it has begun to serve."""
NEVER = (
    "due times lost", "due times twice", "looks without a report", "reports without a look",
    "left-over files", "not verified", "newest extract not looked at",
)  # fmt: skip


@dataclass
class Soak:
    """What is going on."""

    folder: Path
    chance: random.Random
    sink: sinks.Sink
    rows: int = 1
    arrivals: int = 0
    starts: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    service: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "subprocess.Popen[bytes]":
        self.starts += 1
        environ = {**os.environ, "SOAK_SINK": f"json://127.0.0.1:{self.sink.port}/"}
        command = [sys.executable, "-m", "safetymon", "serve", str(self.folder / "monitor.toml")]
        with (self.folder / "log").open("ab") as log:
            self.service = subprocess.Popen(command, stderr=log, env=environ)
        return self.service

    def running(self) -> "subprocess.Popen[bytes]":
        if self.service is None or self.service.poll() is not None:
            return self.start()
        return self.service

    def arrive(self) -> None:
        """A new extract of one study: one more event, copied aside and renamed."""
        self.rows += 1
        self.arrivals += 1
        data = self.folder / self.chance.choice(NAMES) / "ae.csv"
        text = f"{data.read_text()}00{self.chance.randint(1, 3)},{self.rows},Nausea,2020-01-06\n"
        new = data.with_name(".ae.csv.new")
        new.write_text(text)
        new.replace(data)

    def kill(self) -> None:
        """The service, the process of a look, or the service asked to leave."""
        service, what = self.running(), self.chance.choice(KILLS)
        if what == "look":
            looks = children(service.pid)
            for pid in looks[:1]:
                os.kill(pid, signal.SIGKILL)
            self.kills["look" if looks else "nobody"] += 1
            return
        self.kills[what] += 1
        service.send_signal(signal.SIGKILL if what == "service" else signal.SIGTERM)
        self.codes[service.wait(120)] += 1

    def measure(self) -> None:
        """Memory (kB) and handles of the service."""
        pid = self.running().pid
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            self.handles.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        except OSError:
            return  # it left in between
        found = re.search(r"VmRSS:\s+(\d+)", status)
        if found:
            self.memory.append(int(found[1]))

    def stop(self) -> None:
        """Lets what is due be made, then asks it to leave."""
        self.running()
        time.sleep(20)
        service = self.running()
        service.terminate()
        self.codes[service.wait(180)] += 1


def children(pid: int) -> list[int]:
    """The processes of looks."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(p) for t in tasks for p in (t / "children").read_text().split()]
    except OSError:
        return []


def prepare(folder: Path) -> None:
    """Three studies and the file that serves them."""
    tables = []
    for name in NAMES:
        study = STUDY.replace('id = "S1"', f'id = "{name}"')
        file = small(folder / name, ONE, study)
        tables.append(f'[[study]]\nfile = "{file}"\nschedule = "* * * * *"\nwatch_seconds = 1\n')
    head = (
        "[look]\nretry_minutes = 0.05\nlate_minutes = 1\ntries = 1000\nat_once = 2\n"
        '[notify.operations]\nenvironment = ["SOAK_SINK"]\n'
    )
    (folder / "monitor.toml").write_text(head + "".join(tables))


def run(folder: Path, minutes: float, seed: int) -> bool:
    """The whole soak; whether all is well at the end."""
    chance = random.Random(seed)  # noqa: S311 - a story to be told again, not a secret
    prepare(folder)
    with sinks.http() as sink:
        soak = Soak(folder, chance, sink)
        end = time.monotonic() + minutes * 60
        next_kill = time.monotonic() + 5
        while time.monotonic() < end:
            soak.running()
            soak.arrive()
            time.sleep(chance.uniform(1, 4))
            soak.measure()
            if time.monotonic() > next_kill:
                soak.kill()
                next_kill = time.monotonic() + chance.uniform(3, 12)
        soak.stop()
        return report(soak, minutes)


def report(soak: Soak, minutes: float) -> bool:
    """Prints the figures; whether nothing was lost, made twice, or half there."""
    found = [study_figures(soak.folder / name, name) for name in NAMES]
    totals = {key: sum(f[key] for f in found) for key in found[0]}
    kills = ", ".join(f"{number} {what}" for what, number in sorted(soak.kills.items()))
    references = Counter(re.findall(rb"Reference (\w{16})", b"".join(soak.sink.arrived)))
    print(f"{minutes:g} minutes, {STUDIES} studies, {soak.arrivals} extracts, {soak.starts} starts "
          f"of the service, kills: {kills}; exit codes {dict(soak.codes)}")  # fmt: skip
    print(", ".join(f"{number} {what}" for what, number in totals.items()))
    print(f"notices: {len(references)} different, {sum(references.values())} delivered")
    print(
        f"memory of the service {soak.memory[0]} kB at first, {soak.memory[-1]} kB at last, "
        f"{max(soak.memory)} kB at most; handles {min(soak.handles)} to {max(soak.handles)}"
    )
    wrong = {what: totals[what] for what in NEVER if totals[what]}
    told = len(references) >= totals["due times and arrivals served"]
    ok = told and not wrong and soak.codes.keys() <= LEFT
    print("all is well" if ok else f"NOT WELL: {wrong}")
    return ok


def study_figures(folder: Path, name: str) -> dict[str, int]:
    """One study at the end."""
    with opened(folder / "state", name, datetime.now(UTC)) as store:
        events, past = store.since(0).to_dicts(), store.past()
        looks = store.next_look_number() - 1
    settled = [e["due_at"] for e in events if e["outcome"] != "failed"]
    scheduled = [datetime.fromisoformat(e["due_at"]) for e in events if e["cause"] == "schedule"]
    timetable = past.timetables[0]
    due = timetable.times(timetable.since, max(scheduled, default=timetable.since))
    reports = {p.name for p in (folder / "reports" / name / "closed").iterdir() if p.is_dir()}
    rows = (folder / "ae.csv").read_text().count("\n") - 1
    return {
        "looks": looks,
        "due times and arrivals served": sum(e["outcome"] == "look" for e in events),
        "missed": sum(e["outcome"] == "missed" for e in events),
        "failed attempts": sum(e["outcome"] == "failed" for e in events),
        "late": sum(e["late"] for e in events if e["outcome"] == "look"),
        "due times lost": len(set(due) - set(scheduled)),
        "due times twice": len(settled) - len(set(settled)),
        "looks without a report": looks - len(reports),
        "reports without a look": len([r for r in reports if int(r[:4]) > looks]),
        "left-over files": len(left_over(folder)),
        "newest extract not looked at": int(last_rows(folder, name) != rows),
        "not verified": not_verified(folder / "study.toml"),
    }


def last_rows(folder: Path, name: str) -> int:
    """Rows of the events file at the latest look."""
    with opened(folder / "state", name, datetime.now(UTC)) as store:
        whole: Any = store.last_whole(LOSSES)
        return next(i.rows for i in store.inputs(whole[1]) if i.role == "events")


def left_over(folder: Path) -> list[Path]:
    """Temporary files and folders that nobody took away."""
    return [p for p in folder.rglob("*") if re.search(r"\.(tmp|new|part)|^\.", p.name)]


def not_verified(study_file: Path) -> int:
    try:
        verify(study_file, datetime.now(UTC))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        print(f"{study_file.parent.name}: {error}")
        return 1
    return 0


def main() -> int:
    """Exit code 1 if anything was lost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="safetymon-soak-"))
    if not run(folder, given.minutes, given.seed):
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
