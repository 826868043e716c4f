"""Up to where what became of due times has been told: one number a study, kept in a file.

It is written after the notices are safe in the outbox. A service that is killed in between tells
them again, and the outbox, which knows them, sends each once.
"""

import json
import os
from pathlib import Path


class Told:
    """The number of the last event told, by study file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "told.json"
        self._last: dict[str, int] = _read(self._path)

    def last(self, study_file: Path) -> int | None:
        """The last event told; None: nothing has been told of this study yet."""
        return self._last.get(str(study_file))

    def upto(self, study_file: Path, seq: int) -> None:
        """Everything up to `seq` has been told.

        Raises:
            OSError: The file cannot be written; this process remembers.
        """
        self._last[str(study_file)] = seq
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._last, file)
        new.replace(self._path)


def _read(path: Path) -> dict[str, int]:
    """Nothing where there is no file or not a whole one: then the latest event is told again."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): int(seq) for name, seq in raw.items()} if isinstance(raw, dict) else {}
