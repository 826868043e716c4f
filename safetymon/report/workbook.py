"""The tables of a look as one workbook, made of its tables/*.csv: the same rows, a sheet a table.

A text is written as a text whatever it begins with, so no cell is a formula or a link. Every sheet
says on paper, and the file in its properties, whether it is closed or open.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from safetymon import record_schema, schema
from safetymon.errors import UsageError
from safetymon.report.sheets import FORMULA_START

if TYPE_CHECKING:  # heavy: only an export makes a workbook
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS, LONGEST = 1_048_576, 32_767
"""What a worksheet can hold: rows, and characters of a cell."""
WIDEST = 60
"""Characters up to which a column is made as wide as its texts."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_QUOTED = re.compile("'" + FORMULA_START[1:])
_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
    "strings_to_numbers": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """What a workbook is of. `label` says who may read it; `facts` are (name, value) pairs."""

    label: str
    title: str
    look: str
    made: datetime
    facts: tuple[tuple[str, str], ...]


def workbook(tables: Mapping[str, str], about: About) -> bytes:
    """An XLSX file. `tables` is file name -> CSV text, as `sheets.sheets` wrote it.

    Raises:
        UsageError: A table is longer than a worksheet, or a text than a cell.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - only an export makes a workbook

    file = io.BytesIO()
    book = Workbook(file, _OPTIONS)
    book.set_properties(_properties(about))
    _sheet(book, "about", [["fact", "value"], *map(list, about.facts)], about)
    for name, text in tables.items():
        _sheet(book, name.removesuffix(".csv"), list(csv.reader(io.StringIO(text))), about)
    book.close()
    return file.getvalue()


def _properties(about: About) -> dict[str, Any]:
    return {
        "title": f"{about.label}: {about.title}", "subject": about.look, "category": about.label,
        "comments": about.label, "status": about.label, "author": "safetymon",
        "created": about.made.replace(tzinfo=None),  # the format knows no time zone
    }  # fmt: skip


def _sheet(book: "Workbook", name: str, rows: list[list[str]], about: About) -> None:
    if len(rows) > MOST_ROWS:
        raise UsageError(
            f"--xlsx: table {name} has {len(rows) - 1:,} rows, more than a worksheet holds; "
            f"use tables/{name}.csv"
        )
    sheet = book.add_worksheet(name[:31])
    line = f"{about.label} · {about.look}".replace("&", "&&")
    sheet.set_header(f"&L&B{line}")
    sheet.set_footer(f"&L{name}&Rpage &P of &N")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    _fill(sheet, rows, book)


def _fill(sheet: "Worksheet", rows: list[list[str]], book: "Workbook") -> None:
    head, *body = rows
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    for place, name in enumerate(head):
        sheet.write_string(0, place, name, bold)
        column = [row[place] for row in body]
        width = min(WIDEST, max([len(name), *map(len, column)]) + 2)
        sheet.set_column(place, place, width)
        _column(sheet, place, column, _written_as(name, column), day)


def _column(
    sheet: "Worksheet", place: int, column: list[str], kind: Callable[[str], object], day: object
) -> None:
    for number, text in enumerate(column, start=1):
        match kind(text):
            case None:
                continue
            case bool(value):
                sheet.write_boolean(number, place, value)
            case float(value):
                sheet.write_number(number, place, value)
            case date() as value:
                sheet.write_datetime(number, place, value, day)
            case value:
                sheet.write_string(number, place, _fitting(str(value)))


def _fitting(text: str) -> str:
    if len(text) > LONGEST:
        raise UsageError("--xlsx: a text is longer than a cell of a worksheet; use tables/*.csv")
    return text


def _written_as(name: str, column: list[str]) -> Callable[[str], object]:
    """How the cells of a column are read back: blank, text, yes or no, number, day."""
    told = [text for text in column if text]
    if name in _texts() or not told:
        return _text
    if all(_DATE.fullmatch(text) for text in told):
        return lambda text: date.fromisoformat(text) if text else None
    if all(_NUMBER.fullmatch(text) for text in told):
        return lambda text: float(text) if text else None
    if set(told) <= {"true", "false"}:
        return lambda text: text == "true" if text else None
    return _text


def _text(text: str) -> str | None:
    """The text as it was, without the apostrophe that keeps a CSV harmless."""
    return (text[1:] if _QUOTED.match(text) else text) or None


@cache
def _texts() -> frozenset[str]:
    """Columns that hold texts, whatever they look like: a subject 001, a term 5-HT."""
    homes = (*vars(schema).values(), *vars(record_schema).values())
    every = [value for value in homes if isinstance(value, dict) and value is not schema.COUNTS]
    kinds = [(name, kind) for columns in every for name, kind in columns.items()]
    other = {name for name, kind in kinds if kind != pl.String}
    return frozenset(name for name, kind in kinds if kind == pl.String and name not in other)
