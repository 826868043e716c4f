"""Pure: what is due, from a study's timetable, what is on record, and the time it is now.

The clock forgets, the records remember: nothing here depends on how long the service has been up.
Every due time is settled once: by a look, or as missed. Of several that were missed, the latest is
made up, late; the earlier ones are recorded as missed, for one look answers for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from safetymon import cron

Cause = Literal["schedule", "arrival"]


class Timetable(NamedTuple):
    """When looks are due, from an instant on; without `cron`, never (arrivals only)."""

    since: datetime
    cron: str | None
    zone: str

    def times(self, after: datetime, until: datetime) -> tuple[datetime, ...]:
        """Its due times in (after, until], UTC."""
        if self.cron is None:
            return ()
        return tuple(cron.times(cron.parsed(self.cron), ZoneInfo(self.zone), after, until))

    def following(self, after: datetime) -> datetime | None:
        """Its first due time after an instant, UTC."""
        if self.cron is None:
            return None
        return cron.following(cron.parsed(self.cron), ZoneInfo(self.zone), after)


@dataclass(frozen=True, slots=True)
class Due:
    """What became of a due time: a `look` by its number, missed, or failed for a plain `reason`.

    `folder` is the fingerprint of the data folder when the look was tried; `stale`: the data were
    found stale.
    """

    cause: Cause
    due_at: datetime
    outcome: Literal["look", "missed", "failed"]
    look: int | None = None
    late: bool = False
    stale: bool = False
    reason: str | None = None
    folder: str | None = None

    @property
    def name(self) -> str:
        """The due time in words, UTC."""
        return f"{self.due_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class Failure(NamedTuple):
    """A failed attempt at a due time, or at an arrival of the extract `folder`."""

    due_at: datetime
    at: datetime
    cause: Cause = "schedule"
    folder: str | None = None


class Past(NamedTuple):
    """What is on record: timetables, oldest first; the last due time settled; failures since.

    `folder` is the fingerprint of the data folder at the latest look, `tried` when a look was last
    tried; `recorded` is the time of the latest record. `failures` are those since the latest look.
    """

    timetables: tuple[Timetable, ...]
    settled: datetime | None = None
    failures: tuple[Failure, ...] = ()
    folder: str | None = None
    tried: str | None = None
    recorded: datetime | None = None


class Patience(NamedTuple):
    """How often a failed look is tried in all, how long after a failure, and what counts as late.

    `late` is also how far the clock may be behind the records before it is not believed.
    """

    tries: int = 3
    retry: timedelta = timedelta(minutes=10)
    late: timedelta = timedelta(minutes=5)


class Plan(NamedTuple):
    """What to do now: settle `missed`, then make the look that is `due`, if any."""

    due: datetime | None = None
    cause: Cause = "schedule"
    late: bool = False
    missed: tuple[datetime, ...] = ()


def plan(past: Past, now: datetime, patience: Patience, arrived: str | None = None) -> Plan:
    """What is due now; `arrived`: the fingerprint of a data folder that has become stable.

    A due time goes before an arrival, and its look answers for both.
    """
    open_times = _open(past, now)
    if open_times and _may_try(_at(past, open_times), now, patience):
        *missed, due = open_times
        return Plan(due, "schedule", now - due > patience.late, tuple(missed))
    failures = _with(past, arrived)
    if arrived not in (None, past.folder) and _may_try(failures, now, patience):
        noticed = (f.due_at for f in failures if f.cause == "arrival")
        return Plan(next(noticed, now), "arrival")
    return Plan()


def wake(past: Past, now: datetime, patience: Patience) -> datetime | None:
    """When to ask for a plan again if nothing arrives before; None: there is no such time."""
    open_times = _open(past, now)
    failures = _at(past, open_times)
    if open_times and _may_try(failures, now, patience):
        return now
    times = [
        past.timetables[-1].following(now),
        _again(failures, patience),
        _again(_with(past, past.tried), patience),
    ]
    return min((time for time in times if time is not None and time > now), default=None)


def _at(past: Past, open_times: Sequence[datetime]) -> list[Failure]:
    """Failed attempts at the latest of the open due times."""
    return [f for f in past.failures if open_times and f.due_at == open_times[-1]]


def _with(past: Past, folder: str | None) -> list[Failure]:
    """Failed attempts with this very extract."""
    return [f for f in past.failures if f.folder is not None and f.folder == folder]


def _open(past: Past, now: datetime) -> list[datetime]:
    """The due times not settled yet, oldest first, each timetable for the time it was in force."""
    told = past.timetables
    kept = [
        t
        for i, t in enumerate(told)
        if t.since <= now and all(later.since > t.since for later in told[i + 1 :])
    ]
    until = [later.since for _, later in pairwise(kept)] + [now]
    found = {
        time
        for timetable, end in zip(kept, until, strict=True)
        for time in timetable.times(max(timetable.since, past.settled or timetable.since), end)
    }
    return sorted(found)


def _may_try(failures: Sequence[Failure], now: datetime, patience: Patience) -> bool:
    again = _again(failures, patience)
    return not failures or (again is not None and now >= again)


def _again(failures: Sequence[Failure], patience: Patience) -> datetime | None:
    """When a failed look is tried again; None: not at all."""
    if not failures or len(failures) >= patience.tries:
        return None
    return max(f.at for f in failures) + patience.retry
