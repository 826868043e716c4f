"""How each study of a monitor file stands: last and next look, failures, staleness.

Verdicts are closed content: they are read only when they are asked for.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from safetymon import board, cipher, config, schedule
from safetymon.domain import STALE
from safetymon.errors import SafetymonError, UsageError
from safetymon.monitor import STATE
from safetymon.schedule import Patience, Timetable
from safetymon.service import monitor_file
from safetymon.service.monitor_file import Served
from safetymon.store import Store, opened


@dataclass(frozen=True, slots=True)
class Status:
    """One study. Times are UTC; `problem` says why nothing more can be said.

    `failures` are failed attempts since the latest look, `missed` the due times nobody looked at,
    `due` is when the latest look was due, and `late` whether it was made late; a look by hand is
    due at no time. `data_until` is the latest date in the listings of that look, `read` when its
    extract was first read, `stale` whether the look found it stale.
    """

    study: str
    look: int | None = None
    cutoff: str | None = None
    looked_at: datetime | None = None
    due: datetime | None = None
    late: bool = False
    stale: bool = False
    data_until: str | None = None
    read: datetime | None = None
    next: datetime | None = None
    failures: int = 0
    reason: str | None = None
    missed: int = 0
    problem: str | None = None
    verdicts: tuple[tuple[str, str], ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as JSON knows it; `verdicts` only where they were asked for."""
        raw = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self).items()}
        if self.verdicts is None:
            del raw["verdicts"]
        return raw

    def lines(self) -> list[str]:
        """The same in words, one fact a line."""
        return [
            *([f"PROBLEM    {self.problem}"] if self.problem else []),
            f"last look  {self._last()}",
            f"next look  {_minute(self.next) if self.next else 'when a new extract arrives'}",
            *([f"data       {self._data()}"] if self.read else []),
            *([f"FAILED     {self.failures} since the last look: {self.reason}"]
              if self.failures else []),
            *([f"missed     {self.missed} due times, answered for by later looks"]
              if self.missed else []),
            *(f"{verdict:<17}{rule}" for rule, verdict in self.verdicts or ()),
        ]  # fmt: skip

    def _last(self) -> str:
        if self.look is None or self.looked_at is None:
            return "none yet"
        due = f", due {_minute(self.due)}" if self.due else ""
        late = ", LATE" if self.late else ""
        return f"{self.look}, cut-off {self.cutoff}, made {_minute(self.looked_at)}{due}{late}"

    def _data(self) -> str:
        stale = f", {STALE}" if self.stale else ""
        return f"until {self.data_until}, first read {_minute(self.read)}{stale}"


def of(path: Path, now: datetime, *, closed: bool) -> list[Status]:
    """One status a study of the monitor file, in its order; with `closed`, with the verdicts.

    Raises:
        UsageError: The monitor file is wrong.
    """
    settings = monitor_file.load(path)
    return [_of(one, settings.look.patience, now, closed=closed) for one in settings.study]


def _of(served: Served, patience: Patience, now: datetime, *, closed: bool) -> Status:
    """One study; what is wrong with it is part of how it stands."""
    coming = Timetable(now, served.schedule, served.zone).following(now)
    try:
        study = config.load(served.file)
        known = Status(study.study.id, next=coming)
        folder = served.file.parent / STATE
        if not (folder / f"{study.study.id}.duckdb").exists():
            return known
        key = cipher.key(study, served.file.parent)
        with opened(folder, study.study.id, now, key) as store:
            known = _read(known, store, patience, now)
        return replace(known, verdicts=_verdicts(served.file, now)) if closed else known
    except SafetymonError as error:
        return Status(served.file.parent.name, next=coming, problem=str(error))


def _read(known: Status, store: Store, patience: Patience, now: datetime) -> Status:
    past, events = store.past(), store.since(0).to_dicts()
    failed = [e for e in events if e["outcome"] == "failed"][-len(past.failures) :]
    one = replace(
        known,
        failures=len(past.failures),
        reason=failed[-1]["reason"] if past.failures else None,
        missed=sum(e["outcome"] == "missed" for e in events),
        next=schedule.wake(past, now, patience) if past.timetables else known.next,
    )
    for row in store.latest_look().to_dicts():
        one = replace(
            one,
            look=row["number"],
            cutoff=row["cutoff"].isoformat(),
            looked_at=datetime.fromisoformat(row["run_at"]),
            data_until=row["data_until"].isoformat(),
            read=datetime.fromisoformat(row["read_at"]),
            stale=bool(store.stale(row["number"])),
        )
    served = [e for e in events if e["outcome"] == "look" and e["look"] == one.look]
    if not served:
        return one
    return replace(one, due=datetime.fromisoformat(served[-1]["due_at"]), late=served[-1]["late"])


def _verdicts(study_file: Path, now: datetime) -> tuple[tuple[str, str], ...]:
    """(rule, verdict) of every rule at its latest look: closed."""
    try:
        rows = board.board(study_file, now).latest().to_dicts()
    except UsageError:
        return ()
    return tuple((row["rule"], row["verdict"]) for row in rows)


def _minute(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "-"
