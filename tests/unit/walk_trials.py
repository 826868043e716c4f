"""Random trials and steps for the tests of the two-group evidence."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from safetymon.stats.risksets import risk_tables
from safetymon.stats.steps import Steps, steps
from safetymon.stats.walk import Walk, ecl
from tests.unit import plain_walk as plain
from tests.unit.plain_walk import Design, Subject

modes = st.sampled_from(["weighted", "band"])


@st.composite
def subjects(draw: st.DrawFn, most: int = 20) -> list[Subject]:
    """Small crowded trials: ties, late entries into the database, bands up to the last."""
    people = []
    for _ in range(draw(st.integers(1, most))):
        entry = draw(st.integers(0, 30))
        last = entry + draw(st.sampled_from([0, 2, 6, 13, 40, 90, 500]))
        event = entry + draw(st.integers(0, last - entry + 5)) if draw(st.booleans()) else -1
        people.append(Subject(entry, last, draw(st.booleans()), event))
    return people


def run(people: Sequence[Subject], design: Design) -> Walk:
    return ecl(
        [s.entry for s in people],
        [s.last for s in people],
        [s.treated for s in people],
        [s.event for s in people],
        planned=design.planned,
        window=design.window,
        alpha=design.alpha,
        h0=design.h0,
        mode=design.mode,
        final=design.final,
    )


def path_of(people: Sequence[Subject], design: Design) -> Steps:
    return many_steps([people], design)


def many_steps(terms: Sequence[Sequence[Subject]], design: Design) -> Steps:
    """Steps of several terms whose subjects differ in nothing but their events."""
    tables = risk_tables(
        [s.entry for s in terms[0]],
        [s.last for s in terms[0]],
        [s.treated for s in terms[0]],
        planned=design.planned,
        window=design.window,
        horizon=max((s.event for people in terms for s in people), default=0),
    )
    cases = [
        (j, i, s.event)
        for j, people in enumerate(terms)
        for i, s in enumerate(people)
        if s.event != -1
    ]
    term, who, day = np.array(cases, dtype=int).reshape(-1, 3).T
    return steps(tables, term, who, day, terms=len(terms), mode=design.mode, h0=design.h0)


def steps_of(terms: Sequence[Sequence[plain.Day]]) -> Steps:
    rows = [
        (j, day.day, treated, share, day.fraction, i == len(day.shares) - 1)
        for j, days in enumerate(terms)
        for day in days
        for i, (treated, share) in enumerate(zip(day.treated, day.shares, strict=True))
    ]
    term, day, treated, share, fraction, ends = zip(*rows, strict=True)
    return Steps(
        term=np.array(term),
        day=np.array(day),
        treated=np.array(treated),
        share=np.array(share),
        fraction=np.array(fraction),
        ends_day=np.array(ends),
        uninformative=np.zeros(len(terms), np.int64),
    )


def random_days(rng: np.random.Generator, days: int) -> list[plain.Day]:
    """Up to 7 events on a day, a share of its own each, a fraction that passes 1."""
    fractions = np.sort(rng.uniform(0, 1.2, days)).tolist()
    return [
        plain.Day(k, tuple((rng.random(n) < 0.6).tolist()), tuple(rng.random(n).tolist()), t)
        for k, (n, t) in enumerate(zip(rng.integers(1, 8, days).tolist(), fractions, strict=True))
    ]
