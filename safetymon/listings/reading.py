"""Files -> `domain.Listings`: the stages of the room, in their order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from safetymon import schema
from safetymon.domain import Data, Finding, Listings, Standard
from safetymon.listings import (
    adam,
    adjudication,
    edc,
    events,
    exposure,
    files,
    periods,
    recorded,
    sdtm,
    subjects,
)
from safetymon.listings.adjudication import DEFAULT_COLUMNS
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part, Parts, Sheets
from safetymon.listings.rules import Rejections, broken, repeated
from safetymon.study import Study

_STANDARDS: dict[Standard, Callable[[Sheets, Data], Parts]] = {
    "adam": adam.parts,
    "sdtm": sdtm.parts,
    "edc": edc.parts,
}


def parts_of(sheets: Sheets, data: Data) -> Parts:
    """The sheets of a study in our columns, by its standard."""
    return _STANDARDS[data.standard](sheets, data)


def read(study: Study, base: Path) -> Listings:
    """The listings of a study: accepted rows, rejected rows, what was read, what was found.

    Args:
        study: The validated study file.
        base: Its folder; `data.folder` is relative to it.

    Returns:
        Frames by `schema`, in the order of the files. For every input, rows = accepted + rejected.

    Raises:
        UsageError: The study file names a role, column or date format that there is not.
        DataRefusedError: The data cannot be trusted as a whole: a required file is missing or
            damaged, no subject or exposure is usable, a subject is in two arms, an exposed
            subject's treatment has no name.
        AssertionError: A bug of ours: rows were lost or made.
    """
    return _Reading(study, files.load(study.data, base)).listings()


@dataclass
class _Reading:
    """The state of one reading: which rows were rejected and what was found, so far."""

    study: Study
    sheets: dict[str, Sheet]
    rejections: Rejections = field(default_factory=Rejections)
    findings: list[Finding] = field(default_factory=list)
    days: list[pl.DataFrame] = field(default_factory=list)

    def listings(self) -> Listings:
        parts = parts_of(self.sheets, self.study.data)
        people, taken = self._people_and_exposure(parts)
        happened = self._events(parts.events, people)
        self._flags(parts.flags, happened)
        decided = self._adjudication(happened)
        sheets = list(self.sheets.values())
        return Listings(
            people, taken, happened, decided,
            rejected=self.rejections.frame(sheets),
            recorded=pl.concat(self.days),
            inputs=self.rejections.account(sheets, {
                **({parts.exposure.sheet.role: taken.height} if parts.doses == "decide" else {}),
                parts.subjects.sheet.role: people.height,
                parts.events.sheet.role: happened.height,
                "adjudication": decided.height,
            }),
            findings=(
                *self._notes(), *self.rejections.findings(sheets), *self.findings,
                *_never_exposed(people, taken),
            ),
        )  # fmt: skip

    def _people_and_exposure(self, parts: Parts) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Together, because in ADaM one row is both: a rejected row is neither."""
        formats = self.study.data.date_formats
        people, found = subjects.build(parts.subjects, formats)
        taken = exposure.build(parts.exposure, formats)
        self.findings += found
        self._reject(parts.subjects, subjects.broken(parts.subjects, people))
        self._reject(parts.exposure, exposure.broken(parts.exposure, taken))
        people = self._kept(parts.subjects, people)
        self.days.append(recorded.of_people(people))
        people = subjects.final(people, parts.subjects)
        taken = self._kept(parts.exposure, taken)
        self._reject(parts.exposure, exposure.orphans(parts.exposure, taken, people))
        taken = self._kept(parts.exposure, taken)
        self._reject(parts.exposure, exposure.repeated(parts.exposure, taken))
        taken = self._kept(parts.exposure, taken)
        self.days.append(recorded.of_exposure(taken))
        taken, found = exposure.final(
            parts.exposure, taken, people, self.study, may_be_doses=parts.doses == "decide"
        )
        self.findings += [*found, *periods.findings(taken, self.study)]
        return people, taken

    def _events(self, part: Part, people: pl.DataFrame) -> pl.DataFrame:
        data = self.study.data
        frame = events.build(part, data.date_formats, data.values)
        self._reject(part, events.broken(part, frame, people))
        frame = self._kept(part, frame)
        self._reject(part, repeated(part, frame, "subject", "key"))
        frame = self._kept(part, frame)
        self.days.append(recorded.of_events(frame))
        self.findings += events.findings(part, frame, data.values)
        return events.final(frame)

    def _flags(self, part: Part | None, happened: pl.DataFrame) -> None:
        if part is None:
            return
        orphan = adjudication.without_event(part.text, happened)
        self._reject(part, broken(part, part.text, [("flag without an event", "key", orphan)]))
        self._reject(part, repeated(part, self._kept(part, part.text), "subject", "key"))

    def _adjudication(self, happened: pl.DataFrame) -> pl.DataFrame:
        if "adjudication" not in self.sheets:
            return pl.DataFrame(schema=schema.ADJUDICATION)
        sheet, data = self.sheets["adjudication"], self.study.data
        default = {} if data.standard == "edc" else DEFAULT_COLUMNS
        part = edc.mapped(sheet, data.columns.get("adjudication", default))
        frame = adjudication.build(part, self.study)
        self._reject(part, adjudication.broken(part, frame, happened))
        frame = self._kept(part, frame)
        self._reject(part, repeated(part, frame, "subject", "key", "topic"))
        frame = self._kept(part, frame)
        self.findings += adjudication.findings(part, frame, self.study)
        return adjudication.final(frame)

    def _reject(self, part: Part, found: pl.DataFrame) -> None:
        self.rejections.add(part.sheet, found)

    def _kept(self, part: Part, frame: pl.DataFrame) -> pl.DataFrame:
        return self.rejections.keep(part.sheet, frame)

    def _notes(self) -> list[Finding]:
        """How files were read, where a reader of the numbers must know."""
        return [
            Finding("encoding", "warning", 1, f"{sheet.name}: {sheet.note}")
            for sheet in self.sheets.values() if sheet.note
        ]  # fmt: skip


def _never_exposed(people: pl.DataFrame, taken: pl.DataFrame) -> list[Finding]:
    """Who is in no denominator; their events are told by `caveats.emergence`."""
    never = people.join(taken, on="subject", how="anti").height
    if not never:
        return []
    text = f"{never} subjects have no exposure and are in no denominator"
    return [Finding("never exposed", "info", never, text)]
