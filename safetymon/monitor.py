"""One look, from listing files to reports: the only place where the stages are chained."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version

import polars as pl

from safetymon import (
    __version__,
    analysis,
    attribution,
    config,
    definitions,
    derive,
    incidence,
    listings,
    report,
    signals,
)
from safetymon.analysis import Counted, Frames
from safetymon.audit import AuditEvent
from safetymon.domain import (
    EVENT_ROLE,
    Cut,
    Extract,
    Finding,
    InputFile,
    Listings,
    Look,
    Results,
    Scope,
)
from safetymon.errors import DataRefusedError
from safetymon.schema import SCREEN
from safetymon.signals import Detected
from safetymon.signals.screening import screen_terms
from safetymon.store import Store, opened
from safetymon.study import Study
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
class _Here:
    """What every step of one look needs to know."""

    store: Store
    study: Study
    extract: Extract
    cut: Cut
    look: Look


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
            here = _Here(store, study, extract, cut, known or _new_look(study, store, now))
            closed, pooled = _both(here)
            if known is None:
                _record(here, closed, pooled, AuditEvent(now, actor, "look", str(here.look.number)))
    written = [report.write(results, root) for results in (closed, pooled)]
    return LookDone(closed, pooled, written[0].report, written[1].report, known is not None)


def check(study_file: Path, now: datetime) -> Checked:
    """Reads study file and data and returns all that was found; stores and writes nothing."""
    study = config.load(study_file)
    read = listings.read(study, study_file.parent)
    cutoff = _cut(study, read, _extract(study, read), None, now).cutoff
    counted = analysis.counted(frames_of(read, cutoff), study)
    return Checked(read.inputs, (*read.findings, *counted.emergence))


def frames_of(read: Listings, cutoff: date) -> Frames:
    """The closed frames of listings that were never looked at: events count when reported."""
    nothing_seen = pl.DataFrame(schema={"subject": pl.String, "key": pl.String, "seen": pl.Date})
    events = derive.first_seen(read.events, nothing_seen, None, cutoff)
    exposure = read.exposure.filter(pl.col("start") <= cutoff)
    known = analysis.known_by(events, cutoff)
    return Frames("closed", cutoff, read.subjects, exposure, known, read.adjudication)


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


def _both(here: _Here) -> tuple[Results, Results]:
    """The closed and the open results; the board sees the pooled rules too."""
    previous = here.store.previous_cut(here.look.number, here.cut.cutoff)
    frames = _frames(here, "closed", previous.cutoff if previous else None)
    blind = replace(
        frames,
        scope="open",
        exposure=here.store.exposure(here.extract.id, here.cut.cutoff, "open"),
    )
    pooled, pooled_rules = _results(here, blind, previous)
    closed, _ = _results(here, frames, previous)
    return (
        replace(
            closed,
            signals=pl.concat([closed.signals, pooled_rules.signals]),
            evidence=pl.concat([closed.evidence, pooled_rules.evidence]),
            sensitivity=pl.concat([closed.sensitivity, pooled_rules.sensitivity]),
        ),
        pooled,
    )


def _frames(here: _Here, scope: Scope, previous_cutoff: date | None) -> Frames:
    store, extract, cutoff = here.store, here.extract.id, here.cut.cutoff
    events = derive.first_seen(store.events(extract, cutoff), store.seen(), previous_cutoff, cutoff)
    return Frames(
        scope,
        cutoff,
        store.subjects(extract),
        store.exposure(extract, cutoff, scope),
        events,
        store.adjudication(extract),
    )


def _results(here: _Here, frames: Frames, previous: Cut | None) -> tuple[Results, Detected]:
    """The numbers of one report. The open one starts from exposure without treatment."""
    study, scope, counted = here.study, frames.scope, analysis.counted(frames, here.study)
    before = here.store.previous_verdicts(here.look.number, frames.cutoff, scope)
    detected = signals.detect(
        counted.rules, counted.found, before, here.look.number, study.evidence.clear_after
    )
    reasons = _reasons(here, frames, detected.signals, before, previous)
    told = attribution.with_reasons(detected.signals, reasons, before)
    numbers = counted.numbers
    found = (*here.store.findings(here.extract.id), *counted.emergence)
    results = Results(
        scope=scope,
        study=study.study,
        cut=here.cut,
        look=here.look,
        groups=counted.sizes,
        incidence=numbers.incidence,
        comparisons=numbers.comparisons,
        signals=told,
        evidence=detected.evidence,
        sensitivity=detected.sensitivity,
        screen=_screen(here, counted, scope),
        confidence=study.report.confidence,
        findings=tuple(f for f in found if scope == "closed" or f.about == "open"),
        calendar=incidence.calendar(
            numbers.occurrences, numbers.members, list(resolved(study.topic)), frames.cutoff
        ),
        definitions=definitions.sentences(study, scope, frames.cutoff),
    )
    return results, replace(detected, signals=told)


def _screen(here: _Here, counted: Counted, scope: Scope) -> pl.DataFrame:
    if scope == "open":
        return pl.DataFrame(schema=SCREEN)
    numbers, number = counted.numbers, here.look.number
    flags = here.store.flags(number, numbers.cutoff)
    return screen_terms(
        here.study.evidence, numbers.groups, numbers.members, numbers.occurrences, flags,
        numbers.cutoff, number,
    )  # fmt: skip


def _reasons(
    here: _Here, frames: Frames, verdicts: pl.DataFrame, before: pl.DataFrame, previous: Cut | None
) -> Mapping[str, str]:
    """What moved each verdict that is not what it was; recomputed, not guessed."""
    moved = attribution.moved(verdicts, before)
    if previous is None or not moved:
        return dict.fromkeys(moved, "first look")
    old = _old_frames(here, frames, previous)
    return attribution.reasons(moved, old, frames, here.study)


def _old_frames(here: _Here, frames: Frames, previous: Cut) -> Frames:
    store, extract = here.store, here.store.extract_of(previous)
    events = derive.first_seen(
        store.events(extract, previous.cutoff), store.seen(), None, previous.cutoff
    )
    return replace(
        frames,
        cutoff=previous.cutoff,
        subjects=store.subjects(extract),
        exposure=store.exposure(extract, previous.cutoff, frames.scope),
        events=events,
        adjudication=store.adjudication(extract),
    )


def _record(here: _Here, closed: Results, pooled: Results, event: AuditEvent) -> None:
    """Keeps the look, its verdicts, the screen's flags and the day each event was first seen."""
    own = closed.signals.filter(~pl.col("rule").is_in(pooled.signals["rule"].implode()))
    verdicts: dict[Scope, pl.DataFrame] = {"closed": own, "open": pooled.signals}
    seen = _frames(here, "closed", _previous_cutoff(here)).events.select("subject", "key", "seen")
    here.store.record_look(
        here.look, here.cut, here.study.model_dump_json(), verdicts, seen, closed.screen, event
    )


def _previous_cutoff(here: _Here) -> date | None:
    previous = here.store.previous_cut(here.look.number, here.cut.cutoff)
    return previous.cutoff if previous else None
