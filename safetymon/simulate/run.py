"""Simulates a study's rules on all cores: the shell around `design`, `trials` and `cards`."""

import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import Progress

from safetymon import late
from safetymon.analysis import Frames
from safetymon.simulate.cards import Signals, cards, first_signals, joined
from safetymon.simulate.design import Design, Plan, design_of
from safetymon.study import Study

CHUNK = 50
"""Trials of a rule simulated at a time; part of what a seed means."""


class Task(NamedTuple):
    """A chunk of the trials of the rule at a place in the design, with a seed of its own."""

    place: int
    plan: Plan
    trials: int
    seed: np.random.SeedSequence


def simulate(
    study: Study,
    frames: Frames,
    trials: int = 1000,
    seed: int = 1,
    workers: int | None = None,
    every: int = 1,
) -> pl.DataFrame:
    """The rule cards of a study (`schema.CARDS`), simulated in its own design.

    The result is the same whatever the number of workers. A rule's card depends on the other
    rules only where they share its alpha, or lend it their background. Progress is shown on
    stderr if that is a terminal.

    Args:
        study: The study.
        frames: Its closed frames.
        trials: Trials to simulate for each rule and harm.
        seed: Same seed, same cards.
        workers: Processes; all cores by default, 1 stays in this process.
        every: Days between the looks at which threshold rules are evaluated.

    Raises:
        UsageError: Groups that overlap are to be summed or compared, or a rule is about nothing.
        ValueError: Fewer than 1 trial, worker or day between looks, or frames that are not closed.
    """
    crew = workers if workers is not None else os.cpu_count() or 1
    if trials < 1 or crew < 1:
        raise ValueError("simulation needs at least 1 trial and 1 worker")
    design = design_of(study, frames, every)
    tasks = list(tasks_of(design, trials, seed))
    done = _watched(tasks, min(crew, len(tasks)))
    parts: dict[int, list[Signals]] = {}
    for task, made in zip(tasks, done, strict=True):
        parts.setdefault(task.place, []).append(made)
    whole = {place: joined(made) for place, made in parts.items()}
    return cards([(plan, whole.get(place)) for place, plan in enumerate(design.plans)])


def tasks_of(design: Design, trials: int, seed: int) -> Iterator[Task]:
    """The chunks of all rules that can be simulated, the same for any number of workers."""
    sizes = [min(CHUNK, trials - start) for start in range(0, trials, CHUNK)]
    for place, plan in enumerate(design.plans):
        if plan.harms:
            own = np.random.SeedSequence((seed, zlib.crc32(plan.rule.title.encode())))
            for size, child in zip(sizes, own.spawn(len(sizes)), strict=True):
                yield Task(place, plan, size, child)


def _watched(tasks: Sequence[Task], workers: int) -> list[Signals]:
    """Runs the tasks, in order, under a progress bar."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        return list(bar.track(_results(tasks, workers), len(tasks), description="Simulating"))


def _results(tasks: Sequence[Task], workers: int) -> Iterator[Signals]:
    if workers <= 1:
        yield from map(_run, tasks)
        return
    # Never fork: Polars has threads, and a forked copy of them hangs.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=late.postpone
    ) as pool:
        yield from pool.map(_run, tasks)


def _run(task: Task) -> Signals:
    return first_signals(task.plan, task.trials, np.random.default_rng(task.seed))
