"""A look's folder on disk: written aside and renamed, so it is there whole or not at all.

`<root>/<scope>/<look>/` is never overwritten. Everything closed is its owner's alone; the open
tree can be handed out.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from safetymon.domain import ALL_SUBJECTS, Results, Scope

FOLDER_MODE: Mapping[Scope, int] = {"closed": 0o700, "open": 0o755}
FILE_MODE: Mapping[Scope, int] = {"closed": 0o600, "open": 0o644}
LOOK_FOLDER = re.compile(r"\d{4,}-\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Written:
    """Where a look's report is. `sha256` is by file name inside `folder`, as the files are now.

    `already_there`: the folder existed and was left as it was.
    """

    folder: Path
    report: Path
    sha256: dict[str, str]
    already_there: bool


def write(results: Results, root: Path) -> Written:
    """Write one scope of a look below `root` (`<out>/<study id>`), and the scope's index anew.

    Raises:
        ValueError: open results hold more than pooled numbers (a bug of ours: nothing is written).
        OSError: the disk refuses; no look folder is left behind.
    """
    require_pooled(results)
    scope = _folder(root / results.scope, results.scope)
    folder = scope / results.look.folder(results.cut.cutoff)
    already_there = folder.exists() or not _write_folder(_contents(results), folder, results.scope)
    _write_index(results, scope)
    return Written(folder, folder / "report.html", _hashes(folder), already_there)


def require_pooled(results: Results) -> None:
    """The last door before the open tree: one group, no treatment, no comparison, no screen.

    Raises:
        ValueError: the results are open and hold anything by treatment.
    """
    if results.scope == "closed":
        return
    columns = (results.groups, results.incidence, results.signals, results.calendar)
    named = {name for frame in columns for name in frame["group"].to_list()}
    treatments = results.groups["treatment"].null_count() < results.groups.height
    closed = any(finding.about == "closed" for finding in results.findings)
    compared = results.comparisons.height or results.screen.height
    if named - {ALL_SUBJECTS} or treatments or compared or closed or _unknown_rules(results):
        raise ValueError("open results hold more than pooled numbers; no open report is written")


def _unknown_rules(results: Results) -> set[str]:
    """Rules with evidence but without a verdict: their group is not known to be the pooled one."""
    weighed = (results.evidence, results.sensitivity, results.cards)
    return {rule for frame in weighed for rule in frame["rule"].to_list()} - set(
        results.signals["rule"].to_list()
    )


def _contents(results: Results) -> dict[str, str]:
    """File name -> text of everything in a look's folder."""
    # Altair costs 0.2 s to import: only when a page is made.
    from safetymon.report import bundle, page, sheets  # noqa: PLC0415
    from safetymon.report.results_json import finite, results_json  # noqa: PLC0415 - the same

    shown = finite(results)
    tables = {f"tables/{name}": text for name, text in sheets.sheets(shown).items()}
    return {
        "report.html": page.render(shown, bundle.load(os.environ)),
        "results.json": results_json(shown),
        **tables,
    }


def _write_folder(contents: dict[str, str], folder: Path, scope: Scope) -> bool:
    """Write all files aside, then give the folder its name; False if that name is taken by now."""
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        _folder(aside / "tables", scope)
        for name, text in contents.items():
            _write_file(aside / name, text, scope)
        aside.chmod(FOLDER_MODE[scope])
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


def _folder(path: Path, scope: Scope) -> Path:
    """A folder with the scope's mode if it is new; one that exists keeps the mode it was given."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=FOLDER_MODE[scope], exist_ok=True)
        path.chmod(FOLDER_MODE[scope])  # the umask may have taken bits away
    return path


def _write_file(path: Path, text: str, scope: Scope) -> None:
    """A new file that never, not even while it is written, is readable by more than it should."""
    mode = FILE_MODE[scope]
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # the umask may have taken bits away
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())  # a power cut must not leave a named folder with empty files


def _write_index(results: Results, scope: Path) -> None:
    from safetymon.report import index  # noqa: PLC0415 - imports what makes a page

    entries = [index.entry(folder.name, _document(folder)) for folder in _looks(scope)]
    aside = scope / f".index-{os.getpid()}"
    aside.unlink(missing_ok=True)  # left by a process that was killed
    _write_file(aside, index.render(results.study, results.scope, entries), results.scope)
    aside.replace(scope / "index.html")


def _looks(scope: Path) -> list[Path]:
    """The look folders, the newest first."""
    looks = [path for path in scope.iterdir() if LOOK_FOLDER.fullmatch(path.name)]
    return sorted(looks, key=lambda path: (int(path.name.split("-")[0]), path.name), reverse=True)


def _document(folder: Path) -> str | None:
    try:
        return (folder / "results.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}
