"""What a look does not need is not imported, and is there for whoever needs it."""

import subprocess
import sys

from safetymon.stats.lazily import UNUSED

ASK = """
import sys
import safetymon.stats.proportions
import numpy as np
from importlib.util import _LazyModule
waiting = [n for n in {unused} if type(sys.modules["numpy." + n]) is _LazyModule]
assert waiting == list({unused}), waiting
assert "numpy.f2py.crackfortran" not in sys.modules
assert np.random.default_rng(1).integers(10) == 4
assert np.ma.masked_array([1, 2], mask=[0, 1]).sum() == 1
assert type(sys.modules["numpy.random"]) is not _LazyModule
print("asked")
"""

MISSING = """
import numpy.ma
from safetymon.stats.lazily import postpone
postpone(("ma", "no_such_part"))
assert numpy.ma.masked_array([1, 2], mask=[0, 1]).sum() == 1
assert not hasattr(numpy, "no_such_part")
print("asked")
"""


def _said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_unused_parts_of_numpy_wait_for_their_first_use() -> None:
    assert _said(ASK.format(unused=UNUSED)) == "asked"


def test_what_is_imported_or_missing_is_left_alone() -> None:
    assert _said(MISSING) == "asked"
