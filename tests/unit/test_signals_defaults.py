"""What a study gets that writes no rule, and what its own rules are filled with."""

from datetime import date
from typing import Any

import pytest

from safetymon.signals import effective, unwatched
from safetymon.study import BackgroundRule, EclRule, PoissonRule, Rule, Study
from safetymon.topics import BUILT_IN

TOPICS = tuple(BUILT_IN)
GROUPS = [
    {
        "name": "First, drug",
        "treatment": "Drug",
        "periods": ["First"],
        "reference": "First, control",
    },
    {"name": "First, control", "treatment": "Control", "periods": ["First"]},
    {"name": "All drug", "treatment": "Drug"},
    {"name": "First period", "total_of": ["First, drug", "First, control"]},
]  # fmt: skip
OWN = {"topic": "nausea", "group": "All drug", "method": "background"}
PLAN = {"planned_subjects": 95, "window_days": 112, "alpha": 0.1}


def study(**parts: Any) -> Study:  # noqa: ANN401 - any table of a study file
    base = {
        "study": {"id": "S1", "title": "A study"},
        "data": {"standard": "adam"},
        "treatments": {"Drug": {"from": ["D"]}, "Control": {"from": ["C"], "reference": True}},
        "group": GROUPS,
    }
    return Study.model_validate({**base, **parts})


def about(rules: tuple[Rule, ...]) -> list[tuple[str, str, str]]:
    return [(rule.topic, rule.group, rule.method) for rule in rules]


def test_each_built_in_topic_is_weighed_in_each_group_on_treatment() -> None:
    """The walk beside a reference, the single-arm rule without one; neither for the control."""
    assert about(effective(study())) == [
        row
        for topic in TOPICS
        for row in ((topic, "First, drug", "ecl"), (topic, "All drug", "background"))
    ]


def test_the_built_in_rules_take_the_plan_of_the_trial() -> None:
    walk, alone = effective(study(evidence=PLAN))[:2]
    assert isinstance(walk, EclRule)
    assert (walk.planned, walk.window_days, walk.alpha) == (95, 112, 0.1)
    assert isinstance(alone, BackgroundRule)
    assert (alone.planned, alone.background, alone.alpha) == (95, None, 0.1)


def test_a_comparison_takes_the_final_analysis_of_the_trial_and_keeps_its_own() -> None:
    plan = {**PLAN, "final_analysis": date(2024, 5, 31)}
    walk = {"topic": "nausea", "group": "First, drug", "method": "ecl"}
    own = {**walk, "name": "own", "final_analysis": date(2024, 6, 30)}
    made = effective(study(evidence=plan, rule=[walk, own]))
    assert [rule.final_analysis for rule in made if isinstance(rule, EclRule)] == [
        date(2024, 5, 31), date(2024, 6, 30),
    ]  # fmt: skip
    built_in, *_ = effective(study(evidence=plan))
    assert isinstance(built_in, EclRule)
    assert built_in.final_analysis == date(2024, 5, 31)


def test_a_rule_against_a_rate_has_the_days_of_the_report_s_year() -> None:
    about = {"topic": "nausea", "group": "All drug", "method": "poisson"}
    rate = {**about, "background_per_100py": 5}
    (given,) = effective(study(rule=[rate], report={"days_per_year": 365.24}))
    assert isinstance(given, PoissonRule)
    assert given.days_per_year == 365.24


def test_without_a_plan_they_are_there_all_the_same() -> None:
    walk, alone = effective(study())[:2]
    assert isinstance(walk, EclRule)
    assert isinstance(alone, BackgroundRule)
    assert (walk.planned, walk.window_days, alone.planned) == (None, None, None)


def test_a_topic_with_a_background_is_weighed_against_it_beside_the_walk_too() -> None:
    """The walk can never signal on fewer than five events: a rare topic needs the other rule."""
    topics = [{"name": "thromboembolism", "background": 0.01}]
    made = [rule for rule in effective(study(topic=topics)) if rule.topic == "thromboembolism"]
    assert about(tuple(made)) == [
        ("thromboembolism", "First, drug", "ecl"),
        ("thromboembolism", "First, drug", "background"),
        ("thromboembolism", "All drug", "background"),
    ]
    assert [r.background for r in made if isinstance(r, BackgroundRule)] == [0.01, 0.01]


@pytest.mark.parametrize(("background", "rules"), [(0.02, 3), (None, 0)])
def test_a_topic_of_the_study_s_own_is_weighed_if_it_has_a_background(
    background: float | None, rules: int
) -> None:
    topics = [{"name": "rash", "terms": ["Rash"], "background": background}]
    made = effective(study(topic=topics))
    assert len([rule for rule in made if rule.topic == "rash"]) == rules


@pytest.mark.parametrize(
    ("defaults", "own", "built_in"),
    [
        ("if no rule", True, False),
        ("if no rule", False, True),
        ("always", True, True),
        ("never", False, False),
        ("never", True, False),
    ],
)
def test_when_the_built_in_rules_are_wanted(defaults: str, own: bool, built_in: bool) -> None:
    rules = [{**OWN, "name": "mine"}] if own else []
    made = effective(study(rule=rules, evidence={"defaults": defaults}))
    assert ("mine" in [rule.title for rule in made[:1]]) == own
    assert len(made) == own + 8 * built_in


def test_a_rule_of_the_study_s_own_takes_the_place_of_the_built_in_one() -> None:
    mine = {**OWN, "background": 0.3, "planned": 7}
    made = effective(study(rule=[mine], evidence={**PLAN, "defaults": "always"}))
    titles = [rule.title for rule in made]
    assert len(set(titles)) == len(titles) == 8
    assert titles[0] == "Nausea, all events: All drug against a background risk"
    assert made[0].model_dump(include={"planned", "background"}) == {
        "planned": 7,
        "background": 0.3,
    }


def test_titles_do_not_collide() -> None:
    topics = [{"name": topic, "background": 0.01} for topic in TOPICS]
    titles = [rule.title for rule in effective(study(topic=topics))]
    assert len(set(titles)) == len(titles) == 3 * len(TOPICS)


def test_own_rules_are_filled_from_the_plan_and_the_topic_where_they_say_nothing() -> None:
    rules = [
        {**OWN, "name": "a"},
        {**OWN, "name": "b", "planned": 40, "background": 0.3},
        {**OWN, "name": "c", "method": "ecl"},
        {**OWN, "name": "d", "method": "ecl", "planned": 40, "window_days": 7},
        {**OWN, "name": "e", "method": "incidence", "limit": 3},
    ]
    topics = [{"name": "nausea", "background": 0.02}]
    made = effective(study(rule=rules, topic=topics, evidence=PLAN))
    filled = [
        tuple(getattr(rule, key, "-") for key in ("planned", "background", "window_days"))
        for rule in made
    ]
    assert filled == [
        (95, 0.02, None), (40, 0.3, None), (95, "-", 112), (40, "-", 7), ("-", "-", "-"),
    ]  # fmt: skip
    # The plan's alpha is that of the built-in rules; a rule that says nothing has its own default.
    assert [getattr(rule, "alpha", None) for rule in made] == [0.05, 0.05, 0.05, 0.05, None]


def test_a_rule_of_one_topic_leaves_the_others_unwatched_unless_that_is_chosen() -> None:
    others = tuple(topic for topic in TOPICS if topic != "nausea")
    assert unwatched(study()) == ()
    assert unwatched(study(rule=[OWN])) == others
    assert unwatched(study(rule=[OWN], evidence={"defaults": "always"})) == ()
    assert unwatched(study(rule=[OWN], evidence={"defaults": "never"})) == ()


def test_a_topic_of_the_study_that_has_a_background_counts_as_unwatched_too() -> None:
    rash = [{"name": "rash", "terms": ["Rash"], "background": 0.1}]
    assert "rash" in unwatched(study(rule=[OWN], topic=rash))


def test_a_topic_whose_rule_is_written_and_off_was_decided_on() -> None:
    off = {**OWN, "topic": "headache", "off": True}
    assert "headache" not in unwatched(study(rule=[OWN, off]))
