"""Every system organ class and preferred term as tables, the most frequent first. Pure."""

from collections.abc import Iterable

import polars as pl

from safetymon.domain import ESTIMANDS, Estimand, Level, Results
from safetymon.report import wording
from safetymon.report.table import Block, Column, Panel, Table, caption
from safetymon.report.wording import Row

MOST_ROWS = 300
"""Terms a table shows, the most frequent; a longer list is in the CSV, and the table says so."""
LEVEL_TITLES = {"soc": "system organ classes", "pt": "preferred terms"}
LEVEL_HEADS = {"soc": "System organ class", "pt": "Preferred term"}


def terms(results: Results, level: Level) -> list[Panel]:
    """Table 4 (level soc) and Table 5 (level pt): terms with an event, by group and estimand."""
    chosen = results.incidence.filter(pl.col("level") == level)
    against = results.comparisons.filter(pl.col("level") == level)
    return [_term_panel(results, chosen, against, level, estimand) for estimand in ESTIMANDS]


def _term_panel(
    results: Results, chosen: pl.DataFrame, against: pl.DataFrame, level: Level, estimand: Estimand
) -> Panel:
    names = results.groups["group"].to_list()
    pairs = against.select("group", "reference").unique(maintain_order=True).rows()
    counted = chosen.filter(pl.col("estimand") == estimand)
    by_term = _ranked(counted)
    shown = [term for term, _ in by_term[:MOST_ROWS]]
    kept = against.filter(pl.col("estimand") == estimand, pl.col("term").is_in(shown))
    compared = {(r["term"], r["group"], r["reference"]): r for r in kept.rows(named=True)}
    rows = [
        [term, *_group_cells(counts, names), *_pair_cells(term, pairs, compared)]
        for term, counts in by_term[:MOST_ROWS]
    ]
    title = wording.ESTIMAND_TITLES[estimand]
    table = Table(
        number=4 if level == "soc" else 5,
        caption=caption(results, f"{title}: {LEVEL_TITLES[level]}, by group"),
        columns=_term_columns(
            level, len(names), len(pairs), wording.interval_title(results.confidence)
        ),
        blocks=[Block(rows)],
        spans=_term_spans(results.groups, pairs),
        notes=_left_out(counted["term"].n_unique(), len(by_term), title.lower()),
    )
    return Panel(estimand, title, table)


def most_frequent(terms: pl.DataFrame) -> pl.DataFrame:
    """estimand, term, rank (0 first): by the highest percentage in any group, then by events.

    Not by one group alone: a term that only the others had must not sink to the bottom.
    """
    highest = pl.col("percent").fill_null(0).max()
    return (
        terms.group_by("estimand", "term")
        .agg(highest.alias("percent"), pl.col("events").max())
        .sort("estimand", -pl.col("percent"), -pl.col("events"), "term")
        .select("estimand", "term", pl.int_range(pl.len()).over("estimand").alias("rank"))
    )


def _ranked(counted: pl.DataFrame) -> list[tuple[str, dict[str, Row]]]:
    """(term, rows by group) of the terms that anybody had, the most frequent first."""
    had = counted.filter(pl.col("subjects").max().over("term") > 0)
    by_term: dict[str, dict[str, Row]] = {term: {} for term in most_frequent(had)["term"]}
    columns = ["term", "group", "subjects", "at_risk", "events"]
    for row in had.select(columns).iter_rows(named=True):
        by_term[row["term"]][row["group"]] = row
    return list(by_term.items())


def _group_cells(counts: dict[str, Row], names: list[str]) -> list[str]:
    return [
        text
        for row in (counts[name] for name in names)
        for text in (
            f"{row['subjects']:,} ({wording.percent(row['subjects'], row['at_risk'])})",
            f"{row['events']:,}",
        )
    ]


def _pair_cells(
    term: str, pairs: Iterable[tuple[str, str]], compared: dict[tuple[str, str, str], Row]
) -> list[str]:
    return [
        text
        for group, reference in pairs
        for row in (compared[term, group, reference],)
        for text in (
            wording.signed(row["risk_difference"]),
            wording.interval(row["rd_low"], row["rd_high"]),
            wording.p_value(row["fisher_p"]),
        )
    ]


def _term_columns(level: Level, groups: int, pairs: int, interval: str) -> list[Column]:
    return [
        Column(LEVEL_HEADS[level], "text"),
        *[Column("Subjects (%)"), Column("Events")] * groups,
        *[Column("Difference"), Column(interval), Column("Fisher p")] * pairs,
    ]


def _term_spans(
    groups: pl.DataFrame, pairs: Iterable[tuple[str, str]]
) -> tuple[tuple[str, int], ...]:
    heads = [
        (f"{name}, N\u00a0=\u00a0{n:,}", 2) for name, n in groups.select("group", "subjects").rows()
    ]
    return (
        ("", 1), *heads, *((f"{group} minus {reference}, points", 3) for group, reference in pairs)
    )  # fmt: skip


def _left_out(all_terms: int, with_event: int, events: str) -> tuple[str, ...]:
    zero, rest = all_terms - with_event, max(with_event - MOST_ROWS, 0)
    if not with_event:
        return (f"No {events} in any group.",)
    notes = []
    if rest:
        notes.append(
            f"The {MOST_ROWS:,} most frequent are shown; {rest:,} more are in tables/incidence.csv."
        )
    if zero:
        notes.append(
            f"{wording.plural(zero, 'term')} without {events} in any group: "
            "zeros, with their intervals, are in tables/incidence.csv."
        )
    return tuple(notes)
