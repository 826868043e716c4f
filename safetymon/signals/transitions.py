"""What becomes of a rule from one look to the next, as a table.

A raised signal never disappears silently: it is cleared only after several looks in a row that
speak against it, and a look that cannot tell leaves it open.
"""

from typing import Literal, NamedTuple

from safetymon.domain import Verdict

State = Literal["over", "under", "no events", "too little data", "not applicable"]
"""What a rule finds at one look, without history."""

STANDING: frozenset[Verdict | None] = frozenset({"raised", "open"})
_AGAINST: frozenset[State] = frozenset({"under", "no events"})

_FRESH: dict[State, Verdict] = {
    "over": "raised",
    "under": "no signal",
    "no events": "no events",
    "too little data": "too little data",
    "not applicable": "not applicable",
}
"""The verdict of a state where no signal stands."""


class Standing(NamedTuple):
    """A rule's verdict at a look: since which look, how many looks in a row, how many against it.

    `against` counts the looks in a row that spoke against an open signal.
    """

    verdict: Verdict
    since_look: int
    looks: int
    against: int = 0


def follow(state: State, before: Standing | None, look: int, clear_after: int) -> Standing:
    """The verdict at this look from its state and from the look before (none: the first look)."""
    if before is None or before.verdict not in STANDING:
        return _fresh(state, before, look)
    against = before.against + 1 if state in _AGAINST else 0
    if against >= clear_after:
        return Standing("cleared", look, 1)
    return Standing("open", before.since_look, before.looks + 1, against)


def _fresh(state: State, before: Standing | None, look: int) -> Standing:
    now = _FRESH[state]
    if before is not None and before.verdict == "cleared" and state != "over":
        now = "cleared"  # as with an open signal, a look that cannot tell changes nothing
    if before is not None and before.verdict == now:
        return Standing(now, before.since_look, before.looks + 1)
    return Standing(now, look, 1)
