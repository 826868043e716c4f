"""SAS transport (XPT), version 5 or 8: numbers and dates with their types, text as UTF-8."""

import io
import re

import polars as pl

from safetymon.errors import DataRefusedError
from safetymon.listings.encoding import OLD, OLD_NOTE

_NAMES = re.compile(rb"HEADER RECORD\*{7}(?:NAMESTR|NAMSTV8) HEADER RECORD!{7}\d{6}(\d{4})[\d ]*")
_DATA = re.compile(rb"HEADER RECORD\*{7}OBS(?:V8)? +HEADER RECORD!{7}[\d ]*")
_CARD, _NAME = 80, 140
"""Bytes of a header record, and of the description of one variable."""


def read(data: bytes, name: str) -> tuple[pl.DataFrame, str | None]:
    """The one data set of a transport file, in its row order, and a note on its encoding.

    Raises:
        DataRefusedError: It is damaged, cut short, or holds several data sets.
    """
    import polars_readstat  # noqa: PLC0415 - only who reads XPT pays for the reader

    if len(data) % _CARD or data.count(b"HEADER RECORD*******MEMB") > 1:
        raise DataRefusedError(
            f"{name}: is cut short or holds several data sets; export one data set a file"
        )
    try:
        frame = polars_readstat.read_readstat("file.xpt", data=data, preserve_order=True)
    except (RuntimeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataRefusedError(f"{name}: is not a SAS transport file; export it again") from error
    if not _is_whole(data, frame.height):
        raise DataRefusedError(
            f"{name}: has a damaged header or ends within a record; export it again"
        )
    # A byte that is not UTF-8 arrives as U+FFFD; written as such in the file, it is the file's own.
    if not _has_replacement(frame) or "\ufffd".encode() in data:
        return frame, None
    return _from_windows(data, name), OLD_NOTE


def _is_whole(data: bytes, rows: int) -> bool:
    """Whether so many records, and blanks to fill the last card, are all that the file holds.

    The reader leaves out a record that is cut short and says nothing. Source of the layout: SAS,
    Record Layout of a SAS Version 5 or 6 (8 or 9) Data Set in SAS Transport (XPORT) Format.
    """
    names, start = _NAMES.search(data), _DATA.search(data)
    if names is None or start is None:
        return False
    first = names.start() + _CARD
    described = [data[first + _NAME * i :][4:6] for i in range(int(names[1]))]
    width = sum(int.from_bytes(length, "big", signed=True) for length in described)
    end = start.start() + _CARD + rows * width
    return end <= len(data) and not data[end:].strip(b" ")


def _has_replacement(frame: pl.DataFrame) -> bool:
    texts = frame.select(pl.col(pl.String).str.contains("\ufffd", literal=True).any())
    return any(texts.row(0)) if texts.width else False


def _from_windows(data: bytes, name: str) -> pl.DataFrame:
    import pyreadstat  # noqa: PLC0415 - slow, and seldom needed

    try:
        frame, _ = pyreadstat.read_xport(io.BytesIO(data), output_format="polars", encoding=OLD)
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        raise DataRefusedError(
            f"{name}: is neither UTF-8 nor Windows-1252; export it as UTF-8"
        ) from error
    except (ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise DataRefusedError(f"{name}: holds a date that never was; export it again") from error
    return pl.DataFrame(frame)
