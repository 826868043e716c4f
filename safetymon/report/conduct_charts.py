"""How the trial goes: first events, subjects and time over the calendar, reporting lag. Pure.

As in `charts`, texts of the data stand in data sets and titles only, never in an expression.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import altair as alt
import polars as pl

from safetymon.report import marks, wording
from safetymon.report.marks import Looks, Spec
from safetymon.report.wording import Row

STEP_TIPS: Final = ("label", "day", "subjects")
GROWTH_TIPS: Final = ("label", "day", "n")
# Vega-Lite reads dates before it takes arrays apart, so these are read by hand.
STEP_ARRAYS: Final = ["iso", "day", "n", "subjects", "last"]
DATED: Final = {"calculate": "toDate(datum.iso)", "as": "date"}
STEP_COLUMNS: Final = ("term", "group", "date", "subjects", "at_risk")
LAG_TIPS: Final = ("label", "dated", "median", "half", "most", "longest")

Line = tuple[Any, ...]
"""A point of a group's line: the date and the numbers of that day."""


def calendar_steps(calendar: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> dict[str, Spec]:
    """One chart a topic: subjects with a first event so far, by calendar date and group."""
    names = groups["group"].to_list()
    topics: dict[str, list[Line]] = {}
    for topic, group, *point in calendar.select(*STEP_COLUMNS).rows():
        topics.setdefault(topic, []).append((group, *point))
    return {topic: _steps(topic, _lines(rows, names), cutoff) for topic, rows in topics.items()}


def _lines(rows: Iterable[Line], names: list[str]) -> dict[str, list[Line]]:
    """The rows of each group, by date; groups in their order, those without rows left out."""
    found: dict[str, list[Line]] = {name: [] for name in names}
    for group, *point in rows:
        found[group].append(tuple(point))
    return {name: sorted(points) for name, points in found.items() if points}


def _steps(topic: str, lines: dict[str, list[Line]], cutoff: date) -> Spec:
    labels = {name: _so_far(name, *points[-1]) for name, points in lines.items()}
    looks = Looks(list(labels.values()), range(len(lines)))
    rows = [row for name, points in lines.items() for row in _step_rows(points, labels[name])]
    layers = [marks.steps(looks), marks.step_tips(STEP_TIPS), marks.last_point(looks)]
    axes = marks.layer(
        layers,
        x=marks.calendar_axis("Calendar date", _first(lines), cutoff),
        y=marks.count_axis("Subjects", max(row["n"] for row in rows)),
        color=looks.colour(),
    )
    about = f"{topic}: subjects with a first event so far, by group"
    counted = "subjects with an event so far, of those treated"
    spec = _titled(marks.packed(rows, ["label"]), axes, topic, about, cutoff, counted)
    return spec | {"height": 150, "transform": [{"flatten": STEP_ARRAYS}, DATED]}


def _first(lines: dict[str, list[Line]]) -> date:
    first: date = min(points[0][0] for points in lines.values())
    return first


def _so_far(name: str, _: date, subjects: int, at_risk: int) -> str:
    return f"{name}: {subjects:,} of {at_risk:,}"


def _step_rows(points: list[Line], label: str) -> list[Spec]:
    """The rows at which the line steps, the first and the last: the others draw nothing."""
    last = len(points) - 1
    return [
        {
            "iso": when.isoformat(),
            "day": wording.day(when),
            "label": label,
            "n": subjects,
            "subjects": f"{subjects:,} of {at_risk:,}",
            "last": step == last,
        }
        for step, (when, subjects, at_risk) in enumerate(points)
        if step in (0, last) or subjects != points[step - 1][1]
    ]


def growth(enrolment: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> list[Spec]:
    """Subjects treated so far, and person-years so far, by calendar date; [] if nobody was."""
    told = enrolment.select("group", "date", "subjects", "person_years").rows()
    lines = _lines(told, groups["group"].to_list())
    if not lines:
        return []
    return [
        _growth(lines, cutoff, 1, "Subjects treated", "Subjects", ",.0f"),
        _growth(lines, cutoff, 2, "Exposure", "Person-years", ",.1f"),
    ]


def _growth(
    lines: dict[str, list[Line]], cutoff: date, place: int, title: str, unit: str, digits: str
) -> Spec:
    """One chart of the number at a place of each point."""
    lasts = {name: points[-1][place] for name, points in lines.items()}
    labels = [f"{name}: {value:{digits}}" for name, value in lasts.items()]
    looks = Looks(labels, range(len(labels)))
    rows = [_growth_row(p, place, label) for p, label in zip(lines.values(), labels, strict=True)]
    layers = [marks.line(looks), marks.step_tips(GROWTH_TIPS), marks.last_point(looks)]
    y = marks.count_axis(unit, max(lasts.values()))
    x = marks.calendar_axis("Calendar date", _first(lines), cutoff)
    shared = marks.layer(layers, x=x, y=y, color=looks.colour())
    about = f"{title} so far, by calendar date and group"
    spec = _titled(rows, shared, title, about, cutoff, f"{unit.lower()} so far")
    return spec | {"height": 150, "transform": [{"flatten": ["iso", "day", "n", "last"]}, DATED]}


def _growth_row(points: list[Line], place: int, label: str) -> Spec:
    """One row a group, its dates as arrays."""
    return {
        "label": label,
        "iso": [point[0].isoformat() for point in points],
        "day": [wording.day(point[0]) for point in points],
        "n": [round(point[place], 1) for point in points],
        "last": [0] * (len(points) - 1) + [1],
    }


def lag_chart(lags: pl.DataFrame, cutoff: date) -> Spec | None:
    """Days from onset to record by group: median, quartiles, tenths; None: no event has both."""
    told = lags.filter(pl.col("dated") > 0).rows(named=True)
    if not told:
        return None
    labels = [f"{row['group']} ({row['dated']:,} of {row['events']:,} events)" for row in told]
    places = [lags["group"].to_list().index(row["group"]) for row in told]
    looks = Looks(labels, places)
    rows = [_lag_row(row, label) for row, label in zip(told, labels, strict=True)]
    y = alt.Y(
        field="label", type="nominal", title=None, sort=labels,
        axis=alt.Axis(labels=False, ticks=False, domain=False),
    )  # fmt: skip
    layers = [
        marks.span("q10", "q90", "Days from onset to record", 1.5),
        marks.span("q25", "q75", "Days from onset to record", 9),
        marks.middle("median", looks, LAG_TIPS),
    ]
    shared = marks.layer(layers, y=y, color=looks.colour())
    about = "Reporting lag: days from the onset of an event to its record, by group"
    counted = "point: median; thick: middle half; thin: middle 80%; of events with both dates"
    spec = _titled(rows, shared, "Reporting lag", about, cutoff, counted)
    return spec | {"height": {"step": 26}}


def _lag_row(row: Row, label: str) -> Spec:
    quantiles = {name: row[name] for name in ("q10", "q25", "median", "q75", "q90", "longest")}
    return quantiles | {
        "label": label,
        "dated": f"{row['dated']:,} of {row['events']:,}",
        "half": f"{row['q25']} to {row['q75']} days",
        "most": f"{row['q10']} to {row['q90']} days",
    }


def _titled(
    rows: list[Spec], layer: alt.LayerSpec, title: str, about: str, cutoff: date, counted: str
) -> Spec:
    day = wording.day(cutoff)
    head = alt.TitleParams(text=title, subtitle=[counted, f"data up to {day}"])
    return marks.chart(rows, [layer], head, f"{about}; data up to {day}")
