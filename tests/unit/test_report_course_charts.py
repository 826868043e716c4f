"""The charts of what happened when: curves, severity, exposure, reporting lag, time lines."""

import polars as pl
import pytest

from safetymon.report import conduct_charts
from safetymon.report.figures import figures
from tests.report_fixture import ALL_IVIG, CUTOFF, FIRST_IVIG, TOPICS, results
from tests.unit.test_report_charts import channel, closed, drawn, rows


def test_a_curve_is_the_frames_rows() -> None:
    made = results(hostile=True)
    kept = made.curves.filter(kind="mean", term="headache", estimand="related", group=ALL_IVIG)
    found = next(
        f for f in figures(made)["courses"] if f.value == "headache" and f.key[-1] in "13579"
    )
    points = [
        (r["x"], r["v"], r["n"], r["e"])
        for r in rows(found.spec)
        if (r["estimand"], r["label"]) == ("related", "All IVIg (N = 95)")
    ]
    told = kept.select("day", pl.col("value").round(2), "at_risk", "events").rows()
    assert points == told


def test_the_charts_of_all_topics_are_the_same_but_for_title_and_data() -> None:
    form = {"title", "description", "datasets"}
    first, *others = [
        {k: v for k, v in f.spec.items() if k not in form}
        for f in figures(results())["courses"]
        if f.spec["title"]["text"].endswith("first event")
    ]
    assert others == [first] * len(TOPICS)


def test_a_bar_of_severity_ends_at_the_percent_of_subjects_with_an_event() -> None:
    made = results()
    ends = {
        (r["term"], r["label"]): (r["high"], r["total"])
        for r in rows(drawn(made)["severity"])
        if r["estimand"] == "all" and r["total"]
    }
    counted = made.incidence.filter(
        pl.col("level").is_in(["any", "topic"]), pl.col("adjudicated").fill_null(value=True),
        estimand="all",
    )  # fmt: skip
    assert len(ends) == counted.height
    for row in counted.rows(named=True):
        end, total = ends[row["term"], row["group"]]
        assert total == f"{row['group']} {row['subjects']}/{row['at_risk']}"
        assert end == pytest.approx(row["percent"], abs=0.001)


def test_the_lag_chart_says_of_how_many_events() -> None:
    labels = channel(closed()["lag"], "color")["scale"]["domain"]
    assert labels[0] == f"{FIRST_IVIG} (100 of 120 events)"


def test_without_a_recording_date_there_is_no_lag_chart() -> None:
    made = results()
    undated = made.lags.with_columns(pl.col("dated").clip(upper_bound=0))
    assert conduct_charts.lag_chart(undated, CUTOFF) is None


def test_the_timelines_say_how_many_subjects_they_leave_out() -> None:
    made = results(scale=8)
    (figure,) = figures(made)["swimmer"]
    drawn_subjects = {r["subject"] for r in rows(figure.spec)}
    assert len(drawn_subjects) == 60
    (subtitle,) = [line for line in figure.spec["title"]["subtitle"] if line.startswith("60 of")]
    everybody = int(subtitle.split()[2].replace(",", ""))
    assert figure.note == f"{everybody - 60:,} more subjects in the listing."


def test_a_thromboembolic_event_comes_before_a_serious_one() -> None:
    kinds: dict[str, set[str]] = {}
    for r in sorted(rows(closed()["swimmer"]), key=lambda r: r["lane"]):
        kinds.setdefault(r["subject"], set()).add(r["kind"])
    topical = [bool(found - {"serious"}) for found in kinds.values()]
    assert topical == sorted(topical, reverse=True)
    assert set(topical) == {True, False}


def test_exposure_grows_to_the_person_years_of_the_groups() -> None:
    made = results()
    last = [r for r in rows(drawn(made)["growth-1"]) if r["last"]]
    assert [r["n"] for r in last] == [round(y, 1) for y in made.groups["person_years"].to_list()]
