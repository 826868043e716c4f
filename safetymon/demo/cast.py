"""The events whose details are fixed: published listings and the demo's other serious events.

Patients 1 to 11 are the supplement's listings of related serious events and of discontinuations
(Aggarwal et al. 2024, doi 10.1186/s13075-023-03232-2), coded in MedDRA's British spelling: Fever
is Pyrexia, Hypoesthesia is Hypoaesthesia. The events of the other parts are invented to make the
published totals: serious 22, leading to discontinuation 25, thromboembolic 8 in all IVIg.
"""

from datetime import timedelta

from safetymon.demo.drafts import Account, Draft, Kind
from safetymon.demo.roster import (
    EXTENSION,
    FIRST_IVIG,
    FIRST_PLACEBO,
    Subject,
    one_with,
)

RECOVERED = "recovered/resolved"
SEQUELAE = "recovered/resolved with sequelae"
NOT_RECOVERED = "not recovered/not resolved"
WITHDRAWN = "drug withdrawn"
UNCHANGED = "dose not changed"
NOT_APPLICABLE = "not applicable"

# Infusional in the sense of the trial: during a cycle or at most 3 days (72 h) after its last day.
INFUSIONAL_DAYS = 3

# part, cell, cycle, "start+days" or "end+days" -> term, severity, serious, causality, duration,
# action, adjudication. One line an event.
_TABLE: tuple[tuple[str, str, int, str, str, str, bool, str, int | None, str, str], ...] = (
    ("1", FIRST_IVIG, 2, "start+1", "Muscle spasms", "severe", True, "probable", 1, WITHDRAWN, ""),
    ("1", FIRST_IVIG, 2, "start+1", "Dyspnoea", "severe", True, "probable", 1, WITHDRAWN, ""),
    ("1", FIRST_IVIG, 2, "start+1", "Sinus tachycardia", "moderate", False, "probable", 1,
     WITHDRAWN, ""),
    ("1", FIRST_IVIG, 2, "start+1", "Chills", "mild", False, "probable", 1, WITHDRAWN, ""),
    ("1", FIRST_IVIG, 2, "start+1", "Pyrexia", "mild", False, "probable", 1, WITHDRAWN, ""),
    ("1", FIRST_IVIG, 2, "start+1", "Back pain", "moderate", False, "probable", 1, WITHDRAWN, ""),
    ("2", EXTENSION, 6, "end+6", "Deep vein thrombosis", "severe", True, "probable", 73,
     WITHDRAWN, "Y"),
    ("2", EXTENSION, 6, "end+6", "Pulmonary embolism", "severe", True, "probable", 73,
     WITHDRAWN, "Y"),
    ("3", EXTENSION, 7, "end+6", "Cerebrovascular accident", "moderate", True, "possible", 109,
     WITHDRAWN, "Y"),
    ("3", EXTENSION, 7, "end+6", "Vertigo", "moderate", False, "possible", 5, WITHDRAWN, ""),
    ("3", EXTENSION, 7, "end+6", "Vision blurred", "mild", False, "possible", 3, WITHDRAWN, ""),
    ("4", EXTENSION, 5, "end+9", "Pulmonary embolism", "moderate", True, "possible", 14,
     WITHDRAWN, "Y"),
    ("5", EXTENSION, 7, "start+1", "Loss of consciousness", "moderate", True, "probable", 1,
     UNCHANGED, ""),
    ("6", EXTENSION, 10, "end+12", "Cerebral infarction", "moderate", True, "possible", 99,
     NOT_APPLICABLE, "Y"),
    ("7", EXTENSION, 6, "start+1", "Hypoaesthesia", "mild", True, "possible", 1, UNCHANGED, "Y"),
    ("8", EXTENSION, 6, "start+1", "Musculoskeletal pain", "mild", False, "possible", 4,
     WITHDRAWN, ""),
    ("8", EXTENSION, 6, "start+1", "Paraesthesia", "mild", False, "possible", 2, WITHDRAWN, ""),
    ("8", EXTENSION, 6, "start+1", "Dizziness", "mild", False, "possible", 2, WITHDRAWN, ""),
    ("8", EXTENSION, 6, "end+8", "Condition aggravated", "mild", False, "not related", 20,
     WITHDRAWN, ""),
    ("9", EXTENSION, 5, "start+1", "Headache", "moderate", False, "probable", 3, WITHDRAWN, ""),
    ("9", EXTENSION, 5, "start+1", "Nausea", "moderate", False, "probable", 2, WITHDRAWN, ""),
    ("10", EXTENSION, 5, "start+1", "Hypersensitivity", "mild", False, "probable", 2,
     WITHDRAWN, ""),
    ("11", EXTENSION, 7, "start+1", "Vomiting", "mild", False, "probable", 1, WITHDRAWN, ""),
    ("tee", FIRST_IVIG, 3, "end+6", "Transient ischaemic attack", "moderate", True, "unlikely", 1,
     UNCHANGED, "Y"),
    ("tee", FIRST_IVIG, 3, "end+15", "Deep vein thrombosis", "moderate", True, "unlikely", 62,
     WITHDRAWN, "Y"),
    ("pneumonia", FIRST_IVIG, 2, "end+9", "Pneumonia", "severe", True, "not related", 16,
     UNCHANGED, ""),
    ("switch-d", FIRST_IVIG, 3, "end+10", "Condition aggravated", "moderate", False,
     "not related", 30, WITHDRAWN, ""),
    ("lung", EXTENSION, 6, "end+8", "Interstitial lung disease", "moderate", False, "unlikely",
     None, WITHDRAWN, ""),
    ("flare", EXTENSION, 7, "end+9", "Condition aggravated", "moderate", False, "not related",
     None, WITHDRAWN, ""),
    ("cancer", EXTENSION, 8, "end+14", "Ovarian cancer", "severe", True, "not related", None,
     WITHDRAWN, ""),
    ("cancer", EXTENSION, 8, "end+19", "Dehydration", "moderate", True, "not related", 6,
     NOT_APPLICABLE, ""),
    ("sepsis", EXTENSION, 8, "end+7", "Pneumonia", "severe", True, "unlikely", 19, UNCHANGED, ""),
    ("sepsis", EXTENSION, 8, "end+9", "Sepsis", "severe", True, "unlikely", 14, UNCHANGED, ""),
    ("sepsis", EXTENSION, 8, "end+10", "Respiratory failure", "severe", True, "not related", 8,
     UNCHANGED, ""),
    ("fall", EXTENSION, 7, "end+10", "Fall", "moderate", True, "not related", 1, UNCHANGED, ""),
    ("fall", EXTENSION, 7, "end+10", "Femur fracture", "severe", True, "not related", 80,
     UNCHANGED, ""),
    ("weakness", EXTENSION, 6, "end+9", "Muscular weakness", "severe", True, "not related", 40,
     UNCHANGED, ""),
    ("weakness", EXTENSION, 6, "end+12", "Dysphagia", "severe", True, "not related", 37,
     UNCHANGED, ""),
    ("gallbladder", EXTENSION, 9, "end+11", "Cholecystitis acute", "severe", True, "not related",
     12, UNCHANGED, ""),
    ("gut", FIRST_PLACEBO, 2, "end+8", "Diverticulitis", "severe", True, "not related", 15,
     UNCHANGED, ""),
    ("gut", FIRST_PLACEBO, 2, "end+9", "Dehydration", "moderate", True, "not related", 5,
     UNCHANGED, ""),
    ("chest", FIRST_PLACEBO, 3, "end+7", "Pneumonia", "severe", True, "unlikely", 18,
     UNCHANGED, ""),
    ("chest", FIRST_PLACEBO, 3, "end+8", "Respiratory failure", "severe", True, "unlikely", 9,
     UNCHANGED, ""),
    ("refuted", EXTENSION, 6, "end+6", "Pain in extremity", "moderate", False, "unlikely", 11,
     UNCHANGED, "N"),
)  # fmt: skip

# Where the listing says how the event ended; all others that ended were resolved.
_WITH_SEQUELAE = {("3", "Cerebrovascular accident"), ("4", "Pulmonary embolism"),
                  ("6", "Cerebral infarction")}  # fmt: skip


def fixed_events(people: tuple[Subject, ...]) -> list[Draft]:
    """Return one draft a row of the cast's table."""
    drafts = []
    for part, cell, number, when, term, severity, serious, causality, days, action, tee in _TABLE:
        subject = one_with(people, part)
        cycle = next(c for c in subject.cycles_in(cell) if c.number == number)
        anchor, offset = when.split("+")
        onset = (cycle.start if anchor == "start" else cycle.end) + timedelta(int(offset))
        account = Account(
            onset, severity, serious, causality, days, _outcome(part, term, days), action, tee
        )
        related = causality in ("probable", "possible")
        kind = Kind(related, onset <= cycle.end + timedelta(INFUSIONAL_DAYS))
        drafts.append(Draft(subject.id, cell, term, kind, account))
    return drafts


def _outcome(part: str, term: str, days: int | None) -> str:
    if days is None:
        return NOT_RECOVERED
    return SEQUELAE if (part, term) in _WITH_SEQUELAE else RECOVERED
