"""Frames as Vega-Lite specifications, made with Altair. Pure: no file, no clock.

Every chart names its cut-off, its units and its denominators, tells groups apart by colour, shape
and line, and carries a `description`. A parameter `estimand` chooses the events shown; the page
sets it. Texts of the data stand in the data set only, never in an expression.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import altair as alt
import polars as pl

from safetymon.domain import ESTIMANDS
from safetymon.report import marks, wording
from safetymon.report.marks import Looks, Spec
from safetymon.report.term_tables import most_frequent

MOST_TERMS = 20
"""Preferred terms drawn; the rest stand in the table."""
# Which events, in lower case: an expression of our own words, in which no text of the data stands.
KIND = f"lower({json.dumps(wording.ESTIMAND_TITLES)}[estimand])"
TERM = ["estimand", "term"]
DOT_TIPS = ("term", "label", "counts", "percent", "interval", "events")
DIFFERENCE_TIPS = ("term", "label", "difference", "interval")
COUNTED = "treatment-emergent; n/N: subjects, of those at risk"
AT_RISK = "treatment-emergent; N: subjects at risk"
STEP_TIPS = ("label", "day", "subjects")


@dataclass(frozen=True, slots=True)
class Words:
    """What stands around a chart: title, unit and denominator, height of a line, description.

    `interval` is what an interval is called: its level is the study's.
    """

    title: str
    counted: str
    line: int
    description: str
    cutoff: date
    interval: str


def topic_dots(
    incidence: pl.DataFrame, groups: pl.DataFrame, cutoff: date, confidence: float
) -> Spec:
    """Percent of subjects with its interval, by topic (adjudicated) and group."""
    kept = incidence.filter(pl.col("level") == "topic", pl.col("adjudicated"))
    title = wording.interval_title(confidence)
    description = f"Topics: percent of subjects with an event, with its {title}, by group"
    words = Words("Topics: subjects with an event", COUNTED, 17, description, cutoff, title)
    return _dots(_ranked_as_given(kept), groups, words)


def term_dots(
    incidence: pl.DataFrame, groups: pl.DataFrame, cutoff: date, confidence: float
) -> Spec | None:
    """Percent of subjects with its interval, the most frequent preferred terms, by group.

    "Most frequent" by the highest percentage in any group, for each estimand of its own. None:
    nobody had an event.
    """
    terms = incidence.filter(pl.col("level") == "pt", pl.col("subjects").max().over(*TERM) > 0)
    if terms.is_empty():
        return None
    ranks = _ranks(terms)
    rows = terms.join(ranks, on=TERM, maintain_order="left")
    title = wording.interval_title(confidence)
    description = (
        f"The {MOST_TERMS} most frequent preferred terms: percent of subjects with an event, "
        f"with its {title}, by group"
    )
    words = Words("Most frequent preferred terms", COUNTED, 12, description, cutoff, title)
    return _dots(rows, groups, words)


def _ranks(terms: pl.DataFrame) -> pl.DataFrame:
    """estimand, term, rank (0 first) of the most frequent terms of each estimand."""
    parts = {name[0]: part.rows(named=True) for name, part in terms.group_by("estimand")}
    ranked = [
        (estimand, term, rank)
        for estimand, rows in parts.items()
        for rank, term in enumerate(most_frequent(rows)[:MOST_TERMS])
    ]
    return pl.DataFrame(ranked, schema=[*TERM, "rank"], orient="row")


def difference_dots(
    comparisons: pl.DataFrame, groups: pl.DataFrame, cutoff: date, confidence: float
) -> Spec | None:
    """Risk difference with its interval, by topic (adjudicated) and pair of groups; None: no pair.

    A pair keeps the colour and shape of its group.
    """
    kept = comparisons.filter(pl.col("level") == "topic", pl.col("adjudicated"))
    pairs = kept.select("group", "reference").unique(maintain_order=True).rows()
    if not pairs:
        return None
    sizes = dict(groups.select("group", "subjects").rows())
    labels = {(one, other): _pair(one, other, sizes) for one, other in pairs}
    looks = Looks(list(labels.values()), [list(sizes).index(group) for group, _ in pairs])
    title = wording.interval_title(confidence)
    layers = [
        marks.interval("Percentage points"),
        marks.estimate(looks, DIFFERENCE_TIPS, interval=title),
        marks.beside("shown"),
    ]
    ranked = _ranked_as_given(kept).rows(named=True)
    rows = [_difference(row, labels[row["group"], row["reference"]]) for row in ranked]
    description = f"Topics: difference in percent of subjects to the reference group, with {title}"
    words = Words("Topics: risk difference", AT_RISK, 22, description, cutoff, title)
    return _banded(rows, [marks.zero(), _over_bands(layers, looks)], words)


def calendar_steps(calendar: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> list[Spec]:
    """One chart a topic: subjects with a first event so far, by calendar date and group."""
    names = groups["group"].to_list()
    return [
        _steps(str(topic), _parts(rows, names), cutoff)
        for (topic,), rows in calendar.group_by("term", maintain_order=True)
    ]


def _ranked_as_given(rows: pl.DataFrame) -> pl.DataFrame:
    terms = rows.select(pl.col("term").unique(maintain_order=True)).with_row_index("rank")
    return rows.join(terms, on="term", maintain_order="left")


def _dots(frame: pl.DataFrame, groups: pl.DataFrame, words: Words) -> Spec:
    labels = {name: f"{name} (N = {n:,})" for name, n in groups.select("group", "subjects").rows()}
    looks = Looks(list(labels.values()), range(len(labels)))
    axis = "Percent of subjects at risk"
    points = marks.estimate(looks, DOT_TIPS, interval=words.interval)
    layers = [marks.interval(axis), points, marks.beside("counts")]
    rows = [_dot(row, labels[row["group"]]) for row in frame.rows(named=True)]
    return _banded(rows, [_over_bands(layers, looks)], words)


def _dot(row: wording.Row, label: str) -> Spec:
    low, high = row["ci_low"], row["ci_high"]
    return {
        "estimand": row["estimand"],
        "term": row["term"],
        "rank": row["rank"],
        "label": label,
        "value": _short(row["percent"]),
        "low": _short(low),
        "high": _short(high),
        "counts": f"{row['subjects']:,}/{row['at_risk']:,}",
        "percent": wording.percent(row["subjects"], row["at_risk"]),
        "interval": wording.interval(low, high),
        "events": f"{row['events']:,}",
    }


def _difference(row: wording.Row, label: str) -> Spec:
    low, high = row["rd_low"], row["rd_high"]
    shown = wording.signed(row["risk_difference"])
    return {
        "estimand": row["estimand"],
        "term": row["term"],
        "rank": row["rank"],
        "label": label,
        "value": _short(row["risk_difference"]),
        "low": _short(low),
        "high": _short(high),
        "shown": shown,
        "difference": f"{shown} percentage points",
        "interval": wording.interval(low, high),
    }


def _pair(group: str, reference: str, sizes: dict[str, int]) -> str:
    return f"{group} minus {reference} (N = {sizes[group]:,} and {sizes[reference]:,})"


def _over_bands(layers: list[alt.UnitSpec], looks: Looks) -> alt.LayerSpec:
    return marks.layer(layers, y=marks.bands(), yOffset=looks.offset(), color=looks.colour())


def _banded(rows: list[Spec], layers: Sequence[alt.UnitSpec | alt.LayerSpec], words: Words) -> Spec:
    """A chart of bands: the estimand is chosen, and the height follows the number of terms."""
    day = wording.day(words.cutoff)
    title = alt.TitleParams(
        text=alt.ExprRef(f"{json.dumps(words.title)} + ' · ' + {KIND}"),
        subtitle=[words.counted, f"data up to {day}"],
    )
    spec = marks.chart(rows, list(layers), title, f"{words.description}; data up to {day}")
    spec["height"] = {"step": words.line, "for": "offset"}
    spec["transform"] = [{"filter": "datum.estimand === estimand"}]
    spec["params"] = [{"name": "estimand", "value": ESTIMANDS[0]}]
    return spec


def _parts(rows: pl.DataFrame, names: list[str]) -> list[pl.DataFrame]:
    parts = rows.sort("date").partition_by("group", as_dict=True)
    return [parts[(name,)] for name in names if (name,) in parts]


def _steps(topic: str, parts: list[pl.DataFrame], cutoff: date) -> Spec:
    looks = Looks([_so_far(part) for part in parts], range(len(parts)))
    rows = [row for place, part in enumerate(parts) for row in _step_rows(part, place)]
    lines = [marks.steps(place) for place in range(len(parts))]
    layers = [*lines, marks.step_tips(STEP_TIPS), marks.last_point(looks)]
    axes = marks.layer(
        layers,
        x=marks.calendar_axis("Calendar date"),
        y=marks.count_axis("Subjects", max(row["n"] for row in rows)),
        color=looks.colour(),
    )
    day = wording.day(cutoff)
    description = f"{topic}: subjects with a first event so far, by group; data up to {day}"
    title = alt.TitleParams(
        text=topic,
        subtitle=["subjects with an event so far, of those treated", f"data up to {day}"],
    )
    return marks.chart(rows, [axes], title, description) | {"height": 150}


def _so_far(part: pl.DataFrame) -> str:
    name, subjects, at_risk = part.select("group", "subjects", "at_risk").row(-1)
    return f"{name}: {subjects:,} of {at_risk:,}"


def _step_rows(part: pl.DataFrame, place: int) -> list[Spec]:
    """The rows at which the line steps, the first and the last: the others draw nothing."""
    rows = part.select("date", "subjects", "at_risk").rows()
    label, last = _so_far(part), len(rows) - 1
    return [
        {
            "date": when.isoformat(),
            "day": wording.day(when),
            "place": place,
            "label": label,
            "n": subjects,
            "subjects": f"{subjects:,} of {at_risk:,}",
            "last": step == last,
        }
        for step, (when, subjects, at_risk) in enumerate(rows)
        if step in (0, last) or subjects != rows[step - 1][1]
    ]


def _short(value: float | None) -> float | None:
    """Enough digits to draw: a pixel is wider than a thousandth of a percent."""
    return None if value is None else round(value, 3)
