"""Keeps native readers quiet: what they print of a damaged file may quote a patient's row."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def silenced() -> Iterator[None]:
    """Nothing written to the process's stderr inside the block is seen, not even past Python.

    Polars prints a panic with its backtrace before anybody can catch it.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # a service may have closed it: then there is nothing to silence
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path of ours
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
