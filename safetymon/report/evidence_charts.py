"""The evidence as Vega-Lite specifications: paths with their boundary, strips, the screen. Pure.

Every number drawn is one of the rows that decided; nothing is worked out anew. As in `charts`,
texts of the data stand in the data set only.
"""

import math
from datetime import date

import altair as alt
import polars as pl

from safetymon.report import evidence_tables, marks, wording
from safetymon.report.marks import NEUTRAL, Looks, Spec
from safetymon.report.wording import Row

MOST_POINTS = 200
"""Terms of a screen that are drawn, the most evident; the rest stands in the CSV."""
AXES = {
    "ecl": "First events on treatment",
    "background": "Subjects with an event",
    "protocol": "Subjects with an event",
    "poisson": "Subjects with an event",
}
PATH_TIPS = ("day", "counted", "limit", "expected", "spent", "evalue")
STRIP_TIPS = ("background", "limit", "chance", "evalue", "reached")
SCREEN_TIPS = ("term", "counted", "p", "evalue", "flagged")


def path_chart(path: pl.DataFrame, method: str, cutoff: date) -> Spec:
    """A rule's count over calendar time with its boundary; the crossing is marked.

    A method without a boundary on the count (Poisson) shows the number expected instead.
    """
    beside = "expected" if method == "poisson" else "limit"
    kept = _steps(path, beside)
    labels = _path_labels(path.row(-1, named=True), method, beside)
    looks = Looks(labels, range(2))
    rows = [row for day in kept.rows(named=True) for row in _path_rows(day, labels, beside)]
    axis = marks.calendar_axis("Calendar date", path["date"][0], cutoff, ticks=8)
    y = marks.count_axis(AXES[method], max(row["n"] for row in rows))
    lines = [marks.steps(looks), marks.step_tips(_path_tips(method))]
    layers = [
        marks.layer([*lines, marks.last_point(looks)], x=axis, y=y, color=looks.colour()),
        *_crossing(kept, path["date"], axis),
    ]
    what = "boundary" if beside == "limit" else "number expected"
    day = wording.day(cutoff)
    title = alt.TitleParams(text=f"Count and {what} over time", subtitle=[f"data up to {day}"])
    description = f"{AXES[method]} over calendar time, and the {what}; data up to {day}"
    return marks.chart(rows, layers, title, description) | {"height": 190}


def _path_labels(last: Row, method: str, beside: str) -> list[str]:
    among = {
        "ecl": f"of {wording.plural(round(last['of']), 'first event')}",
        "poisson": f"in {wording.number(last['of'])} person-years",
    }.get(method, f"of {wording.whole(last['of'])}")
    now = wording.fixed(last[beside], 0 if beside == "limit" else 1)
    name = "Boundary" if beside == "limit" else "Expected"
    return [f"{AXES[method]}: {last['count']:,} {among}", f"{name}: {now}"]


def _path_tips(method: str) -> tuple[str, ...]:
    """The tips that a method has numbers for."""
    without = {
        "protocol": {"spent", "evalue"},
        "poisson": {"limit", "spent"},
        "background": {"expected"},
    }
    return tuple(tip for tip in PATH_TIPS if tip not in without.get(method, ()))


def _steps(path: pl.DataFrame, beside: str) -> pl.DataFrame:
    """The days on which a line steps, with the first, the last and the crossing."""
    shown = [pl.col("count"), pl.col(beside).round(1)]
    changed = pl.any_horizontal(column.ne_missing(column.shift(1)) for column in shown)
    place = pl.int_range(pl.len())
    first = pl.col("crossed") & (pl.col("crossed").cum_sum() == 1)
    ends = (place == 0) | (place == pl.len() - 1)
    marked = path.with_columns(first=first, last=place == pl.len() - 1)
    return marked.filter(changed | ends | pl.col("first"))


def _path_rows(day: Row, labels: list[str], beside: str) -> list[Spec]:
    """The day's count and, where there is one, its boundary or number expected."""
    shared = {
        "date": day["date"].isoformat(),
        "day": wording.day(day["date"]),
        "counted": f"{day['count']:,} of {wording.whole(day['of'])}",
        "limit": wording.fixed(day["limit"], 0),
        "expected": wording.fixed(day["expected"], 3),
        "spent": wording.fixed(day["spent"], 5),
        "evalue": wording.e_value(day["log_e"]),
        "last": day["last"],
    }
    heights = [day["count"], day[beside]]
    return [
        {**shared, "label": label, "n": height}
        for label, height in zip(labels, heights, strict=True)
        if height is not None
    ]


def _crossing(kept: pl.DataFrame, dates: pl.Series, axis: alt.X) -> list[alt.UnitSpec]:
    """A line on the day on which the boundary was first reached, with its date."""
    days = kept.filter("first")["date"].to_list()
    if not days:
        return []
    first, last = dates[0], dates[-1]
    late = (days[0] - first).days * 2 > (last - first).days
    data = alt.InlineData(
        values=[{"date": days[0].isoformat(), "text": f"reached {wording.day(days[0])}"}]
    )
    rule = alt.MarkDef(type="rule", color=NEUTRAL, strokeDash=[3, 3])
    text = alt.MarkDef(type="text", align="right" if late else "left", dx=-5 if late else 5, dy=6)
    return [
        alt.UnitSpec(data=data, mark=rule, encoding=alt.Encoding(x=axis)),
        alt.UnitSpec(
            data=data,
            mark=text,
            encoding=alt.Encoding(x=axis, y=alt.value(0), text=alt.Text(field="text")),
        ),
    ]


def strip_chart(strip: pl.DataFrame, own: float | None, cutoff: date) -> Spec:
    """The boundary now over backgrounds, with the number observed and the rule's background."""
    rows = strip.rows(named=True)
    labels = ["Boundary reached", "Boundary not reached"]
    looks = Looks(labels, [1, 0])
    observed = rows[0]["subjects"]
    highest = max(observed, *(row["limit"] or 0 for row in rows))
    x = alt.X(
        field="percent", type="quantitative", title="Background risk, %",
        axis=alt.Axis(grid=False, tickCount=6),
    )  # fmt: skip
    top = 1.2 * highest
    y = marks.count_axis("Subjects with an event", top, exactly=True)
    ring = [] if own is None else [marks.ring()]
    points = [marks.thin_line(), *ring, marks.points(looks, STRIP_TIPS)]
    layers = [
        marks.level(observed, f"{observed:,} of {rows[0]['of']:,} observed"),
        marks.layer(points, x=x, y=y, color=looks.colour()),
    ]
    day = wording.day(cutoff)
    ringed = [] if own is None else [f"ringed: this rule's background, {wording.background(own)}"]
    subtitle = [*ringed, f"data up to {day}"]
    title = alt.TitleParams(text="Boundary now, by background", subtitle=subtitle)
    description = (
        "The boundary now over backgrounds, beside the number of subjects with an event; "
        f"data up to {day}"
    )
    data = [_strip_row(row, labels, own) for row in rows]
    return marks.chart(data, layers, title, description) | {"height": 150}


def _strip_row(row: Row, labels: list[str], own: float | None) -> Spec:
    return {
        "percent": round(100 * row["background"], 6),
        "background": wording.background(row["background"]),
        "n": row["limit"],
        "label": labels[0] if row["crossed"] else labels[1],
        "reached": "yes" if row["crossed"] else "no",
        "limit": wording.fixed(row["limit"], 0),
        "chance": evidence_tables.chance(row["chance"]),
        "evalue": wording.e_value(row["log_e"]),
        "own": row["background"] == own,
    }


def screen_charts(screen: pl.DataFrame, cutoff: date) -> list[Spec]:
    """One chart a pair of groups: e-value against first events, flagged terms named."""
    return [
        _screen_chart(str(pair[0]), str(pair[1]), rows, cutoff)
        for pair, rows in screen.group_by("group", "reference", maintain_order=True)
    ]


def _screen_chart(group: str, reference: str, rows: pl.DataFrame, cutoff: date) -> Spec:
    shown = evidence_tables.ranked(rows).head(MOST_POINTS)
    flagged = int(shown["flagged"].sum())
    labels = [f"Flagged: {flagged:,}", f"Not flagged: {shown.height - flagged:,}"]
    looks = Looks(labels, [1, 0])
    names = [marks.named()] if flagged else []
    points = [marks.points(looks, SCREEN_TIPS), *names]
    layers = [
        marks.level(0, "e-value 1: speaks neither way"),
        marks.layer(
            points,
            x=_subjects_axis(),
            y=_e_value_axis(),
            color=looks.colour(),
            opacity=marks.when_chosen(),
        ),
    ]
    day = wording.day(cutoff)
    title = alt.TitleParams(
        text=f"{group} against {reference}", subtitle=[_drawn(rows.height), f"data up to {day}"]
    )
    description = (
        f"Screen of preferred terms, {group} against {reference}: e-value over the number of "
        f"subjects with the term; data up to {day}"
    )
    data = [_term_row(row, labels) for row in shown.rows(named=True)]
    spec = marks.chart(data, layers, title, description)
    return spec | {"height": 260, "params": marks.parameters()}


def _subjects_axis() -> alt.X:
    axis = alt.Axis(tickMinStep=1, format="d", grid=False)
    title = "Subjects with the term, both groups"
    return alt.X(field="events", type="quantitative", title=title, axis=axis)


def _e_value_axis() -> alt.Y:
    """E-values on a logarithmic scale: `n` is the power of ten, so no e-value is too large."""
    axis = alt.Axis(tickMinStep=1, tickCount=5, labelExpr="format(pow(10, datum.value), '.4~g')")
    title = "E-value, logarithmic scale"
    return alt.Y(field="n", type="quantitative", title=title, axis=axis)


def _drawn(terms: int) -> str:
    if terms <= MOST_POINTS:
        return f"{wording.plural(terms, 'preferred term')}; one point a term"
    return f"the {MOST_POINTS} most evident of {terms:,} preferred terms; one point a term"


def _term_row(row: Row, labels: list[str]) -> Spec:
    log_e = row["log_e"]
    return {
        "term": row["term"],
        "events": row["events"],
        "n": None if log_e is None else round(log_e / math.log(10), 3),
        "label": labels[0] if row["flagged"] else labels[1],
        "named": row["flagged"],
        "flagged": f"since look {row['since_look']}" if row["flagged"] else "no",
        "counted": f"{row['treated_events']:,} of {row['events']:,} on treatment",
        "p": evidence_tables.sequential_p(row["p"]),
        "evalue": wording.e_value(log_e),
    }
