"""One verdict a rule: finds the rule's numbers, evaluates it, sets it beside the look before."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from safetymon.domain import Group
from safetymon.errors import UsageError
from safetymon.schema import EVIDENCE, SENSITIVITY, SIGNALS
from safetymon.signals import threshold, weigh
from safetymon.signals.evidence import Finding, date_of, day_of
from safetymon.signals.family import Share, in_family, shares
from safetymon.signals.transitions import STANDING, Standing, State, follow
from safetymon.signals.units import People
from safetymon.study import Evidence, Rule, ThresholdRule

SWITCHED_OFF = (
    "The rule is switched off or no longer in the study file; its signal was never cleared."
)


class Numbers(NamedTuple):
    """What rules are evaluated on: the tables of a look and what they were counted from.

    `people` are the same as evidence sees them: at risk and with an event as it was known then.
    """

    groups: Sequence[Group]
    incidence: pl.DataFrame
    comparisons: pl.DataFrame
    occurrences: pl.DataFrame
    members: pl.DataFrame
    people: People
    cutoff: date


class Detected(NamedTuple):
    """Verdicts (`schema.SIGNALS`), paths (`EVIDENCE`) and strips (`SENSITIVITY`) of a look."""

    signals: pl.DataFrame
    evidence: pl.DataFrame
    sensitivity: pl.DataFrame


def find(rules: Sequence[Rule], numbers: Numbers, plan: Evidence) -> dict[str, Finding]:
    """What each rule that is not switched off finds, by its title, without history."""
    granted = _shares(rules, numbers, plan) if plan.family == "topics" else {}
    active = [rule for rule in rules if not rule.off]
    return {rule.title: _finding(rule, numbers, granted.get(rule.title)) for rule in active}


def _shares(rules: Sequence[Rule], numbers: Numbers, plan: Evidence) -> dict[str, Share]:
    """What Holm grants each comparison of arms."""
    references = {group.name: group.reference for group in numbers.groups}
    family = {
        rule.title: (rule, weigh.weighed_by(rule, references[rule.group], numbers.people))
        for rule in in_family(rules, references)
    }
    return shares(family, plan.alpha, day_of(numbers.cutoff)) if family else {}


def states(found: Mapping[str, Finding]) -> dict[str, State]:
    """The state of each rule."""
    return {title: finding.state for title, finding in found.items()}


def detect(
    rules: Sequence[Rule],
    found: Mapping[str, Finding],
    previous: pl.DataFrame,
    look: int,
    clear_after: int,
) -> Detected:
    """Every rule's verdict at this look.

    Signals: one row a rule in the study's order, then one for each signal that stands although its
    rule is switched off or gone. `previous` has the columns of the verdicts at the look before.

    Raises:
        UsageError: A rule that is new plans for fewer subjects than have been treated.
    """
    before = {row["rule"]: row for row in previous.to_dicts()}
    refuse_small_plans(found, before)
    rows = [
        _row(rule, found[rule.title], _standing(before.get(rule.title)), look, clear_after)
        for rule in rules
        if rule.title in found
    ]
    rows += [_kept(row) for title, row in before.items() if _stands_alone(row, title, found)]
    return Detected(
        pl.DataFrame(rows, schema=SIGNALS, orient="row"),
        _stacked([f.path.frame(title) for title, f in found.items() if f.path], EVIDENCE),
        _stacked([f.sensitivity for f in found.values() if f.sensitivity is not None], SENSITIVITY),
    )


def refuse_small_plans(found: Mapping[str, Finding], before: Mapping[str, Any]) -> None:
    """A plan that is exceeded when the rule is new is a mistake; later it is an event to report.

    Raises:
        UsageError: A rule that is not among those `before` plans for too few subjects.
    """
    for title, finding in found.items():
        if finding.beyond_plan and title not in before:
            # Without the number: operations may read a failure, and a number treated is by arm.
            raise UsageError(
                f"rule '{title}': more subjects have been treated than planned; correct planned, "
                "or planned_subjects in [evidence]"
            )


def _stacked(frames: list[pl.DataFrame], schema: Any) -> pl.DataFrame:  # noqa: ANN401 - columns
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _finding(rule: Rule, numbers: Numbers, share: Share | None = None) -> Finding:
    if isinstance(rule, ThresholdRule):
        cell = _cell(rule, numbers.incidence)
        if cell is None:
            raise UsageError(
                f"rule '{rule.title}': nothing is counted for topic '{rule.topic}' in group "
                f"'{rule.group}'; check both names"
            )
        return threshold.evaluate(rule, cell, _cell(rule, numbers.comparisons))
    groups = {group.name: group for group in numbers.groups}
    reference = groups[rule.group].reference if rule.group in groups else None
    return weigh.evaluate(rule, reference, numbers.people, numbers.cutoff, share)


def _row(
    rule: Rule, finding: Finding, before: Standing | None, look: int, clear_after: int
) -> dict[str, Any]:
    now = follow(finding.state, before, look, clear_after)
    crossing = finding.path.first_crossing if finding.path else None
    return {
        "rule": rule.title,
        "topic": rule.topic,
        "group": rule.group,
        "method": rule.method,
        "verdict": now.verdict,
        "value": finding.value,
        "limit": finding.limit,
        "since_look": now.since_look,
        "text": finding.text + _caution(now, finding.state, clear_after),
        "e_value": finding.e_value,
        "crossed_on": None if crossing is None else date_of(crossing),
        "looks": now.looks,
        "against": now.against,
        "fragile": finding.fragile,
        "reason": None,
    }


def _caution(now: Standing, state: State, clear_after: int) -> str:
    """Why a signal is still open although this look does not raise it."""
    if now.verdict != "open" or state == "over":
        return ""
    if now.against:
        return f" Stays open: {now.against} of {clear_after} looks in a row speak against it."
    return " Stays open: this look cannot tell."


def _standing(row: Mapping[str, Any] | None) -> Standing | None:
    if row is None:
        return None
    return Standing(row["verdict"], row["since_look"], row["looks"], row["against"])


def _stands_alone(row: Mapping[str, Any], title: str, found: Mapping[str, Finding]) -> bool:
    return title not in found and row["verdict"] in STANDING


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    """A signal whose rule is switched off or gone: it stands, and says so."""
    kept = {name: row.get(name) for name in SIGNALS}
    now = {"verdict": "open", "text": SWITCHED_OFF, "looks": row["looks"] + 1, "against": 0}
    return {**kept, **now, "reason": None}


def _cell(rule: ThresholdRule, table: pl.DataFrame) -> dict[str, Any] | None:
    """The rule's row of a table of terms and groups."""
    found = table.filter(
        level="topic",
        term=rule.topic,
        adjudicated=rule.adjudicated,
        estimand=rule.estimand,
        group=rule.group,
    )
    return found.row(0, named=True) if len(found) else None
