"""The charts as specifications: valid, with units, denominators and cut-off, and nothing hidden."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Results
from safetymon.report import charts, evidence_charts, evidence_view, marks
from tests.report_fixture import (
    ALL_IVIG,
    CUTOFF,
    FIRST_IVIG,
    FIRST_PLACEBO,
    HOSTILE,
    TOPICS,
    results,
    schema_frame,
)


def drawn(made: Results) -> dict[str, marks.Spec]:
    """Every chart of a report by name, built with Altair's own checks on."""
    incidence, groups = made.incidence, made.groups
    steps = charts.calendar_steps(made.calendar, groups, CUTOFF)
    specs = {
        "topics": charts.topic_dots(incidence, groups, CUTOFF, 0.95),
        "terms": charts.term_dots(incidence, groups, CUTOFF, 0.95),
        "differences": charts.difference_dots(made.comparisons, groups, CUTOFF, 0.95),
        **{f"calendar {topic}": spec for topic, spec in zip(TOPICS, steps, strict=True)},
        **{f"path {card.rule}": card.spec for card in evidence_view.paths(made).shown},
        **{f"strip {card.rule}": card.spec for card in evidence_view.strips(made).shown},
        **dict(zip(["screen"], evidence_charts.screen_charts(made.screen, CUTOFF), strict=False)),
    }
    return {name: spec for name, spec in specs.items() if spec is not None}


CLOSED = drawn(results(hostile=True))
OPEN = drawn(results("open", hostile=True))
EVERY = [(f"closed {name}", spec) for name, spec in CLOSED.items()] + [
    (f"open {name}", spec) for name, spec in OPEN.items()
]
every_chart = pytest.mark.parametrize("spec", [s for _, s in EVERY], ids=[n for n, _ in EVERY])


def rows(spec: marks.Spec) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["datasets"]["rows"]
    return found


def encodings(spec: object) -> list[dict[str, Any]]:
    """Every `encoding` of a specification, at whatever depth."""
    if isinstance(spec, list):
        return [e for part in spec for e in encodings(part)]
    if not isinstance(spec, dict):
        return []
    own = [spec["encoding"]] if "encoding" in spec else []
    return own + encodings(spec.get("layer", []))


def channel(spec: marks.Spec, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e[name] for e in encodings(spec) if name in e)
    return found


@every_chart
def test_the_specification_is_valid_vega_lite(spec: marks.Spec) -> None:
    alt.TopLevelLayerSpec.validate(spec)


def test_the_charts_are_the_same_without_altairs_checks() -> None:
    assert marks.unchecked(drawn)(results(hostile=True)) == CLOSED


@every_chart
def test_the_chart_names_its_cutoff_and_describes_itself(spec: marks.Spec) -> None:
    assert "data up to 04 Nov 2019" in json.dumps(spec["title"])
    assert spec["description"].endswith("data up to 04 Nov 2019")


@every_chart
def test_groups_differ_in_colour_and_in_shape(spec: marks.Spec) -> None:
    for name in ("color", "shape"):
        scale = channel(spec, name)["scale"]
        assert len(set(scale["range"])) == len(scale["range"]) == len(scale["domain"])
    assert channel(spec, "color")["scale"]["domain"] == channel(spec, "shape")["scale"]["domain"]


@every_chart
def test_axes_carry_their_unit(spec: marks.Spec) -> None:
    titles = {
        e[c]["title"] for e in encodings(spec) for c in ("x", "y") if e.get(c, {}).get("title")
    }
    assert titles in (
        {"Percent of subjects at risk"},
        {"Percentage points"},
        {"Subjects", "Calendar date"},
        {"First events on treatment", "Calendar date"},
        {"Subjects with an event", "Calendar date"},
        {"Subjects with an event", "Background risk, %"},
        {"E-value, logarithmic scale", "Subjects with the term, both groups"},
    )


@every_chart
def test_the_rows_are_plain_json(spec: marks.Spec) -> None:
    json.dumps(spec, allow_nan=False)


def test_an_open_report_has_no_differences_and_no_screen() -> None:
    assert not {"differences", "screen"} & set(OPEN)


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
        for r in rows(CLOSED["topics"])
        if (r["term"], r["estimand"], r["label"]) == ("headache", "related", "All IVIg (N = 95)")
    )
    assert dot["value"] == pytest.approx(row["percent"], abs=0.0005)
    assert dot["low"] == pytest.approx(row["ci_low"], abs=0.0005)
    assert dot["high"] == pytest.approx(row["ci_high"], abs=0.0005)
    assert dot["counts"] == f"{row['subjects']}/95"
    assert dot["events"] == str(row["events"])


def test_topics_are_drawn_once_in_every_estimand_and_group() -> None:
    drawn_rows = [(r["term"], r["estimand"], r["label"]) for r in rows(CLOSED["topics"])]
    assert len(drawn_rows) == len(set(drawn_rows)) == 4 * 4 * 3


def test_the_most_frequent_terms_are_drawn_for_each_estimand_of_its_own() -> None:
    for estimand in ("all", "related", "serious"):
        chosen = {r["term"] for r in rows(CLOSED["terms"]) if r["estimand"] == estimand}
        had = results(hostile=True).incidence.filter(
            pl.col("subjects") > 0, level="pt", estimand=estimand
        )
        assert len(chosen) == min(20, had["term"].n_unique())
        assert chosen <= set(had["term"])


def test_the_most_frequent_term_of_the_simulation_comes_first() -> None:
    first = [r["term"] for r in rows(CLOSED["terms"]) if r["estimand"] == "all" and r["rank"] == 0]
    assert first == ["Headache"] * 3


def test_without_any_event_there_is_no_chart_of_terms() -> None:
    made = results()
    nothing = made.incidence.filter(pl.col("level") != "pt")
    assert charts.term_dots(nothing, made.groups, CUTOFF, 0.95) is None


def test_a_pair_keeps_the_look_of_its_group_and_names_both_denominators() -> None:
    colour = channel(CLOSED["differences"], "color")["scale"]
    assert colour["domain"] == [f"{FIRST_IVIG} minus {FIRST_PLACEBO} (N = 52 and 48)"]
    assert colour["range"] == channel(CLOSED["topics"], "color")["scale"]["range"][:1]


def test_a_study_without_reference_has_no_chart_of_differences() -> None:
    made = replace(results(), comparisons=schema_frame({}, schema.COMPARISONS))
    assert charts.difference_dots(made.comparisons, made.groups, CUTOFF, 0.95) is None


def test_the_zero_line_stands_at_zero_and_once() -> None:
    zero = CLOSED["differences"]["layer"][0]
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


def test_only_steps_and_both_ends_are_drawn_over_the_calendar() -> None:
    (spec,) = charts.calendar_steps(_calendar([0, 0, 1, 1, 1, 3, 3, 3]), results().groups, CUTOFF)
    assert [(r["date"], r["n"], r["last"]) for r in rows(spec)] == [
        ("2019-01-01", 0, False),
        ("2019-01-03", 1, False),
        ("2019-01-06", 3, False),
        ("2019-01-08", 3, True),
    ]


def test_the_calendar_legend_says_how_many_of_how_many() -> None:
    (spec,) = charts.calendar_steps(_calendar([0, 3]), results().groups, CUTOFF)
    assert channel(spec, "color")["scale"]["domain"] == ["All IVIg: 3 of 95"]


def test_dates_do_not_move_with_the_readers_time_zone() -> None:
    assert channel(CLOSED["calendar headache"], "x")["scale"] == {"type": "utc"}


@pytest.mark.parametrize("chart", ["terms", "screen"])
def test_no_text_of_the_data_stands_in_an_expression(chart: str) -> None:
    spec = json.loads(json.dumps(CLOSED[chart]))
    del spec["datasets"]
    assert not [term for term in HOSTILE if json.dumps(term)[1:-1] in json.dumps(spec)]
    assert set(HOSTILE) & {r["term"] for r in rows(CLOSED[chart])}


@pytest.mark.parametrize("most", [1, 2, 3, 4, 40])
def test_between_whole_numbers_there_is_no_tick(most: int) -> None:
    (spec,) = charts.calendar_steps(_calendar([0, most]), results().groups, CUTOFF)
    assert channel(spec, "y")["axis"] == {"format": "d", "tickCount": min(most, 4)}


def test_a_tooltip_names_the_level_of_the_interval() -> None:
    made = results()
    spec = charts.topic_dots(made.incidence, made.groups, CUTOFF, 0.9)
    titles = [tip["title"] for tip in channel(spec, "tooltip")]
    assert "90% interval" in titles
    assert "with its 90% interval" in spec["description"]


def test_no_spec_of_the_open_report_names_a_treatment() -> None:
    text = json.dumps(OPEN).lower()
    assert "ivig" not in text
    assert "placebo" not in text
