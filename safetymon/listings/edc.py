"""A mapped EDC listing: subjects, exposure, events; the study file names their columns."""

from collections.abc import Mapping

from safetymon.domain import Data
from safetymon.errors import UsageError
from safetymon.listings.files import nearest
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part, Parts, Sheets, part

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
        if theirs not in sheet.frame.columns:
            raise UsageError(_missing(f"{here} {ours}", theirs, sheet))
    missing = [ours for ours in required if ours not in columns]
    if missing:
        raise UsageError(
            f"{here} {missing[0]}: has to name a column of {sheet.name}, which has "
            f"{', '.join(sheet.frame.columns)}"
        )
    return part(sheet, columns)


def _missing(where: str, name: str, sheet: Sheet) -> str:
    hint = nearest(name, sheet.frame.columns)
    has = "" if hint.startswith("; there is") else f" (it has {', '.join(sheet.frame.columns)})"
    return f"{where}: {sheet.name} has no column '{name}'{hint}{has}"
