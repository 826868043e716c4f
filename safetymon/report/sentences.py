"""A rule's verdict as one sentence with its number of subjects, and what is to be said beside it.

The counts come from the last row of the rule's evidence path, so sentence, chart, table and
verdict rest on the same rows; a rule without a path speaks in its own words. Pure.
"""

import math

import polars as pl

from safetymon.domain import ALL_SUBJECTS
from safetymon.report import wording
from safetymon.report.wording import Row

THRESHOLDS = ("incidence", "subjects", "difference", "ratio")
TRIGGERS = ("background", "protocol", "poisson")
NOT_EVIDENCE = "Not valid evidence over repeated looks"
TRIGGER = "A trigger to unblind, not evidence of harm"
WHY_TRIGGER = (
    "pooled subjects cannot tell a treatment's harm from a background that was assumed too low."
)
UNCONTROLLED = "Against an assumed risk, not a control group"
FRAGILE = "One subject fewer would clear it"
METHODS = {
    "ecl": "group against reference, both at risk at the same time: conditional log-rank walk",
    "background": "one group against an acceptable risk: exact binomial boundary",
    "protocol": "one group against the protocol's own table of limits",
    "poisson": "first events against a known rate per person-year",
    "incidence": "incidence against a limit",
    "subjects": "number of subjects against a limit",
    "difference": "risk difference against a limit",
    "ratio": "risk ratio against a limit",
}


def last_rows(evidence: pl.DataFrame) -> dict[str, Row]:
    """The last row of each rule's path, by rule."""
    last = evidence.group_by("rule", maintain_order=True).last()
    return {row["rule"]: row for row in last.rows(named=True)}


def told(signal: Row, last: Row | None, past: Row | None = None) -> str:
    """The verdict in one sentence.

    `last` is the last row of the rule's path, if it has one, `past` that up to the look before.
    """
    if last is None:
        return str(signal["text"])
    was = _was(last, past)
    return f"{counted(signal, last)}{was}; {_boundary(signal, last)}.{_against(signal)}"


def _was(last: Row, past: Row | None) -> str:
    """How many it were at the look before, where they are more now."""
    if past is None or past["count"] == last["count"]:
        return ""
    return f" (at the look before {past['count']:,} of {wording.whole(past['of'])})"


def counted(signal: Row, last: Row) -> str:
    """How many subjects, of what."""
    count, of = last["count"], last["of"]
    match signal["method"]:
        case "ecl":
            return (
                f"{count:,} of {wording.plural(round(of), 'subject')} with a first event had it in "
                f"“{signal['group']}”"
            )
        case "poisson":
            years = wording.number(of)
            return f"{wording.plural(count, 'subject')} with an event in {years} person-years"
        case "protocol":
            return f"{count:,} of the first {wording.plural(round(of), 'subject')} with an event"
        case _:
            return f"{count:,} of {wording.whole(of)} subjects with an event"


def _boundary(signal: Row, last: Row) -> str:
    if signal["crossed_on"] is not None:
        return f"boundary reached on {wording.day(signal['crossed_on'])}"
    limit = last["limit"]
    return "boundary not reached" if limit is None else f"the boundary is {limit:,.0f}"


def _against(signal: Row) -> str:
    looks = signal["against"] or 0
    if not looks:
        return ""
    return f" {'This look speaks' if looks == 1 else f'The last {looks} looks speak'} against it."


def cautions(signal: Row) -> tuple[str, ...]:
    """What a reader must know beside the verdict, in a few words each."""
    said = [
        (signal["method"] in THRESHOLDS, NOT_EVIDENCE),
        (_triggers(signal), TRIGGER),
        (signal["method"] in TRIGGERS and not _triggers(signal), UNCONTROLLED),
        (bool(signal["fragile"]), FRAGILE),
    ]
    return tuple(text for is_so, text in said if is_so)


def caution(signal: Row) -> str:
    """The same as sentences, with the reason; empty where there is nothing to say."""
    if signal["method"] in THRESHOLDS:
        return f"{NOT_EVIDENCE}."
    if not _triggers(signal):
        return ""
    return f"{TRIGGER}: {WHY_TRIGGER}" if signal["method"] == "background" else f"{TRIGGER}."


def _triggers(signal: Row) -> bool:
    return signal["group"] == ALL_SUBJECTS and signal["method"] in TRIGGERS


def e_value(signal: Row) -> str:
    """The signal's e-value as text."""
    value = signal["e_value"]
    if value is None:
        return wording.NONE
    return wording.e_value(math.log(value)) if value > 0 else "<0.001"
