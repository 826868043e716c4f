"""What the charts are drawn with: axes, marks, and how groups are told apart. Pure.

Made of Altair's own schema classes, one construction each: its fluent methods copy the whole chart
at every call, thirty times the cost.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

Spec = dict[str, Any]
"""A Vega-Lite specification."""

# Okabe and Ito 2008; those that reach 3:1 on white and on near-black come first. Shapes and dashes
# have other periods than the colours, so groups differ in grey, and after the colours repeat.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4]]
NEUTRAL = "#7F7F7F"
WEEK, YEAR = 7, 366
"""Days of a calendar axis below which each day has a tick, and a tick names its day."""
TIP_TITLES = {
    "label": "Group", "counts": "Subjects", "percent": "Percent of subjects", "limit": "Boundary",
    "evalue": "E-value", "p": "Sequential p", "chance": "Chance of as many", "counted": "Count",
    "reached": "Boundary reached", "spent": "Alpha spent", "n": "So far",
    "dated": "Events with both dates", "half": "Middle half", "most": "Middle 80%",
    "severity": "Highest severity", "kind": "What",
}  # fmt: skip

unchecked = debug_mode(arg=False)
"""Decorator: Altair takes its objects as they are. It would check each against the whole schema,
0.1 s a page; the tests call the chart functions with the checks on."""


class Looks:
    """How each label of a chart looks: `places` are the groups' places in the report."""

    def __init__(self, labels: Sequence[str], places: Sequence[int]) -> None:
        self.labels = list(labels)
        self.places = list(places)

    def colour(self) -> alt.Color:
        """The legend of the groups."""
        # A legend takes a band's faintness and a line's dashes, if it is not told otherwise.
        legend = alt.Legend(symbolOpacity=1, symbolStrokeWidth=0)
        return alt.Color(**self._channel(COLOURS), legend=legend)

    def shape(self) -> alt.Shape:
        """A shape a group."""
        return alt.Shape(**self._channel(SHAPES))

    def dashes(self) -> alt.StrokeDash:
        """Dashes a group; the legend has its colour and shape."""
        return alt.StrokeDash(**self._channel(DASHES))

    def offset(self) -> alt.YOffset:
        """A line of its own for each group within a band, be it drawn there or not."""
        scale = alt.Scale(domain=self.labels)
        return alt.YOffset(field="label", type="nominal", scale=scale)

    def _channel(self, values: Sequence[Any]) -> Spec:
        chosen = [values[place % len(values)] for place in self.places]
        scale = alt.Scale(domain=self.labels, range=chosen)
        return {"field": "label", "type": "nominal", "title": None, "scale": scale}


def bands(*, labelled: bool = True) -> alt.Y:
    """A band a term, in the order of `rank`; without labels where they stand to the left."""
    return alt.Y(
        field="term",
        type="nominal",
        title=None,
        sort=alt.EncodingSortField(field="rank", op="min"),
        axis=alt.Axis(
            labels=labelled, labelLimit=170, ticks=False, domain=False, labelPadding=8, grid=False
        ),
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15),
    )


def calendar_axis(title: str, first: date, cutoff: date, ticks: int = 4) -> alt.X:
    """Dates up to the cut-off, shown as they are recorded, whatever the reader's time zone.

    No two ticks have one label: below a year they name the day, and below a week each day has one.
    """
    days = (cutoff - first).days
    count = alt.TimeIntervalStep(interval="day", step=1) if days < WEEK else ticks
    shown = "%d %b %Y" if days < YEAR else "%b %Y"
    axis = alt.Axis(format=shown, tickCount=count, grid=False, labelFlush=True)
    end = alt.DateTime(year=cutoff.year, month=cutoff.month, date=cutoff.day, utc=True)
    scale = alt.Scale(type="utc", domainMax=end)
    return alt.X(field="date", type="temporal", title=title, scale=scale, axis=axis)


def count_axis(title: str, top: float, *, exactly: bool = False) -> alt.Y:
    """Whole numbers from 0 to about `top`."""
    # As many ticks as numbers: between fewer numbers Vega puts halves, whatever tickMinStep says.
    axis = alt.Axis(tickCount=max(1, min(4, int(top))), format="d")
    scale = alt.Scale(domainMin=0, domainMax=top) if exactly else alt.Undefined
    return alt.Y(field="n", type="quantitative", title=title, axis=axis, scale=scale)


def interval(title: str) -> alt.UnitSpec:
    """The line from `low` to `high`."""
    x = alt.X(field="low", type="quantitative", title=title, axis=alt.Axis(tickCount=6))
    return alt.UnitSpec(
        mark=alt.MarkDef(type="rule", strokeWidth=1.5),
        encoding=alt.Encoding(x=x, x2=alt.X2(field="high")),
    )


def estimate(looks: Looks, tips: Sequence[str], **titles: str) -> alt.UnitSpec:
    """The point at `value`; `titles` are those of tips that do not have their usual one."""
    x = alt.X(field="value", type="quantitative")
    return alt.UnitSpec(
        mark=alt.MarkDef(type="point", filled=True, opacity=1, size=70),
        encoding=alt.Encoding(x=x, shape=looks.shape(), tooltip=tooltip(tips, **titles)),
    )


def beside(field: str) -> alt.UnitSpec:
    """A text right of `high`."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="text", align="left", dx=6, fontSize=10.5),
        encoding=alt.Encoding(
            x=alt.X(field="high", type="quantitative"),
            text=alt.Text(field=field, type="nominal"),
            color=alt.ColorValue(NEUTRAL),
        ),
    )


def zero() -> alt.UnitSpec:
    """The line of no difference."""
    return alt.UnitSpec(
        data=alt.InlineData(values=[{}]),
        mark=alt.MarkDef(type="rule", color=NEUTRAL, strokeDash=[3, 3]),
        encoding=alt.Encoding(x=alt.XDatum(0)),
    )


def steps(looks: Looks) -> alt.UnitSpec:
    """A line a group, level until the next event, in the group's dashes."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="line", interpolate="step-after", strokeWidth=2),
        encoding=alt.Encoding(strokeDash=looks.dashes()),
    )


def line(looks: Looks) -> alt.UnitSpec:
    """A line a group, straight from day to day, in the group's dashes."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="line", strokeWidth=2),
        encoding=alt.Encoding(strokeDash=looks.dashes()),
    )


def span(low: str, high: str, title: str, width: float) -> alt.UnitSpec:
    """A line across, from a field to another, of a width in pixels."""
    axis = alt.Axis(format="d", tickMinStep=1)
    x = alt.X(field=low, type="quantitative", title=title, axis=axis, scale=alt.Scale(domainMin=0))
    return alt.UnitSpec(
        mark=alt.MarkDef(type="rule", strokeWidth=width, opacity=1 if width < 3 else 0.35),
        encoding=alt.Encoding(x=x, x2=alt.X2(field=high)),
    )


def middle(field: str, looks: Looks, tips: Sequence[str]) -> alt.UnitSpec:
    """The group's shape at a field."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="point", filled=True, opacity=1, size=80),
        encoding=alt.Encoding(
            x=alt.X(field=field, type="quantitative"), shape=looks.shape(), tooltip=tooltip(tips)
        ),
    )


def step_tips(tips: Sequence[str]) -> alt.UnitSpec:
    """Unseen points on the steps, to be asked what they stand for."""
    mark = alt.MarkDef(type="point", filled=True, size=60, opacity=0)
    return alt.UnitSpec(mark=mark, encoding=alt.Encoding(tooltip=tooltip(tips)))


def last_point(looks: Looks) -> alt.UnitSpec:
    """The group's shape at the end of its line."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="point", filled=True, size=70, opacity=1),
        encoding=alt.Encoding(shape=looks.shape()),
        transform=[alt.FilterTransform("datum.last")],
    )


def level(height: float, text: str) -> alt.LayerSpec:
    """A line across the chart at a height, with a text of our own above its right end."""
    y = alt.YDatum(height)
    mark = alt.MarkDef(type="text", align="right", baseline="bottom", dy=-3)
    words = alt.Encoding(x=alt.value("width"), y=y, text=alt.TextValue(text))
    line = alt.MarkDef(type="rule", color=NEUTRAL, strokeDash=[3, 3])
    return alt.LayerSpec(
        data=alt.InlineData(values=[{}]),
        layer=[
            alt.UnitSpec(mark=line, encoding=alt.Encoding(y=y)),
            alt.UnitSpec(mark=mark, encoding=words),
        ],
    )


def thin_line() -> alt.UnitSpec:
    """The line that joins all points, whatever their label."""
    mark = alt.MarkDef(type="line", strokeWidth=1)
    return alt.UnitSpec(mark=mark, encoding=alt.Encoding(color=alt.ColorValue(NEUTRAL)))


def ring() -> alt.UnitSpec:
    """A ring around the rows that are `own`."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="point", filled=False, size=260, strokeWidth=1.5, opacity=1),
        encoding=alt.Encoding(color=alt.ColorValue(NEUTRAL)),
        transform=[alt.FilterTransform("datum.own")],
    )


def points(looks: Looks, tips: Sequence[str]) -> alt.UnitSpec:
    """A point a row, in the shape of its label."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="point", filled=True, size=60, opacity=1),
        encoding=alt.Encoding(shape=looks.shape(), tooltip=tooltip(tips)),
    )


def named() -> alt.UnitSpec:
    """The term beside each row that is `named`."""
    return alt.UnitSpec(
        mark=alt.MarkDef(type="text", align="left", dx=8, fontSize=11),
        encoding=alt.Encoding(text=alt.Text(field="term", type="nominal")),
        transform=[alt.FilterTransform("datum.named")],
    )


def tooltip(fields: Sequence[str], **titles: str) -> list[alt.Tooltip]:
    """One line a field, as text."""
    named = TIP_TITLES | titles
    return [
        alt.Tooltip(field=field, type="nominal", title=named.get(field, field.title()))
        for field in fields
    ]


CHOSEN = "chosen"
"""The parameter that holds the term or subject a reader has chosen; null: none."""


def when_chosen(field: str = "term") -> alt.OpacityValue:
    """Faint unless nothing is chosen, or this. `field` is a name of our own."""
    test = f"{CHOSEN} === null || datum.{field} === {CHOSEN}"
    return alt.OpacityValue(0.12, condition={"test": test, "value": 1})


def parameters(estimand: str | None = None) -> list[Spec]:
    """What the page sets: what is chosen and, where events are counted, which."""
    chosen = {"name": CHOSEN, "value": None}
    return [chosen] if estimand is None else [{"name": "estimand", "value": estimand}, chosen]


def packed(rows: list[Spec], by: Sequence[str]) -> list[Spec]:
    """The rows with equal keys as one row of arrays: half the bytes. `unpacking` undoes it."""
    found: dict[tuple[object, ...], Spec] = {}
    for row in rows:
        key = tuple(row[name] for name in by)
        one = found.setdefault(key, {n: row[n] if n in by else [] for n in row})
        for name in row.keys() - by:
            one[name].append(row[name])
    return list(found.values())


def unpacking(rows: list[Spec], by: Sequence[str]) -> list[Spec]:
    """The transforms that choose the events shown, then make plain rows of packed ones."""
    arrays = [name for name in rows[0] if name not in by] if rows else []
    return [{"filter": "datum.estimand === estimand"}, {"flatten": arrays}]


def pair(
    datasets: dict[str, list[Spec]],
    panels: list[Spec],
    title: alt.TitleParams,
    description: str,
) -> Spec:
    """Panels beside each other, sharing their looks; the page sets their widths."""
    made = alt.TopLevelHConcatSpec(
        hconcat=[],
        description=description,
        spacing=24,
        padding={"left": 2, "top": 2, "right": 4, "bottom": 2},
        title=title,
    )
    whole = _head() | made.to_dict(validate=False)
    return whole | {"hconcat": panels, "datasets": datasets}


def panel(name: str, layers: list[Any]) -> Spec:
    """One panel of a `pair`, of the data set `name`."""
    made = alt.LayerSpec(layer=layers, data=alt.NamedData(name=name), width=320)
    spec: Spec = made.to_dict(validate=False)
    return spec


def chart(rows: list[Spec], layers: list[Any], title: alt.TitleParams, description: str) -> Spec:
    """The specification with its rows as the data set `rows`, as wide as the page lets it."""
    made = alt.TopLevelLayerSpec(
        layer=layers,
        data=alt.NamedData(name="rows"),
        description=description,
        width=640,  # where it stands alone; the page makes it as wide as itself
        padding={"left": 2, "top": 2, "right": 40, "bottom": 2},  # texts stand beside marks
        title=title,
    )
    return _head() | made.to_dict(validate=False) | {"datasets": {"rows": rows}}


def layer(layers: list[Any], **shared: Any) -> alt.LayerSpec:  # noqa: ANN401 - Altair's channels have no common class
    """Layers with the channels they share."""
    return alt.LayerSpec(layer=layers, encoding=alt.SharedEncoding(**shared))


@cache
def _head() -> Spec:
    """What every chart begins with; made once."""
    config = alt.Config(
        background="transparent",
        font="system-ui, sans-serif",
        view=alt.ViewConfig(stroke=None),
        title=alt.TitleConfig(
            anchor="start", frame="bounds", offset=10, fontSize=13, subtitleFontSize=11.5
        ),
        axis=alt.AxisConfig(labelFontSize=11, titleFontSize=11, titleFontWeight="normal"),
        legend=alt.LegendConfig(
            orient="top", columns=1, labelLimit=0, labelFontSize=11, symbolSize=70, offset=4
        ),
    )
    return {"$schema": alt.SCHEMA_URL, "config": config.to_dict(validate=False)}
