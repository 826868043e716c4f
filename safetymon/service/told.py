"""Up to where what became of due times has been told: a mark a study, kept in a file.

It is written after the notices are safe in the outbox. A service that is killed in between tells
them again, and the outbox, which knows them, sends each once.
"""

import json
import os
from pathlib import Path

from safetymon.service.reply import Mark, mark


class Told:
    """The mark of the last event told, by study file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "told.json"
        self._last: dict[str, Mark] = _read(self._path)

    def last(self, study_file: Path) -> Mark | None:
        """The last event told; None: nothing has been told of this study yet."""
        return self._last.get(str(study_file))

    def upto(self, study_file: Path, last: Mark) -> None:
        """Everything up to `last` has been told.

        Raises:
            OSError: The file cannot be written; this process remembers.
        """
        self._last[str(study_file)] = last
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: one.text for name, one in self._last.items()}, file)
        new.replace(self._path)


def _read(path: Path) -> dict[str, Mark]:
    """Nothing where there is no file or not a whole one: then the latest event is told again."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): mark(text) for name, text in raw.items()}
    except (OSError, ValueError, AttributeError):  # none, no JSON or no mark, no table or no text
        return {}
