"""Evidence for the fixture look: small paths, strips and a screen, typed or counted up in the open.

The numbers have the size and shape of real ones and rest on no method: a page to look at needs
rows, and a test that reads the page back needs to know them.
"""

import math
from datetime import date, timedelta

import polars as pl

from safetymon import schema
from safetymon.domain import ALL_SUBJECTS, Scope

AGAINST, WALK, STRIP_ONLY, POOLED = (
    "Thromboembolism, related: against 1%",
    "Headache, all events: First period, IVIg against its reference",
    "Nausea, all events: All IVIg against a background risk",
    "Thromboembolism, pooled: against 1%",
)
START = date(2017, 3, 6)
LIMITS = ((1, 2), (20, 3), (60, 4))
"""From so many subjects counted on, the boundary is so many subjects with an event."""
BACKGROUNDS = (0.005, 0.01, 0.02, 0.05)
STRIP = {
    # limit now, chance of as many, natural logarithm of the e-value, boundary ever reached
    0.005: (3, 0.000125, 5.292, True),
    0.01: (4, 0.002752, 3.385, True),
    0.02: (6, 0.042361, 1.249, False),
    0.05: (10, 0.518136, -1.223, False),
}


def signals(scope: Scope, look: int) -> list[dict[str, object]]:
    """The verdicts of the rules that weigh evidence: raised (fragile), no signal, none, pooled."""
    pooled = _signal(POOLED, ALL_SUBJECTS, "background", "raised", look) | {
        "value": 5.0, "limit": 4.0, "e_value": 29.5, "crossed_on": _day(50), "reason": "new data",
        "text": "5 of 95 subjects with an event; boundary reached on 19 Feb 2018.",
    }  # fmt: skip
    if scope == "open":
        return [pooled]
    against = pooled | {"rule": AGAINST, "group": "All IVIg", "fragile": True}
    against["text"] = f"{against['text']} One subject fewer would clear it."
    walk = _signal(WALK, "First period, IVIg", "ecl", "no signal", 1) | {
        "value": 20.0, "limit": 25.0, "e_value": 1565.0, "looks": look,
        "text": "20 of 40 first events on treatment; the boundary is 25.",
    }  # fmt: skip
    strip = _signal(STRIP_ONLY, "All IVIg", "background", "not applicable", 1) | {
        "text": "Not applicable: no background rate given.",
        "looks": look,
    }
    return [against, walk, strip, pooled]


def _signal(rule: str, group: str, method: str, verdict: str, since: int) -> dict[str, object]:
    return {
        "rule": rule, "topic": "thromboembolism" if rule.startswith("Thromb") else "headache",
        "group": group,
        "method": method, "verdict": verdict, "value": None, "limit": None, "since_look": since,
        "text": "", "e_value": None, "crossed_on": None, "looks": 1, "against": 0,
        "fragile": False, "reason": None,
    }  # fmt: skip


def _day(week: int) -> date:
    return START + timedelta(weeks=week)


def evidence(scope: Scope) -> pl.DataFrame:
    """Paths: 95 subjects, one a week, five with an event; 40 first events of two groups."""
    pooled = against_background(POOLED)
    if scope == "open":
        return pooled
    return pl.concat([against_background(AGAINST), walk(WALK), pooled])


def against_background(rule: str) -> pl.DataFrame:
    """One subject a week, events in weeks 10, 25, 50, 58 and 80; the boundary of `LIMITS`."""
    rows = []
    for n in range(1, 96):
        count = sum(n >= week for week in (10, 25, 50, 58, 80))
        limit = max(limit for least, limit in LIMITS if n >= least)
        rows.append(
            (rule, _day(n), count, float(n), float(limit), n / 95, n / 100, n / 2000,
             0.7 * count - n / 100, count >= limit)
        )  # fmt: skip
    return pl.DataFrame(rows, schema=schema.EVIDENCE, orient="row")


def walk(rule: str) -> pl.DataFrame:
    """40 event days, every second event on treatment, never at the boundary."""
    rows = [
        (rule, _day(2 * k), (k + 1) // 2, float(k), float(k // 2 + 5), k / 50, 0.52 - k / 1000,
         k / 1000, 7.3556 * k / 40, False)
        for k in range(1, 41)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=schema.EVIDENCE, orient="row")


def poisson(rule: str) -> pl.DataFrame:
    """A path without a boundary on the count."""
    rows = [
        (rule, _day(k), k // 5, 1.5 * k, None, None, 0.1 * k, None, 0.2 * k, k >= 20)
        for k in range(1, 31)
    ]
    return pl.DataFrame(rows, schema=schema.EVIDENCE, orient="row")


def protocol(rule: str) -> pl.DataFrame:
    """A path of a protocol's table: nobody asked before the tenth subject."""
    rows = [
        (rule, _day(k), k // 10, float(10 * (k // 10) or k), 3.0 if k >= 10 else None,
         k / 30, k / 50, None, None, False)
        for k in range(1, 31)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=schema.EVIDENCE, orient="row")


def sensitivity(scope: Scope) -> pl.DataFrame:
    """Strips of the single-arm rules; that of `STRIP_ONLY` has no background of its own."""
    rules = (POOLED,) if scope == "open" else (AGAINST, STRIP_ONLY, POOLED)
    rows = [
        (rule, p, 5, 95, float(limit), chance, log_e, crossed)
        for rule in rules
        for p, (limit, chance, log_e, crossed) in STRIP.items()
    ]
    return pl.DataFrame(rows, schema=schema.SENSITIVITY, orient="row")


def screen(names: tuple[str, ...], look: int) -> pl.DataFrame:
    """Every term; the first was flagged at look 2, the last at this one, and one is undecided."""
    rows = []
    for place, name in enumerate(names):
        events = 2 + place * 7 % 12
        flagged = place in (0, len(names) - 1)
        p = 0.00068 if flagged else 0.0536 if place == 3 else 1.0
        log_e = math.log(1500) if flagged else 0.8 - (place % 17) / 8
        since = (2 if place == 0 else look) if flagged else None
        rows.append(
            (name, "First period, IVIg", "First period, placebo", place * 5 % (events + 1), events,
             p, log_e, flagged, since)
        )  # fmt: skip
    made = pl.DataFrame(rows, schema=schema.SCREEN, orient="row")
    return made.sort("p", "term")


def cards(rule: str) -> pl.DataFrame:
    """A rule's card, without harm and with one; and a rule that was not simulated."""
    basis = "95 subjects entering over 1007 days, as observed"
    rows = [
        (rule, "subjects", "no harm", 1.0, 2000, 0.2436, 0.0096, None, None, basis),
        (rule, "subjects", "risk x2", 2.0, 2000, 0.85, 0.008, 210.0, 61.0, basis),
        (WALK, "ecl", "no harm", 1.0, 0, None, None, None, None, "Not simulated: no plan."),
    ]
    return pl.DataFrame(rows, schema=schema.CARDS, orient="row")


def many(rules: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(signals, evidence) of so many rules that nothing else sets apart."""
    names = [f"Rule {number:02d}" for number in range(1, rules + 1)]
    rows = [
        _signal(name, "First period, IVIg", "ecl", "no signal", 1)
        | {"value": 20.0, "limit": 25.0, "text": "20 of 40 first events on treatment."}
        for name in names
    ]
    return (
        pl.DataFrame(rows, schema=schema.SIGNALS),
        pl.concat([walk(name) for name in names]),
    )
