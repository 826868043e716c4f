"""Runs `attend` in a process of its own, within a limit of time and memory.

Whatever happens in there, a fault of a library or a listing that eats all memory, ends one look of
one study. A look that was ended is put on record as failed by a second process, which makes none.
"""

import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from safetymon.service import reply
from safetymon.service.monitor_file import Served
from safetymon.service.reply import Mark, Reply

RECORD_S = 60.0
"""How long it may take to put a failure on record."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Attends to studies of one monitor file; for any thread. A look may take `seconds`."""

    monitor_file: Path
    seconds: float
    _running: set["subprocess.Popen[str]"] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def attend(self, served: Served, arrived: str | None, since: Mark | None) -> Reply:
        """One study attended to; a look that ends without a word is put on record as failed."""
        try:
            return self._attended(served, arrived, since)
        except OSError as error:
            return Reply(1, f"no process could be started ({error.strerror})")

    def _attended(self, served: Served, arrived: str | None, since: Mark | None) -> Reply:
        given = [] if arrived is None else ["--arrived", arrived]
        given += [] if since is None else ["--since", since.text]
        answer, ended = self._run(served, given, self.seconds)
        if answer is not None:
            return answer
        if self._stopped.is_set():
            return Reply(1, "stopped; the look is made up when the service is started again")
        recorded, _ = self._run(served, [*given, "--failure", ended], RECORD_S)
        return _with_failure(recorded) if recorded else Reply(1, ended)

    def stop(self) -> None:
        """Ends every look that is being made; its transaction is rolled back."""
        self._stopped.set()
        with self._lock:
            for process in self._running:
                process.kill()

    def _run(self, served: Served, given: Sequence[str], limit: float) -> tuple[Reply | None, str]:
        """The reply, or None and how the process ended."""
        command = [sys.executable, "-m", "safetymon", "attend", str(self.monitor_file)]
        # Standard error is dropped: a library that panics may quote a row. A session of its own:
        # an interrupt at the terminal is for the service, which then lets the look finish.
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*command, str(served.file), *given],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True,
        )  # fmt: skip
        with self._lock:
            self._running.add(process)
        try:
            return _said(process, limit)
        finally:
            with self._lock:
                self._running.discard(process)


def _with_failure(recorded: Reply) -> Reply:
    """The reply to a failure that the first process had put on record before it ended."""
    last = recorded.events[-1] if recorded.events else None
    if recorded.error is None and last is not None and last.outcome == "failed":
        return replace(recorded, code=1, error=last.reason)
    return recorded


def _said(process: "subprocess.Popen[str]", limit: float) -> tuple[Reply | None, str]:
    with process:
        try:
            text, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None, f"the look took longer than {limit:g} s ([look] seconds) and was ended"
    try:
        return reply.parsed(text.splitlines()[-1]), ""
    except (ValueError, IndexError, KeyError, TypeError):
        return None, _ended(process.returncode, text)


def _ended(code: int, text: str) -> str:
    last = next(reversed(text.splitlines()), "")
    if last.startswith(reply.FAULT):  # nothing else of what a library may have written
        return last
    if code < 0:
        name = signal.Signals(-code).name
        return f"the process of the look was ended by {name}; was it short of memory?"
    return f"the process of the look ended with code {code} and without a reply"


def limit_memory(megabytes: int) -> None:
    """Limits what this process may allocate; a look beyond it fails. Code and files do not count.

    Not the address space: libraries reserve more of it than they ever use.
    """
    size = megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
