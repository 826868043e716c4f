"""What is read of a study to simulate it: sizes, accrual, time at risk, the risk without harm."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from safetymon import cuts, demonstration
from safetymon.analysis import Frames
from safetymon.domain import ALL_SUBJECTS, Topic
from safetymon.signals.evidence import Units, date_of
from safetymon.simulate.design import LEAST, Plan, design_of
from safetymon.simulate.harms import Source, daily_hazard, harms_of
from safetymon.simulate.sides import Side, Stay, side_of, stays_of, time_at_risk
from safetymon.study import (
    BackgroundRule,
    EclRule,
    PoissonRule,
    ProtocolRule,
    Rule,
    Study,
    ThresholdRule,
)
from tests.unit.simulated_study import frames, study

ABOUT = {"topic": "headache", "group": "A"}
ECL = EclRule(method="ecl", **ABOUT)
BACKGROUND = BackgroundRule(method="background", background=0.02, planned=40, **ABOUT)
INCIDENCE = ThresholdRule(method="incidence", limit=10, **ABOUT)
RATIO = ThresholdRule(method="ratio", limit=2, **ABOUT)
PROTOCOL = ProtocolRule(method="protocol", n=(10, 30), stop_at=(2, 3), background=0.05, **ABOUT)
POISSON = PoissonRule(method="poisson", background_per_100py=36.525, **ABOUT)


def fifteen(cutoff: int = 500) -> Frames:
    """Ten on A and five on B, one every ten days, 100 days each; an event on B."""
    treated = [True, True, False] * 5
    entry = [10 * i for i in range(15)]
    event = [70 if i == 2 else -1 for i in range(15)]
    return frames(entry, [e + 99 for e in entry], treated, event, cutoff)


def plan_of(rule: Rule, known: Frames | None = None, **evidence: int) -> Plan:
    (plan,) = design_of(study(rule, **evidence), known or fifteen()).plans
    return plan


def sizes(plan: Plan) -> list[int]:
    return [side.subjects for side in plan.sides]


def test_times_at_risk_that_are_complete_are_as_observed() -> None:
    days, weight = time_at_risk(np.array([5, 9, 9, 3]), np.full(4, fill_value=True), window=0)
    assert (days.tolist(), weight.tolist()) == ([3, 5, 9, 9], pytest.approx([0.25, 0.25, 0.5, 0]))


def test_subjects_still_at_risk_go_on_as_kaplan_and_meier_have_it() -> None:
    # 3 complete (of 4), then one goes on after 5, so that the last of two at 9 carries the rest.
    days, weight = time_at_risk(np.array([3, 5, 9, 9]), np.array([True, False, True, False]), 20)
    assert (days.tolist(), weight.tolist()) == ([3, 9, 20], pytest.approx([0.25, 0.375, 0.375]))


def test_what_is_left_over_lasts_as_long_as_the_longest_if_that_is_longer_than_planned() -> None:
    days, weight = time_at_risk(np.array([30, 40]), np.array([False, False]), window=20)
    assert (days.tolist(), weight.tolist()) == ([40], [1])


def test_accrual_goes_on_as_it_began_until_the_plan_is_met() -> None:
    first, last = np.array([20, 0, 40]) + 7, np.array([50, 9, 60]) + 7
    side = side_of("A", Stay(first, last, last - first + 1), 70, stretch=2.0, window=0)
    assert (side.subjects, side.entry.tolist()) == (6, [7, 47, 87])


def test_a_subject_who_was_away_is_one_subject_of_a_side() -> None:
    # 001 was away from day 11 to 19, then went over to the other side; 002 never was.
    beside = Units(
        subject=("001", "002", "001", "001"), entry=np.array([1, 5, 20, 31]),
        last=np.array([10, 8, 30, 40]), event=np.full(4, -1),
        treated=np.array([True, True, True, False]),
    )  # fmt: skip
    stay = stays_of(beside, treated=True)
    assert [part.tolist() for part in stay] == [[1, 5], [30, 8], [21, 4]]
    assert [part.tolist() for part in stays_of(beside, treated=False)] == [[31], [40], [10]]
    alone = Units(
        subject=("001", "002"), entry=np.array([1, 5]), last=np.array([30, 8]),
        event=np.full(2, -1), treated=np.array([True, True]), away=np.array([[0, 11, 19]]),
    )  # fmt: skip
    assert [part.tolist() for part in stays_of(alone, treated=True)] == [
        part.tolist() for part in stay
    ]


@pytest.mark.parametrize("risk", [1e-6, 0.01, 0.5, 0.999])
def test_the_hazard_gives_the_risk_to_subjects_so_long_at_risk(risk: float) -> None:
    days, weight = np.array([1.0, 30.0, 200.0]), np.array([0.2, 0.5, 0.3])
    hazard = daily_hazard(risk, days, weight)
    assert float((1 - np.exp(-hazard * days)) @ weight) == pytest.approx(risk, rel=1e-9)


@pytest.mark.parametrize(("risk", "day"), [(0.0, 1.0), (1.0, 1.0), (0.5, 0.0)])
def test_no_hazard_gives_a_certain_risk_or_any_without_time(risk: float, day: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        daily_hazard(risk, np.array([day]), np.ones(1))


@pytest.mark.parametrize(
    ("rule", "evidence", "wanted"),
    [
        (ECL, {"planned_subjects": 30, "window_days": 100}, [20, 10]),  # both, as allocated
        (ECL.model_copy(update={"planned": 60, "window_days": 9}), {}, [40, 20]),
        (RATIO, {}, [10, 5]),  # no plan: as many as there are
        (RATIO, {"planned_subjects": 6}, [10, 5]),  # never fewer
        (BACKGROUND, {"planned_subjects": 30}, [40]),  # the rule's own plan is of its group
        (INCIDENCE, {"planned_subjects": 30}, [20]),  # a side of the comparison
        (INCIDENCE.model_copy(update={"group": "B"}), {"planned_subjects": 30}, [10]),
        (INCIDENCE.model_copy(update={"group": "A alone"}), {"planned_subjects": 30}, [30]),
        (PROTOCOL, {}, [20]),  # its table goes to 30, in both
        (PROTOCOL.model_copy(update={"group": "A alone"}), {}, [30]),
    ],
)
def test_groups_are_as_large_as_planned(
    rule: Rule, evidence: dict[str, int], wanted: list[int]
) -> None:
    assert sizes(plan_of(rule, **evidence)) == wanted


def test_half_a_trial_is_stretched_to_the_whole_and_says_so() -> None:
    plan = plan_of(ECL, fifteen(cutoff=145), planned_subjects=30, window_days=100)
    treated, reference = plan.sides
    assert (treated.entry[0], treated.entry[-1]) == (0, 260)  # the last of ten came on day 130
    assert (reference.entry[0], reference.entry[-1]) == (20, 260)  # 20 + 2 x 120
    assert set(treated.days) == {100}  # those still at risk are taken to complete the window
    assert "20 v 10 subjects entering over 260 days, as the 15 so far, stretched" in plan.basis


def test_days_are_counted_from_the_first_dose_of_the_trial() -> None:
    late = plan_of(INCIDENCE.model_copy(update={"group": "B"}))
    assert late.sides[0].entry.tolist() == [20, 50, 80, 110, 140]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (ECL.model_copy(update={"group": "A alone"}), "no concurrent reference"),
        (RATIO.model_copy(update={"group": "A alone"}), "no reference"),
        (BACKGROUND.model_copy(update={"background": None}), "no background rate given"),
        (BACKGROUND.model_copy(update={"planned": None}), "no planned size given"),
        (ECL, "no planned size given"),
    ],
)
def test_a_rule_that_is_not_applicable_is_not_simulated_and_says_why(rule: Rule, why: str) -> None:
    plan = plan_of(rule)
    assert (plan.harms, plan.sides) == ((), ())
    assert why in plan.basis


def test_from_too_few_subjects_nothing_is_read() -> None:
    plan = plan_of(RATIO, fifteen(cutoff=60))
    assert plan.harms == ()
    assert f"only 2 subjects so far in a group, {LEAST} wanted" in plan.basis


def test_a_final_analysis_is_on_the_calendar_of_simulated_trials() -> None:
    first = fifteen().exposure["start"].min()
    assert isinstance(first, date)
    ended = ECL.model_copy(update={"final_analysis": first + timedelta(days=200)})
    plan = plan_of(ended, planned_subjects=30, window_days=100)
    assert isinstance(plan.rule, EclRule)
    assert plan.rule.final_analysis == date_of(200)
    assert "at the final analysis, day 200, all alpha that is left is spent" in plan.basis
    without = plan_of(ECL, planned_subjects=30, window_days=100)
    assert "final analysis" not in without.basis


def test_a_rule_that_is_switched_off_has_no_plan() -> None:
    off = INCIDENCE.model_copy(update={"off": True})
    assert [p.rule for p in design_of(study(off, RATIO), fifteen()).plans] == [RATIO]


def test_open_frames_and_no_day_between_looks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least a day between looks"):
        design_of(study(RATIO), fifteen(), every=0)


def watched(events: int, subjects: int, group: str = "B") -> Source:
    """A source all of whose subjects are followed for 100 days, with events on day 50."""
    entry = np.zeros(subjects, np.int64)
    event = np.where(np.arange(subjects) < events, 49, -1)
    names = tuple(str(i) for i in range(subjects))
    return Source(group, Units(names, entry, entry + 99, event, entry > 0))


SIDE = Side("A", 50, np.array([0.0, 9.0]), np.array([100.0]), np.ones(1))
NOBODY, POOLED = watched(0, 20), watched(6, 60, ALL_SUBJECTS)


def assumed(rule: Rule, sources: list[Source], other: Rule | None = None) -> tuple[float, str]:
    """The risk without harm over 100 days, and the words for it."""
    one = study(*(rule, *([other] if other else [])))
    compares = rule.method in ("ecl", "ratio")
    harms, told = harms_of(rule, one, [SIDE, SIDE] if compares else [SIDE], sources)
    assert (harms[0].text, harms[0].effect) == ("no harm", 1.0)
    return 1 - np.exp(-100 * harms[0].hazards[-1]), told


@pytest.mark.parametrize(
    ("rule", "sources", "other", "risk", "told"),
    [
        (
            ECL,
            [watched(3, 20), POOLED],
            BACKGROUND,
            0.15,
            "observed in 'B' (3 of 20 subjects, Kaplan-Meier)",
        ),
        (ECL, [NOBODY, POOLED], BACKGROUND, 0.02, "the background of another rule of the topic"),
        (
            ECL,
            [NOBODY, POOLED],
            None,
            0.10,
            "observed in all subjects pooled (6 of 60 subjects, Kaplan-Meier)",
        ),
        (ECL, [NOBODY, watched(0, 60, ALL_SUBJECTS)], None, 0.5 / 61, "half an event"),
        (
            ECL,
            [watched(20, 20), POOLED],
            None,
            1 - 0.5 / 21,
            "observed in 'B' (20 of 20 subjects, Kaplan-Meier)",
        ),
        (BACKGROUND, [watched(3, 20), POOLED], None, 0.02, "the rule's background"),
        (PROTOCOL, [watched(3, 20), POOLED], BACKGROUND, 0.05, "the rule's background"),
        (INCIDENCE, [watched(3, 20), POOLED], BACKGROUND, 0.02, "another rule of the topic"),
        (
            INCIDENCE,
            [watched(3, 20), POOLED],
            None,
            0.15,
            "observed in 'B' (3 of 20 subjects, Kaplan-Meier)",
        ),
        (INCIDENCE, [watched(0, 0), POOLED], None, 0.10, "observed in all subjects pooled"),
        (
            INCIDENCE,
            [POOLED],
            None,
            0.10,
            "observed in all subjects pooled (6 of 60 subjects, Kaplan-Meier)",
        ),
    ],
)
def test_the_risk_without_harm_says_where_it_is_from(
    rule: Rule, sources: list[Source], other: Rule | None, risk: float, told: str
) -> None:
    found, words = assumed(rule, sources, other)
    assert found == pytest.approx(risk)
    assert told in words


def test_a_background_of_another_estimand_is_no_background() -> None:
    related = BACKGROUND.model_copy(update={"estimand": "related"})
    assert assumed(INCIDENCE, [POOLED], related)[0] == pytest.approx(0.10)


def test_a_topic_may_state_the_background() -> None:
    one = study().model_copy(update={"topic": (Topic(name="headache", background=0.07),)})
    assert (
        harms_of(INCIDENCE, one, [SIDE], [POOLED])[1] == "no harm is 7.00%, the topic's background"
    )


def test_an_event_after_the_time_at_risk_tells_no_risk() -> None:
    short = Side("A", 50, np.array([0.0, 9.0]), np.array([40.0]), np.ones(1))
    assert "half an event" in harms_of(INCIDENCE, study(), [short], [POOLED])[1]


def effects(rule: Rule, sides: int = 1) -> list[tuple[str, float]]:
    harms, _ = harms_of(rule, study(), [SIDE] * sides, [watched(3, 20), POOLED])
    return [(harm.text, harm.effect) for harm in harms]


def test_two_groups_are_given_hazard_ratios_and_one_multiples_of_its_background() -> None:
    ratios = [("no harm", 1), ("hazard x1.5", 1.5), ("hazard x2", 2), ("hazard x3", 3)]
    multiples = [("no harm", 1), ("risk x2", 2), ("risk x3", 3), ("risk x6", 6)]
    assert effects(ECL, sides=2) == ratios
    assert effects(BACKGROUND) == multiples
    assert effects(INCIDENCE) == multiples[:4]
    assert effects(POISSON)[1:] == [("rate x2", 2), ("rate x3", 3), ("rate x6", 6)]


def test_a_risk_above_one_is_left_out() -> None:
    common = BACKGROUND.model_copy(update={"background": 0.4})
    assert effects(common) == [("no harm", 1), ("risk x2", 2)]


def test_a_rate_is_a_daily_hazard_and_a_window_is_the_time_of_a_risk() -> None:
    rate, _ = harms_of(POISSON, study(), [SIDE], [POOLED])
    assert rate[0].hazards == pytest.approx((0.001,))  # 36.525 per 100 person-years of 365.25 days
    within = BACKGROUND.model_copy(update={"window_days": 10})
    risk, _ = harms_of(within, study(), [SIDE], [POOLED])
    assert risk[2].hazards == pytest.approx((-np.log(1 - 0.06) / 10,))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Frames]:
    file = demonstration.unpack(tmp_path_factory.mktemp("demo"))
    made = cuts.source(file, datetime(2024, 1, 1, tzinfo=UTC))
    return made.study, made.frames()


def test_the_demonstration_is_simulated_as_it_was_planned_and_went(
    demo: tuple[Study, Frames],
) -> None:
    plans = {plan.rule.title: plan for plan in design_of(*demo).plans}
    headache = plans["Headache, all events: First period, IVIg against its reference"]
    assert sizes(headache) == [52, 48]
    assert (
        "no harm is 8.33% in both, observed in 'First period, placebo' (4 of 48" in headache.basis
    )
    alone = plans["Thromboembolism, related, all IVIg: against 1%"]
    assert sizes(alone) == [95]
    assert alone.sides[0].mean_days == pytest.approx(197.905, abs=1e-3)  # mean days of "All IVIg"
    assert sizes(plans["Thromboembolism, pooled: against 1%"]) == [95]
    assert (
        "no background rate given"
        in plans["Nausea, all events: All IVIg against a background risk"].basis
    )


def test_the_demonstration_half_way_is_stretched_to_its_plan(demo: tuple[Study, Frames]) -> None:
    one, whole = demo
    plans = {p.rule.title: p for p in design_of(one, whole.known_by(date(2018, 6, 30))).plans}
    halfway = plans["Headache, all events: First period, IVIg against its reference"]
    assert sum(sizes(halfway)) == pytest.approx(95, abs=5)
    assert "stretched" in halfway.basis
