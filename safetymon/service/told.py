"""Which events have been told, that is what became of due times: their marks, kept in a file.

It is written after the notices are safe in the outbox. A service that is killed in between tells
them again, and the outbox, which knows them, sends each once.

Not the last mark alone: a store that was restored does not have it, and what it has was told.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from safetymon.service.reply import Mark, mark

KEPT = 10_000
"""Marks kept of a study: 27 years of nightly looks, or 35 days of one every five minutes."""


class Told:
    """The marks of the events told, by study file; the last one told is the last."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "told.json"
        # A dict for a set that keeps its order.
        self._marks: dict[str, dict[str, None]] = _read(self._path)

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
        texts = self._marks.setdefault(str(study_file), {})
        for one in marks:
            texts.pop(one.text, None)
            texts[one.text] = None
        for text in list(texts)[:-KEPT]:
            del texts[text]
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: list(texts) for name, texts in self._marks.items()}, file)
        new.replace(self._path)


def _read(path: Path) -> dict[str, dict[str, None]]:
    """Nothing where there is no file or not a whole one: then the latest event is told again."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): _checked(texts) for name, texts in raw.items()}
    except (OSError, ValueError, AttributeError, TypeError):  # none; no JSON, mark, table or list
        return {}


def _checked(texts: list[str] | str) -> dict[str, None]:
    """The marks of a study; a file of an earlier version has the last one alone."""
    return {mark(text).text: None for text in ([texts] if isinstance(texts, str) else texts)}
