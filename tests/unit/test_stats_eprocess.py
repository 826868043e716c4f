"""The safe log-rank e-process against a second, plain implementation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon.stats.eprocess import RATIOS, eprocess
from safetymon.stats.risksets import Mode
from safetymon.stats.steps import Steps
from tests.unit import plain_walk as plain
from tests.unit.plain_walk import Design, Subject
from tests.unit.walk_trials import many_steps, modes, path_of, subjects


@settings(deadline=None)
@given(subjects(), modes, st.sampled_from([0.8, 1.0, 1.5]))
def test_agrees_with_the_plain_implementation(people: list[Subject], mode: Mode, h0: float) -> None:
    design = Design(20, 30, h0=h0, mode=mode)
    days = plain.event_days(people, design)
    evidence = plain.log_e(days)

    found = eprocess(path_of(people, design))

    assert found.day.tolist() == [d.day for d in days]
    assert found.log_e == pytest.approx(evidence, rel=1e-9, abs=1e-12)
    assert found.current == pytest.approx([evidence[-1] if evidence else 0.0], abs=1e-12)
    assert found.highest == pytest.approx([max([0.0, *evidence])], abs=1e-12)


def even_steps(treated: list[bool], share: float = 0.5) -> Steps:
    n = len(treated)
    return Steps(
        term=np.zeros(n, np.int64),
        day=np.arange(n),
        treated=np.array(treated, dtype=bool),
        share=np.full(n, share),
        fraction=np.full(n, 0.5),
        ends_day=np.ones(n, dtype=bool),
        uninformative=np.zeros(1, np.int64),
    )


def test_the_mixture_is_twelve_ratios_from_1_25_to_8() -> None:
    assert RATIOS[[0, -1]] == pytest.approx([1.25, 8.0])
    assert len(RATIOS) == 12
    assert np.diff(np.log(RATIOS)) == pytest.approx(np.full(11, math.log(6.4) / 11))


def test_one_treated_event_among_even_risk_sets_by_hand() -> None:
    # E = mean of th / (1 + (th - 1)/2)
    expected = np.mean([th / (1 + (th - 1) / 2) for th in RATIOS])
    assert math.exp(eprocess(even_steps([True])).current[0]) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_each_step_is_fair_under_the_null(share: float) -> None:
    """The expectation of E over both outcomes of the next event is E itself."""
    past = [True, False, True, True]
    up, down = (
        math.exp(eprocess(even_steps([*past, last], share)).current[0]) for last in (True, False)
    )
    now = math.exp(eprocess(even_steps(past, share)).current[0])
    assert share * up + (1 - share) * down == pytest.approx(now)


def test_ten_thousand_events_stay_finite() -> None:
    found = eprocess(even_steps([True] * 10_000))
    assert found.current[0] == pytest.approx(10_000 * math.log(8 / 4.5) - math.log(12))
    falling = eprocess(even_steps([False] * 10_000))
    assert falling.current[0] == pytest.approx(-10_000 * math.log(1.125) - math.log(12))
    assert falling.highest[0] == 0.0


def test_without_an_event_the_evidence_is_one() -> None:
    found = eprocess(path_of([Subject(0, 9, True), Subject(0, 9, False)], Design(2, 10)))
    assert found.log_e.size == 0
    assert found.current.tolist() == [0.0]
    assert found.highest.tolist() == [0.0]


def test_one_empty_group_gives_no_evidence() -> None:
    found = eprocess(path_of([Subject(0, 9, True, 3), Subject(0, 9, True, 4)], Design(2, 10)))
    assert found.current.tolist() == [0.0]


def test_terms_of_different_length_do_not_touch() -> None:
    rising = [Subject(0, 99, i < 10, 10 + i if i < 6 else -1) for i in range(20)]
    quiet = [Subject(s.entry, s.last, s.treated) for s in rising]
    single = [
        Subject(s.entry, s.last, s.treated, 50 if i == 15 else -1) for i, s in enumerate(rising)
    ]
    design = Design(20, 100)
    together = eprocess(many_steps([quiet, single, rising], design))
    alone = [eprocess(path_of(people, design)).current[0] for people in (quiet, single, rising)]
    assert together.current.tolist() == alone
