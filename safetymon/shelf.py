"""Where the reports of a study are, as its audit tells. No file is touched."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from safetymon.audit import Act


@dataclass(slots=True)
class Shelf:
    """The folders of the trees, look by look; a moved folder is given as `moved`.

    `retired` are the looks whose report was removed on purpose. `indexes` are the lists of looks,
    with their SHA-256.
    """

    base: Path
    moved: Path | None
    folders: dict[int, str] = field(default_factory=dict)
    retired: set[int] = field(default_factory=set)
    indexes: dict[Path, str] = field(default_factory=dict)

    def root(self, number: int) -> Path:
        """The folder that holds the trees with a look's report."""
        return self.place(self.folders[number])

    def place(self, folder: str) -> Path:
        """A folder as recorded, seen from here."""
        return self.moved or self.base / folder


def of(acts: Iterable[Act], base: Path, moved: Path | None) -> Shelf:
    """What the acts, oldest first, say of reports.

    Args:
        acts: The whole audit.
        base: The study file's folder, to which recorded folders are relative.
        moved: Where the trees are instead; None: where they were written.
    """
    shelf = Shelf(base, moved)
    for act in acts:
        detail = json.loads(act["detail"])
        match act["action"]:
            case "report":
                shelf.folders[int(act["about"])] = detail["folder"]
                shelf.retired.discard(int(act["about"]))
            case "retire":
                shelf.retired.add(int(act["about"]))
            case "restore":
                _restored(shelf, detail["folder"])
        for key in detail:
            if key.startswith("index "):
                path = shelf.place(detail["folder"]) / key.removeprefix("index ") / "index.html"
                shelf.indexes[path] = detail[key]
    return shelf


def _restored(shelf: Shelf, folder: str) -> None:
    """A restored study has its reports in one place, wherever they were."""
    shelf.folders = dict.fromkeys(shelf.folders, folder)
    root = shelf.place(folder)
    shelf.indexes = {
        root / path.parent.name / path.name: digest for path, digest in shelf.indexes.items()
    }
