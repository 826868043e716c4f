"""Subjects by their highest severity, stacked by group and term. Pure.

As in `charts`, texts of the data stand in data sets and titles only, never in an expression.
"""

from datetime import date
from itertools import groupby
from typing import Final

import altair as alt
import polars as pl

from safetymon.curves import SEVERITIES
from safetymon.domain import ESTIMANDS
from safetymon.report import marks, wording
from safetymon.report.charts import KIND
from safetymon.report.marks import Spec
from safetymon.report.wording import Row

# From light to dark, so that grey print keeps the order (ColorBrewer Blues, Harrower, Brewer 2003);
# what is not known stands apart: white, and vermilion.
SHADES: Final = dict(zip(
    SEVERITIES,
    ("#ffffff", "#c6dbef", "#6baed6", "#2171b5", "#08306b", "#000000", "#D55E00"),
    strict=True,
))  # fmt: skip
KEYS: Final = ("estimand", "label", "place")
TIPS: Final = ("term", "label", "severity", "counts", "percent")
AXIS: Final = "Percent of subjects at risk, by highest severity"


def severity_bars(severity: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> Spec | None:
    """A bar a term and group: percent of subjects, stacked by severity; None without a subject."""
    if severity.is_empty():
        return None
    names = groups["group"].to_list()
    rows = _rows(severity.rows(named=True), names)
    used = [name for name in SEVERITIES if name in set(severity["severity"].to_list())]
    lanes = alt.Scale(domain=list(range(len(names))), paddingInner=0.25)
    shared = marks.layer(
        [_bars(used), _totals()],
        y=marks.bands(),
        yOffset=alt.YOffset(field="place", type="nominal", scale=lanes),
        opacity=marks.when_chosen(),
    )
    day = wording.day(cutoff)
    title = alt.TitleParams(
        text=alt.ExprRef(f"'Highest severity · ' + {KIND}"),
        subtitle=["beside each bar: group, subjects with an event / at risk", f"data up to {day}"],
    )
    about = (
        f"Percent of subjects by the highest severity of their events, by group; data up to {day}"
    )
    spec = marks.chart(marks.packed(rows, KEYS), [shared], title, about)
    return spec | {
        "height": {"step": 17, "for": "offset"},
        "params": marks.parameters(ESTIMANDS[0]),
        "transform": marks.unpacking(rows, KEYS),
    }


def _rows(rows: list[Row], names: list[str]) -> list[Spec]:
    """One row a bar's part, from where to where; the last of a bar carries its total."""
    ranks = {term: rank for rank, term in enumerate(dict.fromkeys(row["term"] for row in rows))}
    return [
        part
        for (term, estimand, group), bar in groupby(rows, _bar)
        for part in _parts(
            list(bar),
            {"term": term, "estimand": estimand, "label": group, "rank": ranks[term],
             "place": names.index(group)},
        )
    ]  # fmt: skip


def _bar(row: Row) -> tuple[str, str, str]:
    return row["term"], row["estimand"], row["group"]


def _parts(bar: list[Row], shared: Spec) -> list[Spec]:
    total, at_risk, so_far = sum(row["subjects"] for row in bar), bar[0]["at_risk"], 0
    parts = []
    for row in bar:
        start, so_far = so_far, so_far + row["subjects"]
        if not row["subjects"] and row is not bar[-1]:
            continue  # nothing to draw; the last one carries the words
        parts.append(
            shared | {
                "severity": row["severity"],
                "low": round(100 * start / at_risk, 3),
                "high": round(100 * so_far / at_risk, 3),
                "counts": f"{row['subjects']:,} of {at_risk:,}",
                "percent": wording.percent(row["subjects"], at_risk),
                "total": f"{shared['label']} {total:,}/{at_risk:,}" if row is bar[-1] else "",
            }
        )  # fmt: skip
    return parts


def _bars(used: list[str]) -> alt.UnitSpec:
    scale = alt.Scale(domain=used, range=[SHADES[name] for name in used])
    return alt.UnitSpec(
        mark=alt.MarkDef(type="bar", stroke=marks.NEUTRAL, strokeWidth=0.75),
        encoding=alt.Encoding(
            x=alt.X(field="low", type="quantitative", title=AXIS, axis=alt.Axis(tickCount=6)),
            x2=alt.X2(field="high"),
            color=alt.Color(
                field="severity", type="nominal", title=None, scale=scale,
                legend=alt.Legend(columns=len(used), symbolType="square"),
            ),
            tooltip=marks.tooltip(TIPS),
        ),
    )  # fmt: skip


def _totals() -> alt.UnitSpec:
    return alt.UnitSpec(
        mark=alt.MarkDef(type="text", align="left", dx=6, fontSize=10.5),
        encoding=alt.Encoding(
            x=alt.X(field="high", type="quantitative"),
            text=alt.Text(field="total", type="nominal"),
        ),
    )
