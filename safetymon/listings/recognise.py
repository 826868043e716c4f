"""What lies in a folder: standard, files, treatments, periods, dates, terms, as far as can be told.

For `init`. Nothing found here decides a number: it is written into a study file, which a person
reads and owns.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from safetymon.domain import Data, Standard, Values
from safetymon.errors import DataRefusedError, UsageError
from safetymon.listings import events, exposure, files, formats, guess
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part
from safetymon.listings.reading import parts_of

_PREFERRED = (".xpt", ".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a folder of listings turned out to hold.

    `exposed` has one entry a treatment and period: both as recorded, and its number of subjects.
    `treatments` is the same over all periods, `terms` the preferred terms with theirs, commonest
    first. `first` is the first day of exposure, `last` the latest of all dates, `subjects` the
    number exposed, `exposed_days` the median days on a treatment in a period. `columns` and
    `missing` (role, our column) are for EDC listings. `remarks` are sentences for the person who
    reads the study file.
    """

    standard: Standard
    name: str
    files: dict[str, str]
    treatment_from: Literal["ARM", "ACTARM"] = "ACTARM"
    treatments: tuple[tuple[str, int], ...] = ()
    exposed: tuple[tuple[str, str, int], ...] = ()
    first: date | None = None
    last: date | None = None
    exposed_days: int | None = None
    subjects: int = 0
    terms: tuple[tuple[str, int], ...] = ()
    flagged: bool = False
    date_formats: tuple[str, ...] = ()
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def periods(self) -> tuple[str, ...]:
        """The periods in which somebody was exposed, in the order of their first start."""
        return tuple(dict.fromkeys(period for _, period, _ in self.exposed))


def recognise(folder: Path) -> Recognised:
    """Looks at the files of one folder (not below it).

    Raises:
        UsageError: There is no such folder, or nothing in it that can be read as listings.
        DataRefusedError: A file of a recognised standard is damaged or lacks a column.
    """
    if not _is_folder(folder):
        raise UsageError(f"{folder}: no such folder; name the one that holds the listings")
    for standard in ("adam", "sdtm"):
        if all(files.candidates(folder, role) for role in files.REQUIRED[standard]):
            return _of_standard(folder, standard)
    return _of_edc(folder)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long
        return False


def _of_standard(folder: Path, standard: Standard) -> Recognised:
    roles = (*files.REQUIRED[standard], *files.OPTIONAL[standard])
    found = {role: files.candidates(folder, role) for role in roles}
    chosen = {role: min(paths, key=_preference) for role, paths in found.items() if paths}
    sheets = {role: formats.load(role, path) for role, path in chosen.items()}
    first = next(iter(sheets.values())).in_capitals()
    taken_from: Literal["ARM", "ACTARM"] = "ACTARM" if first.first("ACTARM") else "ARM"
    parts = parts_of(sheets, Data(standard=standard, treatment_from=taken_from))
    base = Recognised(
        standard,
        _study_name(first, folder),
        {role: path.name for role, path in chosen.items()},
        treatment_from=taken_from,
        remarks=(
            *_left_aside(found, chosen),
            *_other_standard(folder, standard),
            *(_two_arms(first) if standard == "sdtm" else ()),
        ),
    )
    return _with_contents(base, parts.subjects, parts.exposure, parts.events)


def _of_edc(folder: Path) -> Recognised:
    sheets, remarks = _readable(folder)
    roles = guess.roles(sheets)
    if "events" not in roles and "exposure" not in roles:
        raise UsageError(
            f"{folder}: holds neither adsl and adae, nor dm, ex and ae, nor listings of events and "
            f"exposure with known column names{_below(folder)}"
        )
    columns = {role: guess.columns(role, sheet) for role, sheet in roles.items()}
    base = Recognised(
        "edc", folder.resolve().name,
        {role: sheet.name for role, sheet in roles.items()},
        columns=columns, missing=tuple(guess.missing(columns)), remarks=tuple(remarks),
    )  # fmt: skip
    found = {role: Part(s, s.text(columns[role]), columns[role]) for role, s in roles.items()}
    return _with_contents(base, *(found.get(role) for role in ("subjects", "exposure", "events")))


def _with_contents(
    base: Recognised, people: Part | None, taken: Part | None, happened: Part | None
) -> Recognised:
    parts = [part for part in (people, taken, happened) if part]
    date_formats, remarks = guess.date_formats(parts)
    base = replace(base, date_formats=date_formats, remarks=(*base.remarks, *remarks))
    if taken and {"subject", "treatment", "start"} <= set(taken.text.columns):
        base = _with_exposure(base, taken)
    if happened and {"subject", "pt", "onset"} <= set(happened.text.columns):
        base = _with_events(base, happened)
    return base


def _with_exposure(base: Recognised, part: Part) -> Recognised:
    rows = exposure.build(part, base.date_formats)
    rows = rows.drop_nulls(["subject", "start", "treatment"]).sort("start")
    one = pl.col("treatment").first()
    by = pl.col("treatment").str.to_uppercase().alias("upper")
    exposed = rows.group_by(by, "period", maintain_order=True).agg(
        one, pl.col("subject").n_unique(), pl.col("start").min()
    )
    treatments = rows.group_by(by, maintain_order=True).agg(one, pl.col("subject").n_unique())
    names = dict(treatments.select("upper", "treatment").iter_rows())
    each = exposed.select("upper", "period", "subject").iter_rows()
    return replace(
        base,
        treatments=tuple(treatments.select("treatment", "subject").sort("treatment").iter_rows()),
        exposed=tuple((names[upper], period, n) for upper, period, n in each),
        first=_day(rows["start"].min()),
        last=_latest(base, rows, "start", "end"),
        subjects=rows["subject"].n_unique(),
        exposed_days=_median_days(rows),
    )


def _median_days(rows: pl.DataFrame) -> int | None:
    """Median days from a subject's first to last day on a treatment in a period."""
    ends = pl.coalesce("end", "start").max()
    spans = rows.group_by("subject", "period", "treatment").agg(
        ((ends - pl.col("start").min()).dt.total_days() + 1).alias("days")
    )
    median = spans["days"].median()
    return round(median) if isinstance(median, float) else None


def _with_events(base: Recognised, part: Part) -> Recognised:
    rows = events.build(part, base.date_formats, Values())
    spellings = rows.group_by(pl.col("pt").str.to_uppercase().alias("upper"))
    subjects = pl.col("subject").drop_nulls().n_unique().alias("subjects")
    terms = spellings.agg(pl.col("pt").min(), subjects).drop("upper")
    terms = terms.sort(["subjects", "pt"], descending=[True, False])
    found = events.findings(part, rows, Values())
    unmapped = [finding.text for finding in found if finding.check == "unmapped values"]
    return replace(
        base,
        terms=tuple(terms.iter_rows()),
        flagged="emergent" in part.text.columns,
        remarks=(*base.remarks, *unmapped),
        last=_latest(base, rows, "onset_low", "end_high", "reported"),
    )


def _latest(base: Recognised, rows: pl.DataFrame, *columns: str) -> date | None:
    days = [base.last, *(_day(rows[name].max()) for name in columns)]
    return max((day for day in days if day), default=None)


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _readable(folder: Path) -> tuple[list[Sheet], list[str]]:
    sheets, remarks = [], []
    for path in sorted(files.entries(folder)):
        if path.suffix.lower() in formats.SUFFIXES and path.is_file():
            try:
                sheets.append(formats.load(path.stem, path))
            except DataRefusedError as error:
                remarks.append(f"Not looked at: {error}")
    return sheets, remarks


def _preference(path: Path) -> int:
    return _PREFERRED.index(path.suffix.lower())


def _left_aside(found: dict[str, list[Path]], chosen: dict[str, Path]) -> list[str]:
    return [
        f"{path.name} was left aside: {chosen[role].name} has the same role."
        for role, paths in found.items() for path in paths if path != chosen[role]
    ]  # fmt: skip


def _other_standard(folder: Path, standard: Standard) -> tuple[str, ...]:
    if standard == "adam" and all(files.candidates(folder, r) for r in files.REQUIRED["sdtm"]):
        return ('The folder also holds SDTM (dm, ex, ae): standard = "sdtm" would read that.',)
    return ()


def _two_arms(dm: Sheet) -> list[str]:
    """Whether planned and actual arm differ: then `treatment_from` moves subjects."""
    if not {"ARM", "ACTARM"} <= set(dm.frame.columns):
        return []
    differ = dm.text({"arm": "ARM", "actual": "ACTARM"}).filter(
        pl.col("arm").ne_missing(pl.col("actual"))
    )
    text = f"{dm.name}: ARM and ACTARM differ for {differ.height} subjects; see treatment_from."
    return [text] if differ.height else []


def _below(folder: Path) -> str:
    names = sorted(path.name for path in files.entries(folder) if path.is_dir())
    return f"; try one of its folders: {', '.join(names)}" if names else ""


def _study_name(sheet: Sheet, folder: Path) -> str:
    if "STUDYID" not in sheet.frame.columns or sheet.frame.is_empty():
        return folder.resolve().name
    return sheet.text({"id": "STUDYID"})["id"][0] or folder.resolve().name
