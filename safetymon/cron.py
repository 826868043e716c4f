"""Cron settings as pure values: which local times they mean, and which instants those are.

Five fields: minute, hour, day of the month, month, day of the week; each `*`, a value, a range
`a-b`, a list `a,b`, or steps `*/n`, `a-b/n`. Days of the week are names: programs disagree on
whether 1 is Sunday, Monday or Tuesday, and a look on the wrong day is worse than a refusal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = timedelta(days=1)
_HORIZON = 9 * 366
"""Days within which every possible date comes: 29 February skips eight years around 2100."""


class Cron(NamedTuple):
    """A cron setting: the values each field allows. Days of the week: 0 is Monday."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def on(self, day: date) -> bool:
        """Whether a local date has due times."""
        return day.month in self.months and day.day in self.days and day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: what it is called, its lowest and highest value, names for them."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> frozenset[int]:
        """Every value that `text` allows."""
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        first, last = self._span(span)
        if slash and (not _is_number(step) or int(step) == 0):
            raise ValueError(f"{self.name} '{part}': the step after / is a whole number above 0")
        if slash and span != "*" and "-" not in span:
            raise ValueError(f"{self.name} '{part}': a step needs * or a range before it")
        return range(first, last + 1, int(step or 1))

    def _span(self, span: str) -> tuple[int, int]:
        if span == "*":
            return self.low, self.high
        first, dash, last = span.partition("-")
        a = self._value(first)
        b = self._value(last) if dash else a
        if a > b:
            raise ValueError(f"{self.name} '{span}': ends before it begins; write two ranges")
        return a, b

    def _value(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.low
        if _is_number(text) and self.low <= int(text) <= self.high:
            return int(text)
        names = f"; or write {', '.join(self.names)}" if self.names else ""
        raise ValueError(
            f"{self.name} '{text}': is not a number from {self.low} to {self.high}{names}"
        )


class _Weekday(_Field):
    """The day of the week, by name only."""

    def _value(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text)
        raise ValueError(
            f"{self.name} '{text}': write names ({', '.join(DAYS)}), not numbers; programs "
            "disagree on which day 1 is"
        )


_MINUTE, _HOUR = _Field("minute", 0, 59), _Field("hour", 0, 23)
_DAY_OF_MONTH, _MONTH = _Field("day of the month", 1, 31), _Field("month", 1, 12, MONTHS)
_DAY_OF_WEEK = _Weekday("day of the week", 0, 6, DAYS)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def parsed(text: str) -> Cron:
    """The cron setting that `text` writes.

    Raises:
        ValueError: Which field is wrong, and what to write instead.
    """
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(
            f"'{text}' has {len(fields)} fields; write minute, hour, day of the month, month and "
            'day of the week, for instance "0 6 * * mon"'
        )
    minute, hour, day, month, weekday = fields
    if "*" not in (day, weekday):
        raise ValueError(
            f"'{text}' gives days of the month and of the week; programs disagree on what both "
            "mean: leave one of them *"
        )
    cron = Cron(
        tuple(sorted(_MINUTE.values(minute))),
        tuple(sorted(_HOUR.values(hour))),
        _DAY_OF_MONTH.values(day),
        _MONTH.values(month),
        _DAY_OF_WEEK.values(weekday),
    )
    if not any(cron.on(date(2096, 1, 1) + n * _DAY) for n in range(_HORIZON)):
        raise ValueError(f"'{text}' never comes: no such date exists")
    return cron


def times(cron: Cron, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """The due times in (after, until], as UTC instants, in order, each once.

    A local time that comes twice (clocks go back) is due the first time; one that is skipped
    (clocks go forward) is due at the first instant after the gap.
    """
    day = after.astimezone(zone).date() - _DAY
    last = until.astimezone(zone).date() + _DAY
    latest = after
    while day <= last:
        for instant in _of_day(cron, zone, day):
            if latest < instant <= until:
                latest = instant
                yield instant
        day += _DAY


def following(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime:
    """The first due time after an instant, UTC."""
    return next(times(cron, zone, after, after + _HORIZON * _DAY))


def _of_day(cron: Cron, zone: ZoneInfo, day: date) -> list[datetime]:
    """The due times of a local date, in order; skipped ones fall together."""
    if not cron.on(day):
        return []
    return sorted({
        instant(datetime.combine(day, time(hour, minute)), zone)
        for hour in cron.hours
        for minute in cron.minutes
    })  # fmt: skip


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time: the first of two, or the end of the gap it falls into."""
    here = local.replace(tzinfo=zone)
    utc = here.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local:
        return utc
    # In a gap, fold 1 reads the time with the offset after it, which gives an earlier instant.
    before, gone = here.replace(fold=1).astimezone(UTC), utc
    while gone - before > timedelta(seconds=1):
        middle = before + (gone - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            gone = middle
    return gone
