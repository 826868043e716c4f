"""One study attended to, in a process of its own: what is due is settled, and told in a `Reply`.

This is the only part of the service that opens a store. It decides from what is on record, under
the study's lock, so it does the right thing however often and from wherever it is started.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from safetymon import cipher, config, delivery, keeping, monitor, schedule
from safetymon.audit import AuditEvent
from safetymon.domain import STALE
from safetymon.errors import DataRefusedError, SafetymonError, StudyBusyError
from safetymon.monitor import STATE
from safetymon.schedule import Due, Past, Patience, Plan, Timetable
from safetymon.service.monitor_file import Served
from safetymon.service.reply import Event, Mark, Reply
from safetymon.service.watch import data_folder, fingerprint
from safetymon.store import Store, opened
from safetymon.study import Study


def attend(
    served: Served,
    patience: Patience,
    now: datetime,
    arrived: str | None = None,
    since: Mark | None = None,
    failure: str | None = None,
) -> Reply:
    """Settles what is due, with one look at most, and says how the study stands.

    Args:
        served: The study.
        patience: How often a look is tried, and when it is late.
        now: The time, with a time zone.
        arrived: The fingerprint of a data folder that has been stable for long enough.
        since: What became of due times after this event is told, or all that ever became of them
            where the store does not know the event; None: of the latest.
        failure: Instead of making the look, record that it failed: it ended without a word.

    Raises:
        UsageError: The study file is wrong.
        DataRefusedError: The clock is behind the records; the store cannot be opened.
        StudyBusyError: Another process holds the study.
    """
    study = config.load(served.file)
    with _opened(served, study, now) as store:
        delivery.finish(store, served.file, _reports(served) / study.study.id, now, actor())
        plan = _planned(store, served, patience, now, arrived)
    code, error = 0, None
    if plan.due is not None:
        folder = fingerprint(data_folder(served.file, study.data.folder))
        due = Due(plan.cause, plan.due, "look", late=plan.late, folder=folder)
        code, error = (3, failure) if failure else _tried(served, due, now)
        if error is not None:
            _record_failure(served, study, due, error, now)
        elif served.keep_reports_days is not None:
            days = served.keep_reports_days
            keeping.retire(served.file, days, now, actor(), served.reports)
    with _opened(served, study, now) as store:
        return _reply(store, patience, now, since, code, error)


@contextmanager
def _opened(served: Served, study: Study, now: datetime) -> Iterator[Store]:
    folder = served.file.parent
    with opened(folder / STATE, study.study.id, now, cipher.key(study, folder)) as store:
        yield store


def _reports(served: Served) -> Path:
    return served.reports or served.file.parent / "reports"


def _planned(
    store: Store, served: Served, patience: Patience, now: datetime, arrived: str | None
) -> Plan:
    """What is due, after the timetable and the due times that were missed are on record."""
    past = _with_timetable(store, served, now)
    _refuse_clock(past, now, patience)
    plan = schedule.plan(past, now, patience, arrived)
    if plan.missed:
        rows = [Due("schedule", time, "missed") for time in plan.missed]
        detail: dict[str, str | int] = {"outcome": "missed", "due times": len(rows)}
        with store.transaction():
            store.record_due(rows, AuditEvent(now, actor(), "due", rows[-1].name, detail))
    return plan


def _with_timetable(store: Store, served: Served, now: datetime) -> Past:
    """The past; a timetable that is new comes into force now, so it owes nothing of before."""
    past = store.past()
    if past.timetables:
        latest = past.timetables[-1]
        if (latest.cron, latest.zone) == (served.schedule, served.zone) and latest.since <= now:
            return past
    timetable = Timetable(now, served.schedule, served.zone)
    detail = {"cron": served.schedule or "none", "zone": served.zone}
    with store.transaction():
        store.record_timetable(timetable, AuditEvent(now, actor(), "timetable", "study", detail))
    return past._replace(timetables=(*past.timetables, timetable))


def _refuse_clock(past: Past, now: datetime, patience: Patience) -> None:
    """A clock that was set back far would let due times pass that are on record already."""
    if past.recorded is not None and now < past.recorded - patience.late:
        raise DataRefusedError(
            f"this machine's clock ({now:%Y-%m-%d %H:%M} UTC) is behind the latest record "
            f"({past.recorded:%Y-%m-%d %H:%M} UTC); set it right (if it was wrong then, and is "
            "right now: `safetymon audit clock`)"
        )


def _tried(served: Served, due: Due, now: datetime) -> tuple[int, str | None]:
    """Makes the look. (0, None), or the exit code and the reason of a failure."""
    try:
        monitor.look(served.file, now, actor(), out=_reports(served), due=due)
    except StudyBusyError:
        raise
    except SafetymonError as error:
        return error.exit_code, str(error)
    except MemoryError:
        return 1, "the look needs more memory than [look] memory_mb allows"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is put on record; its text may quote a row
        kind = type(error).__name__
        return 1, f"internal error {kind}; `safetymon run {served.file.name} --debug` tells more"
    return 0, None


def _record_failure(served: Served, study: Study, due: Due, reason: str, now: datetime) -> None:
    failed = replace(due, outcome="failed", reason=reason, stale=reason.startswith(STALE))
    detail = {"cause": due.cause, "outcome": "failed", "reason": reason}
    with _opened(served, study, now) as store, store.transaction():
        store.record_due([failed], AuditEvent(now, actor(), "due", due.name, detail))


def _reply(
    store: Store,
    patience: Patience,
    now: datetime,
    since: Mark | None,
    code: int,
    error: str | None,
) -> Reply:
    past, (events, last) = store.past(), _events(store, since)
    wake = schedule.wake(past, now, patience)
    if store.unfinished():  # a look is stored, and its report could not be written
        wake = min(wake or now + patience.retry, now + patience.retry)
    return Reply(code, error, events, wake, past.tried, last)


def _events(store: Store, since: Mark | None) -> tuple[tuple[Event, ...], Event | None]:
    """What there is to tell, and the last look, told or not.

    A store without the event told last is another, or an earlier one.
    """
    found = _after(store, since.seq - 1 if since else 0)
    if since is None:
        new = found[-1:]
    elif found and found[0].mark == since:
        new = found[1:]
    else:
        new = found = _after(store, 0)
    return new, next((event for event in reversed(found) if event.outcome != "missed"), None)


def _after(store: Store, seq: int) -> tuple[Event, ...]:
    return tuple(_event(row) for row in store.since(seq).to_dicts())


def _event(row: dict[str, Any]) -> Event:
    return Event(
        row["seq"],
        row["cause"],
        datetime.fromisoformat(row["due_at"]),
        row["outcome"],
        row["look"],
        row["late"],
        row["stale"],
        row["raised"],
        row["reason"],
        row["recorded_at"],
        _earlier(row),
    )


def _earlier(row: dict[str, Any]) -> bool:
    """Whether a look made before serves a due time: one that serves its own is recorded with it."""
    made, recorded = row["run_at"], row["recorded_at"]
    return made is not None and datetime.fromisoformat(made) != datetime.fromisoformat(recorded)


def actor() -> str:
    """Who acts, for the audit: the user the service runs as."""
    return f"{getpass.getuser()} (service)"
