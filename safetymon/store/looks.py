"""What a study keeps: cuts, looks, verdicts, decisions. One method a question or an act."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

import polars as pl

from safetymon.audit import AuditEvent
from safetymon.domain import ChangedPart, Cut, Extract, Finding, Listings, Look, Presented, Scope
from safetymon.record_schema import EDITS
from safetymon.schema import SUBJECTS
from safetymon.store.kept import Kept
from safetymon.store.rows import Stream
from safetymon.store.trail import Family


@dataclass(frozen=True, slots=True)
class Store(Kept):
    """An open store; made by `opened`."""

    def save_cut(self, cut: Cut, extract: Extract, listings: Listings, event: AuditEvent) -> bool:
        """Keeps the listings as an extract and the cut made of it; what is there is not repeated.

        Returns:
            Whether the cut is new.
        """
        if self._count("cut/has_cut", cut=cut.id):
            return False
        wrote: list[tuple[Family, str]] = [("cut", cut.id)]
        if not self._count("cut/has_extract", extract=extract.id):
            self._save_extract(extract, listings, event)
            wrote.append(("extract", extract.id))
        self._run("cut/write_cut", cut=cut.id, extract=extract.id, cutoff=cut.cutoff)
        self._record(event, *wrote)
        return True

    def _save_extract(self, extract: Extract, listings: Listings, event: AuditEvent) -> None:
        at = event.at.isoformat()
        self._run("cut/write_extract", extract=extract.id, reading=extract.reading, read_at=at)
        inputs = pl.DataFrame([i._asdict() for i in listings.inputs]).rename({"rows": "rows_read"})
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

    def latest_cutoff(self, number: int) -> date | None:
        """The latest cut-off of any look before this one; none: it is the first."""
        latest: date | None
        ((latest,),) = self._rows("look/latest_cutoff", number=number)
        return latest

    def extract_of(self, cut: Cut) -> str:
        """The extract that a cut was made of."""
        ((extract,),) = self._rows("cut/extract_of", cut=cut.id)
        return str(extract)

    def seen(self, number: int) -> pl.DataFrame:
        """One row an event record an earlier look has seen: subject, key, seen (never changed)."""
        return self._read("look/seen", number=number)

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
        presented: Presented,
        stale: Sequence[Finding],
        event: AuditEvent,
    ) -> None:
        """Keeps a look: verdicts, days first seen, terms flagged by the screen, what it said."""
        number = look.number
        self._write_definitions(look.definitions_sha256, study_json, event)
        self._run(
            "look/write",
            number=number,
            cut=cut.id,
            definitions=look.definitions_sha256,
            version=look.versions["safetymon"],
            versions=json.dumps(look.versions, sort_keys=True),
            run_at=look.run_at.isoformat(),
        )
        for scope, frame in verdicts.items():
            self._insert("look/write_verdicts", frame, look=number, scope=scope)
        self._insert("look/write_seen", seen, look=number)
        self._insert("look/write_flags", screen.filter("flagged"), look=number)
        self._insert("look/write_staleness", pl.DataFrame(map(asdict, stale)), look=number)
        self._run(
            "look/write_presented",
            look=number,
            title=presented.title,
            data_until=presented.until,
            as_of=presented.as_of,
            closed=presented.closed_sha256,
            open=presented.open_sha256,
        )
        self._record(event, ("look", str(number)))

    def _write_definitions(self, sha256: str, study_json: str, event: AuditEvent) -> None:
        """Definitions that no look was made under before are an act of their own."""
        if not self._count("look/has_definitions", sha256=sha256):
            self._run("look/write_definitions", sha256=sha256, study=study_json)
            act = replace(event, action="definitions", about=sha256, detail={})
            self._record(act, ("definitions", sha256))

    def verdicts_before(self, number: int, cutoff: date) -> pl.DataFrame:
        """One row a look before this one, scope and rule: look, cutoff, verdict."""
        return self._read("look/verdicts_before", number=number, cutoff=cutoff)

    def previous_definitions(self, number: int, cutoff: date) -> tuple[int, str, str, date] | None:
        """The look before: its number, version of safetymon, study file (JSON) and cut-off."""
        rows = self._rows("look/previous_definitions", number=number, cutoff=cutoff)
        return rows[0] if rows else None

    def rejected(self, extract: str) -> pl.DataFrame:
        """One row an input row that was rejected: file, row, rule, column; not its content."""
        return self._read("cut/read_rejected", extract=extract)

    def edits(
        self, before: Mapping[ChangedPart, pl.DataFrame], now: Mapping[ChangedPart, pl.DataFrame]
    ) -> pl.DataFrame:
        """One row a record and column that differs between two cuts (`record_schema.EDITS`)."""
        found = [self._compared(part, before[part], now[part]) for part in now]
        return pl.concat([pl.DataFrame(schema=EDITS), *found])

    def _compared(self, part: ChangedPart, before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
        self._connection.register("before", Stream(before))
        self._connection.register("now", Stream(now))
        try:
            return self._read(f"diff/{part}").cast(EDITS)  # type: ignore[arg-type]  # a plain dict of types
        finally:
            self._connection.unregister("before")
            self._connection.unregister("now")

    def record_decision(self, rule: str, decision: str, note: str, event: AuditEvent) -> None:
        """Keeps a decision of the board on a rule's signal; `event.actor` is who decided."""
        at = event.at.isoformat()
        self._run("decision/write", rule=rule, decision=decision, by=event.actor, note=note, at=at)
        self._record(event, ("decision", at))

    def decisions(self) -> pl.DataFrame:
        """One row a decision, oldest first: rule, decision, decided_by, note, decided_at."""
        return self._read("decision/read")

    def history(self) -> pl.DataFrame:
        """One row a look and rule, oldest look first."""
        return self._read("look/history")

    def order(self) -> pl.DataFrame:
        """One row a look, by cut-off: number, cutoff, back (a look before it had a later one)."""
        return self._read("look/order")

    def record_cards(self, definitions: str, cards: pl.DataFrame, event: AuditEvent) -> None:
        """Keeps the rule cards simulated under a set of definitions, instead of earlier ones."""
        self._run("card/delete", definitions=definitions)
        self._insert("card/write", cards, definitions=definitions)
        self._record(event, ("card", definitions))

    def cards(self, definitions: str) -> pl.DataFrame:
        """One row a rule and harm (`schema.CARDS`); none if nothing was simulated."""
        return self._read("card/read", definitions=definitions)

    def codes(self) -> dict[str, str]:
        """Treatment -> the code under which the coded report shows it."""
        return dict(self._rows("code/read"))

    def record_codes(self, codes: Mapping[str, str], event: AuditEvent) -> None:
        """Keeps codes that were drawn; one that a treatment has already is never changed."""
        rows = pl.DataFrame({"treatment": list(codes), "code": list(codes.values())})
        self._insert("code/write", rows, drawn_at=event.at.isoformat())
        self._record(event, ("code", event.at.isoformat()))

    def record_report(self, look: Look, files: pl.DataFrame, event: AuditEvent) -> None:
        """Keeps the hash of each report file: one row a scope and path."""
        self._insert("look/write_report_files", files, look=look.number)
        self._record(event, ("report", str(look.number)))
