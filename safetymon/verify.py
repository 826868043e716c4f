"""Whether a study is what it was: seal, chain, rows, reports, and every number made again.

The first link that is broken is named. What it cannot find: acts and rows that were taken away
from the end together. For that, keep the head of the audit somewhere else, and give it here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from safetymon import audit, cipher, delivery, monitor, report, shelf
from safetymon.audit import AuditEvent
from safetymon.domain import Stored
from safetymon.errors import DataRefusedError, StorageError
from safetymon.results import remade, told
from safetymon.shelf import Shelf
from safetymon.store import Store, opened


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole. `again` of the `looks` asked for were made again and said the same.

    `head` is the hash of the last act. `notes`: what could not be told, or is not finished.
    """

    acts: int
    looks: int
    again: int
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
        chosen = store.looks() if look is None else [store.stored(look).look.number]
        untold = [note for number in chosen if (note := _made_again(store, number))]
        reports = shelf.of(acts, study_file.parent, out / study.study.id if out else None)
        next_ones = delivery.root(store, study_file, study.study.id, out)
        files, unfinished = _reports(store, reports, next_ones)
    again = len(chosen) - len(untold)
    notes = (*untold, *unfinished)
    return Verified(len(acts), len(chosen), again, files, acts[-1]["hash"], notes)


def _reports(store: Store, reports: Shelf, next_ones: Path) -> tuple[int, list[str]]:
    """The number of files of reports, each found whole, and notes on what is not finished.

    Searched are the folders that reports were ever put into, and the one of the `next_ones`.
    """
    roots = {index.parent.parent for index in reports.indexes} | {next_ones}
    for path in strangers(store, roots):
        _refuse(f"{path} was written by no look on record; see what it is, and move it away")
    files = sum(_report(store, store.stored(number), reports) for number in store.looks())
    unfinished = store.unfinished()
    files += _indexes(reports, behind=bool(unfinished))
    return files, [*map(_interrupted, unfinished), *_there_still(store, reports)]


def strangers(store: Store, roots: Iterable[Path]) -> list[Path]:
    """What lies in the trees of reports and no look on record wrote.

    Not what a killed process left half written: its names are hidden, and the next look sweeps it.
    """
    known = _folders(store)
    return sorted(
        path
        for root in roots
        for tree in report.TREES
        for path in (root / tree).glob("[!.]*")
        if path.name != "index.html" and (tree, path.name) not in known
    )


def _folders(store: Store) -> set[tuple[str, str]]:
    """(tree, name) of the folder of every report there is, or is while its look is unfinished."""
    unfinished, found = store.unfinished(), set()
    for number in store.looks():
        stored = store.stored(number)
        trees: Collection[str] = (
            report.TREES if number in unfinished else store.report_files(number)
        )
        found |= {(tree, stored.look.folder(stored.cut.cutoff)) for tree in trees}
    return found


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


def _interrupted(number: int) -> str:
    return (
        f"look {number} was interrupted before its report was on record; the next look writes the "
        "report, and the lists of looks anew"
    )


def _there_still(store: Store, reports: Shelf) -> list[str]:
    """A note on each look whose retired report is there: its removal was interrupted."""
    return [
        f"the report of look {number} was retired, but some of it is there still; "
        "`safetymon retire` removes it"
        for number in sorted(reports.retired)
        if _there(store.stored(number), reports, report.TREES)
    ]


def _there(stored: Stored, reports: Shelf, trees: Iterable[str]) -> dict[str, Path]:
    """The folders of a look's reports that are there, by tree."""
    root, name = reports.root(stored.look.number), stored.look.folder(stored.cut.cutoff)
    return {tree: root / tree / name for tree in trees if (root / tree / name).is_dir()}


def _report(store: Store, stored: Stored, reports: Shelf) -> int:
    """The number of files of a look's reports, each found to be what was written.

    Of a retired report what is there counts: its removal may have been interrupted.
    """
    number = stored.look.number
    kept = store.report_files(number)
    if not kept:
        return 0
    there, retired = _there(stored, reports, kept), number in reports.retired
    count = 0
    for tree, files in kept.items():
        if tree not in there and not retired:
            _refuse(f"the {tree} report of look {number} is not there (in {reports.root(number)})")
        found = report.hashes(there[tree]) if tree in there else {}
        for path in sorted(found.keys() if retired else files.keys() | found.keys()):
            if files.get(path) != found.get(path):
                _refuse(f"{there[tree] / path} {_what(path, files, found)}")
        count += len(found)
    return count


def _what(path: str, files: dict[str, str], found: dict[str, str]) -> str:
    if path not in found:
        return "is gone"
    return "was changed" if path in files else "was added to the report"


def _indexes(reports: Shelf, *, behind: bool) -> int:
    """The number of lists of looks, each found to be what was written last.

    With a look that was interrupted they may be `behind` the files: the next look writes them.
    """
    for path, digest in reports.indexes.items():
        if not path.is_file():
            _refuse(f"{path} is gone")
        if not behind and sha256(path.read_bytes()).hexdigest() != digest:
            _refuse(f"{path} was changed")
    return len(reports.indexes)
