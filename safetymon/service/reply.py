"""What the process of a look tells the service: one line of JSON on its standard output.

It is closed content: `raised` says whether a signal was raised. It goes through a pipe between the
two processes, to the board's notices, and nowhere else.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from safetymon.schedule import Cause

FAULT = "internal error"
"""How a process says instead of a reply that it failed where none of its own failures was meant."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event, so that it is known again: its number, and when it was recorded (ISO 8601).

    Not its number alone: a store that was restored, or begun anew, gives it to another event.
    """

    seq: int
    recorded_at: str

    @property
    def text(self) -> str:
        """As `mark` reads it."""
        return f"{self.seq} {self.recorded_at}"


def mark(text: str) -> Mark:
    """The mark that `Mark.text` wrote.

    Raises:
        ValueError: It is none.
    """
    seq, recorded_at = text.split(" ")
    return Mark(int(seq), recorded_at)


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a due time. `raised`: its look newly raised a signal (closed).

    `recorded_at` is as on record. `earlier`: nothing had changed, so a look that was made before
    serves it.
    """

    seq: int
    cause: Cause
    due_at: datetime
    outcome: Literal["look", "missed", "failed"]
    look: int | None
    late: bool
    stale: bool
    raised: bool
    reason: str | None
    recorded_at: str
    earlier: bool = False

    @property
    def mark(self) -> Mark:
        """What it is known by."""
        return Mark(self.seq, self.recorded_at)


@dataclass(frozen=True, slots=True)
class Reply:
    """How a study stands. `code` is an exit code; `error` the plain line that goes with it.

    `events` is what became of due times since the last reply that was acted upon; `next` when to
    ask again; `folder` the fingerprint of the data folder that was last tried; `last` the
    last event of all that was not missed, told or not.
    """

    code: int = 0
    error: str | None = None
    events: tuple[Event, ...] = ()
    next: datetime | None = None
    folder: str | None = None
    last: Event | None = None

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), default=datetime.isoformat)


def parsed(line: str) -> Reply:
    """The reply that `text` wrote.

    Raises:
        ValueError: It is none.
    """
    raw: dict[str, Any] = json.loads(line)
    events, last, wake = raw.pop("events"), raw.pop("last"), raw.pop("next")
    return Reply(
        **raw,
        events=tuple(map(_event, events)),
        last=_event(last) if last else None,
        next=datetime.fromisoformat(wake) if wake else None,
    )


def _event(raw: dict[str, Any]) -> Event:
    return Event(**{**raw, "due_at": datetime.fromisoformat(raw["due_at"])})
