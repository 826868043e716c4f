"""Two groups at risk at the same time: the product's path against the plain walk, edge by edge."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safetymon.signals import concurrent
from safetymon.signals.concurrent import ecl_path, hangs_on_one
from safetymon.signals.evidence import Path, Units
from safetymon.study import EclRule
from tests.unit import plain_walk as plain
from tests.unit.plain_walk import Design, Subject
from tests.unit.walk_trials import modes, subjects

PLAN = "no planned size given: add planned and window_days to the rule, or "
TWO = [Subject(0, 30, True, 5), Subject(0, 30, False)]


def rule(**more: Any) -> EclRule:  # noqa: ANN401 - any key of a rule
    return EclRule(
        **{"method": "ecl", "topic": "t", "group": "g", "planned": 20, "window_days": 30, **more}
    )


def units_of(people: Sequence[Subject]) -> Units:
    return Units(
        tuple(f"{i:03d}" for i in range(len(people))),
        np.array([s.entry for s in people], np.int64),
        np.array([s.last for s in people], np.int64),
        np.array([s.event for s in people], np.int64),
        np.array([s.treated for s in people], np.bool_),
    )


def path(people: Sequence[Subject], cutoff: int = 90, **more: Any) -> Path:  # noqa: ANN401 - any key of a rule
    return ecl_path(rule(**more), units_of(people), cutoff)


def known(people: Sequence[Subject], cutoff: int) -> list[Subject]:
    """What a cut holds: who has entered, followed up to the day, and the events seen by then."""
    return [
        Subject(s.entry, min(s.last, cutoff), s.treated, s.event if s.event <= cutoff else -1)
        for s in people
        if s.entry <= cutoff
    ]


@settings(deadline=None)
@given(
    subjects(),
    st.integers(5, 100),
    st.sampled_from([0.01, 0.05, 0.3]),
    st.sampled_from([0.5, 1.0, 2.0]),
    modes,
)
def test_the_path_is_the_plain_walk_of_what_is_known_at_the_cut_off(
    people: list[Subject], cutoff: int, alpha: float, margin: float, mode: plain.Mode
) -> None:
    here = known(people, cutoff)
    assume({s.treated for s in here} == {True, False})
    design = Design(20, 30, alpha, margin, mode)
    days = plain.event_days(here, design)
    rows = plain.walk(days, design)
    assume(all(row.nearest > 1e-12 for row in rows))

    found = path(people, cutoff, alpha=alpha, margin=margin, mode=mode)

    assert found.day.tolist() == [row.day for row in rows]
    assert found.count.tolist() == [row.total_treated for row in rows]
    assert found.of.tolist() == [row.total for row in rows]
    assert found.limit.tolist() == [row.boundary for row in rows]
    assert found.spent == pytest.approx([row.spent for row in rows], abs=1e-12)
    assert found.fraction == pytest.approx([min(d.fraction, 1) for d in days])
    assert found.expected == pytest.approx([sum(d.shares) / len(d.shares) for d in days])
    assert found.log_e == pytest.approx(plain.log_e(days), abs=1e-9)
    crossed = [row.total_treated >= row.boundary for row in rows]
    assert found.crossed.tolist() == crossed
    assert found.first_crossing == next((r.day for r, c in zip(rows, crossed, strict=True) if c),
                                        None)  # fmt: skip


# Ten a group; those on treatment have their events on days 5, 7, 9, …
HARM = [Subject(0, 60, i % 2 == 0, 5 + i if i % 2 == 0 else -1) for i in range(20)]


def test_a_harm_in_one_group_signals_and_the_other_way_round_it_does_not() -> None:
    # Five of five: 10/20 x 9/19 x 8/18 x 7/17 x 6/16 = 0.016; alpha by then, at t = 14/30, 0.029.
    # Four of four: 0.043; alpha by then, at t = 12/30, 0.026.
    found = path(HARM)
    assert found.expected[:5] == pytest.approx([10 / 20, 9 / 19, 8 / 18, 7 / 17, 6 / 16])
    assert found.fraction[3:5] == pytest.approx([12 / 30, 14 / 30])
    assert found.first_crossing == 13
    good = [Subject(s.entry, s.last, not s.treated, s.event) for s in HARM]
    assert path(good).first_crossing is None


def test_a_margin_asks_for_more() -> None:
    above = path(HARM, margin=2.0)
    assert above.expected[0] == pytest.approx(2 / 3)  # of equal numbers at risk
    assert above.first_crossing == 17  # instead of 13
    assert above.log_e[-1] < path(HARM).log_e[-1]


def test_band_mode_weighs_an_event_against_those_as_long_on_treatment() -> None:
    # On day 40: in the event's band (28 to 55 days) one treated and one reference subject, and two
    # reference subjects who have just begun.
    people = [
        Subject(0, 60, True, 40), Subject(0, 60, False), Subject(40, 60, False),
        Subject(40, 60, False),
    ]  # fmt: skip
    assert path(people, mode="band").expected.tolist() == [0.5]
    assert path(people).expected[0] != 0.5


@pytest.mark.parametrize("missing", ["planned", "window_days"])
def test_without_a_plan_the_walk_is_not_applicable_and_says_what_to_add(missing: str) -> None:
    found = path(TWO, **{missing: None})
    assert (found.day.size, found.state) == (0, "not applicable")
    assert found.cannot.startswith(PLAN)


@pytest.mark.parametrize(
    ("people", "who"),
    [
        ([], "the group"),
        ([Subject(0, 30, False, 5)], "the group"),
        ([Subject(0, 30, True, 5)], "the reference group"),
        ([Subject(0, 30, True, 5), Subject(95, 99, False)], "the reference group"),  # not yet
    ],
)
def test_nobody_in_a_group_cannot_tell_whatever_happens_in_the_other(
    people: list[Subject], who: str
) -> None:
    found = path(people)
    assert (found.day.size, found.state) == (0, "too little data")
    assert found.cannot == f"nobody has been at risk in {who} yet"


@pytest.mark.parametrize("event", [-1, 91])
def test_no_event_known_is_no_events(event: int) -> None:
    found = path([Subject(0, 100, True, event), Subject(0, 100, False)])
    assert (found.day.size, found.state, found.cannot) == (0, "no events", "no events")


def test_too_few_events_is_not_no_signal() -> None:
    found = path(TWO)
    assert (found.state, found.crossed.tolist()) == ("too little data", [False])
    assert found.cannot == "too few events: even 1 of 1 on treatment could not have signalled yet"
    assert found.limit[-1] > found.of[-1]


def test_once_a_count_could_have_signalled_it_is_no_signal() -> None:
    people = [Subject(0, 60, i % 2 == 0, 5 + i) for i in range(16)]
    found = path(people)
    assert (found.state, found.cannot) == ("under", "")
    assert (found.limit <= found.of).any()


def test_an_event_while_one_group_is_empty_says_nothing_and_is_told() -> None:
    alone = [Subject(0, 10, True, 5), Subject(20, 40, False)]
    found = path(alone)
    assert (found.day.size, found.state) == (0, "too little data")
    assert found.cannot == "no information: a group was empty at risk at its event"
    both = [*alone, Subject(20, 40, True, 25), Subject(20, 40, True)]
    assert path(both).notes[0] == "1 more event is not weighed: only one of the groups was at risk"
    three = path([Subject(0, 10, True, 6), *both])
    assert three.notes[0] == "2 more events are not weighed: only one of the groups was at risk"
    assert path(both).of.tolist() == [1]


def test_exposure_beyond_the_plan_is_told_and_spends_no_more_than_alpha() -> None:
    people = [Subject(0, 60, i % 2 == 0, 20 + i if i < 9 else -1) for i in range(12)]
    found = path(people, planned=4)
    assert found.notes == (
        "exposure has passed what was planned: only alpha left by then is spent",
    )
    assert found.fraction[-1] == 1
    assert found.spent[-1] <= 0.05
    assert path(people, planned=40).notes == ()


ENDED = date(1970, 1, 1) + timedelta(days=70)
FIVE = [Subject(0, 60, i % 2 == 0, 5 + i if i in (0, 2, 4, 6, 8) else -1) for i in range(20)]
"""Five of five on treatment, days 5 to 13: 0.016, as above."""


def test_the_final_analysis_may_spend_what_is_left_on_a_day_of_its_own() -> None:
    early = path(FIVE, planned=500)
    final = path(FIVE, planned=500, final_analysis=ENDED)
    assert early.fraction[-1] < 0.1
    assert final.day.tolist() == [*early.day.tolist(), 70]
    assert (final.fraction[-1], final.of[-1]) == (1, early.of[-1])
    assert final.limit[-1] < early.limit[-1]
    assert final.limit[:-1].tolist() == early.limit.tolist()
    assert early.first_crossing is None
    assert final.first_crossing == 70  # not on the day of the last event, when it had not ended


@pytest.mark.parametrize("cutoff", [69, 70, 90])
def test_a_look_before_the_final_analysis_knows_nothing_of_it(cutoff: int) -> None:
    planned = {"planned": 500, "final_analysis": ENDED}
    found, without = path(FIVE, cutoff, **planned), path(FIVE, cutoff, planned=500)
    assert (found.day.tolist() == without.day.tolist()) == (cutoff < 70)


def test_the_final_analysis_on_the_day_of_the_last_event_is_that_day() -> None:
    last = date(1970, 1, 1) + timedelta(days=max(s.event for s in FIVE))
    found = path(FIVE, planned=500, final_analysis=last)
    assert found.day.tolist() == path(FIVE, planned=500).day.tolist()
    assert found.fraction[-1] == 1


def test_an_event_seen_after_the_final_analysis_is_not_weighed_and_is_told() -> None:
    late = [*FIVE, Subject(0, 60, False, 75)]
    found = path(late, 80, planned=500, final_analysis=ENDED)
    assert found.of[-1] == path(FIVE, planned=500).of[-1]
    assert found.notes == (
        "1 first event seen after the final analysis of 12 Mar 1970 not weighed",
    )


@settings(deadline=None, max_examples=60)
@given(
    subjects(), st.sampled_from([0.05, 0.3]), modes, st.sampled_from([None, 15, 40]),
    st.sampled_from([0, 1, 50]),
)  # fmt: skip
def test_a_signal_that_hangs_on_one_event_is_one_that_some_path_without_it_lacks(
    people: list[Subject], alpha: float, mode: plain.Mode, end: int | None, soon: int
) -> None:
    ended = None if end is None else date(1970, 1, 1) + timedelta(days=end)
    asked = rule(alpha=alpha, mode=mode, final_analysis=ended)
    made = units_of(people)
    assume(made.treated.any() and not made.treated.all() and (made.event >= 0).any())
    last = 90 if end is None else end
    assume((made.entry <= last).any())  # else there is no signal to ask about
    known = {i for i in range(len(people)) if 0 <= made.event[i] <= last}
    without = [ecl_path(asked, made.without(i), 90).first_crossing is None for i in known]
    with patch.object(concurrent, "SOON", soon):
        assert hangs_on_one(asked, made, 90) == any(without)


def test_when_a_group_is_gone_the_walk_says_that_nothing_can_be_shown() -> None:
    people = [Subject(0, 30, True), Subject(0, 20, False)]
    found = path(people)
    assert found.state == "no events"
    (said,) = found.notes
    assert said == (
        "nobody has been at risk in the reference group since 21 Jan 1970, so an event since then "
        "shows nothing of a difference between the groups"
    )
    assert path(people, 20).notes == ()


def test_the_e_process_stands_beside_and_does_not_decide() -> None:
    found = path(HARM, alpha=1e-6)
    assert found.log_e[-1] > math.log(20)
    assert found.first_crossing is None
