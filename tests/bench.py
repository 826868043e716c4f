"""Speed as printed figures: ratios within one run, because machines are noisy. `make bench`."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from safetymon import cuts, demonstration
from safetymon.simulate.run import simulate
from safetymon.stats import comparisons, proportions, rates
from safetymon.stats.eprocess import eprocess
from safetymon.stats.evalue import log_evalue
from safetymon.stats.risksets import RiskTables, risk_tables
from safetymon.stats.steps import Steps, steps
from safetymon.stats.walk import sequential_p, walk

TERMS: Final = 200
SUBJECTS: Final = 500
WINDOW: Final = 180
ACCRUAL: Final = 540

BASE = [sys.executable, "-c", "import polars, duckdb, altair"]


def seconds(command: list[str], cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - start


def demo_ratio(runs: int = 7) -> tuple[float, float, float]:
    """(look, base, look / base): medians of interleaved runs, each look in a new folder."""
    looks, bases = [], []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(runs + 1):
            demo = [sys.executable, "-m", "safetymon", "demo", "--out", f"{folder}/{i}"]
            looks.append(seconds(demo, Path.cwd()))
            bases.append(seconds(BASE, Path.cwd()))
    # The first run fills the cache of the Vega bundle.
    look, base = statistics.median(looks[1:]), statistics.median(bases[1:])
    return look, base, look / base


def milliseconds(call: Callable[[], object], runs: int = 7) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def intervals(terms: int = 5000) -> dict[str, float]:
    """Milliseconds for 5,000 terms of a study with 250 and 248 subjects."""
    rng = np.random.default_rng(1)
    n1, n2 = np.full(terms, 250), np.full(terms, 248)
    x1, x2 = rng.binomial(n1, 0.05), rng.binomial(n2, 0.04)
    return {
        "Clopper-Pearson": milliseconds(lambda: proportions.clopper_pearson(x1, n1)),
        "exact Poisson": milliseconds(lambda: rates.poisson_exact(x1, n1 * 1.5)),
        "Miettinen-Nurminen": milliseconds(lambda: comparisons.risk_difference_mn(x1, n1, x2, n2)),
        "Koopman": milliseconds(lambda: comparisons.risk_ratio_score(x1, n1, x2, n2)),
        "Fisher": milliseconds(lambda: comparisons.fisher_two_sided(x1, n1, x2, n2)),
    }


class Cost(NamedTuple):
    """Microseconds a term a look: the method itself, and with the risk sets it weighs against."""

    name: str
    alone: float
    whole: float
    goal: float


class Trial(NamedTuple):
    """One trial at its end, (subjects,)."""

    entry: NDArray[np.int64]
    last: NDArray[np.int64]
    treated: NDArray[np.bool_]

    def tables(self) -> RiskTables:
        return risk_tables(*self, planned=SUBJECTS, window=WINDOW)


def trial(rng: np.random.Generator) -> Trial:
    entry = np.sort(rng.integers(0, ACCRUAL, SUBJECTS))
    return Trial(entry, entry + WINDOW - 1, rng.random(SUBJECTS) < 0.5)


def first_events(of: Trial, events: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Term, subject and day of as many first events in every term."""
    term = np.repeat(np.arange(TERMS), events)
    order = rng.permuted(np.tile(np.arange(SUBJECTS), (TERMS, 1)), axis=1)
    who = order[:, :events].ravel()
    return [term, who, of.entry[who] + rng.integers(0, WINDOW, who.size)]


def evidence() -> list[Cost]:
    """The costs that statistics promises, each over all terms of a trial at once."""
    rng = np.random.default_rng(1)
    x, n = rng.binomial(SUBJECTS, 0.05, TERMS), np.full(TERMS, SUBJECTS)
    closed = a_term(lambda: log_evalue(x, n, 0.05))
    people = trial(rng)
    few, many = (first_events(people, events, rng) for events in (20, 100))
    return [
        Cost("closed-form e-value", closed, closed, 6),
        cost("log-rank e-process, 100 events", eprocess, people, many, 9),
        cost("ECL walk, 20 events", walk, people, few, 14),
        cost("sequential p, 100 events", sequential_p, people, many, 300),
    ]


def cost(
    name: str,
    method: Callable[[Steps], object],
    people: Trial,
    events: list[NDArray[np.int64]],
    goal: float,
) -> Cost:
    def path() -> Steps:
        return steps(people.tables(), *events, terms=TERMS)

    alone = a_term(partial(method, path()))
    return Cost(name, alone, a_term(lambda: method(path())), goal)


class Speedup(NamedTuple):
    """Seconds of `simulate` on the demonstration: in this process, and in two others."""

    alone: float
    pair: float

    @property
    def ratio(self) -> float:
        return self.alone / self.pair


def simulation(trials: int = 1000) -> Speedup:
    """Both draw the same trials; two workers begin with a second of imports each."""
    now = datetime(2024, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        made = cuts.source(demonstration.unpack(Path(folder)), now)
    frames = made.frames()
    spent = []
    for workers in (1, 2):
        start = time.perf_counter()
        simulate(made.study, frames, trials, seed=1, workers=workers)
        spent.append(time.perf_counter() - start)
    return Speedup(*spent)


def a_term(call: Callable[[], object]) -> float:
    """Microseconds a term, warm."""
    call()
    return milliseconds(call, runs=21) * 1000 / TERMS


def main() -> None:
    look, base, ratio = demo_ratio()
    print(f"demo look {look:.2f} s, bare imports {base:.2f} s, ratio {ratio:.2f} (goal 2.5)")
    for name, spent in intervals().items():
        print(f"{name:<20} {spent:6.1f} ms for 5,000 terms")
    print(f"microseconds a term a look, {TERMS} terms, {SUBJECTS} subjects:")
    for name, alone, whole, goal in evidence():
        print(f"{name:<32} {alone:6.1f} (goal {goal:g}), {whole:6.1f} with its risk sets")
    print("  the goals are of the methods; risk sets are made once a look, for all methods")
    alone, pair = made = simulation()
    print(
        f"simulate, 1,000 trials a rule and harm: {alone:.1f} s, 2 workers {pair:.1f} s, "
        f"{made.ratio:.2f} times as fast on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
