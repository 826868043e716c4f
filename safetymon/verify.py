"""Whether a study is what it was: seal, chain, rows, reports, and every number made again.

The first link that is broken is named. What it cannot find: acts and rows that were taken away
from the end together. For that, keep the head of the audit somewhere else, and give it here.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from safetymon import audit, cipher, monitor, report, shelf
from safetymon.audit import AuditEvent
from safetymon.domain import Stored
from safetymon.errors import DataRefusedError, StorageError
from safetymon.results import remade, told
from safetymon.shelf import Shelf
from safetymon.store import Store, opened


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole. `head` is the hash of the last act. `notes`: what could not be told."""

    acts: int
    looks: int
    files: int
    head: str
    notes: tuple[str, ...]


def verify(
    study_file: Path, now: datetime, out: Path | None = None, look: int | None = None,
    head: str | None = None,
) -> Verified:  # fmt: skip
    """Checks the seal, the audit and what it covers, makes looks again, and checks the reports.

    Args:
        study_file: The study file.
        now: The time.
        out: Where the reports are; None: where they were written.
        look: The only look to make again; None: all.
        head: The hash of an act that must be in the chain, as kept somewhere else.

    Raises:
        DataRefusedError: A link is broken: the first.
        UsageError: No look has been made, or not this one.
        StudyBusyError: Another process holds the study.
    """
    study, folder = monitor.made(study_file)
    key = cipher.key(study, study_file.parent)
    with opened(folder, study.study.id, now, key) as store:
        acts = store.acts()
        _refuse(audit.broken_link(acts))
        if head is not None and not any(act["hash"] == head.lower() for act in acts):
            _refuse(f"no act of the audit has the hash {head}: the chain was cut or written anew")
        _refuse(audit.unlike_content(acts, store.content()))
        numbers = store.looks()
        chosen = numbers if look is None else [store.stored(look).look.number]
        notes = [note for number in chosen if (note := _made_again(store, number))]
        reports = shelf.of(acts, study_file.parent, out / study.study.id if out else None)
        files = sum(_report(store, store.stored(number), reports) for number in numbers)
        files += _indexes(reports)
    return Verified(len(acts), len(chosen), files, acts[-1]["hash"], tuple(notes))


def exported(study_file: Path, now: datetime, actor: str) -> tuple[str, str]:
    """The audit as JSON Lines, this export included, and its head.

    Raises:
        UsageError: No look has been made.
    """
    study, folder = monitor.made(study_file)
    with opened(folder, study.study.id, now, cipher.key(study, study_file.parent)) as store:
        with store.transaction():
            store.record_act(AuditEvent(now, actor, "export", "audit"))
        return "".join(audit.lines(store.acts())), store.head()


def check_export(path: Path, head: str | None = None) -> tuple[int, str]:
    """The number of acts of an exported audit, and its head.

    Raises:
        DataRefusedError: A byte of it was changed, or the act with the hash `head` is not in it.
    """
    try:
        acts = audit.parsed(path.read_bytes())
    except OSError as error:
        raise StorageError.of(path, error) from error
    except ValueError as error:
        raise DataRefusedError(f"{path.name}: {error}") from None
    broken = audit.broken_link(acts)
    if broken is None and head is not None and not any(a["hash"] == head.lower() for a in acts):
        broken = f"no act has the hash {head}"
    if broken:
        raise DataRefusedError(f"{path.name}: {broken}")
    return len(acts), acts[-1]["hash"]


def accept_clock(study_file: Path, now: datetime, actor: str) -> None:
    """Says that the clock is right now, though an earlier look carries a later time.

    Raises:
        UsageError: No look has been made.
    """
    study, folder = monitor.made(study_file)
    key = cipher.key(study, study_file.parent)
    with opened(folder, study.study.id, now, key) as store, store.transaction():
        store.record_act(AuditEvent(now, actor, "clock", study.study.id))


def _refuse(broken: str | None) -> None:
    if broken:
        raise DataRefusedError(f"broken: {broken}")


def _made_again(store: Store, number: int) -> str | None:
    """Makes a look again and compares every number; a note where another version made it."""
    stored = store.stored(number)
    same = stored.look.versions == monitor.versions()
    try:
        said = told(remade(store, stored))
    except ValueError:
        if same:
            raise
        return _untold(stored)
    kept = stored.presented
    if said.sha256() == (kept.closed_sha256, kept.open_sha256):
        return None
    if not same:
        return _untold(stored)
    scope = "closed" if said.sha256()[0] != kept.closed_sha256 else "open"
    raise DataRefusedError(f"broken: look {number}, made again, says other {scope} numbers")


def _untold(stored: Stored) -> str:
    by = ", ".join(f"{name} {version}" for name, version in sorted(stored.look.versions.items()))
    return f"look {stored.look.number} cannot be made again by these versions; it was made by {by}"


def _report(store: Store, stored: Stored, reports: Shelf) -> int:
    """The number of files of a look's reports, each found to be what was written."""
    look, number = stored.look, stored.look.number
    kept = store.report_files(number)
    folders = {tree: reports.root(number) / tree / look.folder(stored.cut.cutoff) for tree in kept}
    there = {tree: folder for tree, folder in folders.items() if folder.is_dir()}
    if not there and number in reports.retired:
        return 0
    for tree, files in kept.items():
        if tree not in there:
            _refuse(f"the {tree} report of look {number} is not there ({folders[tree]})")
        found = report.hashes(there[tree])
        for path in sorted(files.keys() | found.keys()):
            if files.get(path) != found.get(path):
                _refuse(f"{there[tree] / path} {_what(path, files, found)}")
    return sum(map(len, kept.values()))


def _what(path: str, files: dict[str, str], found: dict[str, str]) -> str:
    if path not in found:
        return "is gone"
    return "was changed" if path in files else "was added to the report"


def _indexes(reports: Shelf) -> int:
    """The number of lists of looks, each found to be what was written last."""
    for path, digest in reports.indexes.items():
        if not path.is_file():
            _refuse(f"{path} is gone")
        if sha256(path.read_bytes()).hexdigest() != digest:
            _refuse(f"{path} was changed")
    return len(reports.indexes)
