"""Unpacks the packaged demonstration study, so that it is run, read and changed like any other."""

from importlib.resources import files
from pathlib import Path

STUDY_ID = "PRODERM-DEMO"
_FILES = (
    "study.toml",
    "listings/subjects.csv",
    "listings/infusions.csv",
    "listings/adverse_events.csv",
    "listings/adjudication.csv",
)


def unpack(out: Path) -> Path:
    """Copies study file and listings to `<out>/PRODERM-DEMO/study/`; keeps what is there.

    Returns:
        The study file.
    """
    folder = out / STUDY_ID / "study"
    (folder / "listings").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        target = folder / name
        if not target.exists():
            target.write_bytes((files("safetymon") / "demo" / name).read_bytes())
    return folder / "study.toml"
