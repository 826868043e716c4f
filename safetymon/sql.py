"""Finds the SQL statements: one file, one question, in `queries/` of a checkout or of a wheel."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@cache
def _root() -> Traversable:
    packaged = files("safetymon") / "queries"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "queries"


@cache
def query(name: str) -> str:
    """The text of `queries/<name>.sql`, for instance `query("cut/read_events")`."""
    return (_root() / f"{name}.sql").read_text(encoding="utf-8")


def migrations() -> list[tuple[int, str]]:
    """(version, statements) of every `queries/schema/NNN_….sql`, in order."""
    scripts = [f for f in (_root() / "schema").iterdir() if f.name.endswith(".sql")]
    return sorted((int(f.name[:3]), f.read_text(encoding="utf-8")) for f in scripts)
