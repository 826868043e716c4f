"""Which subjects have which published kind of event in which cell."""

from collections.abc import Iterable

from safetymon.demo import published
from safetymon.demo.dice import picked
from safetymon.demo.drafts import Draft, Kind
from safetymon.demo.plan import IN_BOTH_PERIODS, NEW_IN_EXTENSION, subjects_of
from safetymon.demo.roster import EXTENSION, FIRST_IVIG, FIRST_PLACEBO, Subject

Rooms = dict[tuple[str, str], set[str]]
"""(measure, cell) -> subjects; a subject of a narrower measure is also one of ``any``."""


_CELLS = (FIRST_IVIG, FIRST_PLACEBO, EXTENSION)


def rooms(people: tuple[Subject, ...], fixed: list[Draft]) -> Rooms:
    """Choose the subjects of every measure and cell; those with fixed events are among them."""
    treated = {cell: {s.id for s in people if s.cycles_in(cell)} for cell in _CELLS}
    chosen: Rooms = {}
    for measure in ("any", "related", "infusional"):
        within = {cell: chosen.get(("any", cell), treated[cell]) for cell in _CELLS}
        for cell, column in (
            (FIRST_PLACEBO, published.FIRST_PLACEBO),
            (FIRST_IVIG, published.FIRST_IVIG),
        ):
            count = subjects_of(measure, column)
            forced = _forced(measure, cell, fixed)
            chosen[measure, cell] = picked(within[cell], count, forced, measure, cell)
        chosen[measure, EXTENSION] = _extension(
            measure,
            chosen[measure, FIRST_IVIG],
            within[EXTENSION],
            treated[FIRST_IVIG],
            _forced(measure, EXTENSION, fixed),
        )
    return chosen


def _forced(measure: str, cell: str, fixed: Iterable[Draft]) -> set[str]:
    return {
        draft.subject
        for draft in fixed
        if draft.cell == cell
        and (draft.kind.related or measure != "related")
        and (draft.kind.infusional or measure != "infusional")
    }


def _extension(
    measure: str, first: set[str], within: set[str], ivig_before: set[str], forced: set[str]
) -> set[str]:
    """The subjects in the extension: again, for the first time, and new to IVIg altogether."""
    new = NEW_IN_EXTENSION[measure]
    late = subjects_of(measure, published.ALL_IVIG) - new - len(first)
    parts = (
        (within & first, IN_BOTH_PERIODS[measure], "again"),
        ((within & ivig_before) - first, late, "late"),
        (within - ivig_before, new, "new"),
    )
    sets = [picked(pool, n, forced & pool, measure, name) for pool, n, name in parts]
    return set().union(*sets)


def eligible(chosen: Rooms, cell: str, kind: Kind) -> set[str]:
    """Return the subjects of a cell who may have an event of a kind."""
    allowed = chosen["any", cell]
    if kind.related:
        allowed = allowed & chosen["related", cell]
    if kind.infusional:
        allowed = allowed & chosen["infusional", cell]
    return allowed
