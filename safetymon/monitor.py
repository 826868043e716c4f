"""One look, from listing files to reports: the only place where the stages are chained."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version

import polars as pl

from safetymon import __version__, config, definitions, derive, incidence, listings, report
from safetymon.audit import AuditEvent
from safetymon.domain import (
    ALL_SUBJECTS,
    EVENT_ROLE,
    Cut,
    Extract,
    Finding,
    Group,
    InputFile,
    Listings,
    Look,
    Results,
    Scope,
    Study,
)
from safetymon.errors import DataRefusedError
from safetymon.signals import detect
from safetymon.store import Store, opened
from safetymon.topics import resolved

STATE = "state"
"""The folder beside the study file that holds its store."""


@dataclass(frozen=True, slots=True)
class LookDone:
    """A look and where its reports are. `repeated`: this cut had been looked at this way before."""

    closed: Results
    open: Results
    closed_report: Path
    open_report: Path
    repeated: bool

    @property
    def raised(self) -> int:
        """Number of rules whose signal is newly raised at this look."""
        return self.closed.signals.filter(verdict="raised").height


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found: the files as read, and the findings."""

    inputs: tuple[InputFile, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Stored:
    """The frames of a cut that both reports share."""

    subjects: pl.DataFrame
    events: pl.DataFrame
    topic_terms: pl.DataFrame
    findings: tuple[Finding, ...]


def look(
    study_file: Path, now: datetime, actor: str, cutoff: date | None = None, out: Path | None = None
) -> LookDone:
    """Makes one look at a study and writes its closed and its open report.

    Raises:
        UsageError: The study file is wrong.
        DataRefusedError: The data cannot be trusted as a whole; nothing is stored or written.
        StudyBusyError: Another process holds the study.
    """
    study = config.load(study_file)
    read = listings.read(study, study_file.parent)
    _refuse_unreadable_events(study, read)
    extract = _extract(study, read)
    cut = _cut(study, read, extract, cutoff, now)
    root = (out or study_file.parent / "reports") / study.study.id
    with opened(study_file.parent / STATE, study.study.id, now) as store:
        _refuse_lost_events(study, read, extract, store)
        with store.transaction():
            store.save_cut(cut, extract, read, AuditEvent(now, actor, "cut", cut.id))
            known = store.find_look(cut, config.definitions_sha256(study), __version__)
            made = known or _new_look(study, store, now)
            closed, pooled = _both(store, study, cut, extract, made)
            if known is None:
                verdicts: dict[Scope, pl.DataFrame] = {
                    "closed": closed.signals,
                    "open": pooled.signals,
                }
                event = AuditEvent(now, actor, "look", str(made.number), {"cut": cut.id})
                store.record_look(made, cut, study.model_dump_json(), verdicts, event)
    written = [report.write(results, root) for results in (closed, pooled)]
    return LookDone(closed, pooled, written[0].report, written[1].report, known is not None)


def check(study_file: Path, now: datetime) -> Checked:
    """Reads study file and data and returns all that was found; stores and writes nothing."""
    study = config.load(study_file)
    read = listings.read(study, study_file.parent)
    cut = _cut(study, read, _extract(study, read), None, now)
    ledger = derive.ledger(read.exposure, read.subjects, cut.cutoff, study.emergent)
    derive.members(ledger, study.group, study.report.person_time)
    found = _emergence(study, read.events, ledger)[1]
    return Checked(read.inputs, (*read.findings, *found))


def _extract(study: Study, read: Listings) -> Extract:
    """The same files read the same way by the same version are the same extract."""
    reading = study.model_dump_json(
        include={"data": True, "treatments": True, "periods": True},
        exclude={"data": {"folder", "files", "cutoff"}},
    )
    files = [f"{i.role} {i.sha256}" for i in read.inputs]
    return Extract(_hash(__version__, reading, *sorted(files)), reading)


def _cut(study: Study, read: Listings, extract: Extract, asked: date | None, now: datetime) -> Cut:
    setting = asked or study.data.cutoff
    # A mistyped date in the future must not carry the cut-off with it.
    latest = min(derive.latest_date(read), now.date())
    cutoff = latest if setting == "latest" else setting
    first = read.exposure["start"].min()
    if isinstance(first, date) and first > cutoff:
        raise DataRefusedError(
            f"cut-off {cutoff}: nobody had been treated by then (first treatment {first}); "
            "choose a later cut-off"
        )
    return Cut(_hash(extract.id, cutoff.isoformat()), cutoff, read.inputs)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _refuse_lost_events(study: Study, read: Listings, extract: Extract, store: Store) -> None:
    """An extract without events that used to have some is a broken export, not "no new events"."""
    role = EVENT_ROLE[study.data.standard]
    events = next(i for i in read.inputs if i.role == role)
    before = store.most_rows_before(role, extract.id)
    if events.accepted == 0 and before > 0:
        raise DataRefusedError(
            f"{events.path}: holds no adverse events that can be read ({events.rows} rows), but an "
            f"earlier extract held {before}; have the export repeated"
        )


def _refuse_unreadable_events(study: Study, read: Listings) -> None:
    events = next(i for i in read.inputs if i.role == EVENT_ROLE[study.data.standard])
    if events.rows and not events.accepted:
        raise DataRefusedError(
            f"{events.path}: none of its {events.rows} rows could be accepted; "
            "see `safetymon check`, and correct the listing or the study file"
        )


def _new_look(study: Study, store: Store, now: datetime) -> Look:
    packages = ("polars", "duckdb", "altair", "scipy")
    versions = {"safetymon": __version__, "python": python_version()}
    versions |= {name: version(name) for name in packages}
    return Look(store.next_look_number(), now, config.definitions_sha256(study), versions)


def _both(
    store: Store, study: Study, cut: Cut, extract: Extract, made: Look
) -> tuple[Results, Results]:
    events = store.events(extract.id, cut.cutoff)
    topics = resolved(study.topic)
    terms = derive.topic_terms(events, topics, store.adjudication(extract.id))
    stored = _Stored(store.subjects(extract.id), events, terms, store.findings(extract.id))
    pooled = _results(store, study, cut, extract, made, stored, "open")
    closed = _results(store, study, cut, extract, made, stored, "closed")
    return _with_pooled_signals(closed, pooled), pooled


def _with_pooled_signals(closed: Results, pooled: Results) -> Results:
    """The board sees the pooled rules too."""
    return replace(closed, signals=pl.concat([closed.signals, pooled.signals]))


def _results(
    store: Store,
    study: Study,
    cut: Cut,
    extract: Extract,
    made: Look,
    stored: _Stored,
    scope: Scope,
) -> Results:
    """The numbers of one report. The open one starts from exposure without treatment."""
    settings, topics = study.report, list(resolved(study.topic))
    groups = study.group if scope == "closed" else (Group(name=ALL_SUBJECTS),)
    exposure = store.exposure(extract.id, cut.cutoff, scope)
    ledger = derive.ledger(exposure, stored.subjects, cut.cutoff, study.emergent)
    events, found = _emergence(study, stored.events, ledger)
    occurrences = derive.occurrences(events, stored.topic_terms)
    members = derive.members(ledger, groups, settings.person_time)
    table = incidence.group_table(members, groups, settings)
    counted = incidence.by_group(occurrences, members, table, topics, settings)
    compared = incidence.compare(counted, groups, settings)
    rules = [r for r in study.rule if (r.group == ALL_SUBJECTS) == (scope == "open")]
    before = store.previous_verdicts(made.number, cut.cutoff, scope)
    return Results(
        scope=scope,
        study=study.study,
        cut=cut,
        look=made,
        groups=table,
        incidence=counted,
        comparisons=compared,
        signals=detect(rules, counted, compared, before, made.number),
        findings=_visible((*stored.findings, *found), scope),
        calendar=incidence.calendar(occurrences, members, topics, cut.cutoff),
        definitions=definitions.sentences(study, scope, cut.cutoff),
    )


def _emergence(
    study: Study, events: pl.DataFrame, ledger: pl.DataFrame
) -> tuple[pl.DataFrame, list[Finding]]:
    """The events as attributed to the ledger, and what a reader must know about that."""
    reference = _reference(study)
    placed = derive.attributed(events, ledger, study.emergent, reference)
    moved = derive.moved_by_partial_rule(events, ledger, study.emergent, reference)
    return placed, derive.emergence_findings(placed, events, moved)


def _visible(findings: tuple[Finding, ...], scope: Scope) -> tuple[Finding, ...]:
    return tuple(f for f in findings if scope == "closed" or f.about == "open")


def _reference(study: Study) -> str | None:
    return next((name for name, t in study.treatments.items() if t.reference), None)
