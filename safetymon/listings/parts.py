"""What a standard hands to the rest: text in our columns, and the sheet each row came from."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import polars as pl

from safetymon.listings.formats import Sheet

Sheets = Mapping[str, Sheet]


class Part(NamedTuple):
    """Rows of one sheet, in our columns.

    `text` has `row` (in the sheet) and our columns as trimmed text, null where blank; a column
    that the sheet does not have is left out. `columns` names where each came from.
    """

    sheet: Sheet
    text: pl.DataFrame
    columns: dict[str, str]

    def name(self, ours: str) -> str:
        """What the file calls our column."""
        return self.columns.get(ours, ours)

    def names_somebody(self, word: str) -> bool:
        """Whether a text is or holds a subject's identifier: then no message may quote it."""
        low = word.lower()
        subjects = self.text["subject"].drop_nulls().unique()
        return any(subject in low for subject in subjects.str.to_lowercase())


class Parts(NamedTuple):
    """The listings of a study before anything was judged.

    `flags` are recorded treatment-emergent flags that come in a file of their own (subject, key,
    emergent). `doses` is "never" where exposure rows are intervals of treatment by definition,
    "decide" where the file has to tell.
    """

    subjects: Part
    exposure: Part
    events: Part
    adjudication: Part | None = None
    flags: Part | None = None
    doses: Literal["never", "decide"] = "decide"


def part(sheet: Sheet, columns: Mapping[str, str | None]) -> Part:
    """The sheet's `columns` (ours -> the file's; None: left out) as text."""
    present = {ours: theirs for ours, theirs in columns.items() if theirs is not None}
    return Part(sheet, sheet.text(present), present)
