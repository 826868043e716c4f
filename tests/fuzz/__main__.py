"""The whole campaign: `python -m tests.fuzz [--cases N] [--seed S]`; prints the counts."""

import argparse
import json
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 60.0
"""Seconds without a word after which a process counts as hung, on a machine that has other work.

The judge is stricter: a case may take 10 seconds of the processor.
"""

Result = dict[str, Any]


def campaign(first: int, last: int, seed: int) -> Iterator[Result]:
    """The result of each case, in order; a case that hangs or kills its process is a result too."""
    while first < last:
        for result in _one_process(first, last, seed):
            yield result
            first = result["case"] + 1


def _one_process(first: int, last: int, seed: int) -> Iterator[Result]:
    """Results until the process is done, hangs, or is gone."""
    command = [sys.executable, "-m", "tests.fuzz.campaign", str(first), str(last), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        running = first
        for line in _lines(process):
            said = json.loads(line)
            if "begin" not in said:
                yield said
            running = said.get("begin", running + 1)
        hung = _ended(process) is None and running < last
        process.kill() if hung else None
        code = process.wait()
    if running < last:
        what = f"hung for {PATIENCE:.0f} s" if hung else f"ended with {code}"
        yield {"case": running, "code": code, "command": "?", "faults": [f"the process {what}"]}


def _ended(process: "subprocess.Popen[str]") -> int | None:
    """The exit code; None, if the process has gone silent and does not end."""
    try:
        return process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return None


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    """What the process says, line by line, until it ends or says nothing for too long."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(PATIENCE):
            line = process.stdout.readline()
            if not line:
                return
            yield line


def run(cases: int, seed: int, first: int, say: Callable[[str], None]) -> int:
    """Runs the campaign, prints every fault and the counts; returns the number of faulty cases."""
    codes, faulty, slowest, start = Counter[str](), 0, (0.0, 0), time.monotonic()
    for result in campaign(first, first + cases, seed):
        codes[f"{result['command']}: exit code {result['code']}"] += 1
        slowest = max(slowest, (result.get("seconds", 0.0), result["case"]))
        if result["faults"]:
            faulty += 1
            say(json.dumps(result, ensure_ascii=False))
    for name, count in sorted(codes.items()):
        say(f"{count:>6} {name}")
    took = time.monotonic() - start
    say(f"{sum(codes.values())} mutated inputs, seed {seed}: {faulty} faults")
    say(f"slowest {slowest[0]:.1f} s (case {slowest[1]}); {took:.0f} s in all")
    return faulty


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(1 if run(asked.cases, asked.seed, asked.first, print) else 0)


if __name__ == "__main__":
    main()
