"""Cases by number: made from a seed, run in this process, judged. One line of JSON a case.

Run as `python -m tests.fuzz.campaign FIRST LAST`; whoever starts it sees a case begin and end, and
so knows which one hung, or took the whole process with it.
"""

import io
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from random import Random

from safetymon.cli import run
from tests.fuzz.judge import Outcome, faults
from tests.fuzz.mutations import mutated
from tests.fuzz.originals import originals

RUN_EVERY = 20
"""One case in so many makes a look; the others are checked only."""
INIT_EVERY = 23


def case(number: int, seed: int, folder: Path) -> dict[str, object]:
    """Makes, runs and judges one case in an empty folder."""
    random = Random(f"{seed} {number}")  # noqa: S311 - a case is made again from its number
    original = random.choice(originals())
    made, done = mutated(original, random)
    (folder / "listings").mkdir(parents=True)
    for name, data in made.items():
        (folder / ("" if name == "study.toml" else "listings") / name).write_bytes(data)
    command = _command(number, folder)
    outcome = _outcome(command)
    found = faults(outcome, folder / "listings", original.identifiers)
    if command[0] == "run":
        found += _half_done(outcome, folder)
    return {
        "case": number, "original": original.name, "command": command[0], "done": done,
        "code": outcome.code, "seconds": round(outcome.seconds, 2), "faults": found,
        "stderr": outcome.stderr[:300],
    }  # fmt: skip


def _command(number: int, folder: Path) -> list[str]:
    if number % INIT_EVERY == 0:
        return ["init", str(folder / "listings"), "--out", str(folder / "new.toml")]
    return ["run" if number % RUN_EVERY == 0 else "check", str(folder / "study.toml")]


def _outcome(command: list[str]) -> Outcome:
    stdout = io.StringIO()
    start = time.process_time()  # of all threads; a busy machine is no hang
    with redirect_stdout(stdout), _stderr() as stderr:
        code = run(command)
    return Outcome(code, stdout.getvalue(), stderr.getvalue(), time.process_time() - start)


@contextmanager
def _stderr() -> Iterator[io.StringIO]:
    """What is written to stderr, by Python or by a native library past it."""
    said = io.StringIO()
    before, python = os.dup(2), sys.stderr
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
        try:
            yield said
        finally:
            sys.stderr.close()
            sys.stderr = python
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            said.write(file.read().decode("utf-8", errors="replace"))


def _half_done(outcome: Outcome, folder: Path) -> list[str]:
    reports = sorted(p.name for p in (folder / "reports").glob("*/*/*/report.html"))
    aside = list(folder.glob("reports/*/*/.*"))
    wanted = 2 if outcome.code == 0 else 0
    found = [] if len(reports) == wanted else [f"{len(reports)} reports after code {outcome.code}"]
    return found + (["a half report is left"] if aside else [])


def main(first: int, last: int, seed: int) -> None:
    """Runs the cases from `first` to before `last`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(first, last):
            print(json.dumps({"begin": number}), flush=True)
            here = Path(folder) / str(number)
            print(json.dumps(case(number, seed, here)), flush=True)
            shutil.rmtree(here)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
