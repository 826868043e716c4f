"""From published margins to one draft an event: fixed events, asked terms, then the residual."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from safetymon.demo.cast import fixed_events
from safetymon.demo.dice import picked, roll, shuffled
from safetymon.demo.drafts import (
    KINDS,
    RELATED_INFUSIONAL,
    RELATED_LATER,
    UNRELATED_INFUSIONAL,
    UNRELATED_LATER,
    Draft,
    Kind,
)
from safetymon.demo.membership import Rooms, eligible, rooms
from safetymon.demo.plan import ON_IVIG, ON_PLACEBO, Ask, events_by_kind
from safetymon.demo.published import UNLISTED_TERM_LIMIT
from safetymon.demo.roster import EXTENSION, FIRST_IVIG, FIRST_PLACEBO, IVIG_CELLS, Subject
from safetymon.demo.terms import BACKGROUND, COINCIDENCES, REACTIONS

_POOLS: dict[Kind, tuple[str, ...]] = {
    RELATED_INFUSIONAL: REACTIONS,
    RELATED_LATER: REACTIONS,
    UNRELATED_INFUSIONAL: COINCIDENCES + REACTIONS,
    UNRELATED_LATER: BACKGROUND,
}
_EVENTS_A_CYCLE = 4  # at most, from the residual: nobody collects a whole column


def allocated(people: tuple[Subject, ...]) -> list[Draft]:
    """Return the drafts of every treatment-emergent event of the trial.

    Raises:
        ValueError: if the plan cannot be met.
    """
    allocation = _Allocation(people)
    for ask in ON_IVIG:
        allocation.ask(ask, FIRST_IVIG)
    for ask in ON_PLACEBO:
        allocation.ask(ask, FIRST_PLACEBO)
    for cell in (FIRST_IVIG, FIRST_PLACEBO, EXTENSION):
        allocation.complete(cell)
    return allocation.drafts


class _Allocation:
    """The drafts so far, and what follows from them."""

    def __init__(self, people: tuple[Subject, ...]) -> None:
        self.drafts = fixed_events(people)
        self.rooms: Rooms = rooms(people, self.drafts)
        self.cycles = {
            (person.id, cell): len(person.cycles_in(cell))
            for person in people
            for cell in (FIRST_IVIG, FIRST_PLACEBO, EXTENSION)
        }
        self.turn: Counter[Kind] = Counter()

    def add(self, subject: str, cell: str, term: str, kind: Kind) -> None:
        self.drafts.append(Draft(subject, cell, term, kind))

    def having(self, term: str, cells: Iterable[str], kind: Kind | None = None) -> set[str]:
        """Subjects who already have the term in one of the cells."""
        return {
            draft.subject
            for draft in self.drafts
            if draft.term == term and draft.cell in cells and kind in (None, draft.kind)
        }

    def ask(self, ask: Ask, cell: str) -> None:
        """Add the subjects and events of one asked term and kind, less what is already fixed."""
        cells = (FIRST_PLACEBO,) if cell == FIRST_PLACEBO else IVIG_CELLS
        first = self._new_subjects(ask, cell, ask.subjects, cells)
        self._repeat(ask, cell, first, ask.events)
        if cell == FIRST_IVIG:
            new = self._new_subjects(ask, EXTENSION, ask.new_subjects, cells)
            again = first & eligible(self.rooms, EXTENSION, ask.kind)
            self._repeat(ask, EXTENSION, new | again, ask.new_events)

    def _new_subjects(self, ask: Ask, cell: str, count: int, cells: Iterable[str]) -> set[str]:
        already = self.having(ask.term, (cell,), ask.kind)
        free = eligible(self.rooms, cell, ask.kind) - self.having(ask.term, cells)
        subjects = picked(free, count - len(already), (), ask.term, ask.kind, cell)
        for subject in sorted(subjects):
            self.add(subject, cell, ask.term, ask.kind)
        return subjects

    def _repeat(self, ask: Ask, cell: str, subjects: set[str], events: int) -> None:
        """Repeat the term among its subjects, at most once a cycle, up to the number of events."""
        held = Counter(
            draft.subject
            for draft in self.drafts
            if (draft.term, draft.cell, draft.kind) == (ask.term, cell, ask.kind)
        )
        for n in range(events - held.total()):
            open_to = [s for s in subjects if held[s] < self.cycles[s, cell]]
            subject = _leaning(open_to, "repeat", ask.term, ask.kind, cell, n)
            self.add(subject, cell, ask.term, ask.kind)
            held[subject] += 1

    def complete(self, cell: str) -> None:
        """Fill a cell with other terms until every subject and event of it is there."""
        wanted = events_by_kind(cell)
        for subject, kind in self._uncovered(cell):
            self._fill(subject, cell, kind)
        for kind in KINDS:
            missing = wanted[kind] - self._count(cell)[kind]
            if missing < 0:
                raise ValueError(f"demo: {-missing} events too many in {cell}, {kind}")
            for n in range(missing):
                load = Counter(draft.subject for draft in self.drafts if draft.cell == cell)
                allowed = eligible(self.rooms, cell, kind)
                free = [s for s in allowed if load[s] < _EVENTS_A_CYCLE * self.cycles[s, cell]]
                self._fill(_leaning(free, "fill", kind, cell, n), cell, kind)

    def _count(self, cell: str) -> Counter[Kind]:
        return Counter(draft.kind for draft in self.drafts if draft.cell == cell)

    def _uncovered(self, cell: str) -> list[tuple[str, Kind]]:
        """Subjects who lack an event that the published counts say they have, and its kind."""
        held: dict[str, list[Kind]] = defaultdict(list)
        for draft in self.drafts:
            if draft.cell == cell:
                held[draft.subject].append(draft.kind)
        lacking = []
        for subject in shuffled(self.rooms["any", cell], "uncovered", cell):
            related = subject in self.rooms["related", cell]
            infusional = subject in self.rooms["infusional", cell]
            no_related = related and not any(kind.related for kind in held[subject])
            no_infusional = infusional and not any(kind.infusional for kind in held[subject])
            if no_related or no_infusional or not held[subject]:
                during = infusional and (no_related or no_infusional)
                lacking.append((subject, Kind(no_related, during)))
        return lacking

    def _fill(self, subject: str, cell: str, kind: Kind) -> None:
        """Add an event of the next term of the pool that breaks no published count."""
        pool = _POOLS[kind]
        start = self.turn[kind]
        for step in range(len(pool)):
            term = pool[(start + step) % len(pool)]
            if self._fits(subject, cell, term, kind):
                self.turn[kind] = start + step + 1
                self.add(subject, cell, term, kind)
                return
        raise ValueError(f"demo: no term left for an event in {cell}, {kind}")

    def _fits(self, subject: str, cell: str, term: str, kind: Kind) -> bool:
        if subject in self.having(term, (cell,)):
            return False
        if cell == FIRST_PLACEBO:
            return True
        others = [d for d in self.drafts if d.term == term and d.cell in IVIG_CELLS]
        related = {d.subject for d in others if d.kind.related} | {subject}
        infusional = {d.subject for d in others if d.kind.infusional} | {subject}
        limit = UNLISTED_TERM_LIMIT
        return not (kind.related and len(related) > limit) and not (
            kind.infusional and len(infusional) > limit
        )


def _leaning(subjects: Iterable[str], *key: object) -> str:
    """Choose a subject, leaning to the front of a fixed order: some people report more."""
    order = shuffled(subjects, "leaning")
    if not order:
        raise ValueError(f"demo: nobody left for {key}")
    return order[min(roll(len(order), *key, "one"), roll(len(order), *key, "two"))]
