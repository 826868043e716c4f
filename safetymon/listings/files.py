"""Which file plays which role, and the sheets of a study."""

import difflib
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
        DataRefusedError: A file that is required or named is missing or cannot be read.
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
    return {role: formats.load(role, path) for role, path in paths.items() if path}


def candidates(folder: Path, role: str) -> list[Path]:
    """The files of a folder that are called like a role, in a format that is read."""
    found = [folder / f"{role}{suffix}" for suffix in formats.SUFFIXES]
    names = {path.name.lower() for path in found}
    return sorted(p for p in folder.iterdir() if p.name.lower() in names) if folder.is_dir() else []


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
