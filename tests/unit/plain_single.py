"""The single-arm evidence a second time: one day, one subject, one event after the other.

Slow and unclever on purpose, written from the formulas; nothing of safetymon is imported.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Person:
    """Days; `seen` is when the first event was first seen (-1: none), `onset` when it began."""

    name: str
    entry: int
    last: int
    seen: int = -1
    onset: int = -1
    away: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Day:
    """What a rule sees on one day; `limit` none where it has no boundary there."""

    day: int
    count: int
    of: float
    limit: int | None
    expected: float
    log_e: float | None = None
    spent: float | None = None

    @property
    def crossed(self) -> bool:
        return self.limit is not None and self.count >= self.limit


def has_event(person: Person, day: int, window: int | None = None) -> bool:
    inside = window is None or person.onset - person.entry < window
    return -1 < person.seen <= day and inside


@cache
def boundary(
    planned: int, p0: float, alpha: float, shape: str, last: int
) -> list[tuple[int, float]]:
    """(stop at, alpha spent) for n = 1 to last."""
    alive, spent, rows = {0: 1.0}, 0.0, []
    for n in range(1, last + 1):
        after = dict.fromkeys(range(n + 1), 0.0)
        for x, f in alive.items():
            after[x] += f * (1 - p0)
            after[x + 1] += f * p0
        t = min(n / planned, 1.0)
        budget = alpha * (t if shape == "linear" else math.log(1 + (math.e - 1) * t))
        stop = max(after) + 1
        while stop and spent + sum(f for x, f in after.items() if x >= stop - 1) <= budget:
            stop -= 1
        spent += sum(f for x, f in after.items() if x >= stop)
        alive = {x: f for x, f in after.items() if x < stop}
        rows.append((stop, spent))
    return rows


def log_e(x: int, n: int, p0: float) -> float:
    """Beta(1, b) cut to risks above p0, against p0."""
    b = 1 / min(2 * p0, (1 + p0) / 2) - 1
    return (
        log_beta(1 + x, b + n - x) + math.log(upper_tail(p0, 1 + x, b + n - x))
        - log_beta(1, b) - math.log(upper_tail(p0, 1, b))
        - x * math.log(p0) - (n - x) * math.log(1 - p0)
    )  # fmt: skip


def log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def upper_tail(p0: float, a: int, b: float) -> float:
    """P(Beta(a, b) > p0) for a whole a."""
    terms = (
        math.exp(math.lgamma(b + j) - math.lgamma(b) - math.lgamma(j + 1) + j * math.log(p0))
        for j in range(a)
    )
    return (1 - p0) ** b * sum(terms)


def chance(x: int, n: int, p0: float) -> float:
    """P(X >= x), X binomial."""
    return sum(math.comb(n, k) * p0**k * (1 - p0) ** (n - k) for k in range(x, n + 1))


def dosed(people: Sequence[Person], day: int, window: int | None) -> tuple[int, float]:
    here = [p for p in people if p.entry <= day]
    return sum(has_event(p, day, window) for p in here), len(here)


def matured(people: Sequence[Person], day: int, window: int) -> tuple[int, float]:
    closed = [p for p in people if day - p.entry + 1 >= window]
    return sum(has_event(p, day, window) for p in closed), len(closed)


def km(people: Sequence[Person], day: int, window: int) -> tuple[int, float]:
    here = [p for p in people if p.entry <= day]
    had = [has_event(p, day, window) for p in here]
    time = [
        (p.onset if e else min(p.last, day)) - p.entry + 1 for p, e in zip(here, had, strict=True)
    ]
    time = [min(t, window) for t in time]
    n = len(here)
    points = sorted({0, *time})
    reach = max(u for u in points if sum(t >= u for t in time) >= LEAST_SHARE * n)

    def incidence(at: float) -> float:
        survival = 1.0
        for u in points:
            if 0 < u <= at:
                events = sum(e and t == u for t, e in zip(time, had, strict=True))
                survival *= 1 - events / sum(t >= u for t in time)
        return 1 - survival

    whole = incidence(reach) + 1 / n
    weight = [
        1.0 if e or t >= window else (incidence(min(t, reach)) + t / (window * n)) / whole
        for t, e in zip(time, had, strict=True)
    ]
    return sum(had), sum(weight)


def background(
    people: Sequence[Person],
    cutoff: int,
    *,
    p0: float,
    planned: int,
    alpha: float = 0.05,
    shape: str = "pocock",
    denominator: str = "dosed",
    window: int | None = None,
) -> list[Day]:
    """The rule on every day from the first dose to the cut-off."""
    rows = []
    for day in range(min(p.entry for p in people), cutoff + 1):
        if denominator == "dosed":
            x, n = dosed(people, day, window)
        else:
            x, n = (matured if denominator == "matured" else km)(people, day, window or 0)
        whole = math.ceil(n - 1e-9)
        stop, spent = boundary(planned, p0, alpha, shape, whole)[-1] if whole else (None, 0.0)
        rows.append(Day(day, x, n, stop, whole * p0, log_e(x, whole, p0), spent))
    return rows


def protocol(
    people: Sequence[Person], cutoff: int, table: Sequence[tuple[int, int]], p0: float
) -> list[Day]:
    """Of the first n dosed, how many had an event; the row of the table nearest to its limit."""
    rows = []
    ordered = sorted(people, key=lambda p: (p.entry, p.name))
    for day in range(ordered[0].entry, cutoff + 1):
        here = [p for p in ordered if p.entry <= day]
        asked = [
            (min(stop, n + 1) - x, n, x, min(stop, n + 1))
            for n, stop in table
            if n <= len(here)
            for x in [sum(has_event(p, day) for p in here[:n])]
        ]
        if asked:
            _, n, x, stop = min(asked, key=lambda row: row[0])
            rows.append(Day(day, x, n, stop, n * p0))
        else:
            x = sum(has_event(p, day) for p in here)
            rows.append(Day(day, x, len(here), None, len(here) * p0))
    return rows


def at_risk(person: Person, day: int) -> bool:
    """On treatment, and not yet counted."""
    away = any(first <= day <= last for first, last in person.away)
    counted = -1 < person.seen < day
    return person.entry <= day <= person.last and not away and not counted


def log_e_rate(d: int, mu: float) -> float:
    """Gamma(1, 1/2) cut to ratios above 1, against 1."""
    z, term, total = 0.5 + mu, 1.0, 0.0
    for j in range(d + 1):
        term /= z
        total += term
        term *= d - j
    return math.log(0.5 * total)


def llr(d: int, mu: float) -> float:
    return mu - d + d * math.log(d / mu) if d > mu else 0.0


def rate(
    people: Sequence[Person],
    cutoff: int,
    *,
    per_100py: float,
    alpha: float,
    horizon: float | None = None,
    critical: float = 0.0,
) -> list[Day]:
    """Events against those expected in the time at risk; with a horizon MaxSPRT, else mixture."""
    rows, days = [], 0
    for day in range(min(p.entry for p in people), cutoff + 1):
        days += sum(at_risk(p, day) for p in people)
        years = days / 365.25
        mu, d = years * per_100py / 100, 1
        x = sum(has_event(p, day) for p in people)
        if horizon is None:
            while log_e_rate(d, mu) < math.log(1 / alpha):
                d += 1
        else:
            while llr(d, mu) < critical:
                d += 1
        over = horizon is not None and mu > horizon
        rows.append(Day(day, x, years, None if over else d, mu, log_e_rate(x, mu)))
    return rows
