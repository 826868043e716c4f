"""The pure chain of a look: frames of a cut -> ledger -> counts -> what every rule finds.

`monitor` calls it for the two reports, and again on older frames to say what moved a verdict;
`replay` calls it for one calendar date after another.
"""

from datetime import date
from typing import NamedTuple

import polars as pl

from safetymon import caveats, courses, derive, incidence, signals
from safetymon.domain import ALL_SUBJECTS, Emergent, Finding, Group, Scope
from safetymon.errors import UsageError
from safetymon.signals import Numbers, State
from safetymon.signals.evidence import Finding as RuleFinding
from safetymon.signals.units import People
from safetymon.study import Rule, Study
from safetymon.topics import resolved


class Frames(NamedTuple):
    """What was known of a trial at a cut-off.

    `exposure` has no treatment column in the open scope; `events` have `seen` (see
    `derive.first_seen`).
    """

    scope: Scope
    cutoff: date
    subjects: pl.DataFrame
    exposure: pl.DataFrame
    events: pl.DataFrame
    adjudication: pl.DataFrame

    def known_by(self, day: date) -> "Frames":
        """The same frames as they stood at an earlier day."""
        exposure = self.exposure.filter(pl.col("start") <= day)
        return self._replace(cutoff=day, exposure=exposure, events=known_by(self.events, day))


class Counted(NamedTuple):
    """The numbers of one scope, and what its rules find in them.

    `ledger` and `placed` (see `derive.attributed`) are what they were counted from.
    """

    numbers: Numbers
    ledger: pl.DataFrame
    placed: pl.DataFrame
    sizes: pl.DataFrame
    rules: tuple[Rule, ...]
    found: dict[str, RuleFinding]
    emergence: tuple[Finding, ...]


def known_by(events: pl.DataFrame, day: date) -> pl.DataFrame:
    """The events the monitor counts as known by a day, with an onset that can lie before it."""
    onset = pl.col("onset_low").fill_null(day)
    return events.filter((pl.col("seen") <= day) & (onset <= day))


def counted(frames: Frames, study: Study) -> Counted:
    """Counts one scope of a study and evaluates its rules.

    Raises:
        UsageError: Groups that overlap are to be summed or compared, or a rule is about nothing.
    """
    groups = groups_of(study, frames.scope)
    ledger = derive.ledger(frames.exposure, frames.subjects, frames.cutoff, study.emergent)
    members = derive.members(ledger, groups, study.report.person_time)
    _refuse_overlap(members, groups)
    placed, emergence = _placed(frames, study, ledger)
    terms = derive.topic_terms(frames.events, resolved(study.topic), frames.adjudication)
    occurrences = derive.occurrences(placed, terms)
    sizes = incidence.group_table(members, groups, study.report)
    table = incidence.by_group(
        occurrences, members, sizes, list(resolved(study.topic)), study.report
    )
    compared = incidence.compare(table, groups, study.report)
    people = _people(frames, study.emergent, members, placed, occurrences)
    numbers = Numbers(groups, table, compared, occurrences, members, people, frames.cutoff)
    rules = rules_of(study, frames.scope)
    found = signals.find(rules, numbers, study.evidence)
    return Counted(numbers, ledger, placed, sizes, rules, found, emergence)


def for_the_board(closed: Counted, pooled: Counted, study: Study) -> tuple[Finding, ...]:
    """What only the board may know: of rules, of comparisons, and of what a blind eye misses.

    `pooled` are the same frames counted without treatments.
    """
    return (
        *caveats.rules_off(signals.unwatched(study)),
        *caveats.comparisons(closed.numbers.members, closed.numbers.groups),
        *caveats.pooled_only(closed.ledger, pooled.ledger, closed.placed, pooled.placed),
        *caveats.one_treatment(derive.taken_by_all(closed.ledger)),
    )


def _people(
    frames: Frames,
    emergent: Emergent,
    members: pl.DataFrame,
    placed: pl.DataFrame,
    occurrences: pl.DataFrame,
) -> People:
    """Members and occurrences as evidence weighs them."""
    paused = courses.pauses(derive.doses(frames.exposure, frames.cutoff), emergent)
    return People(
        courses.courses(members, paused),
        courses.weighed(occurrences, placed, paused, emergent),
    )


def states(frames: Frames, study: Study) -> dict[str, State]:
    """The state of each rule, by its title."""
    return signals.states(counted(frames, study).found)


def groups_of(study: Study, scope: Scope) -> tuple[Group, ...]:
    """The groups of a report; an open one has everybody and nobody else."""
    return study.group if scope == "closed" else (Group(name=ALL_SUBJECTS),)


def rules_of(study: Study, scope: Scope) -> tuple[Rule, ...]:
    """The rules that are evaluated on a scope's numbers: pooled rules on the open ones."""
    pooled = scope == "open"
    return tuple(r for r in signals.effective(study) if (r.group == ALL_SUBJECTS) == pooled)


def reference_of(study: Study) -> str | None:
    """The reference treatment, if there is one."""
    return next((name for name, t in study.treatments.items() if t.reference), None)


def _refuse_overlap(members: pl.DataFrame, groups: tuple[Group, ...]) -> None:
    """Time on treatment cannot stand on both sides of a comparison."""
    sides = {name: set(rows) for name, rows in members.group_by("group").agg("row").rows()}
    for group in groups:
        if sides.get(group.name, set()) & sides.get(group.reference or "", set()):
            # Without a number: operations may read a failure, and a number here is by arm.
            raise UsageError(
                f"group '{group.name}': its reference '{group.reference}' counts the same time on "
                "treatment; compare with another treatment or other periods"
            )


def _placed(
    frames: Frames, study: Study, ledger: pl.DataFrame
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """The events as attributed to the ledger, and what a reader must know about that."""
    reference = reference_of(study) if frames.scope == "closed" else None
    placed = derive.attributed(frames.events, ledger, study.emergent, reference)
    moved = derive.moved_by_partial_rule(placed, frames.events, ledger, study.emergent, reference)
    return placed, tuple(caveats.emergence(placed, frames.events, moved))
