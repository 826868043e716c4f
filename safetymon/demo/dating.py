"""When the demo's events happen, how they end, and when they are entered into the database.

Every counted event lies inside the window of the treatment it belongs to, never on the first day
of a treatment, and clear of the 72 h limit: infusional ones from the day of infusion to 2 days
after its last day (the first cycle of a treatment: from its second day), all others at least 5
days after it, at least 2 days before the next cycle and at most 24 days after the last one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from safetymon.demo.cast import (
    INFUSIONAL_DAYS,
    NOT_RECOVERED,
    RECOVERED,
    UNCHANGED,
)
from safetymon.demo.dice import chosen, roll, shuffled
from safetymon.demo.drafts import UNRELATED_LATER, Account, Draft
from safetymon.demo.roster import EXTENSION, FIRST_IVIG, FIRST_PLACEBO, Cycle, Subject

YEAR, MONTH, DAY = 4, 7, 10  # how many characters of the onset date the investigator knew

# Days from onset to data entry; mean 6. A serious event is entered within 2 days.
_LAGS = (0, 1, 1, 2, 3, 3, 4, 5, 6, 7, 9, 11, 14, 20)

# Partial onset dates: cell, precision, how many. Bare years and months in the extension lie after
# the last infusion of the subject; months in the first period lie wholly inside it.
_PARTIAL = (
    (EXTENSION, YEAR, 3),
    (EXTENSION, MONTH, 5),
    (FIRST_PLACEBO, MONTH, 2),
    (FIRST_IVIG, MONTH, 2),
)

# Events before the first dose, which count nowhere: place in the order of randomisation -> days
# before the first dose, term.
_BEFORE = {4: (9, "Headache"), 19: (5, "Muscular weakness"), 37: (12, "Pyrexia"),
           52: (3, "Nasopharyngitis"), 68: (15, "Nausea"), 83: (7, "Headache")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """A dated event; ``known`` is how many characters of the onset date are recorded."""

    draft: Draft
    account: Account
    reported: date
    known: int = DAY


def dated(people: tuple[Subject, ...], drafts: Iterable[Draft]) -> list[Event]:
    """Return every event of the trial with its dates, those before the first dose included."""
    persons = {person.id: person for person in people}
    seen: Counter[tuple[str, str, str]] = Counter()
    events = []
    for draft in drafts:
        nth = seen[draft.subject, draft.cell, draft.term]
        seen[draft.subject, draft.cell, draft.term] += 1
        events.append(_event(persons[draft.subject], draft, nth))
    return [*_with_partial_dates(persons, events), *_before_treatment(people)]


def room(person: Subject, cycle: Cycle, *, infusional: bool) -> tuple[date, date]:
    """Return the first and last day on which an event of a cycle may begin."""
    own = person.cycles_in(cycle.cell)
    if infusional:
        return cycle.start + timedelta(cycle == own[0]), cycle.end + timedelta(INFUSIONAL_DAYS - 1)
    later = [other.start for other in person.cycles if other.start > cycle.start]
    last = min(cycle.end + timedelta(24), person.left - timedelta(1))
    if later:
        last = min(later) - timedelta(2)
    return cycle.end + timedelta(INFUSIONAL_DAYS + 2), last


def _event(person: Subject, draft: Draft, nth: int) -> Event:
    account = draft.account or _account(person, draft, nth)
    name = (draft.subject, draft.cell, draft.term, nth, "lag")
    lag = roll(3, *name) if account.serious else chosen(_LAGS, *name)
    return Event(draft, account, account.onset + timedelta(lag))


def _account(person: Subject, draft: Draft, nth: int) -> Account:
    """Invent the details of an ordinary event; the nth of its term goes to another cycle."""
    name = (draft.subject, draft.cell, draft.term)
    cycles = person.cycles_in(draft.cell)
    start = min(roll(len(cycles), *name, "one"), roll(len(cycles), *name, "two"))
    cycle = cycles[(start + nth) % len(cycles)]
    first, last = room(person, cycle, infusional=draft.kind.infusional)
    onset = first + timedelta(roll((last - first).days + 1, *name, nth, "day"))
    return _details(draft, onset, *name, nth)


def _details(draft: Draft, onset: date, *name: object) -> Account:
    related, infusional = draft.kind
    duration = 1 + roll(3 if infusional else 21, *name, "duration")
    ended = infusional or roll(10, *name, "ended") > 0
    causes = ("probable", "possible") if related else ("unlikely", "not related", "not related")
    return Account(
        onset=onset,
        severity=chosen(("mild",) * 14 + ("moderate",) * 5 + ("severe",), *name, "severity"),
        serious=False,
        causality=chosen(causes, *name, "causality"),
        duration=duration if ended else None,
        outcome=RECOVERED if ended else NOT_RECOVERED,
        action=UNCHANGED,
        thromboembolic="",
    )


def _before_treatment(people: tuple[Subject, ...]) -> Iterator[Event]:
    for place, (days, term) in _BEFORE.items():
        person = people[place - 1]
        onset = person.cycles[0].start - timedelta(days)
        draft = Draft(person.id, "before treatment", term, UNRELATED_LATER)
        account = replace(_details(draft, onset, person.id, term, "before"), duration=2)
        yield Event(draft, replace(account, outcome=RECOVERED), onset + timedelta(days + 1))


def _with_partial_dates(persons: dict[str, Subject], events: list[Event]) -> list[Event]:
    """Coarsen some onset dates, one a subject, where the coarse date still says which treatment."""
    changed = list(events)
    taken: set[str] = set()
    for cell, known, count in _PARTIAL:
        found = 0
        keys = {str(i): i for i, e in enumerate(events) if e.draft.cell == cell}
        for key in shuffled(keys, "partial", cell, known):
            event = changed[keys[key]]
            days = _unclear_days(persons[event.draft.subject], event, known)
            if found < count and days and event.draft.subject not in taken:
                changed[keys[key]] = _moved(event, chosen(days, key, "partial"), known)
                taken.add(event.draft.subject)
                found += 1
        if found < count:
            raise ValueError(f"demo: only {found} of {count} partial dates found in {cell}")
    return changed


def _moved(event: Event, onset: date, known: int) -> Event:
    lag = event.reported - event.account.onset
    return Event(event.draft, replace(event.account, onset=onset), onset + lag, known)


def _unclear_days(person: Subject, event: Event, known: int) -> list[date]:
    """The days to which an event may be moved and whose coarse date fits one treatment only.

    Also, no day that the coarse date allows and the treatment covers may be infusional, except in
    the first period, where each month has a cycle: there, its first day is not.
    """
    if event.draft.account or event.draft.kind.infusional:
        return []
    cell = event.draft.cell
    if cell == EXTENSION:
        return _days_after_last(person, known)
    return _days_in_whole_month(person, cell)


def _days_after_last(person: Subject, known: int) -> list[date]:
    first, last = room(person, person.cycles[-1], infusional=False)
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    return [day for day in days if _coarse_start(day, known) >= first]


def _days_in_whole_month(person: Subject, cell: str) -> list[date]:
    cycles = person.cycles_in(cell)
    after = [cycle.start for cycle in person.cycles if cycle.start > cycles[-1].start]
    if not after:
        return []
    free: list[date] = []
    for cycle in cycles:
        first, last = room(person, cycle, infusional=False)
        free += [first + timedelta(n) for n in range((last - first).days + 1)]
    return [
        day
        for day in free
        if (start := day.replace(day=1)) > cycles[0].start
        and start + timedelta(31) <= min(after)
        and not any(c.start <= start <= c.end + timedelta(INFUSIONAL_DAYS) for c in cycles)
    ]


def _coarse_start(day: date, known: int) -> date:
    return day.replace(month=1, day=1) if known == YEAR else day.replace(day=1)
