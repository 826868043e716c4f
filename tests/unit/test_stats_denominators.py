"""Who stands behind the events while entry goes on: small drawn trials."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from safetymon.stats.denominators import dosed, km, matured
from tests.simulation.single_arm import Scenario, draw, effective

# One row a subject, window 10 days. Days since dose, follow-up, event:
#   30 on, event on day 4;  20 on, window completed;  15 on, left on day 6;
#   12 on, event on day 11, after the window;  5 on, event on day 2;  3 on, followed so far.
ELAPSED = [30, 20, 15, 12, 5, 3]
TIME = [4, 20, 6, 11, 2, 3]
EVENT = [True, False, False, True, True, False]


def plain_km(time: Sequence[float], event: Sequence[bool], window: float) -> float:
    """The effective denominator from its formula, subject by subject."""
    n = len(time)
    follow_up = [min(t, window) for t in time]
    had = [e and t <= window for t, e in zip(time, event, strict=True)]

    def incidence(at: float) -> float:
        survival = 1.0
        for u in sorted({f for f, h in zip(follow_up, had, strict=True) if h and f <= at}):
            deaths = sum(h and f == u for f, h in zip(follow_up, had, strict=True))
            survival *= 1 - deaths / sum(f >= u for f in follow_up)
        return 1 - survival

    weight = 0.0
    for f, h in zip(follow_up, had, strict=True):
        share = (incidence(f) + f / (window * n)) / (incidence(window) + 1 / n)
        weight += 1.0 if h or f >= window else share
    return weight


def test_dosed_counts_everyone_who_was_dosed() -> None:
    assert dosed(TIME, EVENT, 10) == (2, 6, 6.0)
    assert dosed(TIME, EVENT) == (3, 6, 6.0)  # without a window the late event counts


def test_matured_counts_those_whose_window_has_closed_even_if_they_left() -> None:
    assert matured(TIME, EVENT, ELAPSED, 10) == (1, 4, 4.0)


def test_km_weighs_those_still_in_the_window() -> None:
    found = km(TIME, EVENT, 10)
    assert found.weight == pytest.approx(plain_km(TIME, EVENT, 10))
    assert (found.events, found.subjects) == (2, math.ceil(found.weight))


@pytest.mark.parametrize("seed", range(6))
def test_km_agrees_with_the_formula_on_random_trials(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, event = rng.integers(0, 40, 60), rng.random(60) < 0.3
    assert km(time, event, 28).weight == pytest.approx(plain_km(time, event, 28))


def test_before_any_event_a_subject_weighs_its_share_of_the_window() -> None:
    assert km([5, 10, 2], [0, 0, 0], 10) == (0, 2, pytest.approx(1.7))


def test_when_every_window_is_complete_all_denominators_agree() -> None:
    time, event = [28, 3, 28, 9], [False, True, False, True]
    everyone = (2, 4, 4.0)
    assert dosed(time, event, 28) == everyone
    assert km(time, event, 28) == everyone
    assert matured(time, event, [40] * 4, 28) == everyone


def test_one_late_event_among_few_shrinks_everyone_unless_a_least_share_is_asked() -> None:
    # 40 subjects followed for 5 days, 2 for 9; one of the two has an event on day 8.
    time, event = [5] * 40 + [8, 9], [True] * 2 + [False] * 38 + [True, False]
    as_written = km(time, event, 10)
    guarded = km(time, event, 10, least_share=0.1)
    assert as_written.weight < 10
    assert guarded.weight > 30
    assert guarded.events == as_written.events == 3


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_nightly_denominators_of_the_simulation_are_the_same_by_subject(share: float) -> None:
    scenario = Scenario("small", 30, 0.2, 0.2, accrual=40, window=14)
    trials = draw(scenario, 3, np.random.default_rng(7))
    nightly = effective(scenario, trials, share)
    for trial, night in [(0, 3), (0, 10), (1, 20), (1, 33), (2, 45), (2, 54)]:
        entry, event, left = trials.entry[trial], trials.event[trial], trials.left[trial]
        since, entered = night - entry, entry <= night
        time = np.minimum(np.minimum(since, 14), np.minimum(event, left))[entered]
        had = (event <= np.minimum(since, 14))[entered]
        assert nightly[trial, night] == km(time, had, 14, least_share=share).subjects


def test_nobody_dosed_is_nobody() -> None:
    assert dosed([], [], 10) == km([], [], 10) == matured([], [], [], 10) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dosed([1, 2], [True], 10), "one value for each subject"),
        (lambda: dosed([-1], [True], 10), "at least 0"),
        (lambda: dosed([1], [True], 0), "window is 0"),
        (lambda: matured([5], [True], [4], 10), "not below that subject's time"),
        (lambda: matured([5], [True], [], 10), "one value a subject"),
        (lambda: km([5], [True], math.inf), "finite length"),
        (lambda: km([5], [True], 10, least_share=1.5), "least_share is 1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
