"""Looks that are killed, and disks that are full: nothing acknowledged is lost, nothing is half.

`make faults` runs the whole and prints its figures; the tests run a part of it.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safetymon import verify
from safetymon.report import TREES
from tests.integration.test_monitor import small

KILLS = 200
LOOKS = 20
START = datetime(2024, 1, 1, tzinfo=UTC)
LOOK = """
import sys
from datetime import datetime
from pathlib import Path
from safetymon import monitor
print("go", flush=True)
done = monitor.look(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), "tester")
print(done.closed.look.number, flush=True)
"""


def events(n: int) -> str:
    """A listing that grows from look to look."""
    terms = ("Nausea", "Headache", "Rash")
    rows = [f"00{1 + i % 3},{i},{terms[i % 3]},2020-01-{2 + i % 27:02d}" for i in range(n)]
    return "\n".join(["ID,NO,PT,ON", *rows]) + "\n"


def at(look: int) -> datetime:
    return START + timedelta(days=look)


def child(study: Path, look: int) -> subprocess.Popen[str]:
    """A process that makes a look; it has said "go" and its imports are behind it."""
    command = [sys.executable, "-c", LOOK, str(study), at(look).isoformat()]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    return process


def undisturbed(study: Path, look: int) -> float:
    """Makes a look in its own process; seconds."""
    with child(study, look) as process:
        start = time.perf_counter()
        said, _ = process.communicate()
    assert said.strip() == str(look), said
    return time.perf_counter() - start


@dataclass
class Figures:
    """What the kills hit."""

    kills: int = 0
    acknowledged: int = 0
    resealed: int = 0
    half: int = 0


def killed(study: Path, look: int, after: float, figures: Figures) -> bool:
    """Kills a look after so many seconds; whether it had acknowledged before."""
    with child(study, look) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        said, _ = process.communicate()
    figures.kills += 1
    figures.acknowledged += bool(said)
    figures.half += sum(half(folder) for folder in folders(study))
    return bool(said)


def folders(study: Path) -> Iterator[Path]:
    """Every folder that calls itself a look's report."""
    for tree in TREES:
        root = study.parent / "reports" / "S1" / tree
        if root.is_dir():
            yield from (p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def half(folder: Path) -> bool:
    """Whether a report cannot be read whole."""
    try:
        json.loads((folder / "results.json").read_text(encoding="utf-8"))
        page = (folder / "report.html").read_text(encoding="utf-8")
        return not page.rstrip().endswith("</html>")
    except (OSError, ValueError):
        return True


def documents(study: Path) -> dict[str, str]:
    """results.json of every look, by tree and folder."""
    return {
        f"{folder.parent.name}/{folder.name}": (folder / "results.json").read_text(encoding="utf-8")
        for folder in folders(study)
    }


def kills(base: Path, looks: int, each: int, seed: int) -> Figures:
    """Makes looks, each killed so often first; checks that all is as if nothing had happened."""
    figures, rng = Figures(), random.Random(seed)  # noqa: S311 - not for secrets
    base.mkdir(exist_ok=True)
    calm = [undisturbed(small(base / "calm", events(5 * k)), k) for k in range(1, looks + 1)]
    fastest = min(calm)
    for look in range(1, looks + 1):
        study = small(base / "wild", events(5 * look))
        for _ in range(each):
            killed(study, look, rng.uniform(0, fastest), figures)
        fastest = min(fastest, undisturbed(study, look))
        found = verify.verify(study, at(look), look=look)
        assert found.looks == 1
    study = base / "wild" / "study.toml"
    found = verify.verify(study, at(looks))
    assert (found.looks, found.notes) == (looks, ())
    assert documents(study) == documents(base / "calm" / "study.toml")
    assert figures.half == 0
    assert not [p for tree in TREES for p in (base / "wild/reports/S1" / tree).glob(".*")]
    actions = [json.loads(line)["action"] for line in exported(study, looks).splitlines()]
    assert actions.count("look") == looks
    figures.resealed = actions.count("seal")
    return figures


def exported(study: Path, look: int) -> str:
    return verify.exported(study, at(look), "tester")[0]


def _small_disk(size: int) -> None:
    """Runs in the child: no file may grow beyond `size`."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def on_small_disk(study: Path, size: int) -> subprocess.CompletedProcess[str]:
    """`safetymon run` on a disk that takes no file larger than `size`."""
    return subprocess.run(
        [sys.executable, "-m", "safetymon", "run", str(study)],
        preexec_fn=lambda: _small_disk(size),
        # Python does not mind that the bytecode it keeps is cut short, until it is read.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def run(study: Path) -> subprocess.CompletedProcess[str]:
    """`safetymon run`."""
    return subprocess.run(
        [sys.executable, "-m", "safetymon", "run", str(study)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def full_disks(base: Path, sizes: list[int]) -> dict[int, str]:
    """What a look says on disks of growing size; the look after it, with room, must be whole."""
    base.mkdir(exist_ok=True)
    said = {}
    for size in sizes:
        study = small(base / str(size), events(10))
        refused = on_small_disk(study, size)
        said[size] = refused.stderr.strip() or "done"
        assert refused.returncode in (0, 3), refused
        assert refused.stderr.count("\n") == (refused.returncode == 3), refused
        done = run(study)
        assert done.returncode == 0, done
        assert ("(made before" in done.stdout) == (
            said[size] == "done" or "look 1 is stored" in said[size]
        ), done
        found = verify.verify(study, datetime.now(UTC))
        assert (found.looks, found.notes) == (1, ())
    return said


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        figures = kills(Path(name), LOOKS, KILLS // LOOKS, seed=int(os.environ.get("SEED", "1")))
        print(f"{figures.kills} kills over {LOOKS} looks: {figures.half} half reports, every look")
        print("there once, every number that of an undisturbed run, verified;")
        print(f"{figures.acknowledged} had acknowledged before they were killed, "
              f"{figures.resealed} left the store open")  # fmt: skip
        sizes = [2**k for k in range(7, 23)]
        for size, said in full_disks(Path(name) / "disk", sizes).items():
            print(f"disk for files of {size:>8} bytes: {said[:110]}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
