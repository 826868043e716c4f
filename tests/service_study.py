"""A small study in the care of a service, for tests that make real looks."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safetymon.schedule import Patience
from safetymon.service.attend import attend
from safetymon.service.monitor_file import Served
from safetymon.service.reply import Event, Mark, Reply
from safetymon.store import opened
from tests.integration.test_monitor import small

DAILY = "0 6 * * *"
PATIENCE = Patience()
BEGINNING = Mark(0, "never")


def day(text: str) -> datetime:
    """Day and time of March 2024, UTC."""
    return datetime.fromisoformat(f"2024-03-{text}").replace(tzinfo=UTC)


def served(folder: Path, schedule: str | None = DAILY, watch: int | None = None) -> Served:
    return Served(file=small(folder), schedule=schedule, watch_seconds=watch)


def attended(study: Served, now: datetime, arrived: str | None = None) -> Reply:
    """Everything that ever became of its due times is told."""
    return attend(study, PATIENCE, now, arrived, since=BEGINNING)


def outcomes(events: tuple[Event, ...]) -> list[tuple[str, str, int | None]]:
    return [(f"{e.due_at:%d %H:%M}", e.outcome, e.look) for e in events]


def looks(study: Served) -> int:
    """How many looks the store holds."""
    with opened(study.file.parent / "state", "S1", datetime.now(UTC)) as store:
        return store.next_look_number() - 1


def monitor_file(folder: Path, *studies: Path, schedule: str = DAILY, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "monitor.toml"
    tables = (f'[[study]]\nfile = "{s}"\nschedule = "{schedule}"\n' for s in studies)
    path.write_text(more + "\n" + "".join(tables))
    return path


def owe(study: Served, days: float = 2) -> None:
    """A timetable in force for some days: a look is due when the real clock is asked."""
    attend(study, PATIENCE, datetime.now(UTC) - timedelta(days=days))


def safetymon(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "safetymon", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
