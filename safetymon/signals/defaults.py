"""The rules of a study that writes none: every built-in topic is weighed."""

from collections.abc import Iterator
from datetime import date

from safetymon.domain import Group
from safetymon.study import BackgroundRule, EclRule, PoissonRule, Rule, Study
from safetymon.topics import BUILT_IN, resolved


def effective(study: Study) -> tuple[Rule, ...]:
    """The rules that are evaluated: the study's own, and the built-in ones where it wants them.

    Built in, for each built-in topic: the conditional log-rank walk for each group with a
    reference, and a single-arm rule for each other group of a treatment that is not the reference,
    against the topic's background (without one it shows the sensitivity and decides nothing).
    Where a topic has a background, groups with a reference get the single-arm rule as well: the
    walk can never signal on fewer than five events.
    """
    own = tuple(_filled(rule, study) for rule in study.rule)
    wanted = {"always": True, "never": False, "if no rule": not study.rule}
    if not wanted[study.evidence.defaults]:
        return own
    titles = {rule.title for rule in own}
    return (*own, *(rule for rule in _built_in(study) if rule.title not in titles))


def unwatched(study: Study) -> tuple[str, ...]:
    """Topics that lost their built-in rules because the study writes rules, all on other topics.

    A topic whose rule is written and off was decided on by name, and is not among them.
    """
    if study.evidence.defaults != "if no rule" or not study.rule:
        return ()
    own = {rule.topic for rule in study.rule}
    return tuple(dict.fromkeys(r.topic for r in _built_in(study) if r.topic not in own))


def _filled(rule: Rule, study: Study) -> Rule:
    """The rule with what the trial's plan, report and topic say where it says nothing."""
    fill: dict[str, float | date | None] = {}
    if isinstance(rule, BackgroundRule | EclRule) and rule.planned is None:
        fill["planned"] = study.evidence.planned_subjects
    if isinstance(rule, EclRule) and rule.window_days is None:
        fill["window_days"] = study.evidence.window_days
    if isinstance(rule, EclRule) and rule.final_analysis is None:
        fill["final_analysis"] = study.evidence.final_analysis
    if isinstance(rule, PoissonRule) and rule.days_per_year is None:
        fill["days_per_year"] = study.report.days_per_year
    if isinstance(rule, BackgroundRule) and rule.background is None:
        fill["background"] = _backgrounds(study).get(rule.topic)
    return rule.model_copy(update=fill)


def _backgrounds(study: Study) -> dict[str, float | None]:
    return {topic.name: topic.background for topic in study.topic}


def _built_in(study: Study) -> Iterator[Rule]:
    backgrounds = _backgrounds(study)
    for topic in resolved(study.topic):
        if topic in BUILT_IN or backgrounds.get(topic) is not None:
            for group in study.group:
                yield from _for_group(study, topic, backgrounds.get(topic), group)


def _for_group(study: Study, topic: str, background: float | None, group: Group) -> Iterator[Rule]:
    plan = study.evidence
    if group.reference:
        yield EclRule(
            method="ecl", topic=topic, group=group.name, alpha=plan.alpha,
            planned=plan.planned_subjects, window_days=plan.window_days,
            final_analysis=plan.final_analysis,
        )  # fmt: skip
    paired = bool(group.reference) and background is not None
    if paired or (not group.reference and _is_treated(study, group)):
        yield BackgroundRule(
            method="background", topic=topic, group=group.name, alpha=plan.alpha,
            background=background, planned=plan.planned_subjects,
        )  # fmt: skip


def _is_treated(study: Study, group: Group) -> bool:
    """Whether everybody in the group took one treatment that is not the reference."""
    return bool(group.treatment) and not study.treatments[group.treatment or ""].reference
