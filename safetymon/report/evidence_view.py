"""What the page says of each rule that weighs evidence: sentence, facts, chart, table. Pure.

A card is a rule's path; a strip is the same rule under other backgrounds. Both come in one order,
and a page draws no more than `MOST_CARDS` of each. A rule's place in that order is the part of its
tables, so that the tables of one rule have the same.
"""

from typing import NamedTuple

import polars as pl

from safetymon.domain import Results
from safetymon.report import evidence_charts, evidence_tables, sentences, signal_tables, wording
from safetymon.report.marks import Spec
from safetymon.report.table import Table
from safetymon.report.wording import Row

MOST_CARDS = 24
"""Rules drawn; the rest stands among the signals and in the CSV, and the page says so."""
MOST_AT_ONCE = 8
"""More rules than this are shown one at a time, chosen from a list."""


class Card(NamedTuple):
    """A rule's place on the page. `key` is its anchor and names its chart and table."""

    key: str
    rule: str
    verdict: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    spec: Spec
    table: Table


class Cards(NamedTuple):
    """Cards of one kind; `left_out` counts those that are not drawn."""

    shown: tuple[Card, ...]
    left_out: int

    @property
    def chosen(self) -> bool:
        """Whether a reader sees one at a time."""
        return len(self.shown) > MOST_AT_ONCE

    @property
    def anchors(self) -> dict[str, str]:
        """Rule -> its anchor."""
        return {card.rule: card.key for card in self.shown}


def paths(results: Results) -> Cards:
    """A card a rule that has a path of evidence."""
    found = _with(results, results.evidence)
    shown = [_path(results, *one, f"path-{i}") for i, one in enumerate(found[:MOST_CARDS], 1)]
    return Cards(tuple(shown), len(found) - len(shown))


def strips(results: Results) -> Cards:
    """A card a rule against a background, over other backgrounds."""
    found = _with(results, results.sensitivity)
    shown = [_strip(results, *one, f"strip-{i}") for i, one in enumerate(found[:MOST_CARDS], 1)]
    return Cards(tuple(shown), len(found) - len(shown))


def _with(results: Results, frame: pl.DataFrame) -> list[tuple[int, Row]]:
    """(part of its tables, rule) of the rules that have rows in a frame."""
    rules = set(frame["rule"].to_list())
    return [(part, row) for part, row in enumerate(_weighed(results), 1) if row["rule"] in rules]


def _weighed(results: Results) -> list[Row]:
    """The rules with a path, then those with a strip alone; each the most urgent verdict first."""
    paths, strips = (
        set(frame["rule"].to_list()) for frame in (results.evidence, results.sensitivity)
    )
    shown = [row for row in signal_tables.ranked(results.signals) if row["rule"] in paths | strips]
    return sorted(shown, key=lambda row: row["rule"] not in paths)


def _path(results: Results, part: int, row: Row, key: str) -> Card:
    path = results.evidence.filter(rule=row["rule"])
    caution = sentences.caution(row)
    return Card(
        key=key,
        rule=row["rule"],
        verdict=row["verdict"],
        sentence=f"{row['group']}: {sentences.METHODS[row['method']]}. {row['text']}",
        facts=_facts(row),
        notes=(caution,) if caution else (),
        spec=evidence_charts.path_chart(path, row["method"], results.cut.cutoff),
        table=evidence_tables.path(results, row["rule"], row["method"], part),
    )


def _facts(row: Row) -> tuple[tuple[str, str], ...]:
    looks = "" if row["looks"] is None else f" ({wording.plural(row['looks'], 'look')} in a row)"
    facts = [
        ("Since look", f"{row['since_look']}{looks}"),
        ("What moved it", row["reason"] or wording.NONE),
        ("E-value", sentences.e_value(row)),
        ("Boundary reached", signal_tables.reached(row)),
    ]
    if row["crossed_on"] is not None:
        fragile = f"yes: {sentences.FRAGILE[0].lower()}{sentences.FRAGILE[1:]}"
        facts.append(("Fragile", fragile if row["fragile"] else "no"))
    return tuple(facts)


def _strip(results: Results, part: int, row: Row, key: str) -> Card:
    strip = results.sensitivity.filter(rule=row["rule"])
    rows = strip.rows(named=True)
    path = results.evidence.filter(rule=row["rule"])
    own = evidence_tables.own_background(path, rows)
    none = "This rule has no background of its own and decides nothing."
    return Card(
        key=key,
        rule=row["rule"],
        verdict=row["verdict"],
        sentence=evidence_tables.turns(rows),
        facts=(),
        notes=(none,) if path.is_empty() else (),
        spec=evidence_charts.strip_chart(strip, own, results.cut.cutoff),
        table=evidence_tables.strip(results, row["rule"], own, part),
    )
