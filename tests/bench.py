"""Speed as printed figures: ratios within one run, because machines are noisy. `make bench`."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from safetymon.stats import comparisons, proportions, rates

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


def main() -> None:
    look, base, ratio = demo_ratio()
    print(f"demo look {look:.2f} s, bare imports {base:.2f} s, ratio {ratio:.2f} (goal 2.5)")
    for name, spent in intervals().items():
        print(f"{name:<20} {spent:6.1f} ms for 5,000 terms")


if __name__ == "__main__":
    main()
