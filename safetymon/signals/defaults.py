"""The rules of a study that writes none: every built-in topic is weighed."""

from collections.abc import Iterator

from safetymon.domain import Group
from safetymon.study import BackgroundRule, EclRule, Evidence, Rule, Study
from safetymon.topics import BUILT_IN, resolved


def effective(study: Study) -> tuple[Rule, ...]:
    """The rules that are evaluated: the study's own, and the built-in ones where it wants them.

    Built in, for each built-in topic: the conditional log-rank walk for each group with a
    reference, and a single-arm rule for each other group of a treatment that is not the reference,
    against the topic's background (without one it shows the sensitivity and decides nothing).
    """
    own = tuple(_planned(rule, study.evidence) for rule in study.rule)
    wanted = {"always": True, "never": False, "if no rule": not study.rule}
    if not wanted[study.evidence.defaults]:
        return own
    titles = {rule.title for rule in own}
    return (*own, *(rule for rule in _built_in(study) if rule.title not in titles))


def _planned(rule: Rule, plan: Evidence) -> Rule:
    """The rule with the trial's planned size where it gives none of its own."""
    fill: dict[str, int | None] = {}
    if isinstance(rule, BackgroundRule | EclRule) and rule.planned is None:
        fill["planned"] = plan.planned_subjects
    if isinstance(rule, EclRule) and rule.window_days is None:
        fill["window_days"] = plan.window_days
    return rule.model_copy(update=fill)


def _built_in(study: Study) -> Iterator[Rule]:
    backgrounds = {topic.name: topic.background for topic in study.topic}
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
        )  # fmt: skip
    elif group.treatment and not study.treatments[group.treatment].reference:
        yield BackgroundRule(
            method="background", topic=topic, group=group.name, alpha=plan.alpha,
            background=background, planned=plan.planned_subjects,
        )  # fmt: skip
