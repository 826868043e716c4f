"""Small drawn tables -> frames, so that a test reads as the definition it checks."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from safetymon import derive
from safetymon.schema import Columns


def frame(text: str, schema: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """A frame from lines of `|`-separated cells, the first line naming the columns.

    An empty cell is null, text after `#` says why a row counts. With a schema, columns that are
    not drawn are null.
    """
    lines = [line.split("#")[0].strip() for line in text.strip().splitlines()]
    head, *body = [[cell.strip() for cell in line.split("|")] for line in lines if line]
    drawn = pl.DataFrame(
        [[cell or None for cell in row] for row in body],
        schema=dict.fromkeys(head, pl.String),
        orient="row",
    )
    if schema is None:
        return drawn
    missing = [pl.lit(None, pl.String).alias(name) for name in schema if name not in head]
    extra = [name for name in head if name not in schema]
    full = drawn.with_columns(missing).select(*schema, *extra)
    return full.with_columns(_typed(name, kind) for name, kind in schema.items())


def _typed(name: str, kind: object) -> pl.Expr:
    column = pl.col(name)
    if kind == pl.Date:
        return column.str.to_date("%Y-%m-%d")
    if kind == pl.Boolean:
        return column.replace_strict({"Y": True, "N": False}, default=None, return_dtype=pl.Boolean)
    return column.cast(kind)  # type: ignore[arg-type]  # a type of a schema


def seen(events: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """The events as a first look sees them: from their data-entry date, else from their onset."""
    nothing = pl.DataFrame(schema={"subject": pl.String, "key": pl.String, "seen": pl.Date})
    return derive.first_seen(events, nothing, None, cutoff)


def columns(drawn: Columns, *names: str) -> Columns:
    """A part of a schema."""
    return {name: drawn[name] for name in names}


def day(text: str) -> date:
    return date.fromisoformat(text)
