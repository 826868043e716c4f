"""The service's rounds: which study to attend to now, and what to do with the reply.

What is due is not decided here: `attend` decides it from what is on record. A round only knows
when it is worth asking.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Protocol

from safetymon.errors import StudyBusyError
from safetymon.service import logs
from safetymon.service.monitor_file import Limits, Served
from safetymon.service.notice import Notice, of_look
from safetymon.service.reply import Event, Mark, Reply
from safetymon.service.state import Outcome, State
from safetymon.service.told import Told
from safetymon.service.ward import Ward

BUSY = timedelta(seconds=5)
"""How soon a study that another process holds is asked for again."""

Attend = Callable[[Served, str | None, Mark | None], Reply]
"""Attends to a study: the extract that arrived, the last event told. It never raises."""


class Post(Protocol):
    """Where notices go: the outbox."""

    def put(self, notice: Notice) -> bool:
        """Takes a notice; never blocks, never raises."""


class Rounds:
    """All studies of a monitor file. `tick` returns at once; looks are made by `pool`."""

    def __init__(
        self,
        wards: Sequence[Ward],
        limits: Limits,
        attend: Attend,
        pool: Executor,
        post: Post,
        state: State,
        told: Told,
    ) -> None:
        self.wards = wards
        self._limits, self._attend, self._pool = limits, attend, pool
        self._post, self._state, self._told = post, state, told

    def tick(self, now: datetime) -> None:
        """Acts on what has come back, and attends to every study that wants it."""
        for ward in self.wards:
            if self._state.stopping and ward.running is not None and ward.running.cancel():
                ward.running = None  # it had yet to begin; the next start makes up what is due
            if ward.running is not None and ward.running.done():
                reply, ward.running = ward.running.result(), None
                self._act_on(ward, reply, now)
        for ward in self.wards:
            if not self._state.stopping and ward.running is None and ward.wants(now):
                self._begin(ward)
        self._state.tick(now)

    def busy(self) -> bool:
        """Whether a look is being made or its reply has not been acted upon."""
        return any(ward.running is not None for ward in self.wards)

    def idle(self, now: datetime) -> bool:
        """Whether nothing is due, running, held by another, or on its way to being stable."""
        return not any(w.running is not None or w.waits or w.wants(now) for w in self.wards)

    def _begin(self, ward: Ward) -> None:
        since = self._told.last(ward.served.file)
        stable = ward.watch.arrived if ward.watch else None
        ward.running = self._pool.submit(self._attend, ward.served, stable, since)

    def _act_on(self, ward: Ward, reply: Reply, now: datetime) -> None:
        ward.code = reply.code
        if reply.last is not None:
            self._state.recall(ward.name, _outcome(reply.last), reply.last.due_at)
        # A store that was restored has events that were told, and tells all it has.
        new = [e for e in reply.events if not self._told.knows(ward.served.file, e.mark)]
        for event in new:
            self._tell(ward, event)
        if reply.events:
            self._remember(ward, [event.mark for event in reply.events])
        if reply.code == StudyBusyError.exit_code:
            self._wait_for_another(ward, now)
            return
        ward.busy_since = None
        if _unrecorded(reply, new):
            self._fail(ward, now, reply.error or "")
            return
        ward.failing, ward.wake, ward.tried = None, reply.next, reply.folder
        self._state.plan(ward.name, reply.next)

    def _tell(self, ward: Ward, event: Event) -> None:
        """One event to log, state and notices. Only the board's notice knows of a signal."""
        if event.outcome == "missed":
            logs.warn(
                f"nobody looked at {_instant(event)}; a later look answers for it", study=ward.name
            )
            return
        self._state.look(ward.name, _outcome(event), event.due_at)
        if event.stale:
            self._post.put(Notice("operations", "data stale", ward.name, event.look, event.due_at))
        if event.look is None:
            logs.warn(f"the look {_why(event)} failed: {event.reason}", study=ward.name)
            self._post.put(Notice("operations", "failed", ward.name, None, event.due_at))
            return
        late = ", late" if event.late else ""
        done = f"served by look {event.look}" if event.earlier else "look made"
        logs.say(f"{done}, {_why(event)}{late}", study=ward.name, look=event.look)
        for notice in of_look(
            ward.name, event.look, event.due_at, late=event.late, newly_raised=event.raised
        ):
            self._post.put(notice)

    def _remember(self, ward: Ward, marks: Sequence[Mark]) -> None:
        try:
            self._told.add(ward.served.file, marks)
        except OSError as error:
            logs.warn(f"{error.filename}: cannot be written ({error.strerror})", study=ward.name)

    def _wait_for_another(self, ward: Ward, now: datetime) -> None:
        """Soon again; a study that is held for longer than a look may take is a failure."""
        if ward.busy_since is None:
            ward.busy_since = now
            logs.say("another process holds the study; it is asked for again", study=ward.name)
        if now - ward.busy_since > timedelta(seconds=self._limits.seconds):
            ward.busy_since = None
            self._fail(ward, now, "another process holds the study longer than a look may take")
        else:
            ward.wake = now + BUSY

    def _fail(self, ward: Ward, now: datetime, reason: str) -> None:
        """A failure that is not on record in the store, because nothing could be put there."""
        ward.failing = ward.failing or ward.wake or now
        ward.wake = now + timedelta(minutes=self._limits.retry_minutes)
        logs.warn(f"the study could not be attended to: {reason}", study=ward.name)
        self._state.look(ward.name, "failed", ward.failing)
        self._post.put(Notice("operations", "failed", ward.name, None, ward.failing))


def _unrecorded(reply: Reply, new: Sequence[Event]) -> bool:
    """Whether a failure was told and is not among the new events: it is not on record."""
    return reply.error is not None and not any(e.outcome == "failed" for e in new)


def _instant(event: Event) -> str:
    return f"{event.due_at:%Y-%m-%d %H:%M:%S} UTC"


def _why(event: Event) -> str:
    """What a look was for: an arrival is due at no time anybody has set."""
    return "at a new extract" if event.cause == "arrival" else f"due {_instant(event)}"


def _outcome(event: Event) -> Outcome:
    if event.stale:
        return "data stale"
    if event.look is None:
        return "failed"
    return "late" if event.late else "made"
