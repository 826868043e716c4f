"""A world for the service: records that cannot be settled twice, a look that costs nothing.

The rounds and the schedule are the real ones; only processes and stores are left out.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from safetymon import schedule
from safetymon.schedule import Due, Failure, Past, Patience, Timetable
from safetymon.service import logs
from safetymon.service.monitor_file import Served
from safetymon.service.notice import Notice
from safetymon.service.reply import Event, Mark, Reply
from safetymon.service.settings import Log


@contextmanager
def logged(stream: TextIO) -> Iterator[TextIO]:
    """What the service logs goes to `stream`; afterwards logging is as it was."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    logs.configure(Log(), stream)
    try:
        yield stream
    finally:
        root.handlers[:], threading.excepthook = handlers, hook
        root.setLevel(level)


class Inline(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as the base class
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class KilledError(Exception):
    """The machine goes down, at the worst moment."""


@dataclass
class Post:
    """Keeps every notice once, as the outbox does."""

    notices: dict[str, Notice] = field(default_factory=dict)

    def put(self, notice: Notice) -> bool:
        new = notice.reference not in self.notices
        self.notices.setdefault(notice.reference, notice)
        return new


@dataclass
class Records:
    """What a store keeps of due times; settling one twice is an error, as in the store."""

    since: datetime
    events: list[Event] = field(default_factory=list)
    settled: set[datetime] = field(default_factory=set)
    last: datetime | None = None
    failures: tuple[Failure, ...] = ()
    folder: str | None = None
    looks: int = 0

    def write(self, due: Due, now: datetime) -> None:
        if due.outcome != "failed":
            if due.due_at in self.settled:
                raise AssertionError(f"{due.due_at} was settled twice")
            self.settled.add(due.due_at)
            self.last, self.failures = due.due_at, ()
        else:
            self.failures += (Failure(due.due_at, now),)
        self.events.append(
            Event(len(self.events) + 1, due.cause, due.due_at, due.outcome, due.look, due.late,
                  stale=False, raised=False, reason=due.reason,
                  recorded_at=now.isoformat())
        )  # fmt: skip

    def past(self, served: Served) -> Past:
        timetable = Timetable(self.since, served.schedule, served.zone)
        return Past((timetable,), self.last, self.failures, self.folder)


@dataclass
class World:
    """Studies by file. `fate` may fail a look with a reason, or raise `KilledError`."""

    patience: Patience
    fate: Callable[[str], str | None] = lambda _moment: None
    studies: dict[Path, Records] = field(default_factory=dict)

    def attend(self, served: Served, arrived: str | None, since: Mark | None) -> Reply:
        """As `attend.attend`, on these records."""
        now = datetime.now(UTC)
        records = self.studies.setdefault(served.file, Records(now))
        plan = schedule.plan(records.past(served), now, self.patience, arrived)
        for missed in plan.missed:
            records.write(Due("schedule", missed, "missed"), now)
        reason = self.fate("before") if plan.due else None
        if plan.due:
            self._look(records, Due(plan.cause, plan.due, "look", late=plan.late), reason, now)
            self.fate("after")
        told = records.events[since.seq :] if since is not None else records.events[-1:]
        wake = schedule.wake(records.past(served), now, self.patience)
        return Reply(1 if reason else 0, reason, tuple(told), wake, records.folder)

    def _look(self, records: Records, due: Due, reason: str | None, now: datetime) -> None:
        if reason:
            records.write(replace(due, outcome="failed", reason=reason), now)
            return
        records.looks += 1
        records.write(replace(due, look=records.looks), now)
