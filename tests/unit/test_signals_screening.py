"""The screen of all preferred terms, against a loop over terms with risk sets made one by one."""

from datetime import date, timedelta
from itertools import takewhile
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safetymon.domain import Group
from safetymon.schema import SCREEN
from safetymon.signals.screening import screen_terms
from safetymon.signals.units import People
from safetymon.stats.walk import ALPHA_GRID
from safetymon.study import Evidence
from tests.unit import plain_walk as plain
from tests.unit.plain_walk import Design, Subject
from tests.unit.walk_trials import run

START = date(2020, 1, 1)
EPOCH = date(1970, 1, 1)
GROUPS = (Group(name="T", treatment="T", reference="P"), Group(name="P", treatment="P"))
PLAN = Evidence(planned_subjects=10, window_days=30)
MEMBERS = {"group": pl.String, "row": pl.Int64, "subject": pl.String, "start": pl.Date,
           "until": pl.Date}  # fmt: skip
EVENTS = {"row": pl.Int64, "level": pl.String, "term": pl.String, "onset": pl.Date,
          "seen": pl.Date}  # fmt: skip
FLAGS = {"term": pl.String, "group": pl.String, "since_look": pl.Int64}
Stay = tuple[str, int, str, int, int]  # side, row, subject, first and last day
Event = tuple[int, str, int]  # row, term, day seen


def on(days: int) -> date:
    return START + timedelta(days=days)


def screened(
    stays: list[Stay],
    events: list[Event],
    cutoff: int = 60,
    plan: Evidence = PLAN,
    flags: tuple[tuple[str, str, int], ...] = (),
    look: int = 7,
) -> pl.DataFrame:
    members = pl.DataFrame(
        [(side, row, who, on(first), on(last)) for side, row, who, first, last in stays],
        schema=MEMBERS, orient="row",
    )  # fmt: skip
    occurrences = pl.DataFrame(
        [(row, "pt", term, on(seen), on(seen)) for row, term, seen in events],
        schema=EVENTS, orient="row",
    )  # fmt: skip
    known = pl.DataFrame(flags, schema=FLAGS, orient="row")
    return screen_terms(plan, GROUPS, People(members, occurrences), known, on(cutoff), look)


def weighed(stays: list[Stay], events: list[Event], term: str, cutoff: int) -> list[Subject]:
    """Who is weighed for one term, subject by subject."""
    people = []
    for who in sorted({stay[2] for stay in stays}):
        mine = sorted(stay for stay in stays if stay[2] == who)
        mine.sort(key=lambda stay: stay[3])
        seen = [
            (max(day, stay[3]), stay[3], i)
            for i, stay in enumerate(mine)
            for row, name, day in events
            if row == stay[1] and name == term and day <= cutoff
        ]
        day, _, own = min(seen) if seen else (cutoff + 1, 0, -1)
        for i, (side, _, _, first, until) in enumerate(mine):
            if first > cutoff or (i != own and first >= day):
                continue
            end = min(until, cutoff) if i == own else min(until, day, cutoff)
            people.append(Subject(first, end, side == "T", day if i == own else -1))
    return people


def naive(people: list[Subject]) -> tuple[float, float, int, int]:
    """(sequential p, log e-value, informative first events on treatment, all such) of one term."""
    levels = takewhile(  # they fall
        lambda alpha: people and run(people, Design(10, 30, alpha)).first_signal[0] >= 0, ALPHA_GRID
    )
    days = plain.event_days(people, Design(10, 30))
    log_e = plain.log_e(days)
    counted = [treated for day in days for treated in day.treated]
    return min(levels, default=1.0), [0.0, *log_e][-1], sum(counted), len(counted)


def flagged(p: dict[str, float], q: float) -> set[str]:
    """Benjamini and Hochberg: all up to the last whose p is at most its share of q."""
    ordered = sorted(p, key=lambda term: p[term])
    last = max((k for k, t in enumerate(ordered, 1) if p[t] <= k * q / len(p)), default=0)
    return set(ordered[:last])


@st.composite
def trials(draw: st.DrawFn) -> tuple[list[Stay], list[Event]]:
    """Small trials with switchers, some of whom return, and events seen late or on one day."""
    stays: list[Stay] = []
    for i in range(draw(st.integers(2, 12))):
        day, side = draw(st.integers(0, 15)), draw(st.sampled_from("TP"))
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            last = day + draw(st.integers(0, 25))
            stays.append((side, len(stays), f"{i:02d}", day, last))
            day, side = last + 1, "T" if side == "P" else "P"
    rows = st.integers(0, len(stays) - 1)
    drawn = st.tuples(rows, st.sampled_from("ABC"), st.integers(0, 12))
    late = draw(st.lists(drawn, max_size=25))
    return stays, [(row, term, stays[row][3] + lag) for row, term, lag in late]


# Reported on day 8, after the switch of day 6: at risk on treatment until then and no longer.
LATE: tuple[list[Stay], list[Event]] = (
    [("P", 0, "00", 0, 5), ("T", 1, "00", 6, 60), ("P", 2, "01", 0, 60), ("T", 3, "02", 0, 60)],
    [(0, "A", 8), (2, "A", 20)],
)
# Seen on the one day of the stay on treatment: already counted, so not at risk in it.
ONE_DAY: tuple[list[Stay], list[Event]] = (
    [("P", 0, "00", 0, 7), ("T", 1, "00", 8, 8), ("P", 2, "01", 0, 60), ("T", 3, "02", 0, 60)],
    [(0, "A", 8), (2, "A", 20)],
)


@settings(max_examples=60, deadline=None)
@given(trials(), st.integers(16, 60), st.sampled_from([0.1, 0.5]))
@example(LATE, 60, 0.1)
@example(ONE_DAY, 60, 0.1)
def test_the_screen_is_a_loop_over_terms(
    drawn: tuple[list[Stay], list[Event]], cutoff: int, q: float
) -> None:
    stays, events = drawn
    stays = [stay for stay in stays if stay[3] <= cutoff]
    here = {row for _, row, *_ in stays}
    events = [e for e in events if e[0] in here]
    found = screened(stays, events, cutoff, PLAN.model_copy(update={"screen_q": q}))
    terms = sorted({term for _, term, day in events if day <= cutoff})
    assert sorted(found["term"].to_list()) == terms
    expected = {term: naive(weighed(stays, events, term, cutoff)) for term in terms}
    for row in found.to_dicts():
        p, log_e, treated, counted = expected[row["term"]]
        assert (row["p"], row["treated_events"], row["events"]) == (p, treated, counted)
        assert row["log_e"] == pytest.approx(log_e, abs=1e-9)
    hits = flagged({term: p for term, (p, *_) in expected.items()}, q)
    assert set(found.filter("flagged")["term"]) == hits


# Five subjects a side, all at risk from day 0 to day 60, row = number of the subject.
TEN: list[Stay] = [("T" if i < 5 else "P", i, f"{i:02d}", 0, 60) for i in range(10)]
HARM: list[Event] = [(i, "Rash", 5 + i) for i in range(5)]
NOISE: list[Event] = [(0, "Cough", 9), (7, "Cough", 9)]


def test_a_harmful_term_is_flagged_with_the_look_and_the_rest_is_not() -> None:
    found = screened(TEN, [*HARM, *NOISE])
    assert found.schema == pl.Schema(SCREEN)
    assert found.drop("p", "log_e").rows() == [
        ("Rash", "T", "P", 5, 5, True, 7), ("Cough", "T", "P", 1, 2, False, None),
    ]  # fmt: skip
    # Five of five: 5/10 x 4/9 x 3/8 x 2/7 x 1/6 = 0.00397; by then, at t = 1/3, a level alpha has
    # spent 0.453 alpha, so that 0.0154 is the smallest level of the grid that has signalled.
    assert found["p"].to_list() == [pytest.approx(0.1 * 2 ** (-0.9 * 3)), 1.0]
    assert found["log_e"][0] > 0 > found["log_e"][1]


@pytest.mark.parametrize(("q", "flagged"), [(0.02, True), (0.015, False)])
def test_the_rate_of_false_discoveries_is_the_study_s(q: float, flagged: bool) -> None:
    found = screened(TEN, HARM, plan=PLAN.model_copy(update={"screen_q": q}))
    assert found["flagged"].to_list() == [flagged]  # one term: its p of 0.0154 against q


def test_a_subject_counts_once_a_term_however_many_events_it_has() -> None:
    again: list[Event] = [(row, term, day + k) for row, term, day in HARM for k in (0, 3, 9)]
    assert screened(TEN, again).equals(screened(TEN, HARM))


@pytest.mark.parametrize("events", [NOISE, []], ids=["other events", "no event at all"])
def test_what_was_flagged_once_stays_flagged_with_its_first_look(events: list[Event]) -> None:
    found = screened(TEN, events, flags=(("Rash", "T", 3), ("Other", "Another group", 2)))
    row = found.filter(term="Rash").row(0, named=True)
    assert (row["flagged"], row["since_look"], row["p"], row["events"]) == (True, 3, 1.0, 0)
    assert "Other" not in found["term"].to_list()


def test_a_flag_stays_even_if_nobody_is_left_in_the_groups() -> None:
    found = screened([], [], flags=(("Rash", "T", 3),))
    assert found.select("term", "p", "log_e", "flagged", "since_look").rows() == [
        ("Rash", 1.0, 0.0, True, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("side", ["T", "P"])
def test_one_group_empty_says_nothing(side: str) -> None:
    alone: list[Stay] = [(side, row, who, first, last) for _, row, who, first, last in TEN]
    found = screened(alone, HARM)
    assert found.select("term", "p", "events", "flagged").rows() == [("Rash", 1.0, 0, False)]


def test_no_event_is_no_row() -> None:
    assert screened(TEN, []).is_empty()


def test_an_event_seen_after_the_cut_off_is_not_known() -> None:
    assert screened(TEN, HARM, cutoff=6)["events"].to_list() == [2]


@pytest.mark.parametrize(
    "plan",
    [{"screen_q": 0}, {"planned_subjects": None}, {"window_days": None}],
    ids=["switched off", "no planned size", "no planned time"],
)
def test_without_a_plan_there_is_no_screen(plan: dict[str, Any]) -> None:
    found = screened(TEN, HARM, plan=PLAN.model_copy(update=plan))
    assert found.is_empty()
    assert found.schema == pl.Schema(SCREEN)


def test_groups_without_a_reference_are_not_screened() -> None:
    members = pl.DataFrame([("P", 0, "1", START, on(9))], schema=MEMBERS, orient="row")
    events = pl.DataFrame([(0, "pt", "Rash", START, START)], schema=EVENTS, orient="row")
    flags = pl.DataFrame(schema=FLAGS)
    made = screen_terms(PLAN, GROUPS[1:], People(members, events), flags, on(20), 1)
    assert made.is_empty()


@pytest.mark.parametrize(
    "later",
    [
        [("P", 1, "s01", 50, 59)],
        [("P", 1, "s01", 50, 59), ("T", 2, "s02", 50, 59)],
        [("P", 31, "s10", 50, 59)],
    ],
    ids=["a new subject", "two new subjects", "a subject that comes back"],
)
def test_who_begins_after_the_final_analysis_changes_nothing(later: list[Stay]) -> None:
    plan = PLAN.model_copy(update={"final_analysis": on(40), "planned_subjects": 40})
    stays: list[Stay] = [("T" if i % 2 else "P", i, f"s{i:02d}", 0, 29) for i in range(10, 30)]
    events: list[Event] = [(i, "RASH", 5 + i // 4) for i in range(11, 30, 2)]
    before = screened(stays, events, 60, plan)
    assert before["flagged"].all()
    assert screened([*later, *stays], events, 60, plan).equals(before)
