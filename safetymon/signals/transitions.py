"""What becomes of a rule from one look to the next, as a table.

A raised signal never disappears silently: only data that speak against it clear it, and a look
that cannot tell leaves it open.
"""

from typing import Literal

from safetymon.domain import Verdict

State = Literal["over", "under", "no events", "too little data", "not applicable"]
"""What a rule finds at one look, without history."""

_STANDING: frozenset[Verdict | None] = frozenset({"raised", "open"})

# (state now, did a signal stand at the look before) -> verdict now
_TABLE: dict[tuple[State, bool], Verdict] = {
    ("over", False): "raised",
    ("over", True): "open",
    ("under", False): "no signal",
    ("under", True): "cleared",
    ("no events", False): "no events",
    ("no events", True): "cleared",
    ("too little data", False): "too little data",
    ("too little data", True): "open",
    ("not applicable", False): "not applicable",
    ("not applicable", True): "open",
}
_STAYS_CLEARED: frozenset[Verdict] = frozenset({"no signal", "no events"})


def verdict(state: State, before: Verdict | None) -> Verdict:
    """The verdict at this look, from its state and the verdict at the look before (none: first)."""
    now = _TABLE[state, before in _STANDING]
    return "cleared" if before == "cleared" and now in _STAYS_CLEARED else now


def since(now: Verdict, before: Verdict | None, since_before: int | None, look: int) -> int:
    """The look since which the verdict stands; an open signal stands since it was raised."""
    same = now == before or (now == "open" and before in _STANDING)
    return since_before if same and since_before is not None else look
