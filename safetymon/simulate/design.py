"""The study's own design, read from its study file and its data so far: what is simulated.

A rule is simulated in the groups it is about, as large as they are planned to be. Accrual and time
at risk are those observed; what has not happened yet is taken to go on as it began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from safetymon import analysis
from safetymon.analysis import Counted, Frames
from safetymon.domain import ALL_SUBJECTS, ReportSettings
from safetymon.signals.evidence import Units, date_of, day_of
from safetymon.signals.family import Share, in_family
from safetymon.signals.units import alone
from safetymon.simulate.harms import Harm, Source, harms_of
from safetymon.simulate.sides import Side, Stay, side_of, stays_of
from safetymon.study import BackgroundRule, EclRule, ProtocolRule, Rule, Study, ThresholdRule

LEAST = 5
"""Subjects of a group from whom accrual and time at risk are read; from fewer nothing is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one rule is simulated: its group, its reference where it compares, and the harms.

    Without a harm it is not simulated, and `basis` says why; else it says what was assumed.
    `every` is the number of days between looks, `report` says what intervals the rule sees. A final
    analysis of the rule is on a calendar on which the first dose is on 1970-01-01.
    """

    rule: Rule
    sides: tuple[Side, ...]
    harms: tuple[Harm, ...]
    basis: str
    every: int
    report: ReportSettings


@dataclass(frozen=True, slots=True)
class Design:
    """The plans of the rules that are not switched off: those on groups, then the pooled ones."""

    plans: tuple[Plan, ...]


def design_of(study: Study, frames: Frames, every: int = 1) -> Design:
    """The design of a study in the eyes of each of its rules.

    Groups are as large as planned, by the rule or else by `[evidence]`, divided between a group
    and its reference as observed; never smaller than they are. A subject who was in both, one
    after the other, counts in both. Where enrolment is not complete, its days so far are stretched
    to the planned number. Times at risk, dropout and switches included, are those observed.

    Args:
        study: The study.
        frames: Its closed frames.
        every: Days between the looks at which threshold rules are evaluated; 1 is nightly.

    Raises:
        UsageError: Groups that overlap are to be summed or compared, or a rule is about nothing.
        ValueError: The frames are not closed, or `every` is below 1.
    """
    if frames.scope != "closed" or every < 1:
        raise ValueError("a design is read from closed frames, with at least a day between looks")
    blind = frames._replace(scope="open", exposure=frames.exposure.drop("treatment"))
    closed, pooled = analysis.counted(frames, study), analysis.counted(blind, study)
    here = [_Here(study, counted, pooled, every) for counted in (closed, pooled)]
    return Design(
        tuple(_plan(rule, at) for at in here for rule in at.counted.rules if not rule.off)
    )


@dataclass(frozen=True, slots=True)
class _Here:
    """One scope of the study, and everybody pooled."""

    study: Study
    counted: Counted
    pooled: Counted
    every: int

    @property
    def origin(self) -> date:
        """The first dose in the trial."""
        first: date = min(self.pooled.numbers.members["start"])
        return first

    def reference(self, group: str) -> str | None:
        return next((g.reference for g in self.counted.numbers.groups if g.name == group), None)

    def peers(self, group: str) -> tuple[str, ...]:
        """The groups of the comparison that a group takes part in; the group alone if in none."""
        pairs = [(g.name, g.reference) for g in self.counted.numbers.groups if g.reference]
        return next((pair for pair in pairs if group in pair), (group,))

    def enrolled(self, groups: Sequence[str]) -> int:
        """Distinct subjects so far."""
        members = self.counted.numbers.members
        return members.filter(pl.col("group").is_in(groups))["subject"].n_unique()


def _since_first_dose(rule: Rule, origin: date) -> tuple[Rule, str]:
    """The rule with its final analysis on the calendar of simulated trials, and what to say."""
    if not isinstance(rule, EclRule) or rule.final_analysis is None:
        return rule, ""
    day = day_of(rule.final_analysis) - day_of(origin)
    text = f"; at the final analysis, day {day}, all alpha that is left is spent"
    return rule.model_copy(update={"final_analysis": date_of(day)}), text


def _plan(rule: Rule, here: _Here) -> Plan:
    """The plan of a rule, or why it cannot be simulated."""
    beside = here.reference(rule.group) if compares(rule) else None
    rule, shared = _in_family(rule, here)
    if _lacks(rule, beside):
        return _unplanned(rule, here, here.counted.found[rule.title].text)
    seen = here.counted.numbers.people.everyone(rule.group, beside)
    groups = (rule.group,) if beside is None else (rule.group, beside)
    stays = {group: stays_of(seen, treated=group == rule.group) for group in groups}
    few = min(stay.entry.size for stay in stays.values())
    if few < LEAST:
        text = f"only {few} subjects so far in a group, {LEAST} wanted to read the design from"
        return _unplanned(rule, here, f"Not simulated: {text}.")
    stretch = _stretch(rule, here)
    sides = tuple(_side(rule, group, stay, here, stretch) for group, stay in stays.items())
    harms, assumed = harms_of(rule, here.study, sides, _sources(rule, here))
    counts = f"{assumed}{_counts(rule)}{shared}"
    asked, final = _since_first_dose(rule, here.origin)
    basis = f"{_described(sides, seen, stretch)}; {counts}; {_looked(rule, here.every)}{final}."
    return Plan(asked, sides, harms, basis, here.every, here.study.report)


def _in_family(rule: Rule, here: _Here) -> tuple[Rule, str]:
    """The rule at the level at which it begins, and what to say of that, where alpha is shared."""
    if here.study.evidence.family == "none" or not isinstance(rule, EclRule):
        return rule, ""
    references = {group.name: group.reference for group in here.counted.numbers.groups}
    tests = max(1, len(in_family(here.counted.rules, references)))
    begins = Share(tests, tests, None).at(rule)
    text = f"; at level {begins.alpha:.4g}, while no other of {tests} comparisons has signalled"
    return begins, text


def _counts(rule: Rule) -> str:
    """Which simulated events count, where not all do."""
    window = rule.window_days if isinstance(rule, BackgroundRule) else None
    return "" if window is None else f"; an event counts if it begins within {window} days"


def _unplanned(rule: Rule, here: _Here, why: str) -> Plan:
    return Plan(rule, (), (), why, here.every, here.study.report)


def compares(rule: Rule) -> bool:
    """Whether a rule compares its group with a reference."""
    if isinstance(rule, ThresholdRule):
        return rule.method in ("difference", "ratio")
    return isinstance(rule, EclRule)


def _lacks(rule: Rule, reference: str | None) -> bool:
    """Whether the rule is not applicable for want of a reference, a background or a plan."""
    if compares(rule) and reference is None:
        return True
    match rule:
        case BackgroundRule():
            return rule.background is None or rule.planned is None
        case EclRule():
            return rule.planned is None or rule.window_days is None
        case _:
            return False


def _stretch(rule: Rule, here: _Here) -> float:
    """Planned subjects for each subject so far; at least 1."""
    given = next((r for r in here.study.rule if r.title == rule.title), None)
    own = given.planned if isinstance(given, BackgroundRule | EclRule) else None
    alone = own is not None and not compares(rule)
    table = rule.n[-1] if isinstance(rule, ProtocolRule) else 0
    planned = own or here.study.evidence.planned_subjects or table
    return max(1.0, planned / here.enrolled([rule.group] if alone else here.peers(rule.group)))


def _side(rule: Rule, group: str, stay: Stay, here: _Here, stretch: float) -> Side:
    origin, cutoff = day_of(here.origin), day_of(here.counted.numbers.cutoff)
    since = stay._replace(entry=stay.entry - origin, last=stay.last - origin)
    return side_of(group, since, cutoff - origin, stretch=stretch, window=_window(rule, here))


def _window(rule: Rule, here: _Here) -> int:
    """Planned days at risk, where the rule or its comparison has such a plan; else 0."""
    own = rule.window_days if isinstance(rule, BackgroundRule | EclRule) else None
    paired = len(here.peers(rule.group)) > 1
    return own or (here.study.evidence.window_days if paired else None) or 0


def _sources(rule: Rule, here: _Here) -> list[Source]:
    """Where a risk without harm can be observed: the reference group, then everybody pooled."""
    reference = here.reference(rule.group)
    own = [(reference, here.counted)] if reference else []
    everybody = (ALL_SUBJECTS, here.pooled)
    return [Source(group, _events(rule, counted, group)) for group, counted in (*own, everybody)]


def _events(rule: Rule, counted: Counted, group: str) -> Units:
    """A group's subjects with the events that count for the rule."""
    people = counted.numbers.people
    return alone(people.spans(group), people.counted(rule))


def _described(sides: Sequence[Side], seen: Units, stretch: float) -> str:
    sizes = " v ".join(str(side.subjects) for side in sides)
    span = max(side.entry[-1] for side in sides) - min(side.entry[0] for side in sides)
    entry = "as observed" if stretch == 1 else f"as the {len(set(seen.subject))} so far, stretched"
    time = " v ".join(f"{side.mean_days:.0f}" for side in sides)
    return (
        f"{sizes} subjects entering over {span:.0f} days, {entry}; {time} days at risk on average "
        "as observed, dropout included"
    )


def _looked(rule: Rule, every: int) -> str:
    common = "constant hazard, no reporting lag"
    if not isinstance(rule, ThresholdRule):
        return f"{common}; the same at any look schedule"
    return f"{common}; looked at every {'night' if every == 1 else f'{every} days'}"
