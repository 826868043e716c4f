"""The charts as specifications: valid, with units, denominators and cut-off, and nothing hidden."""

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import altair as alt
import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Results, Scope
from safetymon.report import charts, conduct_charts, evidence_view, marks
from safetymon.report.figures import figures
from tests.report_fixture import (
    ALL_IVIG,
    CUTOFF,
    FIRST_IVIG,
    FIRST_PLACEBO,
    HOSTILE,
    results,
    schema_frame,
)


def drawn(made: Results) -> dict[str, marks.Spec]:
    """Every chart of a report by name, built with Altair's own checks on."""
    placed = {f.key: f.spec for found in figures(made).values() for f in found}
    cards = [("path", evidence_view.paths(made)), ("strip", evidence_view.strips(made))]
    return placed | {f"{kind} {c.rule}": c.spec for kind, found in cards for c in found.shown}


@cache
def specs(scope: Scope) -> dict[str, marks.Spec]:
    """The charts of a report, drawn once a process that asks for them."""
    return drawn(results(scope, hostile=True))


def closed() -> dict[str, marks.Spec]:
    return specs("closed")


def pooled() -> dict[str, marks.Spec]:
    return specs("open")


both = pytest.mark.parametrize("scope", ["closed", "open"])


def unpacked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of arrays as plain rows."""
    plain = []
    for row in rows:
        arrays = [name for name, value in row.items() if isinstance(value, list)]
        places = range(len(row[arrays[0]])) if arrays else [0]
        plain += [row | {name: row[name][place] for name in arrays} for place in places]
    return plain


def rows(spec: marks.Spec, name: str = "rows") -> list[dict[str, Any]]:
    return unpacked(spec["datasets"][name])


def encodings(spec: object) -> list[dict[str, Any]]:
    """Every `encoding` of a specification, at whatever depth."""
    if isinstance(spec, list):
        return [e for part in spec for e in encodings(part)]
    if not isinstance(spec, dict):
        return []
    own = [spec["encoding"]] if "encoding" in spec else []
    return own + encodings(spec.get("hconcat", [])) + encodings(spec.get("layer", []))


def channel(spec: marks.Spec, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e[name] for e in encodings(spec) if name in e)
    return found


@pytest.mark.slow
@both
def test_every_specification_is_valid_vega_lite(scope: Scope) -> None:
    for spec in specs(scope).values():
        kind = alt.TopLevelHConcatSpec if "hconcat" in spec else alt.TopLevelLayerSpec
        kind.validate(spec)


def test_the_charts_are_the_same_without_altairs_checks() -> None:
    assert marks.unchecked(drawn)(results(hostile=True)) == closed()


@both
def test_every_chart_names_its_cutoff_and_describes_itself(scope: Scope) -> None:
    for name, spec in specs(scope).items():
        assert "data up to 04 Nov 2019" in json.dumps(spec["title"]), name
        assert spec["description"].endswith("data up to 04 Nov 2019"), name


@both
def test_groups_differ_in_colour_and_in_shape(scope: Scope) -> None:
    charts_of_groups = [n for n in specs(scope) if n not in ("severity", "swimmer")]
    assert len(charts_of_groups) >= len(specs(scope)) - 2
    for chart in charts_of_groups:
        colour, shape = (channel(specs(scope)[chart], name)["scale"] for name in ("color", "shape"))
        for scale in (colour, shape):
            assert len(set(scale["range"])) == len(scale["range"]) == len(scale["domain"]), chart
        assert colour["domain"] == shape["domain"], chart


AXES = (
    {"Percent of subjects at risk"},
    {"Percent of subjects at risk", "Difference to reference, percentage points"},
    {"Subjects", "Calendar date"},
    {"Person-years", "Calendar date"},
    {"Percent of subjects with an event", "Days at risk since the first dose in the group"},
    {"Events a subject", "Days at risk since the first dose in the group"},
    {"Percent of subjects at risk, by highest severity"},
    {"Days from onset to record"},
    {"Day since the first dose"},
    {"First events on treatment", "Calendar date"},
    {"Subjects with an event", "Calendar date"},
    {"Subjects with an event", "Background risk, %"},
    {"E-value, logarithmic scale", "Subjects with the term, both groups"},
)


@both
def test_axes_carry_their_unit(scope: Scope) -> None:
    for name, spec in specs(scope).items():
        titles = {
            e[c]["title"] for e in encodings(spec) for c in ("x", "y") if e.get(c, {}).get("title")
        }
        assert titles in AXES, name


@both
def test_the_rows_are_plain_json(scope: Scope) -> None:
    for spec in specs(scope).values():
        json.dumps(spec, allow_nan=False)


def test_an_open_report_has_no_differences_no_screen_and_no_subject() -> None:
    assert {"screen-0", "swimmer"} <= set(closed())
    assert not {"screen-0", "swimmer"} & set(pooled())
    assert not [spec for spec in pooled().values() if "hconcat" in spec]
    assert "hconcat" in closed()["topics"]


def test_seven_groups_have_seven_colours_and_more_still_differ() -> None:
    looks = marks.Looks([f"group {i}" for i in range(10)], range(10))
    colours, shapes = (c.to_dict()["scale"]["range"] for c in (looks.colour(), looks.shape()))
    assert len(set(colours)) == 7
    assert len(set(zip(colours, shapes, strict=True))) == 10


def test_a_dot_is_the_frames_row() -> None:
    made = results(hostile=True)
    row = made.incidence.filter(
        pl.col("adjudicated"), term="headache", estimand="related", group=ALL_IVIG
    ).row(0, named=True)
    dot = next(
        r
        for r in rows(closed()["topics"])
        if (r["term"], r["estimand"], r["label"]) == ("headache", "related", "All IVIg (N = 95)")
    )
    assert dot["value"] == pytest.approx(row["percent"], abs=0.005)
    assert dot["low"] == pytest.approx(row["ci_low"], abs=0.005)
    assert dot["high"] == pytest.approx(row["ci_high"], abs=0.005)
    assert dot["counts"] == f"{row['subjects']}/95"
    assert dot["events"] == str(row["events"])


def test_topics_are_drawn_once_in_every_estimand_and_group() -> None:
    drawn_rows = [(r["term"], r["estimand"], r["label"]) for r in rows(closed()["topics"])]
    assert len(drawn_rows) == len(set(drawn_rows)) == 4 * 4 * 3


@both
def test_the_twenty_terms_are_those_of_each_estimand(scope: Scope) -> None:
    for estimand in ("all", "related", "serious"):
        chosen = {r["term"] for r in rows(specs(scope)["terms"]) if r["estimand"] == estimand}
        had = results(hostile=True).incidence.filter(
            pl.col("subjects") > 0, level="pt", estimand=estimand
        )
        assert len(chosen) == min(20, had["term"].n_unique())
        assert chosen <= set(had["term"])


def test_terms_stand_by_the_lower_bound_of_their_difference() -> None:
    made = results(hostile=True)
    had = made.incidence.filter(pl.col("subjects") > 0, estimand="all")["term"]
    compared = made.comparisons.filter(pl.col("term").is_in(had.implode()))
    for name, level in (("terms", "pt"), ("topics", "topic")):
        ranks = {r["term"]: r["rank"] for r in rows(closed()[name]) if r["estimand"] == "all"}
        lows = dict(
            compared.filter(
                pl.col("adjudicated").fill_null(value=True), level=level, estimand="all"
            )
            .select("term", "rd_low")
            .rows()
        )
        order = sorted(ranks, key=lambda term: ranks[term])
        assert [lows[term] for term in order] == sorted((lows[t] for t in order), reverse=True)
        assert min(lows[t] for t in order) >= max(
            (low for term, low in lows.items() if term not in ranks), default=-100
        )


def test_without_a_reference_the_most_frequent_term_comes_first() -> None:
    first = [
        r["term"] for r in rows(pooled()["terms"]) if r["estimand"] == "all" and r["rank"] == 0
    ]
    assert first == ["Headache"]


def test_without_any_event_there_is_no_chart_of_terms() -> None:
    made = results()
    nothing = made.incidence.filter(pl.col("level") != "pt")
    assert charts.term_dots(nothing, made.comparisons, made.groups, CUTOFF, 0.95) is None


def test_a_difference_has_the_look_and_the_line_of_its_group_and_names_its_reference() -> None:
    left, right = closed()["topics"]["hconcat"]
    assert channel(right, "color") == channel(left, "color")
    assert channel(right, "yOffset") == channel(left, "yOffset")
    differences = rows(closed()["topics"], "differences")
    assert {r["label"] for r in differences} == {f"{FIRST_IVIG} (N = 52)"}
    assert {r["reference"] for r in differences} == {FIRST_PLACEBO}


def test_a_term_has_the_same_place_in_both_panels() -> None:
    for name in ("topics", "terms"):
        left, right = (
            {(r["estimand"], r["term"], r["rank"]) for r in rows(closed()[name], data)}
            for data in ("rows", "differences")
        )
        assert left == right


def test_a_study_without_reference_draws_no_difference() -> None:
    made = replace(results(), comparisons=schema_frame({}, schema.COMPARISONS))
    assert "hconcat" not in drawn(made)["topics"]


def test_the_zero_line_stands_at_zero_and_once() -> None:
    zero = closed()["topics"]["hconcat"][1]["layer"][0]
    assert zero["encoding"] == {"x": {"datum": 0}}
    assert zero["data"] == {"values": [{}]}


def _calendar(counts: list[int]) -> pl.DataFrame:
    data: dict[str, list[object]] = {
        "term": ["headache"] * len(counts),
        "group": [ALL_IVIG] * len(counts),
        "date": [date(2019, 1, 1) + timedelta(days=n) for n in range(len(counts))],
        "subjects": list(counts),
        "at_risk": [95] * len(counts),
        "percent": [0.0] * len(counts),
    }
    return schema_frame(data, schema.CALENDAR)


def calendar(frame: pl.DataFrame, groups: pl.DataFrame, cutoff: date) -> list[marks.Spec]:
    return list(conduct_charts.calendar_steps(frame, groups, cutoff).values())


def test_only_steps_and_both_ends_are_drawn_over_the_calendar() -> None:
    (spec,) = calendar(_calendar([0, 0, 1, 1, 1, 3, 3, 3]), results().groups, CUTOFF)
    assert [(r["iso"], r["n"], r["last"]) for r in rows(spec)] == [
        ("2019-01-01", 0, False),
        ("2019-01-03", 1, False),
        ("2019-01-06", 3, False),
        ("2019-01-08", 3, True),
    ]


def test_the_calendar_legend_says_how_many_of_how_many() -> None:
    (spec,) = calendar(_calendar([0, 3]), results().groups, CUTOFF)
    assert channel(spec, "color")["scale"]["domain"] == ["All IVIg: 3 of 95"]


def test_dates_do_not_move_with_the_readers_time_zone() -> None:
    end = {"year": CUTOFF.year, "month": CUTOFF.month, "date": CUTOFF.day, "utc": True}
    assert channel(closed()["calendar-0"], "x")["scale"] == {"type": "utc", "domainMax": end}


@pytest.mark.parametrize("chart", ["terms", "screen-0"])
def test_no_text_of_the_data_stands_in_an_expression(chart: str) -> None:
    spec = json.loads(json.dumps(closed()[chart]))
    del spec["datasets"]
    assert not [term for term in HOSTILE if json.dumps(term)[1:-1] in json.dumps(spec)]
    assert set(HOSTILE) & {r["term"] for r in rows(closed()[chart])}


@pytest.mark.parametrize("most", [1, 2, 3, 4, 40])
def test_between_whole_numbers_there_is_no_tick(most: int) -> None:
    (spec,) = calendar(_calendar([0, most]), results().groups, CUTOFF)
    assert channel(spec, "y")["axis"] == {"format": "d", "tickCount": min(most, 4)}


def test_a_tooltip_names_the_level_of_the_interval() -> None:
    made = results()
    spec = charts.topic_dots(made.incidence, made.comparisons, made.groups, CUTOFF, 0.9)
    titles = [tip["title"] for tip in channel(spec, "tooltip")]
    assert "90% interval" in titles
    assert "with its 90% interval" in spec["description"]


def test_no_spec_of_the_open_report_names_a_treatment() -> None:
    text = json.dumps(pooled()).lower()
    assert "ivig" not in text
    assert "placebo" not in text
