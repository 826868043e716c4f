"""On which processors the threads of a look run."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, get_native_id

SMALL = 20_000
"""Rows of listings up to which a look keeps to one processor."""

_placing = Lock()


@contextmanager
def one_if_small(rows: int) -> Iterator[None]:
    """Keeps the threads of this process on one processor, if a look has so few rows.

    Such a look is a thousand short calls, each handed to a thread of Polars and its answer back.
    Across processors that wakes one from its sleep each time, which takes longer than the call. The
    processor is the one on which the system has put this thread, for want of work there. Where
    threads cannot be placed, or another look of this process has placed them, they stay. Made for a
    process that makes one look: a larger one beside it would be kept there too.
    """
    if rows > SMALL or not _placing.acquire(blocking=False):
        yield
        return
    before = _places()
    try:
        _place(dict.fromkeys(before, _current()))
        yield
    finally:
        # Threads that started meanwhile are where this one is.
        own = before.get(get_native_id(), set())
        _place({thread: before.get(thread, own) for thread in _places()})
        _placing.release()


def _places() -> dict[int, set[int]]:
    """Thread -> its processors, of all threads; none if the system does not say."""
    found = {}
    with suppress(OSError, AttributeError):  # not on every system
        for thread in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):  # it has ended
                found[int(thread.name)] = os.sched_getaffinity(int(thread.name))
    return found


def _place(places: Mapping[int, set[int]]) -> None:
    """Threads that start from now on follow the one that starts them."""
    for thread, processors in places.items():
        if processors:
            with suppress(OSError):  # it has ended, or a sandbox forbids it: only speed hangs on it
                os.sched_setaffinity(thread, processors)


def _current() -> set[int]:
    """The processor of this thread; none if the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        stat = Path("/proc/thread-self/stat").read_text(encoding="ascii", errors="replace")
        # proc_pid_stat(5): field 39, counted after the name, which may hold anything.
        return {int(stat.rsplit(")", 1)[1].split()[36])}
    return set()
