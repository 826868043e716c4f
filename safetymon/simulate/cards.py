"""Rule cards: how often a rule signals in the study's own design, without harm and with it.

A median is of all trials, those without a signal being the longest: by the median day, half of all
trials have signalled. Where fewer than half signal there is no median. Days are counted from the
first dose in the trial.

Every rule is evaluated by the functions of the live product: `signals.weigh.path_of` for evidence
rules, whose paths no look schedule can change, and `signals.threshold` at every look.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from safetymon.schema import CARDS
from safetymon.signals.evidence import IntArray
from safetymon.signals.weigh import path_of
from safetymon.simulate import looks
from safetymon.simulate.design import Plan
from safetymon.simulate.trials import Drawn, draw, first_events, units_of
from safetymon.study import EvidenceRule, ThresholdRule


class Signals(NamedTuple):
    """First signals of a plan's trials, (harms, trials): day, -1 for none; subjects by then."""

    day: IntArray
    subjects: IntArray


def first_signals(plan: Plan, trials: int, rng: np.random.Generator) -> Signals:
    """Draws trials of a plan and lets its rule look at them, under each of its harms."""
    drawn = draw(plan, trials, rng)
    days = np.array([_days(plan, drawn, first_events(drawn, harm)) for harm in plan.harms])
    entered = (drawn.entry <= days[..., None]).sum(axis=-1)
    return Signals(days, np.where(days < 0, -1, entered))


def _days(plan: Plan, drawn: Drawn, event: IntArray) -> IntArray:
    """The day of each trial's first signal, -1 for none."""
    if isinstance(plan.rule, ThresholdRule):
        return looks.first_signals(plan.rule, drawn, event, plan.every, plan.report)
    return _crossings(plan.rule, drawn, event)


def _crossings(rule: EvidenceRule, drawn: Drawn, event: IntArray) -> IntArray:
    paths = (
        path_of(rule, end)(units_of(drawn, event, trial))
        for trial, end in enumerate(drawn.end.tolist())
    )
    days = (path.first_crossing for path in paths)
    return np.array([-1 if day is None else day for day in days], np.int64)


def joined(parts: Sequence[Signals]) -> Signals:
    """The signals of trials that were drawn in parts."""
    return Signals(*(np.concatenate(column, axis=1) for column in zip(*parts, strict=True)))


def cards(results: Sequence[tuple[Plan, Signals | None]]) -> pl.DataFrame:
    """The rule cards (`schema.CARDS`) of plans and their first signals.

    A plan without signals was not simulated: one row, with 0 trials and the reason as its basis.
    """
    rows = [row for plan, made in results for row in _rows(plan, made)]
    return pl.DataFrame(rows, schema=CARDS, orient="row")


def _rows(plan: Plan, made: Signals | None) -> Iterator[dict[str, object]]:
    about = {"rule": plan.rule.title, "method": plan.rule.method, "basis": plan.basis}
    if made is None:
        yield {**about, "harm": "no harm", "effect": 1.0, "trials": 0}
        return
    for harm, day, subjects in zip(plan.harms, made.day, made.subjects, strict=True):
        share = float((day >= 0).mean())
        # Where all trials agree the error is that of one trial that does not.
        variance = max(share * (1 - share), 1 / day.size)
        yield {
            **about,
            "harm": harm.text,
            "effect": harm.effect,
            "trials": day.size,
            "signals": share,
            "error": math.sqrt(variance / day.size),
            "median_days": _median(day),
            "median_subjects": _median(subjects),
        }


def _median(values: IntArray) -> float | None:
    """The least value that half of all trials do not exceed; -1, no signal, exceeds all."""
    signalled = np.sort(values[values >= 0])
    half = math.ceil(values.size / 2)
    return float(signalled[half - 1]) if signalled.size >= half else None
