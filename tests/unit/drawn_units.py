"""Random units of one group, as plain people and as the product weighs them."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from safetymon.signals.evidence import Units
from tests.unit.plain_single import Person


@st.composite
def people(draw: st.DrawFn, most: int = 12, *, gaps: bool = False) -> list[Person]:
    """Small crowded groups: ties, late reports, events seen after the last day at risk."""
    made = []
    for i in range(draw(st.integers(1, most))):
        entry = draw(st.integers(0, 25))
        last = entry + draw(st.integers(0, 40))
        onset = seen = -1
        if draw(st.booleans()):
            onset = draw(st.integers(entry, last))
            seen = onset + draw(st.sampled_from([0, 0, 1, 5, 30]))
        away = ()
        if gaps and last - entry > 4 and draw(st.booleans()):
            first = draw(st.integers(entry + 1, last - 2))
            away = ((first, draw(st.integers(first, last - 1))),)
        made.append(Person(f"{i:03d}", entry, last, seen, onset, away))
    return made


def units_of(people: Sequence[Person]) -> Units:
    """The same as arrays, in the product's order: by entry and number."""
    ordered = sorted(people, key=lambda p: (p.entry, p.name))
    away = [(i, *span) for i, p in enumerate(ordered) for span in p.away]
    return Units(
        subject=tuple(p.name for p in ordered),
        entry=np.array([p.entry for p in ordered], np.int64),
        last=np.array([p.last for p in ordered], np.int64),
        event=np.array([p.seen for p in ordered], np.int64),
        treated=np.ones(len(ordered), np.bool_),
        onset=np.array([p.onset for p in ordered], np.int64),
        away=np.array(away, np.int64).reshape(-1, 3),
    )
