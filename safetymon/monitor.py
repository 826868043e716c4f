"""One look, from listing files to reports: the only place where the stages are chained."""

import logging
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
    report,
    signals,
)
from safetymon.analysis import Counted, Frames
from safetymon.audit import AuditEvent
from safetymon.cuts import Source, source
from safetymon.domain import (
    Cut,
    Extract,
    Finding,
    InputFile,
    Look,
    Results,
    Scope,
)
from safetymon.errors import DataRefusedError
from safetymon.schema import CARDS, SCREEN
from safetymon.signals import Detected
from safetymon.signals.screening import screen_terms
from safetymon.store import Store, opened
from safetymon.study import Study
from safetymon.topics import resolved

log = logging.getLogger(__name__)

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
    made = source(study_file, now, cutoff)
    study, extract, cut = made.study, made.extract, made.cut
    root = (out or study_file.parent / "reports") / study.study.id
    with opened(study_file.parent / STATE, study.study.id, now) as store:
        _refuse_lost_events(made, store)
        with store.transaction():
            store.save_cut(cut, extract, made.read, AuditEvent(now, actor, "cut", cut.id))
            known = store.find_look(cut, config.definitions_sha256(study), __version__)
            here = _Here(store, study, extract, cut, known or _new_look(study, store, now))
            previous = store.previous_cut(here.look.number, cut.cutoff)
            frames = _frames(here, previous)
            closed, pooled = _both(here, frames, previous)
            if known is None:
                event = AuditEvent(now, actor, "look", str(here.look.number))
                _record(here, closed, pooled, frames.events, event)
        log.info("look %d at cut-off %s: counted and stored", here.look.number, cut.cutoff)
        written = [report.write(results, root) for results in (closed, pooled)]
        if not store.has_report(here.look.number):
            event = AuditEvent(now, actor, "report", str(here.look.number))
            with store.transaction():
                store.record_report(here.look, _files(written), event)
    return LookDone(closed, pooled, written[0].report, written[1].report, known is not None)


def _files(written: list[report.Written]) -> pl.DataFrame:
    """One row a report file: scope, path in the look's folder, sha256."""
    rows = [
        (scope, path, sha256)
        for scope, one in zip(("closed", "open"), written, strict=True)
        for path, sha256 in one.sha256.items()
    ]
    return pl.DataFrame(rows, schema=["scope", "path", "sha256"], orient="row")


def check(study_file: Path, now: datetime) -> Checked:
    """Reads study file and data and returns all that was found; stores and writes nothing."""
    made = source(study_file, now)
    counted = analysis.counted(made.frames(), made.study)
    return Checked(made.read.inputs, (*made.read.findings, *counted.emergence))


def _refuse_lost_events(made: Source, store: Store) -> None:
    """An extract without events that used to have some is a broken export, not "no new events"."""
    events = made.events_file()
    before = store.most_rows_before(events.role, made.extract.id)
    if events.accepted == 0 and before > 0:
        raise DataRefusedError(
            f"{events.path}: holds no adverse events that can be read ({events.rows} rows), but an "
            f"earlier extract held {before}; have the export repeated"
        )


def _new_look(study: Study, store: Store, now: datetime) -> Look:
    packages = ("polars", "duckdb", "altair", "scipy")
    versions = {"safetymon": __version__, "python": python_version()}
    versions |= {name: version(name) for name in packages}
    return Look(store.next_look_number(), now, config.definitions_sha256(study), versions)


def _both(here: _Here, frames: Frames, previous: Cut | None) -> tuple[Results, Results]:
    """The closed and the open results; the board sees the pooled rules too."""
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


def _frames(here: _Here, previous: Cut | None) -> Frames:
    """The closed frames of the cut, each event with the day from which it counts."""
    store, extract, cutoff = here.store, here.extract.id, here.cut.cutoff
    before = previous.cutoff if previous else None
    return Frames(
        "closed",
        cutoff,
        store.subjects(extract),
        store.exposure(extract, cutoff, "closed"),
        derive.first_seen(store.events(extract, cutoff), store.seen(), before, cutoff),
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
        cards=_cards(here, scope),
        confidence=study.report.confidence,
        findings=tuple(f for f in found if scope == "closed" or f.about == "open"),
        calendar=incidence.calendar(
            numbers.occurrences, numbers.members, list(resolved(study.topic)), frames.cutoff
        ),
        definitions=definitions.sentences(study, scope, frames.cutoff),
    )
    return results, replace(detected, signals=told)


def _cards(here: _Here, scope: Scope) -> pl.DataFrame:
    """What was simulated under these definitions; for the board only."""
    made = here.store.cards(here.look.definitions_sha256)
    return made.cast(CARDS) if scope == "closed" else pl.DataFrame(schema=CARDS)  # type: ignore[arg-type]  # a plain dict of types


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


def _record(
    here: _Here, closed: Results, pooled: Results, events: pl.DataFrame, event: AuditEvent
) -> None:
    """Keeps the look, its verdicts, the screen's flags and the day each event was first seen."""
    own = closed.signals.filter(~pl.col("rule").is_in(pooled.signals["rule"].implode()))
    verdicts: dict[Scope, pl.DataFrame] = {"closed": own, "open": pooled.signals}
    seen = events.select("subject", "key", "seen")
    here.store.record_look(
        here.look, here.cut, here.study.model_dump_json(), verdicts, seen, closed.screen, event
    )
