"""Mutated inputs: accepted whole, rejected row by row, or refused in one plain line. A seeded part.

The whole of it: `make fuzz`.
"""

from pathlib import Path
from random import Random

import pytest

from safetymon.cli import run
from tests.fuzz.__main__ import campaign
from tests.fuzz.judge import Outcome, counted, faults
from tests.fuzz.mutations import mutated
from tests.fuzz.originals import Original, originals

CASES, SEED = 200, 2024
ACCOUNT = "ae.csv: 2 rows, 1 accepted, 1 rejected\n"


@pytest.mark.slow
def test_mutated_inputs_are_read_or_refused() -> None:
    results = list(campaign(0, CASES, SEED))
    assert [result["case"] for result in results] == list(range(CASES))
    assert [result for result in results if result["faults"]] == []
    # A campaign that only ever meets one answer would test nothing.
    assert {result["code"] for result in results} == {0, 2, 3}


@pytest.mark.parametrize("original", originals(), ids=lambda original: original.name)
def test_what_is_mutated_was_sound(original: Original, tmp_path: Path) -> None:
    (tmp_path / "listings").mkdir()
    (tmp_path / "study.toml").write_bytes(original.study)
    for name, data in original.listings.items():
        (tmp_path / "listings" / name).write_bytes(data)
    assert run(["check", str(tmp_path / "study.toml")]) == 0
    assert len(original.identifiers) == 8


def test_a_mutation_is_told_by_its_number() -> None:
    def made(number: int) -> object:
        random = Random(f"{SEED} {number}")  # noqa: S311 - made again from its number
        return mutated(random.choice(originals()), random)

    assert made(7) == made(7)
    assert len({str(made(number)) for number in range(20)}) == 20


def judged(code: int, stdout: str = "", stderr: str = "", seconds: float = 0.1) -> list[str]:
    return faults(Outcome(code, stdout, stderr, seconds), Path(), ("PD-001",))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (judged(1, stderr="safetymon: ae.csv\n"), "exit code 1"),
        (judged(-11), "exit code -11"),
        (judged(0, seconds=11), "took 11 s"),
        (judged(3, stderr="safetymon: ae.csv: row PD-001\n"), "a patient's identifier on stderr"),
        (judged(3, stderr="Traceback\nsafetymon: ae.csv\n"), "not one plain line on stderr"),
        (judged(3), "not one plain line on stderr"),
        (judged(2, stderr="safetymon: something is wrong\n"), "names no file and no key"),
        (judged(0, stderr="Warning\n"), "noise on stderr"),
    ],
)
def test_the_judge_knows_a_fault(found: list[str], told: str) -> None:
    assert told in found


def test_the_judge_counts_rows_itself(tmp_path: Path) -> None:
    (tmp_path / "ae.csv").write_text("A\n1\n2\n3\n")
    found = faults(Outcome(0, ACCOUNT, "", 0), tmp_path, ())
    assert found == ["ae.csv: 2 rows read, 3 rows there"]
    (tmp_path / "ae.csv").write_text("A\n1\n2\n")
    assert faults(Outcome(0, ACCOUNT, "", 0), tmp_path, ()) == []


@pytest.mark.parametrize("original", originals(), ids=lambda original: original.name)
def test_every_format_is_counted(original: Original, tmp_path: Path) -> None:
    for name, data in original.listings.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert (counted(path) or 0) > 0
