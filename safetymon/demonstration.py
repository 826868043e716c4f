"""Unpacks the packaged demonstration study, so that it is run, read and changed like any other."""

from importlib.resources import files
from pathlib import Path

from safetymon.errors import UsageError

STUDY_ID = "PRODERM-DEMO"
_FILES = (
    "study.toml",
    "listings/subjects.csv",
    "listings/infusions.csv",
    "listings/adverse_events.csv",
    "listings/adjudication.csv",
)


def unpack(out: Path) -> Path:
    """Copies study file and listings to `<out>/PRODERM-DEMO/study/`, where they are not there yet.

    Returns:
        The study file.

    Raises:
        UsageError: A file is there and is another: its numbers are not the published ones.
    """
    folder = out / STUDY_ID / "study"
    (folder / "listings").mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        target, packaged = folder / name, (files("safetymon") / "demo" / name).read_bytes()
        if not target.exists():
            target.write_bytes(packaged)
        elif target.read_bytes() != packaged:
            raise UsageError(
                f"{target}: differs from the packaged demonstration; look at it with `safetymon "
                "run`, or choose another folder with --out"
            )
    return folder / "study.toml"
