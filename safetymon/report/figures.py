"""Every chart of a report that is not a rule's own: where it stands, what it selects. Pure."""

from typing import NamedTuple

from safetymon.domain import Results
from safetymon.report import (
    charts,
    conduct_charts,
    evidence_charts,
    severity_charts,
    view,
    wording,
)
from safetymon.report.course_charts import courses
from safetymon.report.marks import Spec
from safetymon.report.swimmer_chart import swimmer


class Figure(NamedTuple):
    """A chart on the page.

    `kind` is what a mark of it selects: topic, pt or subject; "" for nothing. `value` is the topic
    where the whole chart is about one. `note` stands below the chart's description.
    """

    key: str
    spec: Spec
    kind: str = ""
    value: str = ""
    note: str = ""


Figures = dict[str, list[Figure]]
"""Place on the page -> its charts; an empty list where there is nothing to draw."""


def figures(results: Results) -> Figures:
    """The charts of a report."""
    return _counts(results) | _times(results) | _conduct(results) | {"swimmer": _swimmer(results)}


def _counts(results: Results) -> Figures:
    cutoff, groups, confidence = results.cut.cutoff, results.groups, results.confidence
    frames = results.incidence, results.comparisons, groups
    severity = severity_charts.severity_bars(results.severity, groups, cutoff)
    screens = evidence_charts.screen_charts(results.screen, cutoff)
    return {
        "topics": [Figure("topics", charts.topic_dots(*frames, cutoff, confidence), "topic")],
        "terms": _some("terms", charts.term_dots(*frames, cutoff, confidence), "pt"),
        "severity": _some("severity", severity, "topic"),
        "screen": [Figure(f"screen-{i}", spec, "pt") for i, spec in enumerate(screens)],
    }


def _times(results: Results) -> Figures:
    cutoff, groups = results.cut.cutoff, results.groups
    steps = conduct_charts.calendar_steps(results.calendar, groups, cutoff)
    curves = courses(results.curves, groups, cutoff, results.confidence)
    return {
        "calendar": [
            Figure(f"calendar-{i}", spec, "topic", topic)
            for i, (topic, spec) in enumerate(steps.items())
        ],
        "courses": [
            Figure(f"course-{i}", course.spec, "topic", course.term)
            for i, course in enumerate(curves)
        ],
    }


def _conduct(results: Results) -> Figures:
    cutoff = results.cut.cutoff
    growth = conduct_charts.growth(results.enrolment, results.groups, cutoff)
    return {
        "growth": [Figure(f"growth-{i}", spec) for i, spec in enumerate(growth)],
        "lag": _some("lag", conduct_charts.lag_chart(results.lags, cutoff)),
    }


def _swimmer(results: Results) -> list[Figure]:
    if results.cases is None:
        return []
    treatments = view.treatments(results.groups, results.cases.ledger)
    made = swimmer(results.cases, treatments, results.cut.cutoff)
    if made is None:
        return []
    more = wording.plural(made.left_out, "more subject")
    left = f"{more} in the listing." if made.left_out else ""
    return [Figure("swimmer", made.spec, "subject", note=left)]


def _some(key: str, spec: Spec | None, kind: str = "") -> list[Figure]:
    return [Figure(key, spec, kind)] if spec else []
