"""The full set as a list of jobs, and how to run it on any number of processes.

Every job has its own seed, so that the figures do not depend on the number of processes.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, NamedTuple

import numpy as np

from tests.simulation import exact, screening, single_arm, two_group
from tests.simulation.rows import Row
from tests.simulation.two_group_scenarios import HARM, WITHOUT_HARM

LARGE: Final = 1000
"""Subjects from which a trial costs so much that fewer are run."""


class Job(NamedTuple):
    """What is run, and about how many milliseconds it takes: the longest start first."""

    name: str
    call: Callable[[np.random.Generator], list[Row]]
    cost: float


def full(trials: int) -> list[Job]:
    """Every goal; `trials` a scenario, two thirds of them for large trials and for the screen."""
    return [*two_groups(trials), *one_group(trials), *others(trials)]


def two_groups(trials: int) -> list[Job]:
    jobs = []
    for scenarios, aims in WITHOUT_HARM:
        for design in scenarios:
            n = affordable(trials, design.subjects)
            call = partial(two_group.false_signals, design, n, aims=aims)
            jobs.append(Job(design.name, call, n * (1.5 + design.subjects * design.risk / 36)))
    for design in HARM:
        n = affordable(trials, design.subjects)
        call = partial(two_group.power, design, n)
        jobs.append(Job(design.name, call, n * (2 + design.subjects / 1500)))
    return jobs


def one_group(trials: int) -> list[Job]:
    jobs = []
    for design in single_arm.NULL + single_arm.HARM:
        n = affordable(trials, design.subjects)
        jobs.append(Job(design.name, partial(single_arm.run, design, n), n * design.subjects / 160))
    return jobs


def others(trials: int) -> list[Job]:
    n, few = affordable(trials, LARGE), min(trials, exact.TRIALS)
    return [
        Job(screening.SCREEN.name, partial(screening.screens, n), n * 35),
        *(
            Job(label, partial(exact.same_day, design, label, few), few * 30)
            for design, label in exact.LOOKS
        ),
        Job("6 in 95", exact.six_of_95, 1),
        Job("MaxSPRT", exact.published, 1000),
    ]


def affordable(trials: int, subjects: int) -> int:
    return trials if subjects < LARGE else max(1, trials * 2 // 3)


def run(jobs: Sequence[Job], seed: int, processes: int) -> list[Row]:
    """Run the jobs and return their rows in the order of the jobs."""
    seeds = np.random.SeedSequence(seed).spawn(len(jobs))
    found: dict[int, list[Row]] = {}
    # Spawned, not forked: a copy of a process that has used threads may hang.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        longest_first = sorted(range(len(jobs)), key=lambda i: -jobs[i].cost)
        futures = {i: pool.submit(rows_of, jobs[i], seeds[i]) for i in longest_first}
        for done, i in enumerate(longest_first, start=1):
            found[i] = futures[i].result()
            print(f"{done}/{len(jobs)} {jobs[i].name}", file=sys.stderr)
    return together([found[i] for i in range(len(jobs))])


def together(found: Sequence[list[Row]]) -> list[Row]:
    """The rows of all jobs, and the median of the times among them."""
    rows = [row for part in found for row in part]
    return [*rows, two_group.median_time(rows)]


def rows_of(job: Job, seed: np.random.SeedSequence) -> list[Row]:
    return job.call(np.random.default_rng(seed))
