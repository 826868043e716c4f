"""What an adverse event of the demo is before it has a date."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Kind(NamedTuple):
    """The two published properties that divide the events of a cell: 2 x 2 kinds."""

    related: bool
    infusional: bool


RELATED_INFUSIONAL = Kind(related=True, infusional=True)
RELATED_LATER = Kind(related=True, infusional=False)
UNRELATED_INFUSIONAL = Kind(related=False, infusional=True)
UNRELATED_LATER = Kind(related=False, infusional=False)
KINDS = (RELATED_INFUSIONAL, RELATED_LATER, UNRELATED_INFUSIONAL, UNRELATED_LATER)


@dataclass(frozen=True, slots=True)
class Account:
    """What a published listing, or the demo's own cast, says of one event."""

    onset: date
    severity: str
    serious: bool
    causality: str
    duration: int | None  # days, 1 is over the same day; None: not resolved
    outcome: str
    action: str
    thromboembolic: str  # the adjudicators' decision: Y, N or empty


@dataclass(frozen=True, slots=True)
class Draft:
    """One adverse event of one subject in one cell; ``account`` if its details are fixed."""

    subject: str
    cell: str
    term: str
    kind: Kind
    account: Account | None = None
