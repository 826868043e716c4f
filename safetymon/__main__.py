"""`python -m safetymon` and the `safetymon` command."""

import atexit
import gc
import os
import sys
import threading
from typing import NoReturn

from safetymon import late
from safetymon.cli import run

GARBAGE = 1_000_000
"""Objects made before rubbish is looked for. A command makes few cycles and many objects, most of
them while Altair is imported: at Python's default it spends a tenth of its time looking."""


ROOM = 20_000
"""Values of room that the first function asks for on Python's stack, so that all it calls fits too.

Python keeps its stack in pieces of 16 KB, and takes a piece from the system and gives it back each
time a call crosses an edge. Three thousand calls of a look did, a twentieth of its time.
"""

FOREIGN = ("pandas", "pyarrow")
"""Packages that DuckDB would import."""


def main() -> NoReturn:
    """Runs the command line and leaves with its exit code."""
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
    late.postpone()
    _without_others()
    _leave(_run())


def _without_others() -> None:
    """Keeps out what other programs may have installed and nothing here uses.

    DuckDB looks for pandas at each parameter of a statement, 250 a look, and for pyarrow at each
    frame; where they are installed that imports them, which takes as long as a third of a look.
    Pydantic asks every installed package for plugins, which could change how a study file is read.
    """
    for name in FOREIGN:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's way to say so
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def _run() -> int:
    return run(sys.argv[1:])


_run.__code__ = _run.__code__.replace(co_stacksize=ROOM)


def _leave(code: int) -> NoReturn:
    """Leaves without taking the interpreter apart, which takes as long as a sixth of a look.

    By now every file is written and every store closed. What asked to be called at the end is
    called; with another thread at work, or a closed pipe, Python leaves in its own way.
    """
    gc.freeze()
    if threading.active_count() > 1 or not _flushed():
        sys.exit(code)
    atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter itself calls; it has no other name
    os._exit(code)


def _flushed() -> bool:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
