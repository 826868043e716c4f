"""What happened when: cumulative incidence and mean cumulative events by time at risk. Pure.

The charts of all terms differ in their data and title alone, so one specification, which is what
costs time, is made for a kind of curve and filled for each term. As in `charts`, texts of the data
stand in data sets and titles only, never in an expression.
"""

from datetime import date
from typing import Final, Literal, NamedTuple

import altair as alt
import polars as pl

from safetymon.curves import days_told
from safetymon.domain import ESTIMANDS
from safetymon.report import marks, wording
from safetymon.report.charts import KIND
from safetymon.report.marks import Looks, Spec

HEIGHT: Final = 170
LINE: Final = 15
"""Height of a line of the numbers at risk."""
BELOW: Final = HEIGHT + 66
"""Where those lines begin: below the axis, its title and their own."""
DAYS: Final = "Days at risk since the first dose in the group"
ARRAYS: Final = ("x", "v", "lo", "hi", "n", "e", "told")


class Kind(NamedTuple):
    """How a kind of curve is told: title, axis, its events, its numbers at risk, its digits."""

    title: str
    axis: str
    events: str
    below: str
    digits: int


KINDS: Final = {
    "incidence": Kind(
        "first event", "Percent of subjects with an event", "Subjects with an event",
        "Subjects without an event so far", 1,
    ),
    "mean": Kind(
        "mean cumulative events", "Events a subject", "Events", "Subjects under observation", 2,
    ),
}  # fmt: skip


class Course(NamedTuple):
    """A chart of one term and kind."""

    term: str
    kind: str
    spec: Spec


def courses(
    curves: pl.DataFrame, groups: pl.DataFrame, cutoff: date, confidence: float
) -> list[Course]:
    """Two charts a term, incidence and mean, in the order of the terms; none without a subject."""
    if curves.is_empty():
        return []
    labels = {name: f"{name} (N = {n:,})" for name, n in groups.select("group", "subjects").rows()}
    longest: int = curves["day"].max()  # type: ignore[assignment]  # a column of whole numbers
    ticks = [int(day) for day in days_told(longest)]
    interval = wording.interval_title(confidence)
    forms = {kind: _form(told, list(labels.values()), ticks, interval)
             for kind, told in KINDS.items()}  # fmt: skip
    return [
        Course(term, kind, forms[kind] | _filling(term, KINDS[kind], rows, cutoff))
        for (term, kind), rows in _by_term(curves, labels, set(ticks)).items()
    ]


def _by_term(
    curves: pl.DataFrame, labels: dict[str, str], ticks: set[int]
) -> dict[tuple[str, str], list[Spec]]:
    """(term, kind) -> one row an estimand and group, its days as arrays: a third of the size."""
    places = {name: place for place, name in enumerate(labels)}
    rows: dict[tuple[str, str], list[Spec]] = {}
    numbers = [_digits(name) for name in ("value", "low", "high")]
    arrays = [pl.col("day"), *numbers, pl.col("at_risk", "events")]
    grouped = curves.group_by("term", "kind", "estimand", "group", maintain_order=True)
    for term, kind, estimand, group, *columns in grouped.agg(arrays).rows():
        keys = {"estimand": estimand, "place": places[group], "label": labels[group]}
        told = [int(day in ticks) for day in columns[0]]
        filled = dict(zip(ARRAYS, (*columns, told), strict=True))
        rows.setdefault((term, kind), []).append(keys | filled)
    return rows


def _digits(column: str) -> pl.Expr:
    """Enough to draw, and as many as a tooltip tells."""
    percent = pl.col("kind") == "incidence"
    rounded = {kind: pl.col(column).round(told.digits) for kind, told in KINDS.items()}
    return pl.when(percent).then(rounded["incidence"]).otherwise(rounded["mean"]).alias(column)


def _filling(term: str, told: Kind, rows: list[Spec], cutoff: date) -> Spec:
    about, day = f"{term}: {told.title}", wording.day(cutoff)
    return {
        "title": {"text": about, "subtitle": [f"data up to {day}"]},
        "description": f"{about}, by days at risk and group; data up to {day}",
        "datasets": {"rows": rows},
    }


def _form(told: Kind, labels: list[str], ticks: list[int], interval: str) -> Spec:
    """The chart of a kind, whatever the term: lines, intervals, numbers at risk below."""
    looks = Looks(labels, range(len(labels)))
    axis = alt.Axis(values=ticks, grid=False)
    x = alt.X(field="x", type="quantitative", title=DAYS, axis=axis)
    y = alt.Y(
        field="v", type="quantitative", title=told.axis, axis=alt.Axis(tickCount=4),
        scale=alt.Scale(domainMin=0),
    )  # fmt: skip
    layers = [
        _band(), marks.steps(looks), _tips(told, interval), _which(), _below_title(told.below),
        _at_risk(), _shapes(looks),
    ]  # fmt: skip
    spec = marks.chart(
        [], [marks.layer(layers, x=x, y=y, color=looks.colour())], alt.TitleParams(text=""), ""
    )
    transform = [{"filter": "datum.estimand === estimand"}, {"flatten": list(ARRAYS)}]
    params = marks.parameters(ESTIMANDS[0])
    return spec | {"height": HEIGHT, "transform": transform, "params": params}


def _band() -> alt.UnitSpec:
    """The pointwise interval, level until the next day that is told."""
    y = alt.Y(field="lo", type="quantitative")
    return alt.UnitSpec(
        mark=alt.MarkDef(type="area", interpolate="step-after", opacity=0.12),
        encoding=alt.Encoding(y=y, y2=alt.Y2(field="hi")),
    )


def _tips(told: Kind, interval: str) -> alt.UnitSpec:
    digits = f".{told.digits}f"
    tips = [
        alt.Tooltip(field="label", type="nominal", title="Group"),
        alt.Tooltip(field="x", type="quantitative", title="Day"),
        alt.Tooltip(field="e", type="quantitative", title=told.events),
        alt.Tooltip(field="v", type="quantitative", title=told.axis, format=digits),
        alt.Tooltip(field="lo", type="quantitative", title=f"{interval}, from", format=digits),
        alt.Tooltip(field="hi", type="quantitative", title=f"{interval}, to", format=digits),
        alt.Tooltip(field="n", type="quantitative", title=told.below),
    ]
    mark = alt.MarkDef(type="point", filled=True, size=60, opacity=0)
    return alt.UnitSpec(mark=mark, encoding=alt.Encoding(tooltip=tips))


def _which() -> alt.UnitSpec:
    """Which events are shown, in the corner where no curve begins."""
    return _text(4, 6, alt.ExprRef(KIND), baseline="top")


def _below_title(words: str) -> alt.UnitSpec:
    return _text(0, BELOW - LINE + 2, words, baseline="middle")


def _text(
    x: int, y: int, words: str | alt.ExprRef, baseline: Literal["top", "middle"]
) -> alt.UnitSpec:
    """Words of our own at a place counted in pixels."""
    return alt.UnitSpec(
        data=alt.InlineData(values=[{}]),
        mark=alt.MarkDef(type="text", align="left", baseline=baseline, fontSize=10.5),
        encoding=alt.Encoding(
            x=alt.value(x), y=alt.value(y), text=alt.TextValue(words),
            color=alt.ColorValue(marks.NEUTRAL),
        ),
    )  # fmt: skip


# A line of numbers at risk a group.
LANE: Final = alt.value(alt.ExprRef(f"{BELOW} + {LINE} * datum.place"))


def _at_risk() -> alt.UnitSpec:
    return alt.UnitSpec(
        mark=alt.MarkDef(type="text", baseline="middle", fontSize=10.5),
        encoding=alt.Encoding(y=LANE, text=alt.Text(field="n", type="quantitative", format=",")),
        transform=[alt.FilterTransform("datum.told")],
    )


def _shapes(looks: Looks) -> alt.UnitSpec:
    """The shape of the group before its numbers at risk."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="point", filled=True, size=50, opacity=1),
        encoding=alt.Encoding(x=alt.value(-22), y=LANE, shape=looks.shape()),
        transform=[alt.FilterTransform("datum.x === 0")],
    )
