"""The two-group evidence a second time: loops and dictionaries, straight from the formulas.

Slow and unclever on purpose; the tests hold the vectorised modules against it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["weighted", "band"]
EDGES = [0, 1, 3, 7, 14, 28, 56, 112, 224, 448]


@dataclass(frozen=True)
class Subject:
    entry: int
    last: int
    treated: bool
    event: int = -1


@dataclass(frozen=True)
class Design:
    planned: int
    window: int
    alpha: float = 0.05
    h0: float = 1.0
    mode: Mode = "weighted"
    final: bool = False


@dataclass(frozen=True)
class Day:
    """One event day: for each informative event, is it on treatment, and its expected share."""

    day: int
    treated: tuple[bool, ...]
    shares: tuple[float, ...]
    fraction: float  # not capped


@dataclass(frozen=True)
class Row:
    day: int
    total: int
    total_treated: int
    boundary: int
    spent: float
    nearest: float  # smallest gap between a tail and the alpha it may take


def band(subject: Subject, day: int) -> int:
    return max(b for b, edge in enumerate(EDGES) if edge <= day - subject.entry)


def at_risk(subjects: Sequence[Subject], day: int) -> list[Subject]:
    return [s for s in subjects if s.entry <= day <= s.last and (s.event == -1 or s.event >= day)]


def weights(subjects: Sequence[Subject], day: int) -> dict[int, float]:
    """Pooled hazard by band: events before the day, days at risk up to it, and a prior."""
    begin = min(s.entry for s in subjects)
    events = Counter(band(s, s.event) for s in subjects if -1 < s.event < day)
    days = Counter(band(s, k) for k in range(begin, day + 1) for s in at_risk(subjects, k))
    if not days:
        return dict.fromkeys(range(len(EDGES)), 1.0)
    rate = (sum(events.values()) + 1) / sum(days.values())
    return {b: (events[b] + 1) / (days[b] + 1 / rate) for b in range(len(EDGES))}


def share(subjects: Sequence[Subject], case: Subject, mode: str) -> float | None:
    """Expected treated share of an event, None where a group is empty."""
    day = case.event
    here = at_risk(subjects, day)
    weight = weights(subjects, day)
    if mode == "band":
        here = [s for s in here if band(s, day) == band(case, day)]
        weight = dict.fromkeys(weight, 1.0)
    treated = sum(weight[band(s, day)] for s in here if s.treated)
    reference = sum(weight[band(s, day)] for s in here if not s.treated)
    return treated / (treated + reference) if treated and reference else None


def exposure(subjects: Sequence[Subject], day: int, design: Design) -> float:
    entered = [s for s in subjects if s.entry <= day]
    done = sum(min(day - s.entry + 1, design.window) for s in entered)
    return done / (design.planned * design.window)


def event_days(subjects: Sequence[Subject], design: Design) -> list[Day]:
    """Days with an informative event, in first-seen order."""
    days = []
    for day in sorted({s.event for s in subjects if s.event != -1}):
        cases = [s for s in subjects if s.event == day]
        found = [(s.treated, share(subjects, s, design.mode)) for s in cases]
        kept = [
            (treated, design.h0 * p / (design.h0 * p + 1 - p))
            for treated, p in found
            if p is not None
        ]
        if kept:
            treated, shares = zip(*kept, strict=True)
            days.append(Day(day, treated, shares, exposure(subjects, day, design)))
    return days


def walk(days: Sequence[Day], design: Design) -> list[Row]:
    """Carry the sub-density of the treated events over paths that have not signalled."""
    density, spent, total, treated = {0: 1.0}, 0.0, 0, 0
    rows = []
    for day in days:
        total, treated = total + len(day.shares), treated + sum(day.treated)
        for p in day.shares:
            after: dict[int, float] = defaultdict(float)
            for x, mass in density.items():
                after[x] += mass * (1 - p)
                after[x + 1] += mass * p
            density = after
        t = 1.0 if design.final and day is days[-1] else min(day.fraction, 1.0)
        budget = design.alpha * math.log(1 + (math.e - 1) * t)
        tails = {b: sum(m for x, m in density.items() if x >= b) for b in range(total + 2)}
        boundary = min(b for b, tail in tails.items() if spent + tail <= budget)
        nearest = min(abs(spent + tail - budget) for tail in tails.values())
        spent += tails[boundary]
        density = {x: m for x, m in density.items() if x < boundary}
        rows.append(Row(day.day, total, treated, boundary, spent, nearest))
    return rows


def log_e(days: Sequence[Day]) -> list[float]:
    """The safe log-rank e-process after each event day."""
    ratios = [math.exp(math.log(1.25) + i * (math.log(8) - math.log(1.25)) / 11) for i in range(12)]
    logs = [0.0] * 12
    evidence = []
    for day in days:
        for g, ratio in enumerate(ratios):
            logs[g] += sum(day.treated) * math.log(ratio)
            logs[g] -= sum(math.log(1 + (ratio - 1) * p) for p in day.shares)
        top = max(logs)
        evidence.append(top + math.log(sum(math.exp(v - top) for v in logs) / 12))
    return evidence
