"""From what a look says to its reports on disk, and their hashes on record; also if interrupted."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from safetymon import report
from safetymon.audit import AuditEvent
from safetymon.domain import Look, Stored
from safetymon.errors import StorageError
from safetymon.results import Here, Told, remade, told
from safetymon.store import Store

log = logging.getLogger(__name__)


def reported(
    here: Here, said: Told, study_file: Path, root: Path, event: AuditEvent
) -> list[report.Written]:
    """Writes the reports of a stored look and keeps their hashes, unless they are kept.

    Raises:
        DataRefusedError: A report is there that is not this one as it was written.
        StorageError: The disk refuses.
    """
    kept = here.store.report_files(here.number)
    try:
        written = [
            report.write(results, document, root, kept.get(results.tree, {}))
            for results, document in zip(said.reports, said.documents, strict=True)
        ]
    except OSError as error:
        raise StorageError(
            f"look {here.number} is stored, but its report could not be written "
            f"({error.strerror}); see to {root}, then run it again: it is finished then"
        ) from error
    index = {f"index {w.folder.parent.name}": w.index_sha256 for w in written}
    found = {w.folder.parent.name: w.sha256 for w in written}
    if found != kept or index.items() - here.store.index_hashes().items():
        detail = {"folder": _relative(root, study_file.parent), **index}
        with here.store.transaction():
            here.store.record_report(here.look, _files(found), replace(event, detail=detail))
    return written


def root(store: Store, study_file: Path, study_id: str, out: Path | None) -> Path:
    """The folder of a study's trees of reports: in `out`; None: where the last were written.

    The first ones go beside the study file.
    """
    if out is not None:
        return out / study_id
    return study_file.parent / (store.report_folder() or f"reports/{study_id}")


def _relative(root: Path, base: Path) -> str:
    """A folder as seen from the study file, so that both can be moved together."""
    root, base = root.resolve(), base.resolve()
    return str(root.relative_to(base) if root.is_relative_to(base) else root)


def _files(found: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """One row a report file: scope, path in the look's folder, sha256."""
    rows = [(tree, path, sha256) for tree, files in found.items() for path, sha256 in files.items()]
    return pl.DataFrame(rows, schema=["scope", "path", "sha256"], orient="row")


def finish(store: Store, study_file: Path, root: Path, now: datetime, actor: str) -> None:
    """Writes the reports of looks that were interrupted after they had been stored, and says so.

    Raises:
        StorageError: The disk refuses.
    """
    report.sweep(root)
    for number in store.unfinished():
        stored = store.stored(number)
        again = _made_again(store, stored)
        if again is None:
            _give_up(store, stored.look, now, actor)
        else:
            event = AuditEvent(now, actor, "report", str(number))
            reported(*again, study_file, root, event)
            log.warning("look %d was interrupted; its report is written now", number)


def _made_again(store: Store, stored: Stored) -> tuple[Here, Told] | None:
    """A look that says what it said; None: this version would say something else."""
    try:
        here = remade(store, stored)
    except ValueError:  # definitions of another version
        return None
    said = told(here)
    kept = stored.presented
    return (here, said) if said.sha256() == (kept.closed_sha256, kept.open_sha256) else None


def _give_up(store: Store, look: Look, now: datetime, actor: str) -> None:
    """Better no report than one that says something else than the look did."""
    log.warning("look %d was interrupted and stays without a report: it was made by safetymon %s, "
                "which counted differently", look.number, look.versions["safetymon"])  # fmt: skip
    with store.transaction():
        store.record_act(AuditEvent(now, actor, "unreported", str(look.number)))
