"""One byte changed anywhere in store, seal, audit export or reports: is it found?

`make tamper` changes 1,000 and prints the figures; the tests change a part of them.
"""

import os
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from safetymon import monitor, verify
from safetymon.errors import SafetymonError
from tests.integration.test_monitor import ONE, TWO, small

CHANGES = 1000
NOW = datetime(2024, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=2)


@dataclass(frozen=True)
class Study:
    """A study with two looks and its exported audit; the head is kept elsewhere."""

    file: Path
    export: Path
    head: str

    def kinds(self) -> dict[str, list[Path]]:
        base = self.file.parent
        reports = [path for path in (base / "reports").rglob("*") if path.is_file()]
        store = base / "state" / "S1.duckdb"
        seal = store.with_name(f"{store.name}.sha256")
        return {"store": [store], "seal": [seal], "export": [self.export], "report": reports}

    def is_whole(self, kind: str) -> bool:
        """Whether a check passes; a report needs no look to be made again."""
        try:
            if kind == "export":
                verify.check_export(self.export, self.head)
            else:
                verify.verify(self.file, LATER, look=1, head=self.head)
        except SafetymonError:
            return False
        return True


def made(folder: Path) -> Study:
    monitor.look(small(folder, ONE), NOW, "tester")
    study = small(folder, TWO)
    monitor.look(study, NOW + timedelta(days=1), "tester")
    text, head = verify.exported(study, LATER, "tester")
    export = folder / "audit.jsonl"
    export.write_text(text, encoding="ascii", newline="")
    return Study(study, export, head)


def changed(study: Study, kind: str, rng: random.Random) -> str | None:
    """Changes one byte of a kind of file, checks, changes it back; what was not found."""
    path = rng.choice(study.kinds()[kind])
    whole = path.read_bytes()
    place, flip = rng.randrange(len(whole)), rng.randrange(1, 256)
    path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
    found = not study.is_whole(kind)
    path.write_bytes(whole)
    return None if found else f"{path.name}: byte {place} ^ {flip}"


def tampered(study: Study, changes: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How many changes were made to each kind, and those that were not found."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    made_to: Counter[str] = Counter()
    missed = []
    for number in range(changes):
        kind = ("store", "report", "export", "report", "store", "seal")[number % 6]
        lost = changed(study, kind, rng)
        made_to[kind] += 1
        if lost:
            missed.append(lost)
    assert study.is_whole("store")
    return made_to, missed


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        study = made(Path(name) / "study")
        made_to, missed = tampered(study, CHANGES, seed=int(os.environ.get("SEED", "1")))
    kinds = ", ".join(f"{n} of the {kind}" for kind, n in sorted(made_to.items()))
    print(f"{sum(made_to.values())} single bytes changed ({kinds}): {len(missed)} not found")
    print(f"{time.perf_counter() - start:.0f} s")
    for lost in missed:
        print(lost)
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()
