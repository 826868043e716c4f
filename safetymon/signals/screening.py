"""The tier 2 screen: every preferred term weighed against the reference, false discoveries held.

Source: statistics, section 5: Benjamini-Hochberg over the sequential p-values of the conditional
log-rank walk; what was flagged once stays flagged.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from safetymon.domain import Group
from safetymon.schema import SCREEN
from safetymon.signals.concurrent import tables_of, until
from safetymon.signals.evidence import FloatArray, IntArray, Units, date_of, day_of
from safetymon.signals.spans import First, Spans
from safetymon.signals.units import People, happened, left
from safetymon.stats.eprocess import eprocess
from safetymon.stats.screen import screen
from safetymon.stats.steps import Left, steps
from safetymon.stats.walk import sequential_p
from safetymon.study import Evidence


def screen_terms(
    plan: Evidence,
    groups: Sequence[Group],
    people: People,
    flags: pl.DataFrame,
    cutoff: date,
    look: int,
) -> pl.DataFrame:
    """Every preferred term in every group with a reference (`schema.SCREEN`), by evidence.

    A subject counts once a term, for its first event in either group. `flags` is one row a term
    and group flagged at a look before: term, group, since_look. Without a planned size or with
    `screen_q` 0 there is no screen and no row.
    """
    if not (plan.screen_q and plan.planned_subjects and plan.window_days):
        return pl.DataFrame(schema=SCREEN)
    today, final = until(plan.final_analysis, day_of(cutoff))
    known = people.occurrences.filter(pl.col("seen") <= date_of(today), level="pt")
    made = [
        _group(plan, group, people, known, flags.filter(group=group.name), today, look, final=final)
        for group in groups
        if group.reference
    ]
    return pl.concat([pl.DataFrame(schema=SCREEN), *made])


def _group(
    plan: Evidence,
    group: Group,
    people: People,
    known: pl.DataFrame,
    flags: pl.DataFrame,
    today: int,
    look: int,
    *,
    final: bool,
) -> pl.DataFrame:
    spans = people.spans(group.name, group.reference)
    before = dict(flags.select("term", "since_look").rows())
    codes = known["term"].rank("dense").to_numpy().astype(np.int64) - 1
    first = spans.firsts(happened(known), codes)
    seen = known["term"].unique().sort().gather(np.unique(first.term)).to_list()
    spelt = {term.upper(): term for term in seen}
    before = {spelt.get(t.upper(), t): n for t, n in sorted(before.items(), key=lambda x: -x[1])}
    terms = sorted({*seen, *before})
    first = first._replace(term=_places(terms, seen)[np.unique(first.term, return_inverse=True)[1]])
    found = _weighed(plan, spans, first, len(terms), today, final=final)
    held = screen(found.p, q=plan.screen_q, previous=[t in before for t in terms])
    flagged = held.flagged.tolist()
    return pl.DataFrame(
        {
            "term": terms,
            "group": group.name,
            "reference": group.reference,
            "treated_events": found.treated,
            "events": found.events,
            "p": found.p,
            "log_e": found.log_e,
            "flagged": flagged,
            "since_look": [
                before.get(t, look) if on else None for t, on in zip(terms, flagged, strict=True)
            ],
        },
        schema=SCREEN,
    ).sort("p", "term")


def _places(keys: Sequence[str], wanted: Sequence[str]) -> IntArray:
    """Where each wanted key stands among the keys."""
    place = {key: i for i, key in enumerate(keys)}
    return np.array([place[key] for key in wanted], np.int64)


class Weighed(NamedTuple):
    """Each term's first events while both groups were at risk, and what they say; (terms,)."""

    treated: IntArray
    events: IntArray
    p: FloatArray
    log_e: FloatArray


def _weighed(
    plan: Evidence, spans: Spans, first: First, terms: int, today: int, *, final: bool
) -> Weighed:
    """Every term's evidence; p-value 1 and e-value 1 where nobody was at risk.

    All terms share one table of risk sets, and take out of it who was counted for them.
    """
    begun = spans.entry <= today
    if not begun.any():
        none = np.zeros(terms, np.int64)
        return Weighed(none, none, np.ones(terms), np.zeros(terms))
    known = _everyone(spans).known_by(today)
    tables = tables_of(known, plan.planned_subjects or 1, plan.window_days or 1, today)
    row = np.cumsum(begun) - 1  # of the tables, which hold who has begun by this day
    gone, own = left(spans, first), begun[first.unit]
    gone = Left(*(each[begun[gone.subject]] for each in gone))
    path = steps(
        tables, first.term[own], row[first.unit[own]], first.seen[own], terms=terms,
        left=gone._replace(subject=row[gone.subject]),
    )  # fmt: skip
    return Weighed(
        np.bincount(path.term[path.treated], minlength=terms),
        np.bincount(path.term, minlength=terms),
        sequential_p(path, final=final),
        eprocess(path).current,
    )


def _everyone(spans: Spans) -> Units:
    """The units of a comparison before anybody is counted, in the order of the spans."""
    none = np.full(spans.entry.size, -1, np.int64)
    names = tuple(spans.names[i] for i in spans.subject.tolist())
    return Units(names, spans.entry, spans.last, none, spans.treated, none, dosed=spans.dosed)
