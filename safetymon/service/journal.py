"""One audience's notices on disk: an append-only file, one line an act, shared by all processes.

A notice is put once, sent to each of its targets, and then done. What was put and is not done is
waiting, whoever put it and whether or not that process lives. The file stands for an audience from
the start, so that its being there tells nothing.
"""

import json
import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

from filelock import FileLock

from safetymon.service.notice import Notice

LOCK_WAIT_S = 2.0
"""How long another process may hold the file; it does so for one line."""


class Journal:
    """The notices of one audience, as this process last read them; for any thread.

    It is never shortened: about 400 bytes a notice, 15 MB in ten years of ten nightly studies, are
    cheaper than a second way for a notice to get lost.
    """

    def __init__(self, path: Path) -> None:
        self.unreadable = 0  # whole lines that are no act: a damaged disk
        self._path = path
        self._ours = RLock()
        self._theirs = FileLock(
            path.with_suffix(".lock"), LOCK_WAIT_S, mode=0o600, thread_local=False
        )
        self._read_up_to = 0
        self._known: set[str] = set()  # references of all that was ever put
        self._waiting: dict[str, Notice] = {}  # by reference, in the order put
        self._sent: dict[str, set[str]] = {}  # of what is waiting: the targets that have it
        os.close(os.open(path, os.O_CREAT | os.O_APPEND, 0o600))
        self.refresh()

    def put(self, notice: Notice) -> bool:
        """Keeps `notice` safe on disk; False if it was put before, by whatever process.

        Raises:
            OSError: The disk is full or cannot be written (or, as TimeoutError, another process
                holds the file); the notice waits in memory only.
        """
        act = {"put": _written(notice)}
        with self._ours:
            try:
                with self._theirs:
                    self.refresh()
                    if notice.reference in self._known:
                        return False
                    self._append(act)
            except OSError:
                if notice.reference in self._known:
                    return False
                self._apply(act)
                raise
        return True

    def sent(self, notice: Notice, name: str, names: Collection[str]) -> None:
        """Notes that target `name` has it; with all of `names` served, the notice is done.

        Raises:
            OSError: As `put`; this process remembers, but the next one may send it again.
        """
        reference = notice.reference
        with self._ours:
            served = {name, *self._sent.get(reference, ())}
            acts = [{"sent": reference, "to": name}]
            acts += [{"done": reference}] if served.issuperset(names) else []
            try:
                with self._theirs:
                    self.refresh()
                    self._append(*acts)
            except OSError:
                for act in acts:
                    self._apply(act)
                raise

    def settle(self, names: Collection[str]) -> None:
        """Notes as done what all of today's targets have: one that lacked it was taken away."""
        with self._ours, self._theirs:
            self.refresh()
            full = [r for r, served in self._sent.items() if served.issuperset(names)]
            if full:
                self._append(*({"done": reference} for reference in full))

    def waiting(self, name: str | None = None) -> list[Notice]:
        """What is not done, in the order it was put; with `name`, what that target lacks."""
        with self._ours:
            return [
                notice
                for reference, notice in self._waiting.items()
                if name not in self._sent.get(reference, ())
            ]

    def refresh(self) -> None:
        """Reads what was appended since, by any process; a line still being written is left."""
        with self._ours:
            with self._path.open("rb") as file:
                file.seek(self._read_up_to)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read_up_to += len(whole)
            for line in whole.splitlines():
                self._take(line)

    def _append(self, *acts: dict[str, Any]) -> None:
        """Writes and reads back; what a killed process left of a line is cut off first."""
        lines = "".join(json.dumps(act) + "\n" for act in acts).encode()
        with self._path.open("r+b") as file:
            file.truncate(self._read_up_to)
            file.seek(self._read_up_to)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self.refresh()

    def _take(self, line: bytes) -> None:
        try:
            self._apply(json.loads(line))
        except (ValueError, KeyError, TypeError):
            self.unreadable += 1

    def _apply(self, act: dict[str, Any]) -> None:
        if "put" in act:
            notice = Notice(**{**act["put"], "due": datetime.fromisoformat(act["put"]["due"])})
            # Known already: a write that the disk refused half-way, and was read back after all.
            if notice.reference not in self._known:
                self._known.add(notice.reference)
                self._waiting[notice.reference] = notice
        elif "sent" in act:
            if act["sent"] in self._waiting:
                self._sent.setdefault(act["sent"], set()).add(act["to"])
        else:
            self._waiting.pop(act["done"], None)
            self._sent.pop(act["done"], None)


def _written(notice: Notice) -> dict[str, str | int | None]:
    return {
        "audience": notice.audience,
        "kind": notice.kind,
        "study": notice.study,
        "look": notice.look,
        "due": notice.due.isoformat(),
    }
