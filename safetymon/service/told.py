"""Which events have been told, that is what became of due times: their marks, kept in a file.

A mark is written after the notices are safe in the outbox. A service that is killed in between
tells an event again, and the outbox, which knows its notices, sends each once.

Not the last mark alone: a store that was restored does not have it, and what it has was told.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from safetymon.service.reply import Mark, mark

KEPT = 10_000
"""Marks kept of a study: 27 years of nightly looks, or 35 days of one every five minutes."""


class Told:
    """The marks of the events told, by study file; the last one told is the last.

    Each is a line of its own, added to the file, which is written anew when most lines are old.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "told.jsonl"
        # A dict for a set that keeps its order.
        self._marks: dict[str, dict[str, None]] = {}
        self._lines = 0
        for study, text in _read(self._path):
            self._lines += 1
            self._keep(study, text)

    def last(self, study_file: Path) -> Mark | None:
        """The last event told; None: nothing has been told of this study yet."""
        texts = self._marks.get(str(study_file))
        return mark(next(reversed(texts))) if texts else None

    def knows(self, study_file: Path, one: Mark) -> bool:
        """Whether an event has been told."""
        return one.text in self._marks.get(str(study_file), ())

    def add(self, study_file: Path, marks: Iterable[Mark]) -> None:
        """These have been told, the last of them last.

        Raises:
            OSError: The file cannot be written; this process remembers.
        """
        new = [(str(study_file), one.text) for one in marks]
        for study, text in new:
            self._keep(study, text)
        if self._lines + len(new) > 2 * sum(map(len, self._marks.values())) + KEPT:
            self._write_anew()
        else:
            _append(self._path, new)
            self._lines += len(new)

    def _write_anew(self) -> None:
        kept = [(study, text) for study, texts in self._marks.items() for text in texts]
        aside = self._path.with_suffix(".new")
        aside.unlink(missing_ok=True)
        _append(aside, kept)
        aside.replace(self._path)
        self._lines = len(kept)

    def _keep(self, study: str, text: str) -> None:
        texts = self._marks.setdefault(study, {})
        texts.pop(text, None)
        texts[text] = None
        if len(texts) > KEPT:
            del texts[next(iter(texts))]


def _append(path: Path, told: Iterable[tuple[str, str]]) -> None:
    """Each line begins with its break: one that was cut short by a full disk spoils no other."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"\n{json.dumps(one)}" for one in told)


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """(study file, mark) of every whole line; without a file, the latest event is told again."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        try:
            study, text = json.loads(line)
            yield str(study), mark(text).text
        except (ValueError, TypeError, AttributeError):  # cut short, or no file with a mark
            continue
