"""Incidence by group beside its difference to the reference, as dot plots. Pure: no file, no clock.

Every chart names its cut-off, its units and its denominators, tells groups apart by colour, shape
and line, and carries a `description`. The page sets a parameter `estimand`, the events shown, and
a parameter `chosen`, the term a reader has chosen. Texts of the data stand in data sets only,
never in an expression. Percent beside difference: Amit, Heiberger, Lane 2008.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

import altair as alt
import polars as pl

from safetymon.domain import ESTIMANDS
from safetymon.report import marks, wording
from safetymon.report.marks import Looks, Spec
from safetymon.report.term_tables import most_frequent
from safetymon.report.wording import Row

MOST_TERMS = 20
"""Preferred terms drawn; the rest stand in the table."""
# Which events, in lower case: an expression of our own words, in which no text of the data stands.
KIND = f"lower({json.dumps(wording.ESTIMAND_TITLES)}[estimand])"
DOT_TIPS = ("term", "label", "counts", "percent", "interval", "events")
DIFFERENCE_TIPS = ("term", "label", "reference", "shown", "interval")
COUNTED = "treatment-emergent; n/N: subjects, of those at risk"
PERCENT, POINTS = "Percent of subjects at risk", "Difference to reference, percentage points"
DOT_COLUMNS = (
    "term", "estimand", "group", "subjects", "at_risk", "percent", "ci_low", "ci_high", "events",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "term",
    "estimand",
    "group",
    "reference",
    "risk_difference",
    "rd_low",
    "rd_high",
)
KEYS = ("estimand", "label")
BY_EVIDENCE = "by the lower bound of the difference, the highest first"


class Words(NamedTuple):
    """What stands around a chart: title, height of a line, description; and its parts' words.

    `interval` is what an interval is called: its level is the study's.
    """

    title: str
    line: int
    description: str
    cutoff: date
    interval: str


def topic_dots(
    incidence: pl.DataFrame,
    comparisons: pl.DataFrame,
    groups: pl.DataFrame,
    cutoff: date,
    confidence: float,
) -> Spec:
    """Percent of subjects by topic (adjudicated) and group, and the difference to the reference.

    By evidence where there is a reference, else as the study names them.
    """
    counted = _rows(incidence.filter(level="topic", adjudicated=True), DOT_COLUMNS)
    compared = _rows(comparisons.filter(level="topic", adjudicated=True), DIFFERENCE_COLUMNS)
    ranks = _ranks(counted, compared, most=None)
    words = _words("Topics: subjects with an event", "Topics", 17, cutoff, confidence)
    return _dots(counted, compared, ranks, groups, words)


def term_dots(
    incidence: pl.DataFrame,
    comparisons: pl.DataFrame,
    groups: pl.DataFrame,
    cutoff: date,
    confidence: float,
) -> Spec | None:
    """The same for preferred terms: those with most evidence, or without a reference most frequent.

    `MOST_TERMS` for each estimand of its own. None: nobody had an event.
    """
    had = pl.col("subjects").max().over("estimand", "term") > 0
    counted = _rows(incidence.filter(pl.col("level") == "pt", had), DOT_COLUMNS)
    if not counted:
        return None
    compared = _rows(comparisons.filter(level="pt"), DIFFERENCE_COLUMNS)
    ranks = _ranks(counted, compared, most=MOST_TERMS)
    chosen = "with the most evidence" if compared else "most frequent"
    head = f"The {MOST_TERMS} preferred terms {chosen}"
    return _dots(counted, compared, ranks, groups, _words(head, head, 12, cutoff, confidence))


def _words(title: str, about: str, line: int, cutoff: date, confidence: float) -> Words:
    interval = wording.interval_title(confidence)
    description = f"{about}: percent of subjects with an event, with its {interval}, by group"
    return Words(title, line, description, cutoff, interval)


def _rows(frame: pl.DataFrame, columns: Sequence[str]) -> list[Row]:
    return frame.select(columns).rows(named=True)


def _ranks(counted: list[Row], compared: list[Row], most: int | None) -> dict[tuple[str, str], int]:
    """(estimand, term) -> place from the top, those drawn only. `most` None: all, as they come.

    By evidence: the highest lower bound of the risk difference in any pair of groups, so that a
    certain excess stands above a large but uncertain one; among equals the more frequent.
    """
    certain: dict[tuple[str, str], float] = {}
    for row in compared:
        cell = row["estimand"], row["term"]
        low = -100.0 if row["rd_low"] is None else row["rd_low"]
        certain[cell] = max(certain.get(cell, -100.0), low)
    ranks: dict[tuple[str, str], int] = {}
    for estimand, rows in groupby(sorted(counted, key=_estimand), key=_estimand):
        order = _order(rows, as_given=most is None)
        order.sort(key=lambda term: -certain.get((estimand, term), 0.0))
        ranks |= {(estimand, term): rank for rank, term in enumerate(order[:most])}
    return ranks


def _order(rows: Iterable[Row], *, as_given: bool) -> list[str]:
    return list(dict.fromkeys(row["term"] for row in rows)) if as_given else most_frequent(rows)


def _estimand(row: Row) -> str:
    return str(row["estimand"])


def _dots(
    counted: list[Row],
    compared: list[Row],
    ranks: dict[tuple[str, str], int],
    groups: pl.DataFrame,
    words: Words,
) -> Spec:
    sizes = dict(groups.select("group", "subjects").rows())
    labels = {name: f"{name} (N = {n:,})" for name, n in sizes.items()}
    looks = Looks(list(labels.values()), range(len(labels)))
    dots = [_dot(row, labels, ranks) for row in counted if _cell(row) in ranks]
    left = [
        marks.interval(PERCENT),
        marks.estimate(looks, DOT_TIPS, interval=words.interval),
        marks.beside("counts"),
    ]
    if not compared:
        return _alone(dots, [_over_bands(left, looks)], words)
    right = [
        marks.interval(POINTS),
        marks.estimate(looks, DIFFERENCE_TIPS, interval=words.interval, shown="Percentage points"),
        marks.beside("shown"),
    ]
    differences = [_difference(row, labels, ranks) for row in compared if _cell(row) in ranks]
    panels = [
        marks.panel("rows", [_over_bands(left, looks)]) | _of(dots),
        marks.panel("differences", [marks.zero(), _over_bands(right, looks, labelled=False)])
        | _of(differences),
    ]
    spec = marks.pair(
        {"rows": marks.packed(dots, KEYS), "differences": marks.packed(differences, KEYS)},
        [panel | _height(words) for panel in panels],
        _title(words, f"{COUNTED}; {BY_EVIDENCE}"),
        f"{words.description}, beside the difference to the reference group, {BY_EVIDENCE}; "
        f"data up to {wording.day(words.cutoff)}",
    )
    return spec | {"params": marks.parameters(ESTIMANDS[0])}


def _of(rows: list[Spec]) -> Spec:
    return {"transform": marks.unpacking(rows, KEYS)}


def _alone(dots: list[Spec], layers: list[alt.LayerSpec], words: Words) -> Spec:
    description = f"{words.description}; data up to {wording.day(words.cutoff)}"
    rows = marks.packed(dots, KEYS)
    spec = marks.chart(rows, list(layers), _title(words, COUNTED), description)
    return spec | _height(words) | _of(dots) | {"params": marks.parameters(ESTIMANDS[0])}


def _height(words: Words) -> Spec:
    """The height follows the number of terms."""
    return {"height": {"step": words.line, "for": "offset"}}


def _title(words: Words, counted: str) -> alt.TitleParams:
    return alt.TitleParams(
        text=alt.ExprRef(f"{json.dumps(words.title)} + ' · ' + {KIND}"),
        subtitle=[counted, f"data up to {wording.day(words.cutoff)}"],
    )


def _over_bands(
    layers: list[alt.UnitSpec], looks: Looks, *, labelled: bool = True
) -> alt.LayerSpec:
    return marks.layer(
        layers,
        y=marks.bands(labelled=labelled),
        yOffset=looks.offset(),
        color=looks.colour(),
        opacity=marks.when_chosen(),
    )


def _cell(row: Row) -> tuple[str, str]:
    return row["estimand"], row["term"]


def _dot(row: Row, labels: dict[str, str], ranks: dict[tuple[str, str], int]) -> Spec:
    low, high = row["ci_low"], row["ci_high"]
    return {
        "estimand": row["estimand"],
        "term": row["term"],
        "rank": ranks[_cell(row)],
        "label": labels[row["group"]],
        "value": _short(row["percent"]),
        "low": _short(low),
        "high": _short(high),
        "counts": f"{row['subjects']:,}/{row['at_risk']:,}",
        "percent": wording.percent(row["subjects"], row["at_risk"]),
        "interval": wording.interval(low, high),
        "events": f"{row['events']:,}",
    }


def _difference(row: Row, labels: dict[str, str], ranks: dict[tuple[str, str], int]) -> Spec:
    low, high = row["rd_low"], row["rd_high"]
    shown = wording.signed(row["risk_difference"])
    return {
        "estimand": row["estimand"],
        "term": row["term"],
        "rank": ranks[_cell(row)],
        "label": labels[row["group"]],
        "reference": row["reference"],
        "value": _short(row["risk_difference"]),
        "low": _short(low),
        "high": _short(high),
        "shown": shown,
        "interval": wording.interval(low, high),
    }


def _short(value: float | None) -> float | None:
    """Enough digits to draw: half a pixel is wider than a hundredth of a percent."""
    return None if value is None else round(value, 2)
