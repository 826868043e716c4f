"""The overview by group: any, related, serious, led to discontinuation, fatal. Pure."""

from collections.abc import Sequence

import polars as pl

from safetymon.domain import ReportSettings
from safetymon.incidence import with_proportions
from safetymon.record_schema import OVERVIEW

KINDS = {"led to discontinuation": "withdrawn", "fatal": "fatal"}
"""Kinds of event that no estimand covers, and the column of the listing that tells them."""

Cell = tuple[str, int, int | None, int | None, int | None]
"""Group, subjects at risk, subjects with such an event, such events, events that do not tell."""


def overview(
    events: pl.DataFrame,
    placed: pl.DataFrame,
    members: pl.DataFrame,
    incidence: pl.DataFrame,
    settings: ReportSettings,
) -> pl.DataFrame:
    """One row a kind of event and group (`record_schema.OVERVIEW`).

    The estimands are the rows of "Any event", so the overview cannot differ from the topics' table.
    What no event of the listing tells is not recorded (null), not 0; where some events tell it,
    those that do not count as no, and `untold` says how many they are.

    Args:
        events: All events of the cut, emergent or not: whether anything is recorded at all.
        placed: As made by `derive.attributed`.
        members: As made by `derive.members`.
        incidence: As made by `incidence.by_group`.
        settings: Which interval, at which confidence.
    """
    shared = [name for name in OVERVIEW if name not in ("kind", "untold")]
    anything = incidence.filter(level="any").select(pl.col("estimand").alias("kind"), *shared)
    sizes = anything.filter(kind="all").select("group", "at_risk").rows()
    counted = _counted(placed, members)
    parts = [anything]
    for kind, column in KINDS.items():
        if _is_recorded(events[column]):
            cells = [(group, n, *counted.get((kind, group), (0, 0, 0))) for group, n in sizes]
            parts.append(_measured(kind, cells, settings))
        else:
            parts.append(_frame(kind, [(group, n, None, None, None) for group, n in sizes]))
    return pl.concat(parts, how="diagonal").select(OVERVIEW.keys())


def _is_recorded(column: pl.Series) -> bool:
    """Whether any event tells; a listing without events leaves nothing untold."""
    return column.is_empty() or column.null_count() < len(column)


def _measured(kind: str, cells: Sequence[Cell], settings: ReportSettings) -> pl.DataFrame:
    percent = (pl.col("subjects") / pl.col("at_risk") * 100).fill_nan(None).alias("percent")
    return with_proportions(_frame(kind, cells).with_columns(percent), settings)


def _frame(kind: str, cells: Sequence[Cell]) -> pl.DataFrame:
    columns = ("group", "at_risk", "subjects", "events", "untold")
    made = pl.DataFrame(cells, {name: OVERVIEW[name] for name in columns}, orient="row")
    return made.with_columns(pl.lit(kind).alias("kind"))


def _counted(
    placed: pl.DataFrame, members: pl.DataFrame
) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(kind, group) -> subjects with such an event, such events, events that do not tell."""
    emergent = placed.filter("emergent").select("row", "subject", *KINDS.values())
    cells = [
        cell
        for column in KINDS.values()
        for cell in (
            pl.col("subject").filter(pl.col(column)).n_unique().alias(f"{column} subjects"),
            pl.col(column).sum().alias(f"{column} events"),
            pl.col(column).null_count().alias(f"{column} untold"),
        )
    ]
    by_group = emergent.join(members.select("group", "row"), on="row").group_by("group").agg(cells)
    return {
        (kind, group): (counts[3 * i], counts[3 * i + 1], counts[3 * i + 2])
        for group, *counts in by_group.rows()
        for i, kind in enumerate(KINDS)
    }
