"""The study's store, and the only importer of duckdb.

Every writer takes an `AuditEvent` and records it in the transaction of what it writes. Readers
return Polars frames. One process at a time holds a store.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from filelock import FileLock, Timeout

from safetymon import audit
from safetymon.audit import AuditEvent
from safetymon.domain import Cut, Extract, Finding, Listings, Look, Scope
from safetymon.errors import DataRefusedError, StudyBusyError
from safetymon.schema import SUBJECTS
from safetymon.sql import migrations, query

Parameters = Mapping[str, str | int | date]


class _Stream:
    """Hands an Arrow stream over and nothing else, so that neither library looks further.

    A bare relation or frame would be recognised by type, which needs pyarrow in places and keeps
    the connection alive in others.
    """

    def __init__(self, source: Any) -> None:  # noqa: ANN401 - anything with the Arrow interface
        self._source = source

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._source.__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, slots=True)
class Store:
    """An open store; made by `opened`."""

    _connection: duckdb.DuckDBPyConnection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at the end, or not at all."""
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def save_cut(self, cut: Cut, extract: Extract, listings: Listings, event: AuditEvent) -> bool:
        """Keeps the listings as an extract and the cut made of it; what is there is not repeated.

        Returns:
            Whether the cut is new.
        """
        if self._count("cut/has_cut", cut=cut.id):
            return False
        if not self._count("cut/has_extract", extract=extract.id):
            self._save_extract(extract, listings, event)
        self._run("cut/write_cut", cut=cut.id, extract=extract.id, cutoff=cut.cutoff)
        self._record(event)
        return True

    def _save_extract(self, extract: Extract, listings: Listings, event: AuditEvent) -> None:
        at = event.at.isoformat()
        self._run("cut/write_extract", extract=extract.id, reading=extract.reading, read_at=at)
        inputs = pl.DataFrame([asdict(i) for i in listings.inputs]).rename({"rows": "rows_read"})
        findings = pl.DataFrame([asdict(f) for f in listings.findings])
        frames = {
            "inputs": inputs,
            "findings": findings,
            "subjects": listings.subjects,
            "exposure": listings.exposure,
            "events": listings.events,
            "adjudication": listings.adjudication,
            "rejected": listings.rejected,
        }
        for name, frame in frames.items():
            self._insert(f"cut/write_{name}", frame, extract=extract.id)

    def subjects(self, extract: str) -> pl.DataFrame:
        """One row a subject (`schema.SUBJECTS`)."""
        return self._read("cut/read_subjects", extract=extract).cast(SUBJECTS)  # type: ignore[arg-type]  # a plain dict of types

    def exposure(self, extract: str, cutoff: date, scope: Scope) -> pl.DataFrame:
        """One row a recorded exposure; the open scope never has the treatment column."""
        return self._read(f"derive/exposure_{scope}", extract=extract, cutoff=cutoff)

    def events(self, extract: str, cutoff: date) -> pl.DataFrame:
        """One row an adverse event record known at the cut-off (`schema.EVENTS`)."""
        return self._read("derive/events_at_cutoff", extract=extract, cutoff=cutoff)

    def adjudication(self, extract: str) -> pl.DataFrame:
        """One row an adjudicated record and topic (`schema.ADJUDICATION`)."""
        return self._read("derive/adjudication", extract=extract)

    def findings(self, extract: str) -> tuple[Finding, ...]:
        """What reading the extract found."""
        rows = self._read("cut/read_findings", extract=extract).to_dicts()
        return tuple(Finding(**row) for row in rows)

    def most_rows_before(self, role: str, extract: str) -> int:
        """The most rows that any other extract's file in this role had."""
        return self._count("checks/events_before", role=role, extract=extract)

    def find_look(self, cut: Cut, definitions: str, version: str) -> Look | None:
        """The look already made of this cut under these definitions by this version."""
        found = self._read("look/find", cut=cut.id, definitions=definitions, version=version)
        for row in found.to_dicts():
            at = datetime.fromisoformat(row["run_at"])
            return Look(row["number"], at, definitions, json.loads(row["versions"]))
        return None

    def next_look_number(self) -> int:
        """The number the next look gets; the first is 1."""
        return self._count("look/next_number")

    def previous_verdicts(self, number: int, cutoff: date, scope: Scope) -> pl.DataFrame:
        """One row a rule: its verdict (`schema.SIGNALS`) at the look before; none: no rows."""
        return self._read("look/previous_verdicts", number=number, cutoff=cutoff, scope=scope)

    def previous_cut(self, number: int, cutoff: date) -> Cut | None:
        """The cut of the look before: the one with the latest cut-off not after this one's."""
        rows = self._read("look/previous_cut", number=number, cutoff=cutoff).to_dicts()
        return Cut(rows[0]["cut"], rows[0]["cutoff"], ()) if rows else None

    def extract_of(self, cut: Cut) -> str:
        """The extract that a cut was made of."""
        return str(self._read("cut/extract_of", cut=cut.id).item())

    def seen(self) -> pl.DataFrame:
        """One row an event record any look has seen: subject, key, seen (a day, never changed)."""
        return self._read("look/seen")

    def flags(self, number: int, cutoff: date) -> pl.DataFrame:
        """One row a preferred term and group the screen has flagged: term, group, since_look."""
        return self._read("look/flags", number=number, cutoff=cutoff)

    def record_look(
        self,
        look: Look,
        cut: Cut,
        study_json: str,
        verdicts: Mapping[Scope, pl.DataFrame],
        seen: pl.DataFrame,
        screen: pl.DataFrame,
        event: AuditEvent,
    ) -> None:
        """Keeps a look: definitions, verdicts, days first seen, terms flagged by the screen."""
        definitions = look.definitions_sha256
        self._run("look/write_definitions", sha256=definitions, study=study_json)
        self._run(
            "look/write",
            number=look.number,
            cut=cut.id,
            definitions=definitions,
            version=look.versions["safetymon"],
            versions=json.dumps(look.versions, sort_keys=True),
            run_at=look.run_at.isoformat(),
        )
        for scope, frame in verdicts.items():
            self._insert("look/write_verdicts", frame, look=look.number, scope=scope)
        self._insert("look/write_seen", seen, look=look.number)
        self._insert("look/write_flags", screen.filter("flagged"), look=look.number)
        self._record(event)

    def record_decision(self, rule: str, decision: str, note: str, event: AuditEvent) -> None:
        """Keeps a decision of the board on a rule's signal; `event.actor` is who decided."""
        at = event.at.isoformat()
        self._run("decision/write", rule=rule, decision=decision, by=event.actor, note=note, at=at)
        self._record(event)

    def decisions(self) -> pl.DataFrame:
        """One row a decision, oldest first: rule, decision, decided_by, note, decided_at."""
        return self._read("decision/read")

    def history(self) -> pl.DataFrame:
        """One row a look and rule, oldest look first."""
        return self._read("look/history")

    def record_cards(self, definitions: str, cards: pl.DataFrame, event: AuditEvent) -> None:
        """Keeps the rule cards simulated under a set of definitions, instead of earlier ones."""
        self._run("card/delete", definitions=definitions)
        self._insert("card/write", cards, definitions=definitions)
        self._record(event)

    def cards(self, definitions: str) -> pl.DataFrame:
        """One row a rule and harm (`schema.CARDS`); none if nothing was simulated."""
        return self._read("card/read", definitions=definitions)

    def has_report(self, number: int) -> bool:
        """Whether the hashes of a look's report files are on record."""
        return self._count("look/has_report", look=number) > 0

    def record_report(self, look: Look, files: pl.DataFrame, event: AuditEvent) -> None:
        """Keeps the hash of each report file: one row a scope and path."""
        self._insert("look/write_report_files", files, look=look.number)
        self._record(event)

    def _record(self, event: AuditEvent) -> None:
        last = self._read("audit/last").to_dicts()
        seq, previous = (last[0]["seq"], last[0]["hash"]) if last else (0, audit.START)
        self._run("audit/write", **audit.record(event, seq + 1, previous))

    def _run(self, name: str, **parameters: str | int | date) -> None:
        self._connection.execute(query(name), parameters or None)

    def _insert(self, name: str, frame: pl.DataFrame, **parameters: str | int) -> None:
        if frame.is_empty():
            return
        self._connection.register("rows", _Stream(frame))
        self._run(name, **parameters)
        self._connection.unregister("rows")

    def _read(self, name: str, **parameters: str | int | date) -> pl.DataFrame:
        relation = self._connection.sql(query(name), params=parameters or None)
        return pl.DataFrame(_Stream(relation))

    def _count(self, name: str, **parameters: str | int) -> int:
        return int(self._read(name, **parameters).item())


@contextmanager
def opened(folder: Path, study_id: str, now: datetime) -> Iterator[Store]:
    """The store of a study in `folder`, made if it is not there; held until the end of the block.

    Raises:
        StudyBusyError: Another process holds it.
        DataRefusedError: It was written by a newer safetymon.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / f"{study_id}.lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise StudyBusyError(
            f"study {study_id}: another process is making a look; try again when it has finished"
        ) from None
    try:
        path = folder / f"{study_id}.duckdb"
        with duckdb.connect(path) as connection:
            path.chmod(0o600)
            _migrate(connection, path, now)
            _harden(connection)
            yield Store(connection)
    finally:
        lock.release()


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path, now: datetime) -> None:
    """Brings the store to the newest schema, each step in its own transaction."""
    steps = migrations()
    version = _version(connection)
    if version > steps[-1][0]:
        raise DataRefusedError(
            f"{path.name}: was written by a newer safetymon (store version {version}, this one "
            f"knows {steps[-1][0]}); update safetymon"
        )
    for number, statements in steps[version:]:
        connection.begin()
        connection.execute(statements)
        connection.execute(
            query("audit/write_migration"), {"version": number, "at": now.isoformat()}
        )
        connection.commit()


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    if not connection.execute("show tables").fetchall():
        return 0
    rows = connection.execute(query("checks/store_version")).fetchall()
    return int(rows[0][0])


def _harden(connection: duckdb.DuckDBPyConnection) -> None:
    """No statement can reach another file or the network, or change that."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
