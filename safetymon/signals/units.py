"""Who a rule weighs: one unit a subject and stay, with the day its first event was first seen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from safetymon.schema import COUNTS
from safetymon.signals.evidence import Units
from safetymon.study import Rule


def counting(rule: Rule, occurrences: pl.DataFrame) -> pl.DataFrame:
    """The occurrences that count for a rule: of its topic, estimand and adjudication."""
    return occurrences.filter(
        COUNTS[rule.estimand], level="topic", term=rule.topic, adjudicated=rule.adjudicated
    )


def units(
    members: pl.DataFrame,
    events: pl.DataFrame,
    group: str,
    reference: str | None = None,
    window: int | None = None,
) -> Units:
    """The units of a group, and of its reference if there is one.

    A group alone has one unit a subject. Beside a reference a unit is a subject's unbroken stay on
    one of the two sides: a switch ends it, and a return begins another. A subject is counted once,
    for the event that was seen first on either side (of two seen on one day, that of the earlier
    stay). A unit that begins on or after that day is left out; one that would go on ends there.

    Args:
        members: As made by `derive.members`.
        events: Occurrences that count, with `row`, `onset` and `seen`.
        group: The group.
        reference: The group it is compared with.
        window: Days from the first dose in which an event must begin to count; none: no end.
    """
    rows = stays(members, group, reference)
    first = firsts(events, rows, window=window).select("subject", "seen", "onset", own="stay")
    spans = rows.unique(["subject", "stay"]).join(first, on="subject", how="left")
    ordered = _once(spans).sort("entry", "subject", "group")
    days = _days("entry", "last", "seen", "onset")
    return _as_units(ordered.with_columns(days).collect(engine="in-memory"), group)


def stays(members: pl.DataFrame, group: str, reference: str | None) -> pl.LazyFrame:
    """The stays of a group and its reference.

    One row a ledger row. Columns: row, subject, group, stay (its number within the subject), entry
    and last (first and last day at risk of the whole stay).
    """
    sides = members.lazy().filter(pl.col("group").is_in([group, reference or group])).sort("row")
    return sides.with_columns(
        pl.col("group").rle_id().over("subject").alias("stay")
    ).select(
        "row", "subject", "group", "stay",
        pl.col("start").min().over("subject", "stay").alias("entry"),
        pl.col("until").max().over("subject", "stay").alias("last"),
    )  # fmt: skip


def firsts(
    events: pl.DataFrame, rows: pl.LazyFrame, by: Sequence[str] = (), window: int | None = None
) -> pl.LazyFrame:
    """One row a subject (and `by`): the event that was seen first, and the stay it belongs to.

    Columns: `by`, those of `stays`, seen (on the stay's entry if it was seen before) and onset
    (within entry and seen). Of several seen on one day, the earliest stay and onset stand.
    """
    joined = events.lazy().select(*by, "row", "seen", "onset").join(rows, on="row")
    if window is not None:
        joined = joined.filter((pl.col("onset") - pl.col("entry")).dt.total_days() < window)
    counted = joined.with_columns(pl.max_horizontal("seen", "entry").alias("seen"))
    return (
        counted.with_columns(pl.col("onset").clip("entry", "seen"))
        .sort(*by, "subject", "seen", "stay", "onset")
        .unique([*by, "subject"], keep="first", maintain_order=True)
    )


def not_at_risk(members: pl.DataFrame, group: str, weighed: Units) -> Units:
    """The units of a group alone, with the times between its episodes as `away`."""
    place = {subject: i for i, subject in enumerate(weighed.subject)}
    first = pl.col("until").dt.offset_by("1d")
    last = pl.col("start").shift(-1).over("subject").dt.offset_by("-1d")
    gaps = members.filter(group=group).sort("row").with_columns(first=first, last=last)
    rows = gaps.filter(pl.col("first") <= pl.col("last")).select(
        pl.col("subject").replace_strict(place, return_dtype=pl.Int64), *_days("first", "last")
    )
    return replace(weighed, away=rows.to_numpy().astype(np.int64))


def _once(spans: pl.LazyFrame) -> pl.LazyFrame:
    """Keeps a subject's first event only, and ends or drops the units that go on after it."""
    first, mine = pl.col("seen"), (pl.col("stay") == pl.col("own")).fill_null(value=False)
    ends = pl.when(first.is_null() | mine).then("last").otherwise(pl.min_horizontal("last", first))
    return spans.filter(first.is_null() | mine | (pl.col("entry") < first)).with_columns(
        ends.alias("last"), pl.when(mine).then("seen"), pl.when(mine).then("onset")
    )


def _as_units(table: pl.DataFrame, group: str) -> Units:
    return Units(
        subject=tuple(table["subject"].to_list()),
        entry=table["entry"].to_numpy(),
        last=table["last"].to_numpy(),
        event=table["seen"].to_numpy(),
        treated=np.array([side == group for side in table["group"].to_list()], np.bool_),
        onset=table["onset"].to_numpy(),
    )


def _days(*names: str) -> list[pl.Expr]:
    """Dates as days since 1970-01-01, -1 for none."""
    return [pl.col(name).to_physical().cast(pl.Int64).fill_null(-1) for name in names]
