"""One holder at a time: a lock whose refusal names the process that has it.

The kernel gives the lock up when its process ends, however it ends, so a lock is never stale. The
holder's pid and host stand in a file beside it and are only believed while the lock is taken.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from safetymon.errors import StudyBusyError


@contextmanager
def held(path: Path, what: str, wait: float = 0) -> Iterator[None]:
    """Holds the lock `path` until the end of the block; `what` it guards is named in a refusal.

    It is asked for during `wait` seconds.

    Raises:
        StudyBusyError: Another process holds it: which, and on which host.
    """
    lock = FileLock(path, timeout=wait, mode=0o600)
    holder = path.with_suffix(".holder")
    try:
        lock.acquire()
    except Timeout:
        raise StudyBusyError(
            f"{what} is held by {_holder(holder)}; try again when it has finished"
        ) from None
    try:
        _sign(holder)
        yield
    finally:
        lock.release()


def _sign(holder: Path) -> None:
    """Writes who holds the lock, whole or not at all."""
    mine = holder.with_suffix(f".holder{os.getpid()}")
    mine.touch(mode=0o600)
    mine.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
    mine.replace(holder)


def _holder(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except FileNotFoundError:
        # Taken and not signed yet: the holder is between two lines of `held`.
        return "another process"
