"""Who is in the demo trial: 95 subjects, their arms, infusion cycles, switches and withdrawals.

A subject who plays a published part (a serious event, a withdrawal) is fixed here by arm and by
place in that arm's order of randomisation; the rest are ordinary. No patient resembles a real one.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from safetymon.demo.dice import roll, shuffled

IVIG_DRUG, PLACEBO_DRUG = "OCTAGAM 10%", "PLACEBO"

# A cell is what a subject takes in one period: the rooms into which the published events divide.
FIRST_IVIG, FIRST_PLACEBO, EXTENSION = "first IVIg", "first placebo", "extension IVIg"
IVIG_CELLS = (FIRST_IVIG, EXTENSION)

FIRST_RANDOMISED = date(2017, 2, 27)  # the first day of the trial on ClinicalTrials.gov
ENROLMENT_DAYS = 900
BLOCKS = 11 * (4,) + (3,)  # IVIg a block; placebo 4 a block: 47 + 48
SITES = 24
FIRST_CYCLES, ALL_CYCLES = 4, 10  # weeks 0 to 12, then weeks 16 to 36
WEEK_40 = 280

PARTS: dict[tuple[str, int], str] = {
    # the patients of the published listings, by their number there
    ("IVIG", 7): "1", ("PLACEBO", 9): "2", ("IVIG", 17): "3", ("PLACEBO", 3): "4",
    ("IVIG", 12): "5", ("PLACEBO", 32): "6", ("PLACEBO", 25): "7", ("IVIG", 30): "8",
    ("PLACEBO", 18): "9", ("PLACEBO", 38): "10", ("IVIG", 39): "11",
    # thromboembolic and unrelated, first period; early switchers
    ("IVIG", 21): "tee", ("PLACEBO", 5): "switch-a", ("PLACEBO", 14): "switch-b",
    ("PLACEBO", 22): "switch-c", ("PLACEBO", 33): "switch-d", ("PLACEBO", 41): "switch-e",
    # serious and unrelated
    ("IVIG", 26): "pneumonia", ("IVIG", 4): "sepsis", ("PLACEBO", 12): "fall",
    ("PLACEBO", 28): "weakness", ("PLACEBO", 20): "cancer", ("IVIG", 34): "gallbladder",
    ("PLACEBO", 16): "gut", ("PLACEBO", 36): "chest",
    # withdrawn for an unrelated event; suspected thrombosis that the adjudicators refuted
    ("IVIG", 44): "lung", ("PLACEBO", 44): "flare", ("IVIG", 10): "refuted",
}  # fmt: skip

# part -> cycles before the change to IVIg (early switch: week 8 after 2, week 12 after 3)
SWITCH_AFTER = {"switch-a": 2, "switch-b": 2, "switch-c": 3, "switch-d": 2, "switch-e": 3}

# part -> cycles taken in all before leaving because of an adverse event
LEFT_FOR_EVENT = {
    "1": 2, "tee": 3, "switch-d": 3, "2": 6, "3": 7, "4": 5, "8": 6, "9": 5, "10": 5, "11": 7,
    "cancer": 8, "lung": 6, "flare": 7,
}  # fmt: skip

# the others who left: place in the arm -> cycles taken in all, reason
LEFT_OTHERWISE: dict[tuple[str, int], tuple[int, str]] = {
    ("PLACEBO", 41): (4, "lack of efficacy"),
    ("IVIG", 2): (5, "withdrawal by subject"),
    ("PLACEBO", 7): (6, "lack of efficacy"),
    ("IVIG", 14): (6, "withdrawal by subject"),
    ("PLACEBO", 15): (7, "lost to follow-up"),
    ("IVIG", 23): (7, "lack of efficacy"),
    ("PLACEBO", 24): (6, "withdrawal by subject"),
    ("IVIG", 29): (8, "withdrawal by subject"),
    ("PLACEBO", 30): (7, "lack of efficacy"),
    ("IVIG", 36): (6, "physician decision"),
    ("PLACEBO", 40): (8, "withdrawal by subject"),
    ("IVIG", 42): (8, "lack of efficacy"),
}


@dataclass(frozen=True, slots=True)
class Cycle:
    """One infusion cycle: its number within the subject, where it belongs, first and last day."""

    number: int
    cell: str
    start: date
    end: date
    dose: str

    @property
    def period(self) -> str:
        """The period as the infusion listing names it."""
        return "Extension" if self.cell == EXTENSION else "First"

    @property
    def drug(self) -> str:
        """The drug as the infusion listing names it."""
        return PLACEBO_DRUG if self.cell == FIRST_PLACEBO else IVIG_DRUG


@dataclass(frozen=True, slots=True)
class Subject:
    """A synthetic participant; ``part`` is empty for all who play no published part."""

    id: str
    part: str
    site: str
    arm: str
    randomised: date
    cycles: tuple[Cycle, ...]
    left: date
    reason: str

    def cycles_in(self, cell: str) -> tuple[Cycle, ...]:
        """The cycles of one cell, in order; none if the subject never was there."""
        return tuple(cycle for cycle in self.cycles if cycle.cell == cell)


def subjects() -> tuple[Subject, ...]:
    """Return the 95 subjects in the order of their randomisation."""
    days, arms = _randomisation_days(), _arms()
    places = {"IVIG": 0, "PLACEBO": 0}
    people = []
    for number, (day, arm) in enumerate(zip(days, arms, strict=True), start=1):
        places[arm] += 1
        people.append(_subject(f"PD-{number:03d}", arm, places[arm], day))
    return tuple(people)


def _arms() -> list[str]:
    """The arm of each subject in order: permuted blocks."""
    arms: list[str] = []
    for block, ivig in enumerate(BLOCKS):
        size = ivig + 4
        slots = shuffled(map(str, range(size)), "block", block)
        arms += ["IVIG" if slot in slots[:ivig] else "PLACEBO" for slot in map(str, range(size))]
    return arms


def _randomisation_days() -> list[date]:
    """One day a subject, a little faster as more sites open; never at a weekend."""
    last = sum(BLOCKS) + 4 * len(BLOCKS) - 1
    offsets = [round(ENROLMENT_DAYS * (i / last) ** 0.85) for i in range(last + 1)]
    moved = [day + (roll(9, "accrual", i) if 0 < i < last else 0) for i, day in enumerate(offsets)]
    return [_weekday(FIRST_RANDOMISED + timedelta(offset)) for offset in sorted(moved)]


def _weekday(day: date) -> date:
    return day if day.isoweekday() <= 5 else day + timedelta(8 - day.isoweekday())


def _subject(identifier: str, arm: str, place: int, randomised: date) -> Subject:
    part = PARTS.get((arm, place), "")
    taken, reason = _participation(part, arm, place)
    first_dose = randomised + timedelta(1 + roll(3, identifier, "first dose"))
    cycles = tuple(
        _cycle(identifier, arm, SWITCH_AFTER.get(part, FIRST_CYCLES), number, first_dose)
        for number in range(1, taken + 1)
    )
    follow_up = cycles[-1].end + timedelta(31 + roll(5, identifier, "left"))
    left = first_dose + timedelta(WEEK_40) if reason == "completed" else follow_up
    site = f"S{1 + roll(SITES, identifier, 'site'):02d}"
    return Subject(identifier, part, site, arm, randomised, cycles, left, reason)


def _participation(part: str, arm: str, place: int) -> tuple[int, str]:
    if part in LEFT_FOR_EVENT:
        return LEFT_FOR_EVENT[part], "adverse event"
    return LEFT_OTHERWISE.get((arm, place), (ALL_CYCLES, "completed"))


def _cycle(identifier: str, arm: str, switch_after: int, number: int, first_dose: date) -> Cycle:
    start = first_dose + timedelta(28 * (number - 1))
    end = start + timedelta(1 + roll(4, identifier, "length", number))  # given over 2 to 5 days
    if number > FIRST_CYCLES:
        # from week 28 a stable subject may take half the dose
        halved = number >= 8 and roll(3, identifier, "halved") == 0
        return Cycle(number, EXTENSION, start, end, "1.0" if halved else "2.0")
    if arm == "IVIG" or number > switch_after:
        return Cycle(number, FIRST_IVIG, start, end, "2.0")
    return Cycle(number, FIRST_PLACEBO, start, end, "0.0")


def one_with(people: tuple[Subject, ...], part: str) -> Subject:
    """Return the subject who plays a part."""
    return next(person for person in people if person.part == part)
