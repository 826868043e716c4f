"""The methods appendix: what a look's numbers are computed by, in the words of the code itself.

Each method is a function (or the module of a method that has several) of `stats`; its sentence is
the first paragraph of its docstring and its source the docstring's, or its module's, Source. So the
appendix cannot say something else than the code does. Pure.
"""

import inspect
import re
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from safetymon import incidence
from safetymon.basis import Method
from safetymon.domain import ALL_SUBJECTS, Scope
from safetymon.signals import effective
from safetymon.stats import (
    boundary,
    comparisons,
    denominators,
    eprocess,
    evalue,
    multiplicity,
    poisson,
    rates,
    recurrent,
    screen,
    survival,
    walk,
)
from safetymon.study import (
    BackgroundRule,
    EclRule,
    PoissonRule,
    ProtocolRule,
    Rule,
    Study,
)

Documented = Callable[..., Any] | ModuleType
_SOURCE = re.compile(r"\b(?:Sources?|Method): (.+?)(?=\n\n|\Z)", re.DOTALL)


def used(study: Study, scope: Scope) -> tuple[Method, ...]:
    """What the numbers of a report were computed by, in the order of the report."""
    rules = [rule for rule in effective(study) if not rule.off]
    both = [method for rule in rules for method in _of_rule(rule)]
    screened = scope == "closed" and study.evidence.screen_q > 0
    found = [
        *_of_tables(study, scope), *_CURVES, *(both if scope == "closed" else _pooled(rules)),
        *(_SCREEN if screened else ()),
        *(_FAMILY if scope == "closed" and study.evidence.family == "topics" else ()),
    ]  # fmt: skip
    return tuple(_told(method) for method in dict.fromkeys(found))


def _of_tables(study: Study, scope: Scope) -> list[Documented]:
    settings = study.report
    made: list[Documented] = [
        incidence.PROPORTION[settings.proportion],
        incidence.RATE[settings.rate],
    ]
    if scope == "closed" and any(group.reference for group in study.group):
        made += [incidence.DIFFERENCE[settings.difference], comparisons.risk_ratio_score,
                 comparisons.odds_ratio, comparisons.fisher_two_sided,
                 rates.rate_ratio_exact]  # fmt: skip
    return made


_CURVES: tuple[Documented, ...] = (survival.aalen_johansen, recurrent.mean_cumulative)
_SCREEN: tuple[Documented, ...] = (walk.sequential_p, screen.screen)
_FAMILY: tuple[Documented, ...] = (multiplicity.holm,)


def _pooled(rules: list[Rule]) -> list[Documented]:
    return [m for rule in rules if rule.group == ALL_SUBJECTS for m in _of_rule(rule)]


def _of_rule(rule: Rule) -> tuple[Documented, ...]:
    match rule:
        case EclRule():
            return walk, eprocess
        case BackgroundRule():
            counted = getattr(denominators, rule.denominator)
            return boundary.binomial_boundary, counted, evalue, evalue.anytime_lower_bound
        case ProtocolRule():
            return (boundary.protocol_boundary,)
        case PoissonRule(statistic="maxsprt"):
            return poisson.llr_poisson, poisson.maxsprt_critical_value
        case PoissonRule():
            return (poisson.log_evalue_poisson,)
        case _:
            return ()  # a limit compared with a number of the tables


@cache
def _told(method: Documented) -> Method:
    says = inspect.getdoc(method) or ""
    home = method if isinstance(method, ModuleType) else sys.modules[method.__module__]
    source = _SOURCE.search(says) or _SOURCE.search(inspect.getdoc(home) or "")
    first = says.split("\n\n")[0]
    return Method(_name(method), _line(first), _line(source[1]) if source else "")


def _name(method: Documented) -> str:
    if isinstance(method, ModuleType):
        return method.__name__.removeprefix("safetymon.")
    return f"{method.__module__.removeprefix('safetymon.')}.{method.__qualname__}"


def _line(text: str) -> str:
    """One line; a name in back quotes is said plainly."""
    return " ".join(text.split()).replace("`", "")
