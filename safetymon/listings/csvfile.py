"""CSV: every field as text, and nothing padded, cut or guessed on the way."""

import csv
import io
import re

import polars as pl

from safetymon.errors import DataRefusedError
from safetymon.listings.encoding import refuse_repeated, utf8


def read(data: bytes, name: str) -> tuple[pl.DataFrame, str | None]:
    """Every column of a CSV file as text, untrimmed, and a note on its encoding.

    Raises:
        DataRefusedError: It is empty, two columns have one name, a row has more or fewer fields
            than the header, or the quotes do not match.
    """
    text, note = utf8(data, name)
    if b"\r" in text and b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    text = text.strip(b"\r\n")
    header, separator = _header(text, name)
    try:
        frame = pl.read_csv(
            text, separator=separator, infer_schema=False, new_columns=header,
            empty_string_is_null=False, truncate_ragged_lines=False,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        return _record_by_record(text, header, separator, name), note
    if _may_mislead(text, separator, len(header)) or not _is_whole(frame, text, separator):
        return _record_by_record(text, header, separator, name), note
    return frame, note


def _header(text: bytes, name: str) -> tuple[list[str], str]:
    """The column names, trimmed, and the separator: the most frequent of comma, semicolon, tab."""
    if not text:
        raise DataRefusedError(f"{name}: is empty, not even a header; export it again")
    first = io.BytesIO(text).readline()
    separator = max((",", ";", "\t"), key=lambda mark: first.count(mark.encode()))
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    try:
        raw = next(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        raise DataRefusedError(
            f"{name}: the header's quotes do not match; export it again"
        ) from error
    names = [n.strip() or f"(column {i})" for i, n in enumerate(raw, 1)]
    refuse_repeated(names, name)
    return names, separator


def _may_mislead(text: bytes, separator: str, fields: int) -> bool:
    """Whether there is what Polars reads without a word though it may be damaged.

    It drops an empty field too many of the last record, closes a quote that nobody closed, and
    takes two quotes before a text for one.
    """
    mark, last = separator.encode(), text[text.rfind(b"\n") + 1 :]
    too_many = last.endswith(mark) and (last.count(mark) >= fields or b'"' in last)
    # Two patterns with a plain beginning are searched 15 times as fast as one with a choice.
    twice = (start + rb'""[^' + mark + rb'\r\n"]' for start in (mark, b"\n"))
    return too_many or text.count(b'"') % 2 == 1 or any(re.search(p, text) for p in twice)


def _is_whole(frame: pl.DataFrame, text: bytes, separator: str) -> bool:
    """Whether every record had as many fields as the header: Polars pads short ones silently.

    There are as many separators in the file as between fields and inside quoted values. Where lines
    are no records, a quote out of place may have swallowed some: only the exact reader can tell.
    """
    between = (frame.width - 1) * (frame.height + 1)
    inside = 0
    if b'"' in text:
        if text.count(b"\n") != frame.height:
            return False
        within = pl.all().str.count_matches(separator, literal=True).cast(pl.Int64).sum()
        inside = frame.select(pl.sum_horizontal(within)).item() if frame.height else 0
        inside += sum(name.count(separator) for name in frame.columns)
    return text.count(separator.encode()) == between + inside


def _record_by_record(text: bytes, header: list[str], separator: str, name: str) -> pl.DataFrame:
    """The slow, exact reading, for where Polars cannot be trusted; blank lines are no records."""
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    records: list[list[str]] = []
    try:
        for record in csv.reader(lines, delimiter=separator, strict=True):
            if record and len(record) != len(header):
                raise DataRefusedError(
                    f"{name}: row {len(records)} has {len(record)} fields and the header "
                    f"{len(header)}; it is cut short or a text lacks its quotes: export it again"
                )
            records += [record] if record else []
    except csv.Error as error:
        raise DataRefusedError(
            f"{name}: the quotes of row {len(records)} do not match; export it again"
        ) from error
    return pl.DataFrame(records[1:], schema=dict.fromkeys(header, pl.String), orient="row")
