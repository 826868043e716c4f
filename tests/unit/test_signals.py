"""Simple threshold rules and what becomes of their signals from look to look."""

from datetime import date
from typing import Any, get_args

import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Verdict
from safetymon.errors import UsageError
from safetymon.signals import Numbers, detect, find
from safetymon.signals.threshold import evaluate
from safetymon.signals.transitions import Standing, State, follow
from safetymon.signals.units import People
from safetymon.study import Evidence, ThresholdRule

CELL = {"subjects": 6, "at_risk": 40, "events": 9, "percent": 15.0, "ci_low": 5.7, "ci_high": 29.8}
BESIDE = {"risk_difference": 12.5, "rd_low": -1.0, "risk_ratio": 6.0, "rr_low": 0.9}


def rule(**settings: Any) -> ThresholdRule:  # noqa: ANN401 - any key of a rule
    base = {"topic": "headache", "group": "IVIg", "method": "incidence", "limit": 10}
    return ThresholdRule(**{**base, **settings})


@pytest.mark.parametrize(
    ("settings", "state", "value"),
    [
        ({"limit": 10}, "over", 15.0),
        ({"limit": 15}, "over", 15.0),  # at the limit is over it
        ({"limit": 15.1}, "under", 15.0),
        ({"limit": 10, "on": "lower bound"}, "under", 5.7),
        ({"method": "subjects", "limit": 6}, "over", 6.0),
        ({"method": "subjects", "limit": 7}, "under", 6.0),
        ({"method": "difference", "limit": 10}, "over", 12.5),
        ({"method": "difference", "limit": 0, "on": "lower bound"}, "under", -1.0),
        ({"method": "ratio", "limit": 2}, "over", 6.0),
        ({"method": "ratio", "limit": 1, "on": "lower bound"}, "under", 0.9),
        ({"min_at_risk": 41}, "too little data", None),
        ({"min_subjects": 7}, "too little data", None),
    ],
)
def test_the_number_is_compared_with_the_limit_once_there_is_enough(
    settings: dict[str, object], state: State, value: float | None
) -> None:
    outcome = evaluate(rule(**settings), CELL, BESIDE)
    assert (outcome.state, outcome.value) == (state, value)


def test_no_events_is_not_no_signal_and_keeps_its_interval() -> None:
    none = {**CELL, "subjects": 0, "events": 0, "percent": 0.0, "ci_low": 0.0, "ci_high": 8.8}
    outcome = evaluate(rule(), none, None)
    assert outcome.state == "no events"
    assert outcome.text == "No events in 40 subjects; the interval reaches 8.8%."


def test_without_a_reference_a_comparison_is_not_applicable() -> None:
    assert evaluate(rule(method="ratio", limit=2), CELL, None).state == "not applicable"


def test_a_ratio_that_cannot_be_estimated_is_not_applicable() -> None:
    outcome = evaluate(rule(method="ratio", limit=2), CELL, {**BESIDE, "risk_ratio": None})
    assert outcome.state == "not applicable"


def test_the_sentence_says_subjects_and_events() -> None:
    text = evaluate(rule(), CELL, None).text
    assert text == "6 of 40 subjects, 9 events; incidence 15%, at or above the limit of 10%."


@pytest.mark.parametrize(
    ("before", "state", "now"),
    [
        (None, "over", "raised"),
        ("no signal", "over", "raised"),
        ("raised", "over", "open"),
        ("open", "over", "open"),
        ("cleared", "under", "cleared"),
        ("cleared", "no events", "cleared"),
        ("cleared", "over", "raised"),
        ("cleared", "too little data", "cleared"),  # nor does what became of it
        ("cleared", "not applicable", "cleared"),
        ("open", "under", "open"),  # one look is not enough to clear
        ("open", "too little data", "open"),  # a raised signal never disappears silently
        ("open", "not applicable", "open"),
        ("no signal", "too little data", "too little data"),
        (None, "no events", "no events"),
        (None, "under", "no signal"),
    ],
)
def test_transitions(before: Verdict | None, state: State, now: Verdict) -> None:
    then = None if before is None else Standing(before, 1, 1)
    assert follow(state, then, 2, clear_after=2).verdict == now


def test_every_state_after_every_verdict_has_an_answer() -> None:
    for state in get_args(State):
        for before in get_args(Verdict):
            made = follow(state, Standing(before, 1, 1), 2, clear_after=1)
            assert made.verdict in get_args(Verdict)


def story(*states: State, clear_after: int = 2) -> list[tuple[str, int, int]]:
    """(verdict, since look, looks in a row) of a rule over successive looks."""
    told, standing = [], None
    for look, state in enumerate(states, start=1):
        standing = follow(state, standing, look, clear_after)
        told.append((standing.verdict, standing.since_look, standing.looks))
    return told


def test_a_verdict_stands_since_the_look_that_gave_it() -> None:
    assert story("under", "under", "over", "over", "over") == [
        ("no signal", 1, 1), ("no signal", 1, 2), ("raised", 3, 1), ("open", 3, 2), ("open", 3, 3),
    ]  # fmt: skip


def test_a_signal_is_cleared_by_looks_in_a_row_that_speak_against_it() -> None:
    assert [verdict for verdict, *_ in story("over", "under", "under", "under")] == [
        "raised", "open", "cleared", "cleared",
    ]  # fmt: skip


def test_a_signal_does_not_flicker() -> None:
    assert [verdict for verdict, *_ in story("over", "under", "over", "under", "over")] == [
        "raised", "open", "open", "open", "open",
    ]  # fmt: skip


def test_a_look_that_cannot_tell_does_not_count_against_a_signal() -> None:
    told = story("over", "under", "too little data", "under", "under")
    assert [verdict for verdict, *_ in told] == ["raised", "open", "open", "open", "cleared"]


def incidence_row(**values: object) -> pl.DataFrame:
    row = {**dict.fromkeys(schema.INCIDENCE), "term": "headache", "level": "topic",
           "adjudicated": True, "estimand": "all", "group": "IVIg", **CELL, **values}  # fmt: skip
    return pl.DataFrame([row], schema=schema.INCIDENCE)


NOTHING_BESIDE = pl.DataFrame(schema=schema.COMPARISONS)
NO_HISTORY = pl.DataFrame(schema=schema.SIGNALS)


def numbers(table: pl.DataFrame) -> Numbers:
    nothing = pl.DataFrame()
    people = People(nothing, nothing)
    return Numbers((), table, NOTHING_BESIDE, nothing, nothing, people, date(2020, 1, 1))


def verdicts(
    rules: list[ThresholdRule], before: pl.DataFrame = NO_HISTORY, look: int = 1
) -> pl.DataFrame:
    found = find(rules, numbers(incidence_row()), Evidence())
    return detect(rules, found, before, look, clear_after=2).signals


def test_one_row_a_rule_in_the_order_of_the_study() -> None:
    made = verdicts([rule(name="b", limit=10), rule(name="a", limit=50)])
    assert made.select("rule", "verdict", "limit", "since_look").rows() == [
        ("b", "raised", 10.0, 1), ("a", "no signal", 50.0, 1),
    ]  # fmt: skip


def test_history_is_found_by_the_name_of_the_rule() -> None:
    made = verdicts([rule(name="b")], verdicts([rule(name="b")]), look=2)
    assert made.select("verdict", "since_look", "looks").row(0) == ("open", 1, 2)


@pytest.mark.parametrize("rules", [[], [rule(name="b", off=True)]])
def test_a_signal_outlives_its_rule(rules: list[ThresholdRule]) -> None:
    made = verdicts(rules, verdicts([rule(name="b")]), look=2)
    assert made.select("rule", "verdict", "since_look").rows() == [("b", "open", 1)]
    assert "switched off or no longer in the study file" in made["text"].item()


def test_a_rule_that_is_gone_and_never_raised_is_gone() -> None:
    assert verdicts([], verdicts([rule(name="a", limit=50)]), look=2).is_empty()


def test_a_rule_about_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is counted for topic 'headache'"):
        find([rule(group="X")], numbers(incidence_row()), Evidence())
