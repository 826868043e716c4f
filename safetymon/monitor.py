"""One look, from listing files to reports: the only place where the stages are chained."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from random import SystemRandom
from typing import NamedTuple

import polars as pl

from safetymon import __version__, analysis, cipher, config, delivery, freshness, report, signals
from safetymon.audit import AuditEvent
from safetymon.coding import fresh
from safetymon.cuts import Source, source
from safetymon.domain import Finding, InputFile, Look, Presented, Results, Scope
from safetymon.errors import DataRefusedError, SafetymonError, StudyBusyError, UsageError
from safetymon.freshness import Before, Data
from safetymon.processors import one_if_small
from safetymon.results import Here, Told, told
from safetymon.schedule import Due
from safetymon.signals.evidence import Finding as RuleFinding
from safetymon.store import Store, opened
from safetymon.study import Study

log = logging.getLogger(__name__)

STATE = "state"
"""The folder beside the study file that holds its store."""


class LookDone(NamedTuple):
    """A look and where its reports are. `repeated`: this cut had been looked at this way before.

    `coded_report` is None unless the study asks for one.
    """

    closed: Results
    open: Results
    closed_report: Path
    open_report: Path
    repeated: bool
    coded_report: Path | None = None

    @property
    def raised(self) -> int:
        """Number of rules whose signal is newly raised at this look."""
        number = self.closed.look.number
        return self.closed.signals.filter(verdict="raised", since_look=number).height


class Checked(NamedTuple):
    """What `check` found: the files as read, and the findings."""

    inputs: tuple[InputFile, ...]
    findings: tuple[Finding, ...]


def look(
    study_file: Path,
    now: datetime,
    actor: str,
    cutoff: date | None = None,
    out: Path | None = None,
    due: Due | None = None,
) -> LookDone:
    """Makes one look at a study and writes its closed and its open report.

    Without `out`, reports go where the last ones went; the first beside the study file.
    With `due`, the look serves that due time, which is settled in the look's own transaction.

    Raises:
        UsageError: The study file is wrong.
        DataRefusedError: The data cannot be trusted as a whole; nothing is stored or written.
        StudyBusyError: Another process holds the study.
    """
    try:
        made = source(study_file, now, cutoff)
    except DataRefusedError as refusal:
        _after_refusal(study_file, out, now, actor, refusal)
        raise
    with (
        one_if_small(made.rows),
        _opened(study_file, made.study, now) as store,
        _refusal_kept(store, now, actor),
    ):
        _refuse_settled(due, store, made.study.study.id)
        _refuse_earlier_clock(store, now)
        root = delivery.root(store, study_file, made.study.study.id, out)
        delivery.finish(store, study_file, root, now, actor)
        stale = _stale(made, store, now)
        for finding in stale:
            log.warning("%s: %s", finding.check, finding.text)
        with store.transaction():
            here, repeated = _here(made, store, stale, now, actor)
            if not repeated:
                _refuse_taken(here, root)
            _draw_codes(made.study, store, AuditEvent(now, actor, "codes", made.study.study.id))
            said = told(here)
            if not repeated:
                _record(here, said, made.until, AuditEvent(now, actor, "look", str(here.number)))
            if due is not None:
                settled = replace(due, look=here.number, stale=bool(here.stale))
                _settle(settled, store, AuditEvent(now, actor, "due", due.name))
        log.info("look %d at cut-off %s: counted and stored", here.number, here.cut.cutoff)
        event = AuditEvent(now, actor, "report", str(here.number))
        closed, pooled, *coded = delivery.reported(here, said, study_file, root, event)
    codes = coded[0].report if coded else None
    return LookDone(said.closed, said.open, closed.report, pooled.report, repeated, codes)


@contextmanager
def _opened(study_file: Path, study: Study, now: datetime) -> Iterator[Store]:
    key = cipher.key(study, study_file.parent)
    with opened(study_file.parent / STATE, study.study.id, now, key) as store:
        yield store


def made(study_file: Path) -> tuple[Study, Path]:
    """A study that has been looked at, and the folder of its store.

    Raises:
        UsageError: The study file is wrong, or no look has been made.
    """
    study = config.load(study_file)
    folder = study_file.parent / STATE
    if not (folder / f"{study.study.id}.duckdb").exists():
        raise UsageError(f"{study_file.name}: no look has been made; run `safetymon run` first")
    return study, folder


@contextmanager
def _refusal_kept(store: Store, now: datetime, actor: str) -> Iterator[None]:
    """A refusal of data is an act too."""
    try:
        yield
    except DataRefusedError as refusal:
        with store.transaction():
            store.record_act(refused(refusal, now, actor))
        raise


def _after_refusal(
    study_file: Path, out: Path | None, now: datetime, actor: str, refusal: DataRefusedError
) -> None:
    """Data that cannot be read: an interrupted look is finished and the refusal kept even so."""
    study = config.load(study_file)
    if not (study_file.parent / STATE / f"{study.study.id}.duckdb").exists():
        return
    try:
        with _opened(study_file, study, now) as store:
            root = delivery.root(store, study_file, study.study.id, out)
            delivery.finish(store, study_file, root, now, actor)
            with store.transaction():
                store.record_act(refused(refusal, now, actor))
    except SafetymonError as another:
        log.warning("the refusal could not be recorded: %s", another)


def refused(refusal: DataRefusedError, now: datetime, actor: str) -> AuditEvent:
    """The act of refusing data."""
    return AuditEvent(now, actor, "refuse", "look", {"why": str(refusal)})


def _draw_codes(study: Study, store: Store, event: AuditEvent) -> None:
    """Codes for the treatments of a coded report that have none yet: drawn once, by chance."""
    missing = fresh(list(study.treatments), store.codes(), _shuffled) if study.report.coded else {}
    if missing:
        store.record_codes(missing, event)


def _shuffled(codes: list[str]) -> list[str]:
    return SystemRandom().sample(codes, len(codes))


def _refuse_earlier_clock(store: Store, now: datetime) -> None:
    """What is new and what is stale cannot be told by a clock that goes back."""
    last = store.last_look()
    if last is None:
        return
    number, at = last
    if now < (store.clock_set_right() or at):
        raise DataRefusedError(
            f"the clock says {now:%Y-%m-%d %H:%M:%S %Z}, but look {number} was made at "
            f"{at:%Y-%m-%d %H:%M:%S %Z}; set the clock right (if it was wrong then and is right "
            "now: `safetymon audit clock`)"
        )


def _stale(made: Source, store: Store, now: datetime) -> tuple[Finding, ...]:
    """In what way the data are stale or have shrunk since the last look (`freshness`)."""
    _refuse_lost_events(made, store)
    read = made.read
    last = store.last_whole(freshness.LOSSES)
    before = None
    if last is not None:
        number, extract, until = last
        subjects = frozenset(store.subjects(extract)["subject"])
        before = Before(number, Data(until, store.inputs(extract), subjects))
    data = Data(made.until, read.inputs, frozenset(read.subjects["subject"]))
    return freshness.findings(
        made.study.freshness, data, before, store.unchanged_since(read.inputs), now
    )


def _here(
    made: Source, store: Store, stale: tuple[Finding, ...], now: datetime, actor: str
) -> tuple[Here, bool]:
    """The look to make, and whether it was made before; its cut is kept.

    The same data that have gone stale since are a look of their own, so that a report says so; but
    it counts as the earlier one, for nothing speaks for or against a signal a second time.
    """
    cut = made.cut
    store.save_cut(cut, made.extract, made.read, AuditEvent(now, actor, "cut", cut.id))
    cut = cut._replace(inputs=store.inputs(made.extract.id))
    known = store.find_look(cut, config.definitions_sha256(made.study), __version__)
    if known is not None:
        kept = store.stored(known.number)
        here = Here(store, made.study, made.extract, cut, known, kept.presented.as_of, kept.stale)
        if {f.check for f in kept.stale} == {f.check for f in stale}:
            return here, True
        return here._replace(look=_new_look(made.study, store, now), stale=stale), False
    new = _new_look(made.study, store, now)
    return Here(store, made.study, made.extract, cut, new, new.number, stale), False


def _refuse_taken(here: Here, root: Path) -> None:
    taken = report.taken(root, here.look.folder(here.cut.cutoff))
    if taken is not None:
        raise DataRefusedError(
            f"{taken}: is there already, though look {here.number} has not been made; move it "
            "away, or choose another folder with --out"
        )


def check(study_file: Path, now: datetime) -> Checked:
    """Reads study file and data and returns all that was found; stores and writes nothing.

    Before the first look a plan that is too small is refused. Once looks have been made, a rule may
    have outgrown its plan since, and a look may go on with it: then it is a finding.

    Raises:
        UsageError: The study file is wrong.
        DataRefusedError: The data cannot be trusted as a whole.
    """
    made = source(study_file, now)
    cipher.key(made.study, study_file.parent)  # a look would refuse a key that cannot be used
    frames = made.frames()
    blind = frames._replace(scope="open", exposure=frames.exposure.drop("treatment"))
    counted, pooled = analysis.counted(frames, made.study), analysis.counted(blind, made.study)
    found = counted.found | pooled.found
    looked = (study_file.parent / STATE / f"{made.study.study.id}.duckdb").exists()
    if not looked:
        signals.refuse_small_plans(found, {})
    findings = (
        *made.read.findings,
        *counted.emergence,
        *analysis.for_the_board(counted, pooled, made.study),
        *_outgrown(found),
    )
    return Checked(made.read.inputs, findings)


def _outgrown(found: Mapping[str, RuleFinding]) -> tuple[Finding, ...]:
    """A finding for each rule that planned for fewer subjects than have been treated."""
    return tuple(
        Finding("plan exceeded", "warning", 1, f"rule '{title}': {one.beyond_plan}", "closed")
        for title, one in found.items()
        if one.beyond_plan
    )


def _refuse_settled(due: Due | None, store: Store, study_id: str) -> None:
    """A due time is served once, whoever comes first."""
    if due is not None and store.is_settled(due.due_at):
        raise StudyBusyError(
            f"study {study_id}: the look due {due.name} has been made by another process"
        )


def _settle(due: Due, store: Store, event: AuditEvent) -> None:
    detail = {"cause": due.cause, "outcome": "look", "look": due.look or 0, "late": int(due.late)}
    store.record_due([due], replace(event, detail=detail))


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
    return Look(store.next_look_number(), now, config.definitions_sha256(study), versions())


def versions() -> dict[str, str]:
    """The version of everything here that computes."""
    packages = ("polars", "duckdb", "altair", "scipy")
    here = {"safetymon": __version__, "python": python_version()}
    return here | {name: version(name) for name in packages}


def _record(here: Here, said: Told, until: date, event: AuditEvent) -> None:
    """Keeps the look, its verdicts, the screen's flags and the day each event was first seen."""
    closed, pooled = said.closed, said.open
    own = closed.signals.head(closed.signals.height - pooled.signals.height)
    verdicts: dict[Scope, pl.DataFrame] = {"closed": own, "open": pooled.signals}
    presented = Presented(closed.study.title, until, here.as_of, *said.sha256())
    here.store.record_look(
        here.look, here.cut, here.study.model_dump_json(), verdicts, said.seen, closed.screen,
        presented, here.stale, event,
    )  # fmt: skip
