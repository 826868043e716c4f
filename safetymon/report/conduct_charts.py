"""How the trial goes: first events, subjects and time over the calendar, reporting lag. Pure.

As in `charts`, texts of the data stand in data sets and titles only, never in an expression.
"""

from datetime import date
from typing import Final

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
LAG_TIPS: Final = ("label", "dated", "median", "half", "most", "longest")


def calendar_steps(calendar: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> dict[str, Spec]:
    """One chart a topic: subjects with a first event so far, by calendar date and group."""
    names = groups["group"].to_list()
    return {
        str(topic): _steps(str(topic), _parts(rows, names), cutoff)
        for (topic,), rows in calendar.group_by("term", maintain_order=True)
    }


def _parts(rows: pl.DataFrame, names: list[str]) -> list[pl.DataFrame]:
    parts = rows.sort("date").partition_by("group", as_dict=True)
    return [parts[(name,)] for name in names if (name,) in parts]


def _steps(topic: str, parts: list[pl.DataFrame], cutoff: date) -> Spec:
    looks = Looks([_so_far(part) for part in parts], range(len(parts)))
    rows = [row for part in parts for row in _step_rows(part)]
    layers = [marks.steps(looks), marks.step_tips(STEP_TIPS), marks.last_point(looks)]
    axes = marks.layer(
        layers,
        x=marks.calendar_axis("Calendar date", _first(parts), cutoff),
        y=marks.count_axis("Subjects", max(row["n"] for row in rows)),
        color=looks.colour(),
    )
    about = f"{topic}: subjects with a first event so far, by group"
    counted = "subjects with an event so far, of those treated"
    spec = _titled(marks.packed(rows, ["label"]), axes, topic, about, cutoff, counted)
    return spec | {"height": 150, "transform": [{"flatten": STEP_ARRAYS}, DATED]}


def _first(parts: list[pl.DataFrame]) -> date:
    first: date = min(part["date"][0] for part in parts)
    return first


def _so_far(part: pl.DataFrame) -> str:
    name, subjects, at_risk = part.select("group", "subjects", "at_risk").row(-1)
    return f"{name}: {subjects:,} of {at_risk:,}"


def _step_rows(part: pl.DataFrame) -> list[Spec]:
    """The rows at which the line steps, the first and the last: the others draw nothing."""
    rows = part.select("date", "subjects", "at_risk").rows()
    label, last = _so_far(part), len(rows) - 1
    return [
        {
            "iso": when.isoformat(),
            "day": wording.day(when),
            "label": label,
            "n": subjects,
            "subjects": f"{subjects:,} of {at_risk:,}",
            "last": step == last,
        }
        for step, (when, subjects, at_risk) in enumerate(rows)
        if step in (0, last) or subjects != rows[step - 1][1]
    ]


def growth(enrolment: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> list[Spec]:
    """Subjects treated so far, and person-years so far, by calendar date; [] if nobody was."""
    parts = _parts(enrolment, groups["group"].to_list())
    if not parts:
        return []
    return [
        _growth(parts, cutoff, "subjects", "Subjects treated", "Subjects", ",.0f"),
        _growth(parts, cutoff, "person_years", "Exposure", "Person-years", ",.1f"),
    ]


def _growth(
    parts: list[pl.DataFrame], cutoff: date, column: str, title: str, unit: str, digits: str
) -> Spec:
    lasts = [part.select("group", column).row(-1) for part in parts]
    labels = [f"{name}: {value:{digits}}" for name, value in lasts]
    looks = Looks(labels, range(len(labels)))
    rows = [_growth_row(part, column, label) for part, label in zip(parts, labels, strict=True)]
    layers = [marks.line(looks), marks.step_tips(GROWTH_TIPS), marks.last_point(looks)]
    y = marks.count_axis(unit, max(value for _, value in lasts))
    x = marks.calendar_axis("Calendar date", _first(parts), cutoff)
    shared = marks.layer(layers, x=x, y=y, color=looks.colour())
    about = f"{title} so far, by calendar date and group"
    spec = _titled(rows, shared, title, about, cutoff, f"{unit.lower()} so far")
    return spec | {"height": 150, "transform": [{"flatten": ["iso", "day", "n", "last"]}, DATED]}


def _growth_row(part: pl.DataFrame, column: str, label: str) -> Spec:
    """One row a group, its dates as arrays."""
    dates = part["date"].to_list()
    return {
        "label": label,
        "iso": [when.isoformat() for when in dates],
        "day": [wording.day(when) for when in dates],
        "n": part[column].round(1).to_list(),
        "last": [0] * (len(dates) - 1) + [1],
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
