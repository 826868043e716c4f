"""Who they are: every event record of a treated subject, as it was counted. Pure.

For the closed report only: nothing here may reach the open one.
"""

from collections.abc import Sequence

import polars as pl

from safetymon.analysis import Counted, Frames
from safetymon.domain import Cases
from safetymon.record_schema import ABOUT_RULES, LISTING
from safetymon.study import Rule, Study

_RECORDED = ("serious", "related")


def cases(
    counted: Counted,
    frames: Frames,
    study: Study,
    pooled: Sequence[Rule],
    edits: pl.DataFrame,
    rejected: pl.DataFrame,
) -> Cases:
    """The listing of a look with what a reader may ask of it.

    Args:
        counted: The closed numbers.
        frames: The closed frames that they were counted from.
        study: The study file.
        pooled: The rules on all subjects, which the board sees too.
        edits: What changed since the look before (`record_schema.EDITS`).
        rejected: Input rows that were rejected: file, row, rule, column.
    """
    ledger = counted.ledger
    treated = frames.subjects.join(ledger, on="subject", how="semi", maintain_order="left")
    return Cases(
        listing=listing(counted, frames, edits),
        ledger=ledger.sort("subject", "start"),
        subjects=treated.sort("subject"),
        edits=edits,
        rules=_about([*counted.rules, *pooled]),
        rejected=rejected,
        conservative=study.emergent.missing == "conservative",
    )


def listing(counted: Counted, frames: Frames, edits: pl.DataFrame) -> pl.DataFrame:
    """One row an event record of a treated subject (`record_schema.LISTING`).

    Treatment and period are those of the ledger row the event is attributed to, groups and topics
    those in which it counts. Seriousness and causality are as recorded, null where they are not.
    """
    ledger = counted.ledger.select("row", "treatment", "period")
    first = counted.ledger.group_by("subject").agg(pl.col("start").min().alias("first"))
    recorded = frames.events.select("subject", "key", *_RECORDED)
    fresh = edits.filter(part="event", change="new").select("subject", "key", is_new=True)
    joined = (
        counted.placed.lazy()
        .drop(_RECORDED)
        .join(recorded.lazy(), on=["subject", "key"], how="left")
        .join(fresh.lazy(), on=["subject", "key"], how="left")
        .join(_decisions(frames.adjudication), on=["subject", "key"], how="left")
        .join(ledger.lazy(), on="row", how="left")
        .join(first.lazy(), on="subject", how="left")
        .join(_groups(counted), on="row", how="left")
        .join(_topics(counted, "topics", adjudicated=True), on="event", how="left")
        .join(_topics(counted, "topics_by_terms", adjudicated=False), on="event", how="left")
    )
    return (
        joined.with_columns(_study_day().alias("study_day"), *_where_counted())
        .rename({"end_high": "end"})
        .sort("subject", "onset", "key")
        .select(LISTING.keys())
        .collect(engine="in-memory")
    )


def _where_counted() -> list[pl.Expr]:
    """An event outside every window has no treatment; one that does not count is in no group."""
    placed = pl.col("derived") | pl.col("emergent")
    nothing = pl.lit([], pl.List(pl.String))
    return [
        pl.when(placed).then(pl.col("treatment", "period")),
        pl.when("emergent").then(pl.col("groups").fill_null(nothing)).otherwise(nothing),
        pl.col("topics", "topics_by_terms").fill_null(nothing),
        pl.col("is_new").fill_null(value=False),
    ]


def _study_day() -> pl.Expr:
    """Day 1 is the first dose in the trial; the day before it is -1 (CDISC)."""
    days = (pl.col("onset") - pl.col("first")).dt.total_days()
    return days + (days >= 0).cast(pl.Int64)


def _groups(counted: Counted) -> pl.LazyFrame:
    members = counted.numbers.members.lazy()
    return members.group_by("row").agg(pl.col("group").alias("groups"))


def _topics(counted: Counted, name: str, *, adjudicated: bool) -> pl.LazyFrame:
    """The topics that an event counts for; the pairs of members are unique."""
    kept = counted.numbers.occurrences.lazy().filter(level="topic", adjudicated=adjudicated)
    return kept.group_by("event").agg(pl.col("term").unique().sort().alias(name))


def _decisions(adjudication: pl.DataFrame) -> pl.LazyFrame:
    """`thromboembolism: yes; headache: no` a record."""
    word = pl.when("decision").then(pl.lit("yes")).otherwise(pl.lit("no"))
    each = pl.format("{}: {}", "topic", word).sort_by("topic")
    by_record = adjudication.lazy().group_by("subject", "key")
    return by_record.agg(each.str.join("; ").alias("adjudication"))


def _about(rules: Sequence[Rule]) -> pl.DataFrame:
    rows = [
        (rule.title, rule.topic, rule.group, rule.estimand, rule.adjudicated)
        for rule in rules
        if not rule.off
    ]
    return pl.DataFrame(rows, schema=ABOUT_RULES, orient="row")
