"""Who a rule weighs: one unit a subject and group, with the day its first event was first seen."""

import polars as pl

from safetymon.domain import Estimand
from safetymon.signals.evidence import Units

COUNTS: dict[Estimand, pl.Expr] = {
    "all": pl.lit(value=True),
    "related": pl.col("related"),
    "serious": pl.col("serious"),
    "related serious": pl.col("related") & pl.col("serious"),
}


def units(
    members: pl.DataFrame, events: pl.DataFrame, group: str, reference: str | None = None
) -> Units:
    """The units of a group, and of its reference if there is one.

    A subject is counted once, for its first event in either group: a unit that begins on or after
    the day of that event is not at risk, one that goes on beyond it has no event of its own.

    Args:
        members: As made by `derive.members`.
        events: Occurrences that count, with `row` and `seen`.
        group: The group.
        reference: The group it is compared with.
    """
    sides = [group] if reference is None else [group, reference]
    spans = _spans(members.filter(pl.col("group").is_in(sides)))
    firsts = (
        events.select("row", "seen")
        .join(members.select("group", "row", "subject"), on="row")
        .group_by("group", "subject")
        .agg(pl.col("seen").min())
    )
    joined = spans.join(firsts, on=["group", "subject"], how="left").with_columns(
        # Only where there is an event: max_horizontal would fill a null with the entry.
        pl.when(pl.col("seen").is_not_null()).then(pl.max_horizontal("seen", "entry")).alias("seen")
    )
    return _as_units(_once(joined), group)


def _spans(members: pl.DataFrame) -> pl.DataFrame:
    """One row a group and subject: first and last day at risk."""
    return members.group_by("group", "subject").agg(
        pl.col("start").min().alias("entry"), pl.col("until").max().alias("last")
    )


def _once(units: pl.DataFrame) -> pl.DataFrame:
    """Keeps a subject's first event only, and drops the units that begin after it."""
    first = pl.col("seen").min().over("subject")
    mine = pl.col("seen").is_not_null() & (pl.col("seen") == first)
    rank = mine.cast(pl.Int8).rank("ordinal", descending=True).over("subject")
    kept = units.filter(first.is_null() | mine | (pl.col("entry") < first))
    return kept.with_columns(
        pl.when(mine & (rank == 1)).then("seen").alias("seen"),
        pl.when(~mine & first.is_not_null())
        .then(pl.min_horizontal("last", first))
        .otherwise("last")
        .alias("last"),
    ).with_columns(pl.max_horizontal("last", "entry"))


def _as_units(table: pl.DataFrame, group: str) -> Units:
    ordered = table.sort("entry", "subject", "group")
    day = pl.selectors.date().to_physical().cast(pl.Int64)
    numbers = ordered.with_columns(day)
    return Units(
        subject=tuple(ordered["subject"].to_list()),
        entry=numbers["entry"].to_numpy(),
        last=numbers["last"].to_numpy(),
        event=numbers["seen"].fill_null(-1).to_numpy(),
        treated=(ordered["group"] == group).to_numpy(),
    )
