"""How the published totals are divided: the demo's own choices, as data.

Published margins leave room; these numbers fill it. Everything else is derived by subtraction, and
`recount` proves the sum.
"""

from dataclasses import dataclass

from safetymon.demo import published
from safetymon.demo.drafts import (
    KINDS,
    RELATED_INFUSIONAL,
    RELATED_LATER,
    UNRELATED_INFUSIONAL,
    UNRELATED_LATER,
    Kind,
)
from safetymon.demo.roster import EXTENSION, FIRST_IVIG, FIRST_PLACEBO

# Events both related and infusional, a cell: the one free number of the 2 x 2 table of kinds.
_RELATED_INFUSIONAL_EVENTS = {FIRST_IVIG: 95, EXTENSION: 138, FIRST_PLACEBO: 28}

MEASURES = {"any": "TEAE", "related": "Related TEAE", "infusional": "Infusional TEAE"}

# Subjects with an event on IVIg who took only placebo in the first period, and subjects with such
# an event on IVIg in both periods; by measure.
NEW_IN_EXTENSION = {"any": 36, "related": 26, "infusional": 32}
IN_BOTH_PERIODS = {"any": 30, "related": 14, "infusional": 18}


def subjects_of(measure: str, column: str) -> int:
    """Return the published number of subjects with an event of the measure."""
    return published.OVERVIEW[MEASURES[measure]][column][0]


def events_of(measure: str, cell: str) -> int:
    """Return the published number of events in a cell; the extension is all IVIg less the first."""
    rows = published.OVERVIEW[MEASURES[measure]]
    if cell == FIRST_PLACEBO:
        return rows[published.FIRST_PLACEBO][1]
    first = rows[published.FIRST_IVIG][1]
    return first if cell == FIRST_IVIG else rows[published.ALL_IVIG][1] - first


def events_by_kind(cell: str) -> dict[Kind, int]:
    """Return how many events of each kind a cell must have in all."""
    both = _RELATED_INFUSIONAL_EVENTS[cell]
    related = events_of("related", cell) - both
    infusional = events_of("infusional", cell) - both
    rest = events_of("any", cell) - both - related - infusional
    return dict(zip(KINDS, (both, related, infusional, rest), strict=True))


@dataclass(frozen=True, slots=True)
class Ask:
    """Subjects and events of a term and kind: in the first period, and new in the extension.

    Extension events may also happen to subjects who already had the term in the first period.
    """

    term: str
    kind: Kind
    subjects: int
    events: int
    new_subjects: int = 0
    new_events: int = 0


_RI, _RL, _UI, _UL = (
    RELATED_INFUSIONAL,
    RELATED_LATER,
    UNRELATED_INFUSIONAL,
    UNRELATED_LATER,
)

ON_IVIG = (
    Ask("Headache", _RI, 19, 31, 19, 48),
    Ask("Headache", _RL, 1, 1, 1, 1),
    Ask("Headache", _UI, 2, 2, 4, 5),
    Ask("Pyrexia", _RI, 8, 10, 10, 15),
    Ask("Pyrexia", _UI, 0, 0, 1, 1),
    Ask("Nausea", _RI, 6, 8, 8, 11),
    Ask("Nausea", _RL, 0, 0, 1, 1),
    Ask("Nausea", _UI, 1, 1, 1, 1),
    Ask("Nausea", _UL, 0, 0, 1, 1),
    Ask("Vomiting", _RI, 4, 5, 4, 6),
    Ask("Vomiting", _UL, 0, 0, 1, 1),
    Ask("Chills", _RI, 3, 3, 1, 1),
    Ask("Chills", _RL, 1, 1, 2, 2),
    Ask("Musculoskeletal pain", _RI, 1, 1, 3, 5),
    Ask("Musculoskeletal pain", _RL, 1, 1, 2, 2),
    Ask("Musculoskeletal pain", _UI, 0, 0, 1, 1),
    Ask("Blood pressure increased", _RI, 3, 5, 3, 5),
    Ask("Blood pressure increased", _UI, 1, 1, 1, 1),
    Ask("Heart rate increased", _RI, 2, 2, 2, 2),
    Ask("Heart rate increased", _UI, 1, 1, 0, 0),
    Ask("Dyspnoea", _RI, 2, 2, 1, 1),
    Ask("Dyspnoea", _UI, 1, 1, 1, 1),
    Ask("Dyspnoea", _UL, 0, 0, 1, 1),
    Ask("Infusion site reaction", _RI, 2, 2, 2, 3),
    Ask("Infusion site reaction", _UI, 0, 0, 1, 1),
    Ask("Condition aggravated", _UI, 1, 1, 1, 1),
    Ask("Condition aggravated", _UL, 2, 2, 5, 5),
    Ask("Myalgia", _RI, 1, 1, 2, 3),
    Ask("Myalgia", _RL, 1, 1, 0, 0),
    Ask("Myalgia", _UI, 0, 0, 1, 1),
    Ask("Myalgia", _UL, 1, 1, 3, 3),
    Ask("Arthralgia", _RI, 1, 1, 0, 0),
    Ask("Arthralgia", _RL, 0, 0, 1, 1),
    Ask("Arthralgia", _UI, 1, 1, 1, 1),
    Ask("Arthralgia", _UL, 1, 1, 2, 3),
)

ON_PLACEBO = (
    Ask("Headache", _RI, 3, 6),
    Ask("Headache", _UL, 1, 1),
    Ask("Nausea", _RI, 1, 2),
    Ask("Nausea", _UI, 1, 1),
    Ask("Pyrexia", _RI, 1, 1),
    Ask("Pyrexia", _UI, 1, 1),
    Ask("Pyrexia", _UL, 1, 1),
    Ask("Chills", _RI, 1, 1),
    Ask("Arthralgia", _RL, 1, 2),
    Ask("Arthralgia", _UL, 3, 3),
    Ask("Condition aggravated", _UI, 1, 1),
    Ask("Condition aggravated", _UL, 8, 9),
    Ask("Musculoskeletal pain", _UL, 2, 2),
    Ask("Blood pressure increased", _RI, 1, 3),
    Ask("Heart rate increased", _UI, 1, 1),
    Ask("Dyspnoea", _UL, 1, 1),
    Ask("Infusion site reaction", _RI, 1, 1),
)
