"""What a look does not need is not imported, and is there for whoever needs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special as public

from safetymon.__main__ import FOREIGN
from safetymon.late import WAITING
from safetymon.stats import special

LOOK = """
import atexit, sys
from safetymon.__main__ import main
def waiting():
    there = {{n for n in {unused} if n in sys.modules}}
    print(*sorted(n for n in there if type(sys.modules[n]).__name__ == "_Waiting"))
    print(*sorted(set({unused}) - there))
atexit.register(waiting)
sys.argv = ["safetymon", "demo", "--out", {out!r}]
main()
"""

USE = """
import importlib, sys
from safetymon.late import WAITING, postpone
postpone()
import altair, numpy, polars
assert type(sys.modules["narwhals"]).__name__ == "_Waiting"
chart = altair.Chart(polars.DataFrame({"x": [1, 2]})).mark_point().encode(x="x:Q")
(rows,) = chart.to_dict()["datasets"].values()
assert rows == [{"x": 1}, {"x": 2}], rows
assert type(sys.modules["narwhals"]).__name__ == "module"
assert sys.modules["narwhals"].__spec__.loader.get_source("narwhals")
assert altair.theme.options is not None
from scipy import special
assert special.expit(0.0) == 0.5
for name in WAITING:
    module = importlib.import_module(name)
    assert not hasattr(module, "no_such_name")
    assert type(module) is type(sys), name
try:
    altair.datasets.no_such_name
except AttributeError as error:
    assert "no_such_name" in str(error), error
else:
    raise AssertionError("it has everything")
print("used")
"""

FAILS = """
import sys
from safetymon import late
late.WAITING |= {"broken": (), "whole": ("say",)}
late.postpone()
import broken, whole
for _ in range(2):
    try:
        broken.anything
    except ZeroDivisionError:
        print("failed")
assert whole.itself == [False, True], whole.itself
print(whole.later)
"""

FUNCTION = """
import sys
from safetymon import late
late.WAITING |= {"whole": ("say",)}
late.postpone()
from whole import say
assert type(sys.modules["whole"]).__name__ == "_Waiting"
print(say(1), say(more=2), sys.modules["whole"].say is not say)
import polars, altair, sqlite3
frame = polars.read_database("select 1 as x", sqlite3.connect(":memory:"))
print(frame.to_dicts())
print(altair.Chart(altair.Data(values=frame.to_dicts())).mark_bar().to_html().count("<script"))
"""


def _said(code: str, cwd: Path | None = None) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_a_look_all_that_it_does_not_use_still_waits(tmp_path: Path) -> None:
    *_, waiting, never = _said(LOOK.format(unused=set(WAITING), out=str(tmp_path))).split("\n")[:-1]
    assert never == ""  # a library no longer imports it: take the name out
    assert set(waiting.split()) == set(WAITING)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_others_have_installed_is_not_imported(tmp_path: Path, name: str) -> None:
    seen = tmp_path / "seen"  # an error would be swallowed by whoever imports it
    (tmp_path / f"{name}.py").write_text(f"open({str(seen)!r}, 'w').close()\n")
    code = LOOK.format(unused=set(WAITING), out=str(tmp_path))
    assert "Closed report" in _said(f"import sys; sys.path.insert(0, '')\n{code}", tmp_path)
    assert not seen.exists()


def test_what_others_have_installed_does_not_read_the_study_file(tmp_path: Path) -> None:
    seen, about = tmp_path / "seen", tmp_path / "plugin-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[pydantic]\nplugin = plugin:me\n")
    (tmp_path / "plugin.py").write_text(f"open({str(seen)!r}, 'w').close()\nme = None\n")
    code = LOOK.format(unused=set(WAITING), out=str(tmp_path))
    assert "Closed report" in _said(f"import sys; sys.path.insert(0, '')\n{code}", tmp_path)
    assert not seen.exists()


def test_what_waits_works_when_it_is_used() -> None:
    assert _said(USE) == "used\n"


def test_a_module_that_fails_says_so_each_time_and_one_may_ask_itself(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "whole.py").write_text(
        "import sys\nme = sys.modules[__name__]\n"
        "itself = [hasattr(me, 'later'), hasattr(me, 'me')]\nlater = 7\n"
    )
    assert _said(FAILS, tmp_path) == "failed\nfailed\n7\n"


def test_a_function_can_be_taken_before_its_module_runs(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text("def say(x=0, *, more=0):\n    return x + more\n")
    assert _said(FUNCTION, tmp_path) == "1 2 True\n[{'x': 1}]\n4\n"


ELSEWHERE = """
import sys
import scipy.special as public
sys.modules["scipy.special._ufuncs"] = None
from safetymon.stats import special
print(all(getattr(special, name) is getattr(public, name) for name in special.__all__))
"""


def test_a_scipy_that_keeps_them_elsewhere_is_asked_as_it_publishes_them() -> None:
    assert _said(ELSEWHERE) == "True\n"


@pytest.mark.parametrize("name", special.__all__)
def test_the_special_functions_are_those_that_scipy_publishes(name: str) -> None:
    ours, theirs = getattr(special, name), getattr(public, name)
    inputs = [np.array([0.2, 0.7])] * (1 if name == "lambertw" else ours.nin)
    whole = [np.array([3.0, 4.0])] if name in {"bdtrc", "pdtrc"} else []
    arguments = whole + inputs[len(whole) :]
    if name == "bdtrc":
        arguments[1] = np.array([9, 9])
    assert np.array_equal(ours(*arguments), theirs(*arguments))
    assert np.isfinite(ours(*arguments)).all()
