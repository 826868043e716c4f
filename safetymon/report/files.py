"""A look's folder on disk: written aside and renamed, so it is there whole or not at all.

`<root>/<scope>/<look>/` is never overwritten. Everything closed is its owner's alone; the open
tree can be handed out.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from safetymon.domain import ALL_SUBJECTS, Results, Tree
from safetymon.errors import DataRefusedError
from safetymon.report.results_json import Document

FOLDER_MODE: Mapping[Tree, int] = {"closed": 0o700, "coded": 0o700, "open": 0o755}
FILE_MODE: Mapping[Tree, int] = {"closed": 0o600, "coded": 0o600, "open": 0o644}
NOTHING: Mapping[str, str] = MappingProxyType({})
TREES: tuple[Tree, ...] = tuple(FOLDER_MODE)
LOOK_FOLDER = re.compile(r"\d{4,}-\d{4}-\d{2}-\d{2}")


class Written(NamedTuple):
    """Where a look's report is. `sha256` is by file name inside `folder`, as the files are now.

    `index_sha256` is of the tree's list of looks. `already_there`: the folder existed and was left
    as it was.
    """

    folder: Path
    report: Path
    sha256: dict[str, str]
    index_sha256: str
    already_there: bool


def write(
    results: Results, document: Document, root: Path, kept: Mapping[str, str] = NOTHING
) -> Written:
    """Write one scope of a look below `root` (`<out>/<study id>`), and the scope's index anew.

    Args:
        results: What the report says, finite (`results_json.finite`).
        document: The same as `results.json`.
        root: The folder of the trees.
        kept: The hashes on record of its files, by name; empty: none is.

    Raises:
        ValueError: open results hold more than pooled numbers (a bug of ours: nothing is written).
        DataRefusedError: the folder is there and is not this report as it was written.
        OSError: the disk refuses; no look folder is left behind.
    """
    require_pooled(results)
    tree = own_folder(root / results.tree, results.tree)
    folder = tree / results.look.folder(results.cut.cutoff)
    already_there = folder.exists() or not _write_folder(
        _contents(results, document), folder, results.tree
    )
    found = hashes(folder)
    if already_there:
        _refuse_another(document, folder, found, kept)
    index = _write_index(results, tree)
    return Written(folder, folder / "report.html", found, sha256(index).hexdigest(), already_there)


def _refuse_another(
    document: Document, folder: Path, found: dict[str, str], kept: Mapping[str, str]
) -> None:
    if kept and found != kept:
        raise DataRefusedError(
            f"{folder}: was changed after it was written; see `safetymon verify`"
        )
    if not kept and found.get("results.json") != _sha256(document.text):
        raise DataRefusedError(f"{folder}: is the report of another look; move it away, run again")


def taken(root: Path, name: str) -> Path | None:
    """A look's folder of this name that is there already, in any tree."""
    found = [root / tree / name for tree in TREES]
    return next((folder for folder in found if folder.exists()), None)


def sweep(root: Path) -> None:
    """Removes what a killed process left half written; the study must be held."""
    for tree in (root / name for name in TREES):
        for path in tree.glob(".*"):
            if path.is_dir() and LOOK_FOLDER.match(path.name[1:]):
                shutil.rmtree(path)
            elif path.name.startswith(".index-"):
                path.unlink()


def require_pooled(results: Results) -> None:
    """The last door before the open tree: one group, no treatment, no comparison, no screen.

    Raises:
        ValueError: the results are open and hold anything by treatment.
    """
    if results.scope == "closed":
        return
    columns = (
        results.groups, results.incidence, results.signals, results.calendar, results.curves,
        results.severity, results.lags, results.enrolment, results.overview,
    )  # fmt: skip
    named = {name for frame in columns for name in frame["group"].to_list()}
    treatments = results.groups["treatment"].null_count() < results.groups.height
    closed = any(finding.about == "closed" for finding in results.findings)
    compared = results.comparisons.height or results.screen.height
    exposed = "exposure" in results.changes.counts["part"].to_list()
    closed = closed or exposed or results.cases is not None
    if named - {ALL_SUBJECTS} or treatments or compared or closed or _unknown_rules(results):
        raise ValueError("open results hold more than pooled numbers; no open report is written")


def _unknown_rules(results: Results) -> set[str]:
    """Rules with evidence but without a verdict: their group is not known to be the pooled one."""
    weighed = (results.evidence, results.sensitivity, results.cards)
    return {rule for frame in weighed for rule in frame["rule"].to_list()} - set(
        results.signals["rule"].to_list()
    )


def _contents(results: Results, document: Document) -> dict[str, str]:
    """File name -> text of everything in a look's folder."""
    from safetymon.report import bundle, page, sheets  # noqa: PLC0415 - Altair, 0.2 s: for pages

    tables = {f"tables/{name}": text for name, text in sheets.sheets(results).items()}
    return {
        "report.html": page.render(results, bundle.load(os.environ)),
        "results.json": document.text,
        **tables,
    }


def _write_folder(contents: dict[str, str], folder: Path, tree: Tree) -> bool:
    """Write all files aside, then give the folder its name; False if that name is taken by now."""
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        own_folder(aside / "tables", tree)
        for name, text in contents.items():
            _written(aside / name, text.encode(), tree)
        for name in contents:  # all written first: the disk then settles them together
            _settled(aside / name)
        aside.chmod(FOLDER_MODE[tree])
        return _renamed(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # gone already if it was renamed


def _renamed(aside: Path, folder: Path) -> bool:
    try:
        aside.rename(folder)
    except OSError:
        if folder.exists():  # another process was first: its report stands
            return False
        raise
    return True


def own_folder(path: Path, tree: Tree) -> Path:
    """A folder with the tree's mode if it is new; one that exists keeps the mode it was given."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=FOLDER_MODE[tree], exist_ok=True)
        path.chmod(FOLDER_MODE[tree])  # the umask may have taken bits away
    return path


def write_bytes(path: Path, content: bytes, tree: Tree) -> None:
    """A new file that never, not even while it is written, is readable by more than it should."""
    _written(path, content, tree)
    _settled(path)


def _written(path: Path, content: bytes, tree: Tree) -> None:
    mode = FILE_MODE[tree]
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # the umask may have taken bits away
        file.write(content)


def _settled(path: Path) -> None:
    """On the disk: a power cut must not leave a named folder with empty files."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _write_index(results: Results, tree: Path) -> bytes:
    from safetymon.report import index  # noqa: PLC0415 - imports what makes a page

    entries = [index.entry(folder.name, _document(folder)) for folder in looks(tree)]
    aside = tree / f".index-{os.getpid()}"
    aside.unlink(missing_ok=True)  # left by a process that was killed
    content = index.render(results.study, results.tree, entries).encode()
    write_bytes(aside, content, results.tree)
    aside.replace(tree / "index.html")
    return content


def looks(tree: Path) -> list[Path]:
    """The look folders of a tree, the newest first; none where there is no tree."""
    if not tree.is_dir():
        return []
    found = [path for path in tree.iterdir() if LOOK_FOLDER.fullmatch(path.name)]
    return sorted(found, key=lambda path: (int(path.name.split("-")[0]), path.name), reverse=True)


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _document(folder: Path) -> str | None:
    try:
        return (folder / "results.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}
