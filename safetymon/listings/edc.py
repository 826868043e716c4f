"""A mapped EDC listing: subjects, exposure, events; the study file names their columns."""

from collections.abc import Mapping

from safetymon.domain import Data
from safetymon.errors import UsageError
from safetymon.listings.files import nearest
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part, Parts, Sheets, part

_SHOWN, _LONGEST = 30, 40
"""How many of a file's columns a message names, and how many characters of each."""

COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "subjects": (("subject",), ("arm", "randomised", "left", "died")),
    "exposure": (("subject", "treatment", "start"), ("period", "end")),
    "events": (
        ("subject", "pt", "onset"),
        ("key", "term", "soc", "end", "serious", "related", "severity", "outcome", "action",
         "fatal", "withdrawn", "emergent", "reported"),
    ),
    "adjudication": (("subject", "key", "topic", "decision"), ()),
}  # fmt: skip
"""Role -> our columns that have to be mapped, and those that may be."""


def parts(sheets: Sheets, data: Data) -> Parts:
    """The parts of a study whose `[data.columns]` say which column is which.

    Raises:
        UsageError: A mapping is missing, or names a role or column that there is not.
    """
    for role in data.columns:
        if role not in COLUMNS:
            raise UsageError(f"[data.columns.{role}]: no such role{nearest(role, list(COLUMNS))}")
    subjects, exposure, events = (
        mapped(sheets[role], data.columns.get(role, {}))
        for role in ("subjects", "exposure", "events")
    )
    return Parts(subjects, exposure, events)


def mapped(sheet: Sheet, columns: Mapping[str, str]) -> Part:
    """The mapped columns (ours -> the file's) of one sheet.

    Raises:
        UsageError: As for `parts`.
    """
    required, optional = COLUMNS[sheet.role]
    here = f"[data.columns.{sheet.role}]"
    for ours, theirs in columns.items():
        if ours not in (*required, *optional):
            raise UsageError(
                f"{here} {ours}: not a column of ours{nearest(ours, required + optional)}"
            )
        if ours != "subject" and theirs == columns.get("subject"):
            # Its values would be told as words that are not understood.
            raise UsageError(f"{here} {ours}: names the column of the subject; name another")
        if theirs not in sheet.frame.columns:
            has = _has(sheet, columns, theirs)
            raise UsageError(f"{here} {ours}: {sheet.name} has no column '{theirs}'; {has}")
    missing = [ours for ours in required if ours not in columns]
    if missing:
        has = _has(sheet, columns)
        raise UsageError(f"{here} {missing[0]}: has to name a column of {sheet.name}; {has}")
    return part(sheet, columns)


def _has(sheet: Sheet, columns: Mapping[str, str], wanted: str = "") -> str:
    """The names of a file's columns, the one like `wanted` first.

    Only if its first line is known to be a header, since a column that a person named is there;
    else it may be a patient's.
    """
    names = sheet.frame.columns
    if not set(columns.values()) & set(names):
        return "none of the columns named here is there: is its first line a header?"
    hint = nearest(wanted, names).removeprefix("; ")
    shown = ", ".join(name[:_LONGEST] for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{hint} (it has {shown}{more})" if hint.startswith("did") else f"it has {shown}{more}"
