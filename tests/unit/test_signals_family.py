"""Comparisons of arms that share one alpha: Holm's procedure, day by day, written out."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon import analysis
from safetymon.domain import Group
from safetymon.replay import replay
from safetymon.schema import INCIDENCE
from safetymon.signals import Numbers, find
from safetymon.signals.concurrent import NEVER, crossings, ecl_path
from safetymon.signals.evidence import Finding
from safetymon.signals.family import Share, in_family, shares
from safetymon.signals.units import People
from safetymon.study import EclRule, Evidence
from tests.unit import simulated_study as drawn
from tests.unit.plain_walk import Subject
from tests.unit.test_signals_concurrent import rule, units_of
from tests.unit.test_signals_weigh import events, members, on
from tests.unit.walk_trials import subjects

PLAN = {"planned": 20, "window_days": 50}
GROUPS = (Group(name="T", treatment="T", reference="P"), Group(name="P", treatment="P"))


def plain_shares(
    crossed: dict[str, dict[int, int]], tests: int
) -> dict[str, tuple[int, int | None]]:
    """Holm by hand: every day, whoever has reached alpha over the number left is taken out.

    `crossed[title][parts]` is the day on which the walk at alpha / parts had crossed.
    """
    found: dict[str, tuple[int, int | None]] = {}
    days = sorted({d for by_level in crossed.values() for d in by_level.values() if d < NEVER})
    for day in days:
        going = True
        while going:
            parts = tests - len(found)
            going = False
            # Of several that have reached it, the one that has reached the lowest level is first.
            ready = [t for t in crossed if t not in found and crossed[t][parts] <= day]
            if ready:
                lowest = {t: max(k for k, d in crossed[t].items() if d <= day) for t in ready}
                found[max(ready, key=lambda t: (lowest[t], -list(crossed).index(t)))] = (parts, day)
                going = len(found) < tests
    left = tests - len(found)
    return {t: found.get(t, (left, None)) for t in crossed}


@settings(deadline=None, max_examples=60)
@given(st.lists(subjects(), min_size=1, max_size=4), st.sampled_from([0.1, 0.3, 0.45]))
def test_shares_are_holm_s_on_every_day(trials: list[list[Subject]], alpha: float) -> None:
    family = {f"r{i}": (rule(alpha=alpha), units_of(people)) for i, people in enumerate(trials)}
    tests = len(family)
    crossed = {
        title: {
            parts: crossings(of, units, 90, [alpha / k for k in range(1, tests + 1)])[parts - 1]
            for parts in range(1, tests + 1)
        }
        for title, (of, units) in family.items()
    }
    made = shares(family, alpha, 90)
    expected = plain_shares(crossed, tests)
    assert {t: (s.parts, s.day) for t, s in made.items()} == expected
    assert all(share.tests == tests for share in made.values())


@settings(deadline=None, max_examples=30)
@given(subjects(), st.integers(1, 5))
def test_a_walk_reaches_a_level_when_it_has_crossed_at_it_and_at_all_above(
    people: list[Subject], tests: int
) -> None:
    levels = [0.45 / k for k in range(1, tests + 1)]
    days = [ecl_path(rule(alpha=level), units_of(people), 90).first_crossing for level in levels]
    plain = np.maximum.accumulate([NEVER if day is None else day for day in days])
    assert crossings(rule(), units_of(people), 90, levels).tolist() == plain.tolist()


def walks(*topics: str, **more: object) -> list[EclRule]:
    return [
        EclRule(**{"method": "ecl", "topic": t, "group": "T", "name": t, **PLAN, **more})
        for t in topics
    ]


def found(
    happened: pl.DataFrame, rules: list[EclRule], cutoff: int = 99, family: str = "topics"
) -> dict[str, Finding]:
    people = members(8, 8, every=0)
    nothing = pl.DataFrame(schema=INCIDENCE)
    numbers = Numbers(
        GROUPS, nothing, nothing, happened, people, People(people, happened), on(cutoff)
    )
    return find(rules, numbers, Evidence(family=family))


def harm(term: str, treated: int, first: int, control: int = 0) -> pl.DataFrame:
    """As many first events on treatment, one a day from a day on, then in the reference group."""
    at = [(i, first + i) for i in range(treated)]
    at += [(8 + i, first + treated + i) for i in range(control)]
    return events(*at, term=term)


# Five of five: 8/16 x 7/15 x 6/14 x 5/13 x 4/12 = 0.0128. On day 26, at t = 0.43, alpha of 0.05 has
# spent 0.0278, half of it 0.0139 and a third 0.0093: b has reached the half and waits. The sixth of
# six of a makes 0.0035 and takes the third, on day 35.
STRONG, WEAK, NONE = harm("a", 8, 30), harm("b", 5, 22), harm("c", 3, 8, 3)
TOPICS = ("a", "b", "c")


def test_alone_each_comparison_has_all_of_alpha() -> None:
    made = found(pl.concat([STRONG, WEAK, NONE]), walks(*TOPICS), family="none")
    assert [one.state for one in made.values()] == ["over", "over", "under"]
    assert "Holm" not in made["b"].text


def test_as_a_family_the_weaker_signal_waits_for_the_share_of_the_stronger() -> None:
    happened = pl.concat([STRONG, WEAK, NONE])
    alone = found(happened, walks(*TOPICS), family="none")
    made = found(happened, walks(*TOPICS))
    assert [one.state for one in made.values()] == ["over", "over", "under"]
    day = {title: one.path.first_crossing for title, one in made.items() if one.path}
    assert alone["b"].path is not None
    assert alone["b"].path.first_crossing < day["b"]
    assert day["a"] == day["b"] == (on(35) - date(1970, 1, 1)).days
    assert "in force since" in made["b"].text
    assert "tested at level 0.01667, Holm's part of 0.05 for 3 comparisons" in made["a"].text
    assert "tested at level 0.025, Holm's part of 0.05 for 3 comparisons" in made["b"].text
    assert "tested at level 0.05, Holm's part of 0.05 for 3 comparisons" in made["c"].text


def test_without_the_stronger_signal_the_weaker_is_none() -> None:
    made = found(pl.concat([WEAK, NONE]), walks(*TOPICS))
    assert made["b"].path is not None
    assert made["b"].path.first_crossing is None
    assert made["b"].state == "too little data"  # at a third, five of five could not signal yet
    assert "tested at level 0.01667, Holm's part of 0.05 for 3 comparisons" in made["b"].text


@pytest.mark.parametrize("cutoff", [9, 26, 34, 35, 40])
def test_an_extra_look_changes_no_day(cutoff: int) -> None:
    happened = pl.concat([STRONG, WEAK, NONE])
    whole, then = found(happened, walks(*TOPICS)), found(happened, walks(*TOPICS), cutoff)
    for title, one in whole.items():
        last = one.path.first_crossing if one.path else None
        seen = then[title].path
        known = last is not None and last <= (on(cutoff) - date(1970, 1, 1)).days
        assert (seen.first_crossing if seen else None) == (last if known else None)


def test_a_family_is_every_comparison_that_can_be_made_data_or_not() -> None:
    rules = [
        *walks("a", "b"), *walks("off", off=True), *walks("no plan", planned=None),
        EclRule(method="ecl", topic="a", group="P", name="none beside", planned=9, window_days=9),
    ]  # fmt: skip
    assert [r.title for r in in_family(rules, {"T": "P", "P": None})] == ["a", "b"]
    made = found(harm("a", 8, 20), walks("a", "b"))
    assert "for 2 comparisons" in made["a"].text  # b, without any event, is one of them


def test_a_share_is_the_rule_at_its_level() -> None:
    assert Share(4, 5, None).at(rule(alpha=0.08)).alpha == 0.02


def test_a_replay_shares_alpha_as_the_look_does() -> None:
    """The rules are weighed together, not one by one."""
    rules = [
        EclRule(method="ecl", topic=t, group="A", name=t) for t in ("headache", "nausea", "pyrexia")
    ]
    study = drawn.study(*rules, planned_subjects=12, window_days=60)
    shared = study.model_copy(
        update={"evidence": study.evidence.model_copy(update={"family": "topics"})}
    )
    frames = drawn.frames(
        [0] * 12, [60] * 12, [True] * 6 + [False] * 6, [*range(10, 15), *[-1] * 7], 60
    )
    for one in (study, shared):
        look = analysis.counted(frames, one).found["headache"]
        row = replay(frames, one, "day").filter(rule="headache").row(0, named=True)
        assert (row["look"] is not None) == (look.state == "over")
    assert analysis.counted(frames, study).found["headache"].state == "over"
    assert analysis.counted(frames, shared).found["headache"].state != "over"
