"""The list of all looks of one scope, newest first, as one HTML file without a script. Pure.

It is made from the results.json files of its own scope alone: what the open index says, the open
results said.
"""

from collections import Counter
from datetime import date, datetime
from typing import NamedTuple

from safetymon.domain import Head, Tree
from safetymon.report import wording
from safetymon.report.page import environment, style
from safetymon.report.results_json import outline


class Entry(NamedTuple):
    """One look in the list. Without `outline` its results.json cannot be read, and it says so."""

    folder: str
    readable: bool
    cutoff: str = ""
    run_at: str = ""
    groups: tuple[str, ...] = ()
    verdicts: tuple[tuple[str, int], ...] = ()


def entry(folder: str, document: str | None) -> Entry:
    """A look from its folder's name and its results.json (None: there is none)."""
    try:
        found = outline(document or "")
    except ValueError:
        return Entry(folder, readable=False)
    counted = Counter(signal["verdict"] for signal in found["signals"])
    return Entry(
        folder=folder,
        readable=True,
        cutoff=wording.day(date.fromisoformat(found["cut"]["cutoff"])),
        run_at=wording.moment(datetime.fromisoformat(found["look"]["run_at"])),
        groups=tuple(f"{group['subjects']:,} in {group['name']}" for group in found["groups"]),
        verdicts=tuple((name, counted[name]) for name in wording.VERDICT_ORDER if counted[name]),
    )


def render(study: Head, tree: Tree, entries: list[Entry]) -> str:
    """The page: one row a look, in the order given."""
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            study=study,
            tree=tree,
            entries=entries,
            style=style(),
        )
    )
