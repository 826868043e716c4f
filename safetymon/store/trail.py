"""The trail of a store: every act, chained, with the hash of the rows it wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from safetymon import audit
from safetymon.audit import AuditEvent
from safetymon.store.rows import Rows

Family = Literal[
    "migration", "extract", "cut", "definitions", "look", "report", "decision", "card", "due",
    "timetable", "code",
]  # fmt: skip
"""Tables that are written together and have the same owner; `queries/digest/` hashes each."""

TABLES: Final[Mapping[Family, tuple[str, ...]]] = {
    "migration": ("migration",),
    "extract": (
        "extract", "input", "finding", "subject", "exposure", "event", "adjudication", "rejected",
    ),
    "cut": ("cut",),
    "definitions": ("definitions",),
    "look": ("look", "verdict", "seen", "flag", "presented", "staleness"),
    "report": ("report_file",),
    "decision": ("decision",),
    "card": ("card",),
    "due": ("due",),
    "timetable": ("timetable",),
    "code": ("code",),
}  # fmt: skip
"""Every table but the audit itself."""


@dataclass(frozen=True, slots=True)
class Trail(Rows):
    """The part of a store that remembers who did what."""

    def acts(self) -> list[dict[str, Any]]:
        """Every act, oldest first: a row of the audit table each."""
        return self._read("audit/read").to_dicts()

    def head(self) -> str:
        """The hash of the last act, which holds all before it."""
        return self._last()[1]

    def has_act(self, head: str) -> bool:
        """Whether an act of this hash is in the chain."""
        return self._count("audit/has", hash=head) > 0

    def content(self) -> dict[str, str]:
        """The SHA-256 of the rows there are, by table and owner."""
        there = {name for (name,) in self._rows("checks/tables")}
        # A store of an earlier version may have none of a family's tables yet.
        families = [family for family, tables in TABLES.items() if there.issuperset(tables)]
        return {k: v for family in families for k, v in self._digests(family, None).items()}

    def record_act(self, event: AuditEvent) -> None:
        """Keeps an act that writes nothing else: a refusal, an export, a backup."""
        self._record(event)

    def record_migration(
        self, steps: Sequence[tuple[int, str]], event: AuditEvent, *, restate: bool
    ) -> None:
        """Takes steps of the schema; `restate` the rows they changed, or that no act covers."""
        known = audit.written(self.acts()) if restate else {}
        for number, statements in steps:
            self._connection.execute(statements)
            self._run("audit/write_migration", version=number, at=event.at.isoformat())
        now = self.content() if restate else self._digests("migration", None)
        self._chain(event, {k: v for k, v in now.items() if known.get(k) != v})

    def _record(self, event: AuditEvent, *wrote: tuple[Family, str]) -> None:
        """Keeps an act, with the hashes of what it wrote: families of tables and their owners.

        A writer calls it last, in the transaction of what it wrote.
        """
        self._chain(event, {
            rows: sha256
            for family, owner in wrote
            for rows, sha256 in self._digests(family, owner).items()
        })  # fmt: skip

    def _chain(self, event: AuditEvent, wrote: Mapping[str, str]) -> None:
        seq, previous = self._last()
        self._run("audit/write", **audit.record(event, seq + 1, previous, wrote))

    def _digests(self, family: Family, owner: str | None) -> dict[str, str]:
        rows = self._rows(f"digest/{family}", owner=owner)
        return {f"{table} {of}": sha256 for table, of, sha256 in rows}

    def _last(self) -> tuple[int, str]:
        rows = self._rows("audit/last")
        return rows[0] if rows else (0, audit.START)
