"""What the scheduled service remembers of a study: its timetables, what became of due times."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import polars as pl

from safetymon.audit import AuditEvent
from safetymon.schedule import Due, Failure, Past, Timetable
from safetymon.store.trail import Trail

_DUE = {
    "cause": pl.String,
    "due_at": pl.String,
    "outcome": pl.String,
    "look": pl.Int64,
    "late": pl.Boolean,
    "stale": pl.Boolean,
    "reason": pl.String,
    "folder": pl.String,
    "recorded_at": pl.String,
}


@dataclass(frozen=True, slots=True)
class DueTimes(Trail):
    """The part of a store that answers for the schedule. Instants are kept in UTC."""

    def past(self) -> Past:
        """All that decides what is due now."""
        timetables = self._read("due/timetables").to_dicts()
        failures = self._read("due/failures").to_dicts()
        row = self._read("due/settled").to_dicts()[0]
        return Past(
            tuple(Timetable(_instant(t["since"]), t["cron"], t["zone"]) for t in timetables),
            settled=_instant(row["settled"]) if row["settled"] else None,
            failures=tuple(
                Failure(_instant(f["due_at"]), _instant(f["recorded_at"]), f["cause"], f["folder"])
                for f in failures
            ),
            folder=row["folder"],
            tried=row["tried"],
            recorded=_instant(row["recorded"]) if row["recorded"] else None,
        )

    def is_settled(self, due_at: datetime) -> bool:
        """Whether a due time has been served by a look or recorded as missed."""
        return self._count("due/is_settled", due_at=_text(due_at)) > 0

    def since(self, seq: int) -> pl.DataFrame:
        """One row what became of a due time, after a sequence number (closed: `raised`)."""
        return self._read("due/since", seq=seq)

    def latest_look(self) -> pl.DataFrame:
        """At most one row: number, cutoff, run_at, data_until, read_at of the latest look."""
        return self._read("due/latest_look")

    def record_timetable(self, timetable: Timetable, event: AuditEvent) -> None:
        """Keeps a timetable that comes into force."""
        self._run(
            "due/write_timetable",
            cron=timetable.cron,
            zone=timetable.zone,
            since=_text(timetable.since),
        )
        self._record(event, ("timetable", _text(timetable.since)))

    def record_due(self, rows: Sequence[Due], event: AuditEvent) -> None:
        """Keeps what became of due times; settling one twice is refused by the table's key."""
        made = [
            {**asdict(d), "due_at": _text(d.due_at), "recorded_at": _text(event.at)} for d in rows
        ]
        self._insert("due/write", pl.DataFrame(made, schema=_DUE))
        self._record(event, ("due", _text(event.at)))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(instant: datetime) -> str:
    """UTC with microseconds, so that text sorts as time does."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
