"""On which processors the threads of a look run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

SMALL = 20_000
"""Rows of listings up to which a look keeps to one processor."""

_placing = Lock()


@contextmanager
def one_if_small(rows: int) -> Iterator[None]:
    """Keeps the threads of this process on one processor, if a look has so few rows.

    Such a look is a thousand short calls, each handed to a thread of Polars and its answer back.
    Across processors that wakes one from its sleep each time, which takes longer than the call. The
    processor is the one on which the system has put this thread: others go around it. Where
    threads cannot be placed, or another look of this process has placed them, they stay.
    """
    possible = hasattr(os, "sched_setaffinity")  # not on every system
    if rows > SMALL or not possible or not _placing.acquire(blocking=False):
        yield
        return
    allowed = os.sched_getaffinity(0)
    try:
        _place(_current() or allowed)
        yield
    finally:
        _place(allowed)
        _placing.release()


def _place(processors: set[int]) -> None:
    """Threads that start from now on follow."""
    threads = Path("/proc/self/task")
    for thread in threads.iterdir() if threads.is_dir() else ():
        with suppress(OSError):  # it has ended, or a sandbox forbids it: only speed depends on it
            os.sched_setaffinity(int(thread.name), processors)


def _current() -> set[int]:
    """The processor of this thread; none if the system does not say."""
    with suppress(OSError):
        stat = Path("/proc/thread-self/stat").read_text(encoding="ascii", errors="replace")
        # proc_pid_stat(5): field 39, counted after the name, which may hold anything.
        return {int(stat.rsplit(")", 1)[1].split()[36])}
    return set()
