"""The Makefile makes an environment that holds what the lock files say."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = '#!/bin/sh\necho "$@" >> installed\n'


@pytest.mark.skipif(shutil.which("make") is None, reason="the Makefile is for those who have make")
@pytest.mark.parametrize(
    ("developed", "locked", "installs"),
    [
        (None, 1, True),  # no environment yet
        (2, 1, False),  # the dev lock holds every line of the other
        (1, 2, True),  # but not a line that came since
    ],
)
def test_a_newer_lock_is_installed(
    tmp_path: Path, developed: int | None, locked: int, *, installs: bool
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    times = {"requirements.lock": locked, "pyproject.toml": 1, ".venv/dev.stamp": developed}
    for name, day in times.items():
        if day is not None:
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (day * 86400, day * 86400))
    subprocess.run(["make", "--silent", ".venv/run.stamp"], cwd=tmp_path, check=True)
    done = (tmp_path / "installed").read_text()
    assert ("--require-hashes -r requirements.lock" in done) == installs
