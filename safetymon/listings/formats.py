"""One file -> one `Sheet`: every column of every row as it was written, or a refusal.

CSV is read as text, Parquet and SAS transport (XPT) with their own types, and `Sheet.text` turns
whichever it was into trimmed text, so that everything after this module goes down one path. A file
that may be damaged is refused as a whole: a row cut short is a report cut short.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from safetymon.errors import DataRefusedError, is_panic
from safetymon.listings import csvfile, xptfile
from safetymon.listings.encoding import refuse_repeated
from safetymon.listings.silence import silenced

_Read = tuple[pl.DataFrame, str | None]

_TICKS = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
"""Ticks of a day, by the unit of a moment."""
_FIRST_DAY = (date(1, 1, 2) - date(1970, 1, 1)).days
_LAST_DAY = (date(9999, 12, 30) - date(1970, 1, 1)).days
"""The calendar of Python, less a day at either end: a time zone may move a moment by as much."""


class Sheet(NamedTuple):
    """One file as read: `frame` has one row a record, in the file's order.

    `note` says what a reader of the numbers must know about how the file was read.
    """

    role: str
    name: str
    sha256: str
    frame: pl.DataFrame
    note: str | None = None

    def first(self, *names: str) -> str | None:
        """The first of `names` that is a column of this file; None if none is."""
        return next((name for name in names if name in self.frame.columns), None)

    def text(self, columns: Mapping[str, str | None]) -> pl.DataFrame:
        """Our column name -> its column in the file (None: left out), as trimmed text.

        Returns:
            `row` (1 is the first record after the header) and the named columns, String, null
            where blank. Numbers lose a trailing ".0", dates are written in ISO 8601.

        Raises:
            DataRefusedError: A column holds something that is not a value, such as a list.
        """
        wanted = {ours: theirs for ours, theirs in columns.items() if theirs is not None}
        texts = [self._as_text(theirs).alias(ours) for ours, theirs in wanted.items()]
        return self.frame.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row"), *texts)

    def records(self, rows: pl.Series) -> pl.Series:
        """The rows (1 is the first) as JSON objects of text, one a row, with every column."""
        chosen = self.frame[(rows - 1).to_list()]
        texts = chosen.select(self._as_text(name) for name in chosen.columns)
        return texts.select(pl.struct(pl.all()).struct.json_encode()).to_series()

    def in_capitals(self) -> "Sheet":
        """The same sheet with upper-case column names, as CDISC writes them.

        Raises:
            DataRefusedError: Two columns differ in case only.
        """
        names = [name.upper() for name in self.frame.columns]
        refuse_repeated(names, self.name)
        return self._replace(
            frame=self.frame.rename(dict(zip(self.frame.columns, names, strict=True)))
        )

    def _as_text(self, name: str) -> pl.Expr:
        # By position: a column may be called "*" or "^.*$", which mean others to Polars.
        kind, column = self.frame.schema[name], pl.nth(self.frame.columns.index(name))
        if kind.is_float() or kind.is_decimal():
            number = column.cast(pl.Float64).fill_nan(None)
            whole = (number == number.round()) & (number.abs() < 2**53)
            return (
                pl.when(whole)
                .then(number.cast(pl.Int64, strict=False).cast(pl.String))
                .otherwise(number.cast(pl.String))
            )
        if isinstance(kind, pl.Date | pl.Datetime):
            return _day_as_text(column, kind)
        if isinstance(kind, pl.Duration):
            return column.dt.to_string("iso")
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise DataRefusedError(
                f"{self.name}: column {name} holds {kind}, not single values; export it as text"
            )
        return column.cast(pl.String).str.strip_chars().replace("", None)


def _day_as_text(column: pl.Expr, kind: pl.Date | pl.Datetime) -> pl.Expr:
    """A day, or a moment, in ISO 8601; a number where there is no such day, so that it is no date.

    Polars panics on a day outside the calendar.
    """
    number = column.to_physical().cast(pl.Int64)
    a_day = _TICKS[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
    exists = (number // a_day).is_between(_FIRST_DAY, _LAST_DAY)
    form = "%Y-%m-%dT%H:%M:%S" if isinstance(kind, pl.Datetime) else "%Y-%m-%d"
    return pl.coalesce(pl.when(exists).then(column).dt.to_string(form), number.cast(pl.String))


def load(role: str, path: Path) -> Sheet:
    """The file at `path` as a sheet; its format is told by the ending of its name.

    The hash is that of the very bytes that were parsed.

    Raises:
        DataRefusedError: The file is missing, unreadable, damaged, or of a format not read.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(_READERS)
        raise DataRefusedError(f"{path.name}: not a format that is read; export as one of {known}")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataRefusedError(
            f"{path}: no such file ({role}); put it there or name it under [data.files]"
        ) from None
    except (OSError, ValueError) as error:
        raise DataRefusedError(f"{path}: cannot be read ({why(error)}); make it readable") from None
    try:
        with silenced():
            frame, note = reader(data, path.name)
    except BaseException as error:
        if not isinstance(error, MemoryError) and not is_panic(error):
            raise
        raise DataRefusedError(
            f"{path.name}: cannot be read as {path.suffix[1:].upper()}, it is damaged or too "
            "large; export it again"
        ) from error
    return Sheet(role, path.name, hashlib.sha256(data).hexdigest(), frame, note)


def why(error: OSError | ValueError) -> str:
    """Why a file or folder cannot be opened; a ValueError is a name that no file can have."""
    return (error.strerror or "") if isinstance(error, OSError) else "no file can have this name"


def _parquet(data: bytes, name: str) -> _Read:
    try:
        return pl.read_parquet(io.BytesIO(data)), None
    except pl.exceptions.PolarsError as error:
        raise DataRefusedError(f"{name}: is not a whole Parquet file; export it again") from error


_READERS: dict[str, Callable[[bytes, str], _Read]] = {
    ".csv": csvfile.read,
    ".parquet": _parquet,
    ".xpt": xptfile.read,
}
SUFFIXES = tuple(_READERS)
"""The endings of the file names that are read."""
