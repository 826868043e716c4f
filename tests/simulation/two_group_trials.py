"""Simulated trials of two groups: entry, randomisation, hazards, dropout and reporting lag."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from safetymon.stats.risksets import Mode, risk_tables
from safetymon.stats.steps import Steps, steps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Scenario(NamedTuple):
    """A trial's design and what is true in it; risks are within the window, without dropout."""

    name: str
    subjects: int
    risk: float  # in the reference group
    ratio: float = 1.0  # hazard ratio of treatment
    shape: float = 1.0  # Weibull shape: 1 constant hazard, below 1 falling after the first dose
    allocation: str = "block"  # block (of four), simple, or 2:1 (blocks of three)
    dropout: tuple[float, float] = (0.10, 0.10)  # within the window: reference, treatment
    infusions: bool = False  # hazard x 20 on every 28th day
    lag: tuple[float, float] = (0.0, 0.0)  # mean days to the database: reference, treatment
    accrual: int = 540
    window: int = 180


class Cohort(NamedTuple):
    """One trial's subjects, whole days; event is the day first seen, -1 where there is none."""

    entry: Ints
    last: Ints
    treated: Bools
    event: Ints


class Counts(NamedTuple):
    """Crude counts on every event day of many trials, (rows,) or (rows, 2) reference, treatment."""

    trial: Ints
    day: Ints
    events: Ints
    dosed: Ints


class Batch(NamedTuple):
    """Many trials of a scenario: as steps (a term is a trial), and as crude counts."""

    scenario: Scenario
    trials: int
    path: Steps
    counts: Counts

    @property
    def end(self) -> int:
        """Day on which the last window closes."""
        return self.scenario.accrual + self.scenario.window


def daily_hazard(scenario: Scenario) -> Floats:
    """Cumulative hazard at the end of each day since first dose."""
    day = np.arange(scenario.window)
    shape = ((day + 1) / scenario.window) ** scenario.shape
    if scenario.infusions:
        shape = np.cumsum(np.diff(shape, prepend=0.0) * np.where(day % 28 == 0, 20.0, 1.0))
    return np.asarray(-math.log1p(-scenario.risk) * shape / shape[-1])


def allocate(scenario: Scenario, rng: np.random.Generator) -> Bools:
    size = scenario.subjects
    if scenario.allocation == "simple":
        return rng.random(size) < 0.5
    block = {"block": [0, 0, 1, 1], "2:1": [0, 1, 1]}[scenario.allocation]
    blocks = np.tile(block, (size // len(block) + 1, 1))
    return rng.permuted(blocks, axis=1).ravel()[:size].astype(bool)


def enrol(scenario: Scenario, rng: np.random.Generator) -> tuple[Ints, Ints, Bools]:
    """Entry, last day at risk and treatment."""
    treated = allocate(scenario, rng)
    entry = np.sort(rng.integers(0, scenario.accrual, scenario.subjects))
    leave = -np.log1p(-np.array(scenario.dropout))[treated.astype(int)]
    stay = rng.exponential(size=treated.size) / np.maximum(leave, 1e-12) * scenario.window
    return entry, entry + np.minimum(stay, scenario.window - 1).astype(np.int64), treated


def events(scenario: Scenario, people: tuple[Ints, Ints, Bools], rng: np.random.Generator) -> Ints:
    """Day each subject's first event is seen, -1 where there is none."""
    entry, last, treated = people
    need = rng.exponential(size=treated.size) / np.where(treated, scenario.ratio, 1.0)
    day = entry + np.searchsorted(daily_hazard(scenario), need)
    late = rng.exponential(size=treated.size) * np.array(scenario.lag)[treated.astype(int)]
    return np.where(day <= last, day + late.astype(np.int64), -1)


def draw(scenario: Scenario, rng: np.random.Generator) -> Cohort:
    people = enrol(scenario, rng)
    return Cohort(*people, events(scenario, people, rng))


def expected(cohort: Cohort, scenario: Scenario, mode: Mode) -> Steps:
    """Steps of one trial whose term is 0."""
    tables = risk_tables(
        *cohort[:3],
        planned=scenario.subjects,
        window=scenario.window,
        horizon=int(cohort.event.max()),
    )
    who = np.flatnonzero(cohort.event >= 0)
    return steps(tables, np.zeros_like(who), who, cohort.event[who], terms=1, mode=mode)


def count(cohort: Cohort, trial: int) -> Counts:
    day = np.unique(cohort.event[cohort.event >= 0])
    groups = [cohort.treated == arm for arm in (False, True)]
    seen = [np.sort(cohort.event[mine & (cohort.event >= 0)]) for mine in groups]
    dosed = [np.searchsorted(cohort.entry[mine], day, side="right") for mine in groups]
    so_far = [np.searchsorted(days, day, side="right") for days in seen]
    return Counts(np.full_like(day, trial), day, np.stack(so_far, 1), np.stack(dosed, 1))


def simulate(
    scenario: Scenario, trials: int, rng: np.random.Generator, mode: Mode = "weighted"
) -> Batch:
    paths, counts = [], []
    for trial in range(trials):
        cohort = draw(scenario, rng)
        path = expected(cohort, scenario, mode)
        paths.append(path._replace(term=path.term + trial))
        counts.append(count(cohort, trial))
    path = Steps(*(np.concatenate(column) for column in zip(*paths, strict=True)))
    crude = Counts(*(np.concatenate(column) for column in zip(*counts, strict=True)))
    return Batch(scenario, trials, path, crude)
