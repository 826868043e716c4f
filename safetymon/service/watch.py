"""Watches a data folder: has a new extract arrived, and has it stopped changing?"""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

POLL_S = 1.0
"""Seconds between two glances at a folder; each is one listing, no file is opened."""


def data_folder(study_file: Path, folder: str) -> Path:
    """Where a study's extracts arrive; `folder` is what the study file says."""
    return study_file.parent / folder


def fingerprint(folder: Path) -> str | None:
    """What is in a data folder by name, size and time of change; None: nothing, or no folder.

    Hidden files are left out: copying programs write there before they rename. So are folders.
    """
    try:
        with os.scandir(folder) as entries:
            files = [
                (entry.name, entry.stat().st_size, entry.stat().st_mtime_ns)
                for entry in entries
                if entry.is_file() and not entry.name.startswith(".")
            ]
    except OSError:
        return None
    return hashlib.sha256(repr(sorted(files)).encode()).hexdigest() if files else None


class Watch:
    """One folder. `arrived` is the fingerprint that has been stable for `seconds`, else None.

    `clock` is monotonic seconds. Nothing is read before the first glance: a share may hang.
    """

    def __init__(
        self, folder: Path, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.arrived: str | None = None
        self._folder, self._seconds, self._clock = folder, seconds, clock
        self._seen: str | None = None
        self._since: float | None = None

    @property
    def changing(self) -> bool:
        """Whether there is, or may be, something that has not been stable for long enough."""
        return self._since is None or (self.arrived is None and self._seen is not None)

    def glance(self) -> None:
        """Looks at the folder once."""
        now, found = self._clock(), fingerprint(self._folder)
        if self._since is None or found != self._seen:
            self._seen, self._since = found, now
        self.arrived = found if now - self._since >= self._seconds else None

    def keep_watching(self, until: Event) -> None:
        """Glances in a thread of its own: a share that hangs holds up nobody else."""
        Thread(target=self._run, args=(until,), daemon=True).start()

    def _run(self, until: Event) -> None:
        while not until.wait(POLL_S):
            self.glance()
