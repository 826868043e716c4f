"""Evaluates the evidence rules: units, path, state, and the sentence with its numbers."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from safetymon.domain import ALL_SUBJECTS
from safetymon.signals.concurrent import ecl_path, hangs_on_one
from safetymon.signals.evidence import Finding, Path, Units, date_of, day_of
from safetymon.signals.family import Share
from safetymon.signals.rate import poisson_path
from safetymon.signals.single import (
    background_path,
    protocol_path,
    reached_by_chance,
    sensitivity,
)
from safetymon.signals.transitions import State
from safetymon.signals.units import People, alone, compared
from safetymon.stats.evalue import anytime_lower_bound
from safetymon.study import BackgroundRule, EclRule, EvidenceRule, PoissonRule, ProtocolRule

PathOf = Callable[[Units], Path]
_BY_E_VALUE = (
    " Without a planned size, the boundary at other backgrounds is where the e-value reaches "
    "1/alpha."
)


def evaluate(
    rule: EvidenceRule,
    reference: str | None,
    people: People,
    cutoff: date,
    share: Share | None = None,
) -> Finding:
    """What the rule finds in the data known at the cut-off.

    Args:
        rule: The rule.
        reference: The group that the rule's group is compared with, if there is one.
        people: Who can be weighed.
        cutoff: The data cut-off.
        share: What Holm grants the rule, if it is one of a family.
    """
    if isinstance(rule, EclRule) and reference is None:
        text = (
            "Not applicable: the group has no concurrent reference, so comparing arms can never "
            "show anything; a single-arm rule against a background rate can."
        )
        return Finding("not applicable", None, None, text)
    return _finding(rule, weighed_by(rule, reference, people), day_of(cutoff), share)


def weighed_by(rule: EvidenceRule, reference: str | None, people: People) -> Units:
    """The units that a rule weighs, with the events that count for it."""
    if isinstance(rule, EclRule):
        return compared(people.spans(rule.group, reference), people.counted(rule))
    window = rule.window_days if isinstance(rule, BackgroundRule) else None
    return alone(people.spans(rule.group), people.counted(rule), window)


def path_of(rule: EvidenceRule, cutoff: int) -> PathOf:
    """The function that gives the rule's path: the one home of its boundary.

    Table, chart and verdict take their boundary from the path it returns.
    """
    match rule:
        case BackgroundRule():
            return partial(background_path, rule, cutoff=cutoff)
        case ProtocolRule():
            return partial(protocol_path, rule, cutoff=cutoff)
        case PoissonRule():
            return partial(poisson_path, rule, cutoff=cutoff)
        case _:
            return partial(ecl_path, rule, cutoff=cutoff)


def _finding(
    rule: EvidenceRule, weighed: Units, cutoff: int, share: Share | None = None
) -> Finding:
    if share is not None and isinstance(rule, EclRule):
        rule = share.at(rule)
    found = path_of(rule, cutoff)(weighed)
    found = found if share is None else _granted(found, rule, share)
    state: State = found.state if found.first_crossing is None else "over"
    strip = sensitivity(rule, weighed, cutoff) if isinstance(rule, BackgroundRule) else None
    beyond = _beyond_plan(rule, weighed, cutoff)
    if not found.day.size:
        text = _no_path(rule, found)
        return Finding(state, None, None, text, sensitivity=strip, beyond_plan=beyond)
    fragile = state == "over" and _fragile(rule, found, weighed, cutoff)
    limit = float(found.limit[-1])
    return Finding(
        state=state,
        value=float(found.count[-1]),
        limit=None if math.isnan(limit) else limit,
        text=_sentence(rule, found, beyond, fragile=fragile),
        path=found,
        fragile=fragile,
        sensitivity=strip,
        e_value=_e_value(found),
        beyond_plan=beyond,
    )


def _granted(path: Path, rule: EvidenceRule, share: Share) -> Path:
    """The path as one of a family: a signal on the day on which Holm gives one, else none."""
    level, whole = getattr(rule, "alpha", 0.0), getattr(rule, "alpha", 0.0) * share.parts
    notes = (
        *path.notes,
        f"tested at level {level:.4g}, Holm's part of {whole:g} for {share.tests} comparisons",
    )
    if share.day is None:
        return replace(path, crossed=np.zeros_like(path.crossed), notes=notes)
    return replace(path, not_before=share.day, notes=notes)


def _beyond_plan(rule: EvidenceRule, weighed: Units, cutoff: int) -> str:
    """The sentence that says that more subjects were treated than the rule planned for."""
    planned = rule.planned if isinstance(rule, BackgroundRule | EclRule) else None
    treated = len(set(weighed.known_by(cutoff).subject))
    if planned is None or treated <= planned:
        return ""
    return f"planned is {planned}, but {treated} subjects have been treated"


def _fragile(rule: EvidenceRule, found: Path, weighed: Units, cutoff: int) -> bool:
    """Whether some one subject's event is all that the signal hangs on."""
    if isinstance(rule, EclRule):
        return hangs_on_one(rule, weighed, cutoff)
    if isinstance(rule, BackgroundRule) and rule.denominator == "dosed":
        # Without the first event the count is one less on every day, as without no other.
        return not (found.count - 1 >= found.limit).any()
    path = path_of(rule, cutoff)
    events = np.flatnonzero(weighed.event >= 0).tolist()
    return any(path(weighed.without(i)).first_crossing is None for i in events)


def _e_value(path: Path) -> float | None:
    log_e = float(path.log_e[-1])
    return None if math.isnan(log_e) else math.exp(min(log_e, 700.0))


def _no_path(rule: EvidenceRule, path: Path) -> str:
    if path.state == "no events":
        return "; ".join(("No events yet", *path.notes)) + "."
    unplanned = isinstance(rule, BackgroundRule) and rule.planned is None
    return f"{path.state.capitalize()}: {path.cannot}.{_BY_E_VALUE if unplanned else ''}"


def _sentence(rule: EvidenceRule, path: Path, beyond: str, *, fragile: bool) -> str:
    parts = [_counts(rule, path), _boundary(rule, path), _beside(rule, path)]
    parts += [_wrong_background(rule), path.cannot, *path.notes, beyond]
    text = "; ".join(part for part in parts if part)
    return f"{text}.{' One subject fewer would clear it.' if fragile else ''}"


def _counts(rule: EvidenceRule, path: Path) -> str:
    found, expected = _found(rule, path, -1), path.expected[-1]
    match rule:
        case EclRule():
            # Each event adds the chance that it falls on treatment.
            whole = float(path.expected @ np.diff(path.of, prepend=0.0))
            harm = "without harm" if rule.margin == 1 else f"at a hazard ratio of {rule.margin:g}"
            return f"{found} first events on treatment, {whole:.1f} expected {harm}"
        case PoissonRule():
            return f"{found}, {expected:.2f} expected"
        case _:
            return f"{found} subjects with an event, {expected:.2f} expected"


def _found(rule: EvidenceRule, path: Path, at: int) -> str:
    """The count and what it is counted among, as a boundary sees them."""
    if isinstance(rule, PoissonRule):
        subjects = "subject" if path.count[at] == 1 else "subjects"
        return f"{path.count[at]} {subjects} with an event in {path.of[at]:.1f} person-years"
    return f"{path.count[at]} of {_whole(path, at)}"


def _whole(path: Path, at: int) -> int:
    return math.ceil(float(path.of[at]) - 1e-9)


def _boundary(rule: EvidenceRule, path: Path) -> str:
    if path.first_crossing is not None:
        at = int(path.crossed.argmax())
        where = f"{_found(rule, path, at)}, the boundary {path.limit[at]:.0f}"
        text = f"boundary reached on {_day(int(path.day[at]))} ({where})"
        if path.first_crossing > path.day[at]:
            return f"{text}, in force since {_day(path.first_crossing)}"
        return text
    limit = float(path.limit[-1])
    if math.isnan(limit):
        return "boundary not reached"
    if limit > path.of[-1] and not isinstance(rule, PoissonRule):
        return "no count could reach the boundary yet"
    return f"the boundary is {limit:.0f}"


def _beside(rule: EvidenceRule, path: Path) -> str:
    e_value = _e_value(path)
    if e_value is None:
        return ""
    text = f"e-value {e_value:,.0f}" if 1e3 <= e_value < 1e5 else f"e-value {e_value:.3g}"
    if isinstance(rule, BackgroundRule):
        low = float(anytime_lower_bound(int(path.count[-1]), _whole(path, -1), rule.alpha))
        return f"{text}; lower bound of the risk {low:.2%}, at any number of looks"
    return text


def _wrong_background(rule: EvidenceRule) -> str:
    """How often a pooled rule would signal without harm, were its background assumed too low."""
    if not isinstance(rule, BackgroundRule) or rule.group != ALL_SUBJECTS:
        return ""
    risk = 1.25 * (rule.background or 0.0)
    chance = reached_by_chance(rule, risk)
    if chance is None:
        return ""
    return (
        f"were the true background {100 * risk:.4g}%, it would be reached without any harm in "
        f"{chance:.1%} of trials"
    )


def _day(days: int) -> str:
    return f"{date_of(days):%d %b %Y}"
