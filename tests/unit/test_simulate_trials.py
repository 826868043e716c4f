"""Simulated trials are what the plan says, and rules see them as the live product would."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from safetymon import analysis
from safetymon.domain import ReportSettings
from safetymon.signals.evidence import date_of, day_of
from safetymon.simulate import looks
from safetymon.simulate.cards import Signals, cards, first_signals, joined
from safetymon.simulate.design import Plan
from safetymon.simulate.harms import Harm, daily_hazard
from safetymon.simulate.sides import Side
from safetymon.simulate.trials import Drawn, draw, first_events
from safetymon.study import BackgroundRule, EclRule, PoissonRule, ProtocolRule, Rule, ThresholdRule
from tests.unit.simulated_study import START, frames_of, study

ABOUT = {"topic": "headache", "group": "A"}
INCIDENCE = ThresholdRule(method="incidence", limit=30, min_at_risk=4, name="i", **ABOUT)
DAYS, WEIGHT = np.array([10.0, 40.0]), np.array([0.25, 0.75])


def side(subjects: int, first: float = 0.0, last: float = 60.0) -> Side:
    return Side("A", subjects, np.array([first, (first + last) / 2, last]), DAYS, WEIGHT)


def plan_of(rule: Rule, sides: tuple[Side, ...], risk: float, *effects: float) -> Plan:
    hazard = daily_hazard(risk, DAYS, WEIGHT)
    harms = tuple(
        Harm(f"x{e}", e, (e * hazard, hazard) if len(sides) > 1 else (e * hazard,)) for e in effects
    )
    return Plan(rule, sides, harms, "as told", every=1, report=ReportSettings())


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_groups_have_their_sizes_accrual_and_times_at_risk() -> None:
    drawn = draw(plan_of(INCIDENCE, (side(30), side(20, first=10)), 0.1, 1), 200, rng())
    treated, reference = drawn.entry[:, drawn.treated], drawn.entry[:, ~drawn.treated]
    assert (treated.shape, reference.shape) == ((200, 30), (200, 20))
    assert (treated.min(axis=1) == 0).all()
    assert (treated.max(axis=1) == 60).all()
    assert (reference.min(axis=1) == 10).all()
    days = drawn.last - drawn.entry + 1
    assert set(np.unique(days)) == {10, 40}
    assert (days == 10).mean() == pytest.approx(0.25, abs=0.015)  # 3 standard errors of 10,000
    assert (drawn.end == drawn.last.max(axis=1)).all()


def test_without_a_last_entry_in_time_the_end_waits_for_the_window() -> None:
    rule = BackgroundRule(method="background", window_days=90, **ABOUT)
    drawn = draw(plan_of(rule, (side(10),), 0.1, 1), 5, rng())
    assert drawn.end.tolist() == [60 + 89] * 5


def test_the_share_with_an_event_is_the_risk() -> None:
    plan = plan_of(INCIDENCE, (side(100),), 0.1, 1)
    drawn = draw(plan, 400, rng())
    event = first_events(drawn, plan.harms[0])
    assert (event >= 0).mean() == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / 40_000))
    had = event >= 0
    assert (event[had] >= drawn.entry[had]).all()
    assert (event[had] <= drawn.last[had]).all()


def test_a_hazard_ratio_is_that_of_the_daily_hazards() -> None:
    plan = plan_of(INCIDENCE, (side(200), side(200)), 0.2, 2)
    drawn = draw(plan, 200, rng(2))
    event = first_events(drawn, plan.harms[0])
    days = np.where(event >= 0, event, drawn.last) - drawn.entry + 1.0
    rates = [
        (event[:, on] >= 0).sum() / days[:, on].sum() for on in (drawn.treated, ~drawn.treated)
    ]
    # The rates of about 15,000 and 8,000 events: a standard error of the log ratio of 0.014. A day
    # on which the event falls counts whole, in both groups.
    assert np.log(rates[0] / rates[1]) == pytest.approx(np.log(2), abs=0.05)


def test_a_greater_harm_adds_events_on_treatment_and_changes_no_other() -> None:
    plan = plan_of(INCIDENCE, (side(50), side(50)), 0.2, 1, 3)
    drawn = draw(plan, 20, rng())
    none, harm = (first_events(drawn, harm) for harm in plan.harms)
    reference = ~drawn.treated
    assert (none[:, reference] == harm[:, reference]).all()
    kept = none >= 0
    assert (harm[kept] >= 0).all()
    assert (harm[kept] <= none[kept]).all()
    assert (harm >= 0).sum() > (none >= 0).sum()


def test_days_are_counted_up_to_each_look() -> None:
    days = np.array([[0, 3, -1, 7], [6, 6, 30, -1]])
    assert looks.counted(days, np.array([2, 6, 9])).tolist() == [[1, 2, 3], [0, 2, 2]]


@pytest.mark.parametrize(("every", "wanted"), [(1, 5), (7, 6), (10, 9)])
def test_a_signal_comes_at_the_first_look_that_can_see_it(every: int, wanted: int) -> None:
    rule = ThresholdRule(method="subjects", limit=2, min_at_risk=1, **ABOUT)
    entry = np.zeros((1, 3), np.int64)
    drawn = Drawn(
        ("0", "1", "2"), np.full(3, fill_value=True), entry, entry + 9, entry + 1.0, np.array([9])
    )
    event = np.array([[2, 5, -1]])
    report = ReportSettings()
    assert looks.first_signals(rule, drawn, event, every, report).tolist() == [wanted]
    assert looks.first_signals(rule, drawn, event * 0 - 1, every, report).tolist() == [-1]


def threshold(method: str, limit: float, **more: object) -> ThresholdRule:
    name = f"{method} {limit} {more}"
    settings = {"min_at_risk": 4, **ABOUT, **more}
    return ThresholdRule(method=method, limit=limit, name=name, **settings)  # type: ignore[arg-type]  # keys of a rule


THRESHOLDS = [
    threshold("incidence", 45),
    threshold("incidence", 25, on="lower bound"),
    threshold("subjects", 4),
    threshold("subjects", 0, min_subjects=3),
    threshold("difference", 20),
    threshold("difference", 0, on="lower bound"),
    threshold("ratio", 2.5),
    threshold("ratio", 1, on="lower bound", min_at_risk=8),
]
ALONE = BackgroundRule(method="background", background=0.2, planned=12, **ABOUT)
EVIDENCE: list[Rule] = [
    EclRule(method="ecl", planned=24, window_days=40, **ABOUT),
    ALONE,
    ALONE.model_copy(update={"denominator": "matured", "window_days": 25, "name": "matured"}),
    ALONE.model_copy(update={"denominator": "km", "window_days": 25, "name": "km"}),
    ProtocolRule(method="protocol", n=(5, 9, 12), stop_at=(3, 5, 6), background=0.2, **ABOUT),
    PoissonRule(method="poisson", background_per_100py=200, **ABOUT),
]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_threshold_signals_on_the_look_on_which_the_live_product_would(seed: int) -> None:
    plan = plan_of(INCIDENCE, (side(12), side(12)), 0.35, 2.5)
    drawn = draw(plan, 1, rng(seed))
    event = first_events(drawn, plan.harms[0])
    whole, one = frames_of(drawn, event, 0), study(*THRESHOLDS)
    schedule = range(4, int(drawn.end[0]) + 5, 5)
    live: dict[str, int] = {}
    for day in schedule:
        found = analysis.counted(whole.known_by(START + timedelta(days=day)), one).found
        for title, finding in found.items():
            if finding.state == "over":
                live.setdefault(title, day)
    simulated = {
        rule.title: int(looks.first_signals(rule, drawn, event, 5, ReportSettings())[0])
        for rule in THRESHOLDS
    }
    assert simulated == {rule.title: live.get(rule.title, -1) for rule in THRESHOLDS}


@pytest.mark.slow
@pytest.mark.parametrize("rule", EVIDENCE, ids=lambda rule: rule.name or rule.method)
def test_evidence_signals_on_the_day_on_which_the_live_product_would(rule: Rule) -> None:
    sides = (side(12), side(12)) if rule.method == "ecl" else (side(12),)
    plan = plan_of(rule, sides, 0.4, 3)
    drawn = draw(plan, 6, rng(5))
    event = first_events(drawn, plan.harms[0])
    live = [
        analysis.counted(frames_of(drawn, event, trial), study(rule)).found[rule.title].path
        for trial in range(6)
    ]
    origin = START.toordinal() - 719163  # of 1970-01-01
    days = [p.first_crossing for p in live if p is not None]
    wanted = [-1 if day is None else day - origin for day in days]
    assert first_signals(plan, 6, rng(5)).day.tolist() == [wanted]
    assert any(day >= 0 for day in wanted)


def test_a_final_analysis_spends_what_is_left_as_it_does_in_the_live_product() -> None:
    rule = EclRule(method="ecl", planned=400, window_days=40, **ABOUT)  # a plan never reached
    ended = rule.model_copy(update={"final_analysis": START + timedelta(days=70)})
    plan = plan_of(rule, (side(20), side(20)), 0.3, 3)
    final = replace(plan, rule=rule.model_copy(update={"final_analysis": date_of(70)}))
    drawn = draw(final, 8, rng(2))
    event = first_events(drawn, plan.harms[0])
    live = [
        analysis.counted(frames_of(drawn, event, trial), study(ended)).found[rule.title].path
        for trial in range(8)
    ]
    days = [p.first_crossing for p in live if p is not None]
    wanted = [-1 if day is None else day - day_of(START) for day in days]
    assert first_signals(final, 8, rng(2)).day.tolist() == [wanted]
    assert 70 in wanted
    assert 70 not in first_signals(plan, 8, rng(2)).day


def test_a_trial_goes_on_to_its_final_analysis() -> None:
    rule = EclRule(method="ecl", planned=40, window_days=40, final_analysis=date_of(900), **ABOUT)
    assert draw(plan_of(rule, (side(20), side(20)), 0.3, 3), 3, rng()).end.tolist() == [900] * 3


def test_subjects_are_those_treated_by_the_first_signal() -> None:
    rule = ThresholdRule(method="subjects", limit=1, min_at_risk=1, **ABOUT)
    plan = plan_of(rule, (side(20),), 0.5, 1, 1.5)
    made, drawn = first_signals(plan, 10, rng(3)), draw(plan, 10, rng(3))
    assert made.day.shape == made.subjects.shape == (2, 10)
    assert made.subjects[1].tolist() == (drawn.entry <= made.day[1][:, None]).sum(axis=1).tolist()


def card_of(days: list[int]) -> dict[str, object]:
    plan = plan_of(INCIDENCE, (side(5),), 0.1, 1)
    made = Signals(np.array([days]), np.array([[d if d < 0 else d + 1 for d in days]]))
    return cards([(plan, made)]).row(0, named=True)


@pytest.mark.parametrize(
    ("days", "share", "median"),
    [
        ([9, 3, -1, -1], 0.5, 9.0),  # by day 9 half have signalled
        ([9, 3, 5, -1], 0.75, 5.0),
        ([9, -1, -1, -1], 0.25, None),
        ([4, 2, 8], 1.0, 4.0),
        ([-1, -1], 0.0, None),
    ],
)
def test_a_median_is_the_day_by_which_half_of_all_trials_have_signalled(
    days: list[int], share: float, median: float | None
) -> None:
    card = card_of(days)
    assert (card["signals"], card["median_days"], card["trials"]) == (share, median, len(days))
    assert card["median_subjects"] == (None if median is None else median + 1)


def test_the_error_is_that_of_a_share_and_never_zero() -> None:
    assert card_of([1] * 5 + [-1] * 15)["error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 20))
    assert card_of([-1] * 50)["error"] == pytest.approx(1 / 50)


def test_a_rule_that_is_not_simulated_has_one_row_with_the_reason() -> None:
    plan = Plan(INCIDENCE, (), (), "no reference", every=1, report=ReportSettings())
    card = cards([(plan, None)])
    assert card.select("rule", "method", "trials", "signals", "basis").rows() == [
        ("i", "incidence", 0, None, "no reference"),
    ]  # fmt: skip


def test_parts_are_joined_trial_by_trial() -> None:
    one, two = Signals(np.array([[1]]), np.array([[5]])), Signals(np.array([[2]]), np.array([[6]]))
    assert [column.tolist() for column in joined([one, two])] == [[[1, 2]], [[5, 6]]]
