"""Every system organ class and preferred term as tables, the most frequent first. Pure."""

from collections.abc import Iterable

import polars as pl

from safetymon.domain import ESTIMANDS, Estimand, Level, Results
from safetymon.report import wording
from safetymon.report.table import Block, Column, Number, Panel, Table, caption, part_of
from safetymon.report.wording import Row

Rows = list[Row]

MOST_ROWS = 300
"""Terms a table shows, the most frequent; a longer list is in the CSV, and the table says so."""
LEVEL_TITLES = {"soc": "system organ classes", "pt": "preferred terms"}
COUNTED = ("term", "group", "subjects", "at_risk", "percent", "events")
COMPARED = ("term", "group", "reference", "risk_difference", "rd_low", "rd_high", "fisher_p")
LEVEL_HEADS = {"soc": "System organ class", "pt": "Preferred term"}


def terms(results: Results, level: Level) -> list[Panel]:
    """Terms of a level with an event, by group and estimand."""
    counted = _by_estimand(results.incidence, level, COUNTED)
    compared = _by_estimand(results.comparisons, level, COMPARED)
    return [
        _term_panel(results, counted[estimand], compared[estimand], level, estimand)
        for estimand in ESTIMANDS
    ]


def _by_estimand(frame: pl.DataFrame, level: Level, columns: tuple[str, ...]) -> dict[str, Rows]:
    """The rows of a level, plain: a few thousand cells are read quicker without a frame."""
    chosen = frame.filter(pl.col("level") == level).select("estimand", *columns)
    parts: dict[str, Rows] = {estimand: [] for estimand in ESTIMANDS}
    for row in chosen.iter_rows(named=True):
        parts[row["estimand"]].append(row)
    return parts


def _term_panel(
    results: Results, counted: Rows, against: Rows, level: Level, estimand: Estimand
) -> Panel:
    names = results.groups["group"].to_list()
    pairs = list(dict.fromkeys((row["group"], row["reference"]) for row in against))
    by_term = _ranked(counted)
    compared = {(r["term"], r["group"], r["reference"]): r for r in against}
    rows = [
        [term, *_group_cells(counts, names), *_pair_cells(term, pairs, compared)]
        for term, counts in by_term[:MOST_ROWS]
    ]
    title = wording.ESTIMAND_TITLES[estimand]
    table = Table(
        number=Number.SOCS if level == "soc" else Number.PTS,
        caption=caption(results, f"{title}: {LEVEL_TITLES[level]}, by group"),
        columns=_term_columns(
            level, len(names), len(pairs), wording.interval_title(results.confidence)
        ),
        blocks=[Block(rows)],
        spans=_term_spans(results.groups, pairs),
        notes=_left_out(len({row["term"] for row in counted}), len(by_term), title.lower()),
        rows_are="soc" if level == "soc" else "pt",
        part=part_of(estimand),
    )
    return Panel(estimand, title, table)


def most_frequent(rows: Iterable[Row]) -> list[str]:
    """The terms of one estimand, by the highest percentage in any group, then by events.

    Not by one group alone: a term that only the others had must not sink to the bottom.
    """
    highest: dict[str, tuple[float, int]] = {}
    for row in rows:
        percent, events = highest.get(row["term"], (0.0, 0))
        highest[row["term"]] = max(percent, row["percent"] or 0.0), max(events, row["events"])
    return sorted(highest, key=lambda term: (-highest[term][0], -highest[term][1], term))


def _ranked(counted: Rows) -> list[tuple[str, dict[str, Row]]]:
    """(term, rows by group) of the terms that anybody had, the most frequent first."""
    had = {row["term"] for row in counted if row["subjects"] > 0}
    kept = [row for row in counted if row["term"] in had]
    by_term: dict[str, dict[str, Row]] = {term: {} for term in most_frequent(kept)}
    for row in kept:
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
