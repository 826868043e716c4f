"""The topics as tables: incidence by group, and differences to the reference group. Pure."""

from itertools import groupby

import polars as pl

from safetymon.domain import ESTIMANDS, Estimand, Results
from safetymon.report import wording
from safetymon.report.table import Block, Column, Number, Panel, Table, caption, part_of
from safetymon.report.wording import Row

SPANS = (
    ("", 1), ("Subjects with at least one event", 3), ("Events", 1),
    ("All events, per 100 person-years", 2), ("First events, per 100 person-years", 2),
    ("Events per 100", 1),
)  # fmt: skip
NOTES = (
    "A topic stands twice, adjudicated and by its terms alone, where the two differ.",
    (
        f"Person-years are in Table {Number.GROUPS}; those up to the first event are in "
        "tables/incidence.csv."
    ),
)


def topics(results: Results) -> list[Panel]:
    """Any event and each topic, by group, for each estimand."""
    chosen = results.incidence.filter(pl.col("level").is_in(["any", "topic"]))
    return [_topic_panel(results, chosen, estimand) for estimand in ESTIMANDS]


def _topic_columns(interval: str) -> list[Column]:
    return [
        Column("Group", "text"), Column("n / at risk"), Column("%"), Column(interval), Column("n"),
        Column("Rate"), Column(interval), Column("Rate"), Column(interval),
        Column("administrations"),
    ]  # fmt: skip


def _topic_panel(results: Results, chosen: pl.DataFrame, estimand: Estimand) -> Panel:
    rows = chosen.filter(pl.col("estimand") == estimand).rows(named=True)
    rows.sort(key=lambda row: row["level"] != "any")
    blocks = [block for _, topic in groupby(rows, _term) for block in _topic_blocks(list(topic))]
    title = wording.ESTIMAND_TITLES[estimand]
    table = Table(
        number=Number.TOPICS,
        caption=caption(results, f"{title}: any, and the topics, by group"),
        columns=_topic_columns(wording.interval_title(results.confidence)),
        blocks=blocks,
        spans=SPANS,
        notes=NOTES,
        part=part_of(estimand),
    )
    return Panel(estimand, title, _without_doses(table) if not _has_doses(results) else table)


def _has_doses(results: Results) -> bool:
    return results.incidence["per_100_administrations"].is_not_null().any()


def _without_doses(table: Table) -> Table:
    """The table without its last column: a listing of intervals has no administrations."""
    blocks = [b._replace(rows=[row[:-1] for row in b.rows]) for b in table.blocks]
    return table._replace(columns=table.columns[:-1], spans=table.spans[:-1], blocks=blocks)


def _topic_blocks(rows: list[Row]) -> list[Block]:
    """One block a topic, or two where adjudication changed a count."""
    term = rows[0]["term"]
    final = [row for row in rows if row["adjudicated"] is not False]
    alone = [row for row in rows if row["adjudicated"] is False]
    if not alone or _counts(final) == _counts(alone):
        return [_topic_block(final, term)]
    return [
        _topic_block(final, f"{term}, adjudicated"),
        _topic_block(alone, f"{term}, terms alone"),
    ]


def _counts(rows: list[Row]) -> list[tuple[str, int, int]]:
    return sorted((row["group"], row["subjects"], row["events"]) for row in rows)


def _topic_block(rows: list[Row], heading: str) -> Block:
    topic = rows[0]["term"] if rows[0]["level"] == "topic" else ""
    return Block([_topic_cells(row) for row in rows], heading, topic=topic)


def _topic_cells(row: Row) -> list[str]:
    return [
        row["group"],
        f"{row['subjects']:,}/{row['at_risk']:,}",
        wording.percent(row["subjects"], row["at_risk"]),
        wording.interval(row["ci_low"], row["ci_high"]),
        f"{row['events']:,}",
        wording.number(row["rate_per_100py"]),
        wording.interval(row["rate_low"], row["rate_high"]),
        wording.number(row["first_rate_per_100py"]),
        wording.interval(row["first_rate_low"], row["first_rate_high"]),
        wording.number(row["per_100_administrations"]),
    ]


def comparisons(results: Results) -> list[Panel]:
    """Topics against the reference group, for each estimand; none without a reference."""
    final = pl.col("adjudicated").fill_null(value=True)
    chosen = results.comparisons.filter(pl.col("level").is_in(["any", "topic"]), final)
    if chosen.is_empty():
        return []
    return [_comparison_panel(results, chosen, estimand) for estimand in ESTIMANDS]


def _comparison_panel(results: Results, chosen: pl.DataFrame, estimand: Estimand) -> Panel:
    rows = chosen.filter(pl.col("estimand") == estimand).rows(named=True)
    pairs = list(dict.fromkeys(map(_pair, rows)))
    rows.sort(key=lambda row: (pairs.index(_pair(row)), row["level"] != "any"))
    blocks = [
        Block([_comparison_cells(row) for row in of_pair], heading)
        for heading, of_pair in groupby(rows, _pair)
    ]
    title = wording.ESTIMAND_TITLES[estimand]
    interval = wording.interval_title(results.confidence)
    columns = [
        Column("Topic", "text"), Column("Percentage points"), Column(interval),
        Column("Ratio"), Column(interval), Column("Ratio"), Column(interval),
        Column("Ratio"), Column(interval), Column("Fisher p"),
    ]  # fmt: skip
    table = Table(
        number=Number.COMPARISONS,
        caption=caption(results, f"{title}: difference to the reference group, adjudicated"),
        columns=columns,
        blocks=blocks,
        spans=(
            ("", 1),
            ("Risk difference", 2),
            ("Risk ratio", 2),
            ("Odds ratio", 2),
            ("Rate ratio, first events", 2),
            ("", 1),
        ),
        notes=(
            "Fisher's exact p, two-sided, describes; it decides nothing.",
            "n.e.: not estimable, where a group has no event or no subject without one.",
        ),
        rows_are="topic",
        part=part_of(estimand),
    )
    return Panel(estimand, title, table)


def _pair(row: Row) -> str:
    return f"{row['group']} against {row['reference']}"


def _comparison_cells(row: Row) -> list[str]:
    return [
        row["term"],
        wording.signed(row["risk_difference"]),
        wording.interval(row["rd_low"], row["rd_high"]),
        wording.number(row["risk_ratio"], 2),
        wording.interval(row["rr_low"], row["rr_high"], 2),
        wording.number(row["odds_ratio"], 2),
        wording.interval(row["or_low"], row["or_high"], 2),
        wording.number(row["rate_ratio"], 2),
        wording.interval(row["rate_ratio_low"], row["rate_ratio_high"], 2),
        wording.p_value(row["fisher_p"]),
    ]


def _term(row: Row) -> str:
    return str(row["term"])
