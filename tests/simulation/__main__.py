"""Runs the full set and writes the page: `python -m tests.simulation --out docs/simulations.md`."""

import argparse
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy

from safetymon import __version__
from tests.simulation import goals, jobs
from tests.simulation.document import Made, document
from tests.simulation.rows import verdict
from tests.simulation.tables import figure, worst

SEED = 20260101


def main(arguments: Sequence[str] | None = None) -> None:
    given = parsed(arguments)
    rows = jobs.run(jobs.full(given.trials), given.seed, given.processes)
    given.out.write_text(document(rows, made(given)), encoding="utf-8")
    for goal in goals.ALL:
        row = worst(rows, goal)
        print(f"{verdict(row):<16} {figure(row.value):>8}  {goal.name}")


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    today = datetime.now(tz=UTC).date().isoformat()
    parser.add_argument("--trials", type=int, default=3000, help="simulated trials a scenario")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--date", default=today, help="date written on the page")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("docs/simulations.md"))
    return parser.parse_args(arguments)


def made(given: argparse.Namespace) -> Made:
    """How the page was made; no path, which would say where."""
    command = f"python -m tests.simulation --trials {given.trials} --seed {given.seed}"
    versions = (
        f"safetymon {__version__}, Python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}"
    )
    return Made(command, given.date, versions)


if __name__ == "__main__":
    main()
