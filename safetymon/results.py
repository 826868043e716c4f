"""What a look says: its cut as kept in the store, counted and weighed, for both reports.

Everything is read from the store as it was for that look, so that the same look says the same
again whatever has been looked at since.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from safetymon import (
    analysis,
    attribution,
    changes,
    conduct,
    curves,
    definitions,
    derive,
    incidence,
    methods,
    signals,
)
from safetymon.analysis import Counted, Frames
from safetymon.cases import cases
from safetymon.coding import coded
from safetymon.domain import (
    Cases,
    ChangedPart,
    Changes,
    Cut,
    Extract,
    Finding,
    Look,
    Results,
    Scope,
    Stored,
)
from safetymon.overview import overview
from safetymon.record_schema import EDITS
from safetymon.report.results_json import Document, document, finite
from safetymon.schema import CARDS, SCREEN
from safetymon.signals import Detected
from safetymon.signals.screening import screen_terms
from safetymon.store import Store
from safetymon.study import Study
from safetymon.topics import resolved


class Here(NamedTuple):
    """What every step of one look needs to know.

    `as_of` is the number up to which earlier looks count as earlier: the look's own, or, where it
    only repeats a look to say that the data are stale, that look's. `stale` are the findings of
    `freshness`.
    """

    store: Store
    study: Study
    extract: Extract
    cut: Cut
    look: Look
    as_of: int
    stale: tuple[Finding, ...] = ()

    @property
    def number(self) -> int:
        """The look's number."""
        return self.look.number


class Before(NamedTuple):
    """What the store tells beside the counts, read once for both reports.

    `cut` is the cut of the look before, `edits` what differs from it record by record, by
    treatment, `definitions` its look's number, version of safetymon and study file (JSON);
    `verdicts` are those of all looks before; `rejected` the input rows that this cut left out and
    `findings` what reading it found.
    """

    cut: Cut | None
    edits: pl.DataFrame
    verdicts: pl.DataFrame
    definitions: tuple[int, str, str, date] | None
    rejected: pl.DataFrame
    findings: tuple[Finding, ...]


class Told(NamedTuple):
    """Both results of a look, and one row an event: the day from which it counts.

    `reports` are what is written, finite: the closed, the open, and the coded one if the study file
    asks for it; `documents` are the `results.json` of each.
    """

    closed: Results
    open: Results
    seen: pl.DataFrame
    reports: tuple[Results, ...]
    documents: tuple[Document, ...]

    def sha256(self) -> tuple[str, str]:
        """Of all its numbers: the closed and the open (`domain.Presented`)."""
        closed, pooled, *_ = self.documents
        return closed.numbers_sha256, pooled.numbers_sha256


def told(here: Here) -> Told:
    """Counts and weighs one look, for the board and for everybody."""
    previous = here.store.previous_cut(here.as_of, here.cut.cutoff)
    frames = _frames(here)
    closed, pooled = _both(here, frames, _before(here, frames, previous))
    seen = frames.events.select("subject", "key", "seen")
    written = [closed, pooled]
    if here.study.report.coded:
        written.append(coded(closed, here.study, here.store.codes(), frames.exposure))
    reports = tuple(map(finite, written))
    return Told(closed, pooled, seen, reports, tuple(map(document, reports)))


def remade(store: Store, stored: Stored) -> Here:
    """What a look that was made was made of.

    Raises:
        ValueError: Its definitions cannot be read by this version.
    """
    study = Study.model_validate_json(stored.study_json, by_name=True)
    head = study.study.model_copy(update={"title": stored.presented.title})
    return Here(
        store, study.model_copy(update={"study": head}), stored.extract, stored.cut, stored.look,
        stored.presented.as_of, stored.stale,
    )  # fmt: skip


def _both(here: Here, frames: Frames, before: Before) -> tuple[Results, Results]:
    """The closed and the open results; the board sees the pooled rules too."""
    blind = frames._replace(
        scope="open",
        exposure=here.store.exposure(here.extract.id, here.cut.cutoff, "open"),
    )
    pooled, pooled_rules, blindly = _results(here, blind, before)
    closed, _, counted = _results(here, frames, before)
    return (
        replace(
            closed,
            signals=pl.concat([closed.signals, pooled_rules.signals]),
            evidence=pl.concat([closed.evidence, pooled_rules.evidence]),
            sensitivity=pl.concat([closed.sensitivity, pooled_rules.sensitivity]),
            history=pl.concat([closed.history, pooled.history]),
            findings=(*closed.findings, *analysis.for_the_board(counted, blindly, here.study)),
        ),
        pooled,
    )


def _frames(here: Here) -> Frames:
    """The closed frames of the cut, each event with the day from which it counts."""
    store, extract, cutoff = here.store, here.extract.id, here.cut.cutoff
    latest = store.latest_cutoff(here.as_of)
    return Frames(
        "closed",
        cutoff,
        store.subjects(extract),
        store.exposure(extract, cutoff, "closed"),
        derive.first_seen(store.events(extract, cutoff), store.seen(here.as_of), latest, cutoff),
        store.adjudication(extract),
    )


def _results(here: Here, frames: Frames, before: Before) -> tuple[Results, Detected, Counted]:
    """The numbers of one report. The open one starts from exposure without treatment."""
    study, scope, counted = here.study, frames.scope, analysis.counted(frames, here.study)
    stood = here.store.previous_verdicts(here.as_of, frames.cutoff, scope)
    detected = signals.detect(
        counted.rules, counted.found, stood, here.as_of, study.evidence.clear_after
    )
    reasons = _reasons(here, frames, detected.signals, stood, before.cut)
    told = attribution.with_reasons(detected.signals, reasons, stood)
    numbers, names = counted.numbers, counted.sizes["group"].to_list()
    topics = list(resolved(study.topic))
    histories = curves.histories(
        numbers.occurrences, numbers.members, frames.events, frames.subjects, topics
    )
    found = (*here.stale, *before.findings, *counted.emergence)
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
        calendar=incidence.calendar(numbers.occurrences, numbers.members, topics, frames.cutoff),
        curves=curves.by_time(histories, study.report.confidence),
        severity=curves.severity(histories),
        lags=conduct.lags(numbers.occurrences, numbers.members, frames.events, names),
        enrolment=conduct.enrolment(
            numbers.members, names, frames.cutoff, study.report.days_per_year
        ),
        basis=definitions.basis(
            study, scope, here.look.definitions_sha256, methods.used(study, scope)
        ),
        definitions=definitions.sentences(study, scope, frames.cutoff),
        overview=overview(
            frames.events, counted.placed, numbers.members, numbers.incidence, study.report
        ),
        changes=_changes(here, before, scope),
        history=changes.history(
            before.verdicts.filter(scope=scope), told, here.look.number, frames.cutoff
        ),
        rejected=changes.rejected(before.rejected),
        cases=_cases(here, counted, frames, before),
    )
    return results, detected._replace(signals=told), counted


def _before(here: Here, frames: Frames, previous: Cut | None) -> Before:
    store, number, cutoff = here.store, here.as_of, here.cut.cutoff
    return Before(
        previous,
        _edits(here, frames, previous),
        store.verdicts_before(number, cutoff),
        store.previous_definitions(number, cutoff),
        store.rejected(here.extract.id),
        store.findings(here.extract.id),
    )


def _edits(here: Here, frames: Frames, previous: Cut | None) -> pl.DataFrame:
    """What differs from the cut of the look before, record by record; by treatment."""
    if previous is None:
        return pl.DataFrame(schema=EDITS)
    old = _old_frames(here, frames, previous)
    return here.store.edits(_compared(old), _compared(frames))


def _compared(frames: Frames) -> dict[ChangedPart, pl.DataFrame]:
    exposed = frames.exposure.select("subject")
    return {
        "subjects": frames.subjects.join(exposed, on="subject", how="semi"),
        "exposure": frames.exposure,
        "events": frames.events,
        "adjudication": frames.adjudication,
    }


def _changes(here: Here, before: Before, scope: Scope) -> Changes:
    if before.definitions is None:
        return changes.FIRST_LOOK
    number, version, study, cutoff = before.definitions
    now = here.study.model_dump(mode="json")
    versions = version, here.look.versions["safetymon"]
    return Changes(
        number,
        cutoff,
        changes.counts(before.edits, scope),
        changes.redefined(json.loads(study), now, versions, scope),
    )


def _cases(here: Here, counted: Counted, frames: Frames, before: Before) -> Cases | None:
    """Who they are; for the board only."""
    if frames.scope == "open":
        return None
    pooled = analysis.rules_of(here.study, "open")
    return cases(counted, frames, here.study, pooled, before.edits, before.rejected)


def _cards(here: Here, scope: Scope) -> pl.DataFrame:
    """What was simulated under these definitions; for the board only."""
    if scope == "open":
        return pl.DataFrame(schema=CARDS)
    return here.store.cards(here.look.definitions_sha256).cast(CARDS)  # type: ignore[arg-type]  # a plain dict of types


def _screen(here: Here, counted: Counted, scope: Scope) -> pl.DataFrame:
    if scope == "open":
        return pl.DataFrame(schema=SCREEN)
    numbers, number = counted.numbers, here.as_of
    flags = here.store.flags(number, numbers.cutoff)
    return screen_terms(
        here.study.evidence, numbers.groups, numbers.people, flags, numbers.cutoff, number
    )


def _reasons(
    here: Here, frames: Frames, verdicts: pl.DataFrame, before: pl.DataFrame, previous: Cut | None
) -> Mapping[str, str]:
    """What moved each verdict that is not what it was; recomputed, not guessed."""
    moved = attribution.moved(verdicts, before)
    if previous is None or not moved:
        return dict.fromkeys(moved, "first look")
    old = _old_frames(here, frames, previous)
    return attribution.reasons(moved, old, frames, here.study)


def _old_frames(here: Here, frames: Frames, previous: Cut) -> Frames:
    store, extract = here.store, here.store.extract_of(previous)
    events = derive.first_seen(
        store.events(extract, previous.cutoff), store.seen(here.as_of), None, previous.cutoff
    )
    return frames._replace(
        cutoff=previous.cutoff,
        subjects=store.subjects(extract),
        exposure=store.exposure(extract, previous.cutoff, frames.scope),
        events=events,
        adjudication=store.adjudication(extract),
    )
