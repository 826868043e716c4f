"""Evaluates the evidence rules: units, path, state, and the sentence with its numbers."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import polars as pl

from safetymon.signals.concurrent import ecl_path
from safetymon.signals.evidence import Finding, Path, Units
from safetymon.signals.single import background_path, poisson_path, protocol_path, sensitivity
from safetymon.signals.transitions import State
from safetymon.signals.units import COUNTS, units
from safetymon.stats.evalue import anytime_lower_bound
from safetymon.study import BackgroundRule, EclRule, EvidenceRule, PoissonRule, ProtocolRule

PathOf = Callable[[Units], Path]
_EPOCH = date(1970, 1, 1)


def evaluate(
    rule: EvidenceRule,
    reference: str | None,
    members: pl.DataFrame,
    occurrences: pl.DataFrame,
    cutoff: date,
) -> Finding:
    """What the rule finds in the data known at the cut-off.

    Args:
        rule: The rule.
        reference: The group that the rule's group is compared with, if there is one.
        members: As made by `derive.members`.
        occurrences: As made by `derive.occurrences`.
        cutoff: The data cut-off.
    """
    if isinstance(rule, EclRule) and reference is None:
        text = (
            "Not applicable: the group has no concurrent reference, so comparing arms can never "
            "show anything; a single-arm rule against a background rate can."
        )
        return Finding("not applicable", None, None, text)
    counted = occurrences.filter(
        COUNTS[rule.estimand], level="topic", term=rule.topic, adjudicated=rule.adjudicated
    )
    beside = reference if isinstance(rule, EclRule) else None
    weighed = units(members, counted, rule.group, beside)
    return _finding(rule, weighed, (cutoff - _EPOCH).days)


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
        case EclRule():
            return partial(ecl_path, rule, cutoff=cutoff)


def _finding(rule: EvidenceRule, weighed: Units, cutoff: int) -> Finding:
    path = path_of(rule, cutoff)
    found = path(weighed)
    state = _state(found, weighed, cutoff)
    strip = sensitivity(rule, weighed, cutoff) if isinstance(rule, BackgroundRule) else None
    if not found.day.size:
        return Finding(state, None, None, _cannot(state, found), sensitivity=strip)
    fragile = state == "over" and _fragile(path, weighed, cutoff)
    limit = float(found.limit[-1])
    return Finding(
        state=state,
        value=float(found.count[-1]),
        limit=None if math.isnan(limit) else limit,
        text=_sentence(rule, state, found, fragile=fragile),
        path=found,
        fragile=fragile,
        sensitivity=strip,
        e_value=_e_value(found),
        beyond_plan=_beyond_plan(rule, weighed, cutoff),
    )


def _beyond_plan(rule: EvidenceRule, weighed: Units, cutoff: int) -> str:
    """The sentence that says that more subjects were treated than the rule planned for."""
    planned = rule.planned if isinstance(rule, BackgroundRule | EclRule) else None
    treated = len(
        {s for s, day in zip(weighed.subject, weighed.entry, strict=True) if day <= cutoff}
    )
    if planned is None or treated <= planned:
        return ""
    return f"planned is {planned}, but {treated} subjects have been treated"


def _state(path: Path, weighed: Units, cutoff: int) -> State:
    if path.first_crossing is not None:
        return "over"
    if not weighed.entry.size or not (weighed.entry <= cutoff).any():
        return "too little data"
    if path.cannot and not path.cannot.startswith(("no events", "too few")):
        return "not applicable"
    if not ((weighed.event >= 0) & (weighed.event <= cutoff)).any():
        return "no events"
    return "too little data" if path.cannot else "under"


def _fragile(path: PathOf, weighed: Units, cutoff: int) -> bool:
    """Whether some one subject's event is all that the signal hangs on."""
    events = [i for i, day in enumerate(weighed.event.tolist()) if 0 <= day <= cutoff]
    return any(path(weighed.without(i)).first_crossing is None for i in events)


def _e_value(path: Path) -> float | None:
    log_e = float(path.log_e[-1])
    return None if math.isnan(log_e) else math.exp(min(log_e, 700.0))


def _cannot(state: State, path: Path) -> str:
    if state == "no events":
        return "No events yet."
    return f"{state.capitalize()}: {path.cannot or 'nobody has been at risk yet'}."


def _sentence(rule: EvidenceRule, state: State, path: Path, *, fragile: bool) -> str:
    parts = [_counts(rule, path), _boundary(path), _beside(rule, path)]
    if state in ("too little data", "not applicable") and path.cannot:
        parts.append(path.cannot)
    parts += path.notes
    text = "; ".join(part for part in parts if part)
    return f"{text}.{' One subject fewer would clear it.' if fragile else ''}"


def _counts(rule: EvidenceRule, path: Path) -> str:
    count, of = path.count[-1], path.of[-1]
    match rule:
        case EclRule():
            return (
                f"{count} of {of:.0f} first events on treatment, {_share(path):.1%} expected of "
                "the last"
            )
        case PoissonRule():
            return (
                f"{count} subjects with an event in {of:.1f} person-years, "
                f"{path.expected[-1]:.2f} expected"
            )
        case BackgroundRule(background=None):
            return f"{count} of {of:.0f} subjects with an event"
        case _:
            return f"{count} of {of:.0f} subjects with an event, {path.expected[-1]:.2f} expected"


def _share(path: Path) -> float:
    return float(path.expected[-1])


def _boundary(path: Path) -> str:
    if path.first_crossing is not None:
        at = path.crossed.argmax()
        needed = "" if math.isnan(path.limit[at]) else f", the boundary {path.limit[at]:.0f}"
        where = f"{path.count[at]} of {path.of[at]:.0f}{needed}"
        return f"boundary reached on {_day(int(path.day[at]))} ({where})"
    limit = float(path.limit[-1])
    if math.isnan(limit):
        return "boundary not reached"
    if limit > path.of[-1]:
        return "no count could reach the boundary yet"
    return f"the boundary is {limit:.0f}"


def _beside(rule: EvidenceRule, path: Path) -> str:
    e_value = _e_value(path)
    if e_value is None:
        return ""
    text = f"e-value {e_value:.3g}"
    if isinstance(rule, BackgroundRule):
        n = max(math.ceil(path.of[-1]), int(path.count[-1]))
        low = float(anytime_lower_bound(int(path.count[-1]), n, rule.alpha))
        return f"{text}, risk above {low:.2%} at any number of looks"
    return text


def _day(days: int) -> str:
    return f"{_EPOCH + timedelta(days=days):%d %b %Y}"
