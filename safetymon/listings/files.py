"""Which file plays which role, and the sheets of a study."""

import difflib
from hashlib import file_digest
from pathlib import Path

from safetymon.domain import Data, Standard
from safetymon.errors import DataRefusedError, UsageError
from safetymon.listings import formats
from safetymon.listings.formats import Sheet

REQUIRED: dict[Standard, tuple[str, ...]] = {
    "adam": ("adsl", "adae"),
    "sdtm": ("dm", "ex", "ae"),
    "edc": ("subjects", "exposure", "events"),
}
OPTIONAL: dict[Standard, tuple[str, ...]] = {
    "adam": ("adjudication",),
    "sdtm": ("suppae", "adjudication"),
    "edc": ("adjudication",),
}


def load(data: Data, base: Path) -> dict[str, Sheet]:
    """Role -> sheet, in the order of the roles; an optional role without a file is left out.

    Raises:
        UsageError: `[data.files]` names a role that the standard does not have, or leaves open
            which of several files plays a role; columns are mapped that the standard fixes.
        DataRefusedError: A file that is required or named is missing, cannot be read, or is
            written while it is read.
    """
    folder = base / data.folder
    roles = (*REQUIRED[data.standard], *OPTIONAL[data.standard])
    for role in data.files:
        if role not in roles:
            raise UsageError(
                f"[data.files] {role}: {data.standard} has no such role{nearest(role, roles)}"
            )
    if data.standard != "edc" and set(data.columns) - {"adjudication"}:
        raise UsageError(
            f"[data.columns]: {data.standard} has its columns by definition; remove the mapping"
        )
    paths = {role: _path(data, folder, role) for role in roles}
    there = {role: path for role, path in paths.items() if path}
    sheets = {role: formats.load(role, path) for role, path in there.items()}
    for role, path in there.items():
        _refuse_changed(path, sheets[role])
    return sheets


def _refuse_changed(path: Path, sheet: Sheet) -> None:
    """Files that are written while they are read may not belong together, or be cut short."""
    try:
        with path.open("rb") as file:
            after = file_digest(file, "sha256").hexdigest()
    except OSError:
        after = ""
    if after != sheet.sha256:
        raise DataRefusedError(
            f"{path.name}: changed while the listings were read; wait until its export has ended"
        )


def candidates(folder: Path, role: str) -> list[Path]:
    """The files of a folder that are called like a role, in a format that is read."""
    names = {f"{role}{suffix}" for suffix in formats.SUFFIXES}
    return sorted(path for path in entries(folder) if path.name.lower() in names)


def entries(folder: Path) -> list[Path]:
    """What lies in a folder; nothing, if there is none.

    Raises:
        DataRefusedError: It cannot be looked into, or there can be no such name.
    """
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise DataRefusedError(
            f"listings folder {folder}: cannot be opened ({formats.why(error)}); correct its name "
            "or its permissions"
        ) from None


def nearest(name: str, names: tuple[str, ...] | list[str]) -> str:
    """`; did you mean 'X'?`, or else all the names there are."""
    upper = {known.upper(): known for known in names}
    close = difflib.get_close_matches(name.upper(), list(upper), n=1)
    return f"; did you mean '{upper[close[0]]}'?" if close else f"; there is {', '.join(names)}"


def _path(data: Data, folder: Path, role: str) -> Path | None:
    if role in data.files:
        return folder / data.files[role]
    found = candidates(folder, role)
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise UsageError(f"{folder}: {names} could both be {role}; name one under [data.files]")
    if not found and (role in REQUIRED[data.standard] or role in data.columns):
        raise DataRefusedError(
            f"{folder}: there is no {role} file ({', '.join(formats.SUFFIXES)}); put it there or "
            f"name it as {role} under [data.files]"
        )
    return found[0] if found else None
