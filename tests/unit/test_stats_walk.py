"""ECL against a second, plain implementation, and its edge cases said aloud."""

import math
from itertools import takewhile
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safetymon.stats.risksets import Mode, risk_tables
from safetymon.stats.steps import steps
from safetymon.stats.walk import ALPHA_GRID, crossing_days, ecl, sequential_p, walk
from tests.unit import plain_walk as plain
from tests.unit.plain_walk import Design, Subject
from tests.unit.walk_trials import (
    many_steps,
    modes,
    path_of,
    random_days,
    run,
    steps_of,
    subjects,
)


@settings(deadline=None)
@given(
    subjects(),
    st.integers(1, 25),
    st.integers(1, 60),
    st.sampled_from([0.01, 0.05, 0.1, 0.3]),
    st.sampled_from([0.5, 1.0, 1.25, 2.0]),
    modes,
    st.booleans(),
)
def test_agrees_with_the_plain_implementation(
    people: list[Subject],
    planned: int,
    window: int,
    alpha: float,
    h0: float,
    mode: Mode,
    final: bool,
) -> None:
    design = Design(planned, window, alpha, h0, mode, final)
    days = plain.event_days(people, design)
    rows = plain.walk(days, design)
    assume(all(row.nearest > 1e-12 for row in rows))

    found = run(people, design)

    assert found.day.tolist() == [d.day for d in days]
    assert found.events.tolist() == [len(d.shares) for d in days]
    assert found.treated.tolist() == [sum(d.treated) for d in days]
    assert found.share == pytest.approx([sum(d.shares) / len(d.shares) for d in days], rel=1e-12)
    assert found.total.tolist() == [row.total for row in rows]
    assert found.total_treated.tolist() == [row.total_treated for row in rows]
    assert found.boundary.tolist() == [row.boundary for row in rows]
    assert found.spent == pytest.approx([row.spent for row in rows], abs=1e-12)
    first = [row.day for row in rows if row.total_treated >= row.boundary][:1] or [-1]
    assert found.first_signal.tolist() == first
    assert found.beyond_plan.tolist() == [any(d.fraction > 1 for d in days)]
    counted = sum(s.event != -1 for s in people)
    assert found.uninformative.tolist() == [counted - sum(len(d.shares) for d in days)]


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_long_walks_with_ties_agree_with_the_plain_implementation(
    alpha: float, final: bool
) -> None:
    rng = np.random.default_rng(7)
    terms = [random_days(rng, days) for days in (0, 1, 2, 5, 9, 14, 20, 30, 30)]
    design = Design(1, 1, alpha, final=final)
    found = walk(steps_of(terms), alpha=alpha, final=final)
    for j, days in enumerate(terms):
        mine, rows = found.term == j, plain.walk(days, design)
        assert found.boundary[mine].tolist() == [row.boundary for row in rows]
        assert found.spent[mine] == pytest.approx([row.spent for row in rows], abs=1e-12)
        assert found.total[mine].tolist() == [row.total for row in rows]
    assert len(set((found.total - found.boundary).tolist())) > 5


@pytest.mark.slow
@settings(deadline=None)
@given(subjects(most=12), st.data(), modes)
def test_terms_worked_out_together_equal_terms_worked_out_alone(
    people: list[Subject], data: st.DataObject, mode: Mode
) -> None:
    design = Design(planned=15, window=30, mode=mode)
    terms = [people]
    for _ in range(data.draw(st.integers(1, 4))):
        keep = data.draw(st.lists(st.booleans(), min_size=len(people), max_size=len(people)))
        terms.append(
            [
                s if kept else Subject(s.entry, s.last, s.treated)
                for s, kept in zip(people, keep, strict=True)
            ]
        )
    together = walk(many_steps(terms, design))
    p = sequential_p(many_steps(terms, design))
    for j, alone in enumerate(run(one, design) for one in terms):
        mine = together.term == j
        assert together.day[mine].tolist() == alone.day.tolist()
        assert together.share[mine].tolist() == alone.share.tolist()
        assert together.boundary[mine].tolist() == alone.boundary.tolist()
        assert together.first_signal[j] == alone.first_signal[0]
        assert together.reason[j] == alone.reason[0]
        assert p[j] == sequential_p(path_of(terms[j], design))[0]


@pytest.mark.slow
@settings(deadline=None)
@given(subjects(), modes)
def test_sequential_p_is_the_smallest_level_that_has_signalled(
    people: list[Subject], mode: Mode
) -> None:
    design = Design(planned=12, window=20, mode=mode)
    days, crossed = plain.event_days(people, design), {}
    for alpha in ALPHA_GRID:
        rows = plain.walk(days, Design(12, 20, alpha, mode=mode))
        assume(all(row.nearest > 1e-14 for row in rows))
        signals = [row.day for row in rows if row.total_treated >= row.boundary]
        crossed[alpha] = signals[0] if signals else -1
    path = path_of(people, design)
    assert crossing_days(path)[0].tolist() == list(crossed.values())
    at_all_above = takewhile(lambda alpha: crossed[alpha] >= 0, ALPHA_GRID)  # the levels fall
    assert sequential_p(path)[0] == min(at_all_above, default=1.0)


def test_the_grid_falls_from_a_tenth_by_a_factor_of_two_to_the_0_9() -> None:
    assert ALPHA_GRID[0] == 0.1
    assert len(ALPHA_GRID) == 20
    assert ALPHA_GRID[19] == pytest.approx(0.1 * 2 ** (-17.1), rel=1e-12)


@pytest.mark.slow
@settings(deadline=None)
@given(subjects(), modes, st.integers(0, 40))
def test_a_later_look_never_rewrites_an_earlier_one(
    people: list[Subject], mode: Mode, cut: int
) -> None:
    """What an earlier look could see gives the same rows up to its cut-off."""
    design = Design(planned=25, window=30, mode=mode)
    seen = [
        Subject(s.entry, min(s.last, cut), s.treated, s.event if s.event <= cut else -1)
        for s in people
        if s.entry <= cut
    ]
    assume(seen)
    early, late = run(seen, design), run(people, design)
    n = early.day.size
    assert late.day[:n].tolist() == early.day.tolist()
    assert np.all(late.day[n:] > cut)
    assert late.boundary[:n].tolist() == early.boundary.tolist()
    assert late.spent[:n] == pytest.approx(early.spent, abs=1e-15)


@pytest.mark.slow
@settings(deadline=None)
@given(subjects(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(people: list[Subject], random: Random) -> None:
    design = Design(planned=12, window=30)
    shuffled = list(people)
    random.shuffle(shuffled)
    a, b = run(people, design), run(shuffled, design)
    assert a.boundary.tolist() == b.boundary.tolist()
    assert a.share == pytest.approx(b.share, rel=1e-12)


@settings(deadline=None)
@given(subjects(), st.sampled_from([0.02, 0.1, 0.4]), modes)
def test_never_more_alpha_is_spent_than_allowed(
    people: list[Subject], alpha: float, mode: Mode
) -> None:
    found = run(people, Design(20, 25, alpha, mode=mode))
    allowed = alpha * np.log(1 + (math.e - 1) * found.fraction)
    assert np.all(found.spent <= allowed + 1e-12)
    assert np.all(np.diff(found.spent) >= -1e-15)


def pair(day: int, *, treated: bool, entry: int = 0, last: int = 99) -> Subject:
    return Subject(entry, last, treated, day)


def test_by_hand_five_treated_events_against_even_risk_sets() -> None:
    # 20 against 20, all entered on day 0 and followed for 100 days: pi is 20/40, 19/39, ...
    people = [pair(10 + i, treated=True) for i in range(6)]
    people += [Subject(0, 99, True) for _ in range(14)] + [Subject(0, 99, False) for _ in range(20)]
    found = run(people, Design(planned=40, window=100))
    assert found.share == pytest.approx([(20 - i) / (40 - i) for i in range(6)])
    assert found.fraction == pytest.approx([0.11, 0.12, 0.13, 0.14, 0.15, 0.16])
    chance = np.cumprod(found.share)
    budget = 0.05 * np.log(1 + (math.e - 1) * found.fraction)
    assert chance[5] <= budget[5]
    assert chance[4] > budget[4]
    assert found.boundary.tolist() == [2, 3, 4, 5, 6, 6]
    assert found.spent == pytest.approx([0, 0, 0, 0, 0, chance[5]])
    assert found.first_signal.tolist() == [15]
    assert found.reason == ("",)


def test_without_an_event_there_is_no_row_and_a_reason() -> None:
    found = run([Subject(0, 9, True), Subject(0, 9, False)], Design(2, 10))
    assert found.day.size == 0
    assert found.first_signal.tolist() == [-1]
    assert found.reason == ("no events",)
    assert sequential_p(path_of([Subject(0, 9, True)], Design(2, 10))).tolist() == [1.0]


@pytest.mark.parametrize("mode", ["weighted", "band"])
def test_an_empty_group_carries_no_information_and_says_so(mode: Mode) -> None:
    people = [pair(3 + i, treated=True) for i in range(8)]
    found = run(people, Design(8, 100, mode=mode))
    assert found.day.size == 0
    assert found.uninformative.tolist() == [8]
    assert found.reason == ("no information: a group was empty at risk at each of 8 events",)


def test_a_band_with_one_group_empty_is_left_out_of_band_mode_only() -> None:
    # The reference group entered 50 days later: never in the same band as the treated.
    people = [pair(60 + i, treated=True) for i in range(5)] + [Subject(0, 99, True)]
    people += [Subject(58, 157, False) for _ in range(6)]
    assert run(people, Design(12, 100, mode="band")).uninformative.tolist() == [5]
    assert run(people, Design(12, 100)).uninformative.tolist() == [0]


def test_fewer_than_five_events_all_treated_cannot_signal_and_says_so() -> None:
    people = [pair(90 + i, treated=True) for i in range(4)]
    people += [Subject(0, 99, True) for _ in range(46)] + [Subject(0, 99, False) for _ in range(50)]
    found = run(people, Design(100, 100, final=True))
    assert found.first_signal.tolist() == [-1]
    assert found.reason == (
        "too few events: even 4 of 4 on treatment could not have signalled yet",
    )


def test_all_ties_on_one_day_are_drawn_with_replacement() -> None:
    # Eight of ten treated subjects and none of ten others on day 50. Drawn without replacement
    # P(X = 8) would be C(10,8)/C(20,8) = 0.00036; the walk uses the larger 0.5 ** 8.
    people = [pair(50, treated=True) for _ in range(8)]
    people += [Subject(0, 99, True)] * 2 + [Subject(0, 99, False)] * 10
    found = run(people, Design(20, 100))
    assert found.day.tolist() == [50]
    assert found.events.tolist() == [8]
    budget = 0.05 * math.log(1 + (math.e - 1) * 0.51)
    tails = [sum(math.comb(8, x) for x in range(b, 9)) / 256 for b in range(10)]
    assert found.boundary.tolist() == [min(b for b in range(10) if tails[b] <= budget)]
    assert found.first_signal.tolist() == [50]


def test_all_events_treated_signals_and_all_reference_never_does() -> None:
    for treated, day in ((True, 15), (False, -1)):
        people = [pair(10 + i, treated=treated) for i in range(15)]
        people += [Subject(0, 99, treated)] * 5 + [Subject(0, 99, not treated)] * 20
        assert run(people, Design(40, 100)).first_signal.tolist() == [day]


def test_beyond_the_plan_the_fraction_stays_at_one_and_alpha_holds() -> None:
    people = [pair(10 + i, treated=i % 2 == 0) for i in range(20)]
    people += [Subject(0, 99, i % 2 == 0) for i in range(40)]
    found = run(people, Design(planned=5, window=20))
    assert found.beyond_plan.tolist() == [True]
    assert found.fraction[-1] == 1.0
    assert found.spent[-1] <= 0.05


def test_an_early_end_spends_what_is_left_at_the_last_event() -> None:
    people = [pair(10 + i, treated=True) for i in range(5)]
    people += [Subject(0, 99, True)] * 15 + [Subject(0, 99, False)] * 20
    early, final = (run(people, Design(400, 100, final=last)) for last in (False, True))
    assert early.first_signal.tolist() == [-1]
    assert final.fraction[-1] == 1.0
    assert final.boundary[:-1].tolist() == early.boundary[:-1].tolist()
    assert final.first_signal.tolist() == [14]


def test_an_event_first_seen_after_the_last_day_at_risk_still_counts_once() -> None:
    people = [Subject(0, 20, True, 30), Subject(5, 40, True), Subject(5, 40, False)]
    found = run(people, Design(3, 30))
    assert found.day.tolist() == [30]
    assert found.share.tolist() == [0.5]
    gone = [Subject(0, 20, True, 90), Subject(5, 40, True), Subject(5, 40, False)]
    assert run(gone, Design(3, 30)).uninformative.tolist() == [1]


def test_a_late_event_beyond_every_band_at_risk_still_counts_in_the_pooled_rate() -> None:
    # Nobody is at risk past day 6 of treatment; the first event is seen on its day 14.
    people = [Subject(0, 6, True, 14), Subject(13, 19, True, 15), Subject(10, 16, False)]
    people += [Subject(13, 19, False), Subject(14, 20, True)]
    design = Design(5, 7)
    days = plain.event_days(people, design)
    assert [d.day for d in days] == [14, 15]
    assert run(people, design).share.tolist() == pytest.approx([d.shares[0] for d in days])


def test_a_margin_raises_the_expected_share() -> None:
    people = [pair(10, treated=True), Subject(0, 99, True), Subject(0, 99, False)]
    plainly, margin = (run(people, Design(3, 99, h0=h0)).share[0] for h0 in (1.0, 2.0))
    assert margin == pytest.approx(2 * plainly / (2 * plainly + 1 - plainly))


GOOD: dict[str, Any] = {"entry": [0, 0], "last": [9, 9], "treated": [True, False], "event": [3, -1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"planned": 0}, "planned"),
        ({"window": 0}, "window is 0"),
        ({"alpha": 0.5}, "one-sided level"),
        ({"alpha": 0.0}, "one-sided level"),
        ({"h0": 0.0}, "margin"),
        ({"mode": "calendar"}, "mode"),
        ({"last": [9, -1]}, "row 1: the last day at risk is before the first dose"),
        ({"entry": [-1, 0]}, "before day 0"),
        ({"treated": [True]}, "one length"),
        ({"entry": [4, 0]}, "before its subject's first dose"),
        ({"entry": [], "last": [], "treated": [], "event": []}, "no subject"),
    ],
)
def test_wrong_inputs_are_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ecl(**{**GOOD, "planned": 2, "window": 10, **change})


@pytest.mark.parametrize(
    ("term", "subject", "day", "message"),
    [
        ([0, 0], [0, 0], [3, 4], "counted twice"),
        ([1], [0], [3], "a term is outside 0..0"),
        ([0], [2], [3], "a subject is outside 0..1"),
        ([0], [0], [11], "after the horizon"),
        ([0], [0, 1], [3], "one length"),
    ],
)
def test_wrong_events_are_refused_in_one_line(
    term: list[int], subject: list[int], day: list[int], message: str
) -> None:
    tables = risk_tables([0, 0], [9, 9], [True, False], planned=2, window=10)
    with pytest.raises(ValueError, match=message):
        steps(tables, term, subject, day, terms=1)
