"""A look's report handed on in another form: PDF, pictures, workbook, a page without scripts.

Nothing is counted anew: an export is made of the files that the look wrote, which must be as the
store remembers them. Every export is an act of the audit trail.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from safetymon import cipher, config, delivery, shelf
from safetymon.audit import AuditEvent
from safetymon.domain import Tree
from safetymon.errors import DataRefusedError, UsageError
from safetymon.monitor import STATE
from safetymon.report import files, wording
from safetymon.shelf import Shelf
from safetymon.store import Store, opened
from safetymon.study import Study

ALL = "all"
TREES: tuple[Tree, ...] = get_args(Tree)
_REMEDY = (
    "move the folder away and run the look again or, if newer data have come since, take the "
    "folder from a backup"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make. `png` and `svg` name a chart, or all of them; None: none."""

    pdf: bool = False
    xlsx: bool = False
    static: bool = False
    png: str | None = None
    svg: str | None = None

    @property
    def anything(self) -> bool:
        """Whether there is anything to make."""
        return self.pdf or self.xlsx or self.static or bool(self.png) or bool(self.svg)


@dataclass(frozen=True, slots=True)
class _Report:
    """A look's folder, its page and the document of its numbers."""

    folder: Path
    page: str
    document: dict[str, Any]

    @property
    def number(self) -> int:
        return int(self.document["look"]["number"])

    @property
    def label(self) -> str:
        """Who may read it: CLOSED or OPEN."""
        coded = ", CODED" if self.document["unmasks"] is not None else ""
        return f"{self.document['scope'].upper()}{coded}"

    @property
    def look(self) -> str:
        """Study, look and cut-off, as they stand on every page."""
        study, cutoff = self.document["study"], date.fromisoformat(self.document["cut"]["cutoff"])
        synthetic = " · SYNTHETIC DATA" if study["synthetic"] else ""
        return f"{study['id']} · look {self.number} · data up to {wording.day(cutoff)}{synthetic}"

    def tables(self) -> dict[str, str]:
        """File name -> text of each table."""
        paths = sorted((self.folder / "tables").glob("*.csv"))
        return {path.name: path.read_text(encoding="utf-8") for path in paths}


def export(
    study_file: Path, look: str, wanted: Wanted, now: datetime, actor: str, *,
    tree: Tree = "closed", reports: Path | None = None, out: Path | None = None,
) -> list[Path]:  # fmt: skip
    """Writes what is wanted of one look and returns the files.

    Args:
        study_file: The study file.
        look: The look's number, or the name of its folder.
        wanted: What to make.
        now: The time.
        actor: Who exports.
        tree: Which report: closed, open or coded.
        reports: Where the reports are; none: where the look wrote them.
        out: Where the files go; none: `exports/<tree>/<look>/` beside the trees of reports.

    Raises:
        UsageError: Nothing is wanted, there is no such look or chart, or a Chromium is wanted and
            there is none.
        DataRefusedError: The report is not as the look wrote it.
        StudyBusyError: Another process holds the study.
    """
    if not wanted.anything:
        raise UsageError("nothing to export; say --pdf, --png CHART, --svg CHART, --xlsx, --static")
    study = config.load(study_file)
    with _store(study_file, study, now) as store:
        known = shelf.of(store.acts(), study_file.parent, None)
        root = _root(store, known, study_file, study.study.id, look, reports)
        report = _report(root / tree, look, known.retired)
        _refuse_changed(store, report, tree)
        made = dict(_made(report, wanted))
        folder = out or root / "exports" / tree / report.folder.name
        detail = {"tree": tree, **{name: _hash(content) for name, content in made.items()}}
        with store.transaction():
            store.record_act(AuditEvent(now, actor, "export", str(report.number), detail))
            return [_written(folder, name, content, tree) for name, content in made.items()]


def key(study_file: Path, now: datetime, actor: str, out: Path | None = None) -> str:
    """The key of the coded report, a line a treatment; with `out`, written to a file there too.

    Raises:
        UsageError: No code has been drawn.
        StudyBusyError: Another process holds the study.
    """
    study = config.load(study_file)
    with _store(study_file, study, now) as store, store.transaction():
        codes = store.codes()
        if not codes:
            raise UsageError(
                f"{study_file.name}: no code has been drawn; set coded = true in [report] and make "
                "a look"
            )
        text = "\n".join(f"{code} = {name}" for name, code in codes.items())
        store.record_act(AuditEvent(now, actor, "export", "key of the coded report"))
        if out is not None:
            _written(out, f"{study.study.id}-key.txt", f"{text}\n".encode(), "closed")
        return text


@contextmanager
def _store(study_file: Path, study: Study, now: datetime) -> Iterator[Store]:
    """The store of a study of which a look has been made."""
    state, secret = study_file.parent / STATE, cipher.key(study, study_file.parent)
    if not (state / f"{study.study.id}.duckdb").exists():
        raise UsageError(f"{study_file.name}: no look has been made; run `safetymon run` first")
    with opened(state, study.study.id, now, secret) as store:
        yield store


def _root(
    store: Store, known: Shelf, study_file: Path, study_id: str, look: str, reports: Path | None
) -> Path:  # fmt: skip
    """The folder of the trees with the report of a look; where the last went, if it is unknown."""
    number = _number(look)
    if reports is None and number in known.folders:
        return known.root(number)
    return delivery.root(store, study_file, study_id, reports)


def _number(look: str) -> int:
    """The number of a look, given as such or as the name of its folder; 0: it is neither."""
    number = look.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _report(tree: Path, look: str, retired: Collection[int]) -> _Report:
    made = {int(f.name.split("-")[0]): f for f in files.looks(tree)}
    wanted = next((f for n, f in made.items() if look in (f.name, f"{n}", f"{n:04d}")), None)
    if wanted is None and _number(look) in retired:
        raise UsageError(
            f"look {look}: its report was retired; restore a backup from before that into an empty "
            "folder, and export it there"
        )
    if wanted is None:
        raise UsageError(
            f"look {look}: no report of it in {tree.name}/; there is "
            f"{', '.join(f.name for f in made.values()) or 'none'} (--reports says where)"
        )
    return _read(tree, wanted)


def _read(tree: Path, folder: Path) -> _Report:
    try:
        page = (folder / "report.html").read_text(encoding="utf-8")
        document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataRefusedError(
            f"{tree.name}/{folder.name}: its report cannot be read; {_REMEDY}"
        ) from None
    return _Report(folder, page, document)


def _refuse_changed(store: Store, report: _Report, tree: Tree) -> None:
    """What is handed on must be what the look wrote."""
    kept = store.report_files(report.number).get(tree, {})
    for name, known in kept.items():
        path = report.folder / name
        if not path.is_file() or _hash(path.read_bytes()) != known:
            raise DataRefusedError(
                f"{tree}/{report.folder.name}/{name}: is not as the look wrote it; {_REMEDY}"
            )
    if not kept:
        raise DataRefusedError(
            f"{tree}/{report.folder.name}: the store does not know this report; export a look of "
            "this study"
        )


def _made(report: _Report, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """File name -> content of all that is wanted."""
    from safetymon.report import image, pdf  # noqa: PLC0415 - only what is wanted is loaded

    mark = f"{report.label} · {report.look}"
    if wanted.pdf:
        pdf.browser()  # refuse before a picture is drawn
        yield "report.pdf", pdf.pdf(image.paper(report.page))
    if wanted.static:
        yield "report-static.html", image.static(report.page).encode()
    charts = image.specs(report.page)
    for key in _chosen(charts, wanted.svg, "--svg"):
        yield f"{key}.svg", image.alone(charts[key], mark).encode()
    for key in _chosen(charts, wanted.png, "--png"):
        yield f"{key}.png", image.png(image.alone(charts[key], mark))
    if wanted.xlsx:
        yield "tables.xlsx", _workbook(report)


def _chosen(charts: Mapping[str, Any], wanted: str | None, option: str) -> list[str]:
    if wanted is None:
        return []
    if wanted != ALL and wanted not in charts:
        raise UsageError(f"{option} {wanted}: no such chart; there is {', '.join(charts)}, or all")
    return list(charts) if wanted == ALL else [wanted]


def _workbook(report: _Report) -> bytes:
    from safetymon.report.workbook import About, workbook  # noqa: PLC0415 - only who wants it pays

    look, study = report.document["look"], report.document["study"]
    made = datetime.fromisoformat(look["run_at"])
    facts = (
        ("Label", report.label), ("Study", study["id"]), ("Title", study["title"]),
        ("Look", report.look), ("Report made", wording.moment(made)),
        ("Data cut", report.document["cut"]["id"]), ("Definitions", look["definitions_sha256"]),
        ("Synthetic", "yes: no row is a real patient" if study["synthetic"] else "no"),
        ("Groups", "can overlap: never add them"),
    )  # fmt: skip
    return workbook(report.tables(), About(report.label, study["title"], report.look, made, facts))


def _written(folder: Path, name: str, content: bytes, tree: Tree) -> Path:
    """The file, whole or not at all; an export made before is replaced."""
    files.own_folder(folder, tree)
    path, aside = folder / name, folder / f".{name}-{os.getpid()}"
    aside.unlink(missing_ok=True)  # left by a process that was killed
    files.write_bytes(aside, content, tree)
    aside.replace(path)
    return path


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
