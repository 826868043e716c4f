"""What is true in a simulated trial: the risk without harm, and the harms beside it.

Hazards are constant from the first dose on. A risk is that of a subject who is at risk as long as
the group's subjects are, or for the rule's window where it has one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from safetymon.domain import ALL_SUBJECTS
from safetymon.signals.evidence import FloatArray, Units
from safetymon.signals.rate import DAYS
from safetymon.simulate.sides import Side
from safetymon.stats.survival import curve_at, kaplan_meier
from safetymon.study import BackgroundRule, PoissonRule, ProtocolRule, Rule, Study

RATIOS = (1.0, 1.5, 2.0, 3.0)
"""Hazard ratios where two groups are compared."""
MULTIPLES = (1.0, 2.0, 3.0, 6.0)
"""Multiples of the background where there is one group."""


@dataclass(frozen=True, slots=True)
class Harm:
    """A truth: `effect` 1 is no harm; `hazards` a day of each side, the rule's group first."""

    text: str
    effect: float
    hazards: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A group in which the risk without harm can be observed, with the events so far."""

    group: str
    units: Units


def harms_of(
    rule: Rule, study: Study, sides: Sequence[Side], sources: Sequence[Source]
) -> tuple[tuple[Harm, ...], str]:
    """The harms under which a rule is simulated, and what was taken for no harm.

    Two sides: hazard ratios over the risk observed in the reference group; without an event there,
    over the background that the study states. One side: multiples of that background; where none
    is stated, of what was observed in the group's reference. Else everybody pooled tells the risk,
    harm included if there is any; without any event, half an event. A background is stated by the
    rule, by another rule of its topic and estimand, or by the topic. Multiples that would pass
    100% are left out.

    Args:
        rule: The rule.
        study: The study it is from.
        sides: Its group, and its reference where it compares.
        sources: Where to observe: the reference group if there is one, then everybody pooled.
    """
    if isinstance(rule, PoissonRule):
        rate = rule.background_per_100py
        days = 100 * (rule.days_per_year or DAYS)
        made = [Harm(_text("rate", m), m, (m * rate / days,)) for m in MULTIPLES]
        return tuple(made), f"no harm is the rule's {rate:g} per 100 person-years"
    risk, told = _assumed(rule, study, sides[-1], sources, alone=len(sides) == 1)
    if len(sides) == 1:
        return tuple(_multiples(rule, risk, sides[0])), f"no harm is {risk:.2%}, {told}"
    hazard = daily_hazard(risk, sides[1].days, sides[1].weight)
    made = [Harm(_text("hazard", r), r, (r * hazard, hazard)) for r in RATIOS]
    return tuple(made), f"no harm is {risk:.2%} in both, {told}"


def _assumed(
    rule: Rule, study: Study, side: Side, sources: Sequence[Source], *, alone: bool
) -> tuple[float, str]:
    """The risk without harm, and where it is from."""
    *reference, pooled = (_observed(source, side) for source in sources)
    stated = _stated(rule, study)
    first = (stated, *reference) if alone else (*reference, stated)
    found = next((known for known in (*first, pooled) if known is not None), None)
    if found is not None:
        return found
    size = sources[-1].units.entry.size
    return 0.5 / (size + 1), f"half an event, as none was observed in {size} subjects"


def _text(what: str, effect: float) -> str:
    return "no harm" if effect == 1 else f"{what} x{effect:g}"


def _multiples(rule: Rule, risk: float, side: Side) -> Iterator[Harm]:
    window = rule.window_days if isinstance(rule, BackgroundRule) else None
    days = side.days if window is None else np.array([float(window)])
    weight = side.weight if window is None else np.ones(1)
    for m in MULTIPLES:
        if m * risk < 1:
            yield Harm(_text("risk", m), m, (daily_hazard(m * risk, days, weight),))


def daily_hazard(risk: float, days: FloatArray, weight: FloatArray) -> float:
    """The constant hazard a day under which subjects so long at risk have this mean risk.

    Solves sum(weight * (1 - exp(-hazard * days))) = risk by halving, to the last digits.

    Raises:
        ValueError: A risk outside (0, 1), or days that are not positive.
    """
    if not (0 < risk < 1 and days.min() > 0):
        raise ValueError("a hazard needs a risk between 0 and 1, and days at risk")
    low, high = (float(-np.log1p(-risk) / days.max()), float(-np.log1p(-risk) / days.min()))
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        below = float(-np.expm1(-middle * days) @ weight) < risk
        low, high = (middle, high) if below else (low, middle)
    return high


def _stated(rule: Rule, study: Study) -> tuple[float, str] | None:
    """The background that the study states, if it does."""
    if isinstance(rule, BackgroundRule | ProtocolRule) and rule.background is not None:
        return rule.background, "the rule's background"
    for other in study.rule:
        same = (other.topic, other.estimand) == (rule.topic, rule.estimand)
        if same and isinstance(other, BackgroundRule | ProtocolRule) and other.background:
            return other.background, "the background of another rule of the topic"
    topics = {topic.name: topic.background for topic in study.topic}
    given = topics.get(rule.topic)
    return None if given is None else (given, "the topic's background")


def _observed(source: Source, side: Side) -> tuple[float, str] | None:
    """The risk that a source tells, if it had an event while the side's subjects are at risk."""
    events, risk = _risk(source.units, side)
    everybody = source.group == ALL_SUBJECTS
    where = "in all subjects pooled" if everybody else f"in '{source.group}'"
    told = f"observed {where} ({events} of {source.units.entry.size} subjects, Kaplan-Meier)"
    return (risk, told) if events else None


def _risk(units: Units, side: Side) -> tuple[int, float]:
    """Subjects with an event, and the risk of subjects followed as long as the side's.

    By Kaplan and Meier, so that a follow-up that has only begun does not make a risk look low.
    Kept below 1 by half a subject.
    """
    if not units.entry.size:
        return 0, 0.0
    had = units.event >= 0
    time = np.where(had, units.began, units.last) - units.entry + 1
    curve = kaplan_meier(time, had)
    known = curve_at(curve, np.minimum(side.days, curve.time[-1])).value
    events = int((had & (time <= side.days.max())).sum())
    return events, min(float(known @ side.weight), 1 - 0.5 / (time.size + 1))
