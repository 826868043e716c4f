"""The tier 2 screen: every preferred term weighed against the reference, false discoveries held.

Source: statistics, section 5: Benjamini-Hochberg over the sequential p-values of the conditional
log-rank walk; what was flagged once stays flagged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from safetymon.domain import Group
from safetymon.schema import SCREEN
from safetymon.signals.concurrent import steps_of, tables_of
from safetymon.signals.evidence import FloatArray, IntArray, Units
from safetymon.signals.units import firsts, stays, units
from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import RiskTables
from safetymon.stats.screen import screen
from safetymon.stats.steps import Steps, steps
from safetymon.stats.walk import sequential_p
from safetymon.study import EclRule, Evidence

_EPOCH = date(1970, 1, 1)


def screen_terms(
    plan: Evidence,
    groups: Sequence[Group],
    members: pl.DataFrame,
    occurrences: pl.DataFrame,
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
    known = occurrences.filter(pl.col("seen") <= cutoff, level="pt")
    made = [
        _group(plan, _Pair(group, members, known, cutoff), flags.filter(group=group.name), look)
        for group in groups
        if group.reference
    ]
    return pl.concat([pl.DataFrame(schema=SCREEN), *made])


@dataclass(frozen=True, slots=True)
class _Pair:
    """A group beside its reference, and the events known of both."""

    group: Group
    members: pl.DataFrame
    events: pl.DataFrame
    cutoff: date

    @property
    def today(self) -> int:
        return (self.cutoff - _EPOCH).days

    def units(self, events: pl.DataFrame) -> Units:
        made = units(self.members, events, self.group.name, self.group.reference)
        return made.known_by(self.today)

    def tables(self, known: Units, plan: Evidence) -> RiskTables:
        planned, window = plan.planned_subjects or 1, plan.window_days or 1
        return tables_of(known, planned, window, self.today)


def _group(plan: Evidence, pair: _Pair, flags: pl.DataFrame, look: int) -> pl.DataFrame:
    rows = stays(pair.members, pair.group.name, pair.group.reference).collect()
    first = firsts(pair.events, rows.lazy(), ["term"]).collect()
    before = dict(flags.select("term", "since_look").rows())
    terms = sorted({*first["term"].to_list(), *before})
    code = _places(terms, first["term"])
    treated = (first["group"] == pair.group.name).to_numpy()
    p, log_e = _weighed(plan, pair, first, rows, terms)
    flagged = screen(p, q=plan.screen_q, previous=[t in before for t in terms]).flagged
    since = [before.get(t, look) if on else None for t, on in zip(terms, flagged, strict=True)]
    return pl.DataFrame(
        {
            "term": terms,
            "group": pair.group.name,
            "reference": pair.group.reference,
            "treated_events": np.bincount(code[treated], minlength=len(terms)),
            "events": np.bincount(code, minlength=len(terms)),
            "p": p,
            "log_e": log_e,
            "flagged": flagged,
            "since_look": since,
        },
        schema=SCREEN,
    ).sort("p", "term")


def _places(keys: Iterable[object], wanted: Iterable[object]) -> IntArray:
    """Where each wanted key stands among the keys."""
    place = {key: i for i, key in enumerate(keys)}
    return np.array([place[key] for key in wanted], np.int64)


def _weighed(
    plan: Evidence, pair: _Pair, first: pl.DataFrame, rows: pl.DataFrame, terms: list[str]
) -> tuple[FloatArray, FloatArray]:
    """Sequential p-value and log e-value of every term; 1 and 0 where nobody was at risk."""
    everyone = pair.units(pair.events.clear())
    if not everyone.entry.size:
        return np.ones(len(terms)), np.zeros(len(terms))
    day = first.select(pl.col("entry", "seen").to_physical().cast(pl.Int64))
    keys = zip(first["subject"], first["group"] == pair.group.name, day["entry"], strict=True)
    who, code = _places(_keys(everyone), keys), _places(terms, first["term"])
    tables = pair.tables(everyone, plan)
    p, log_e = _evidence(steps(tables, code, who, day["seen"].to_numpy(), terms=len(terms)))
    for term in _still_at_risk(first, rows):
        at = terms.index(term)
        (p[at],), (log_e[at],) = _alone(plan, pair, term)
    return p, log_e


def _keys(everyone: Units) -> Iterator[tuple[str, bool, int]]:
    """Subject, side and first day: no two units share all three."""
    sides, days = everyone.treated.tolist(), everyone.entry.tolist()
    return zip(everyone.subject, sides, days, strict=True)


def _still_at_risk(first: pl.DataFrame, rows: pl.DataFrame) -> list[str]:
    """Terms of which some counted subject would still be at risk in another stay.

    The risk sets that all terms share do not know that such a subject has been counted.
    """
    others = rows.unique(["subject", "stay"]).select(
        "subject", other="stay", begins="entry", ends="last"
    )
    after = (pl.col("begins") >= pl.col("seen")) | (pl.col("ends") > pl.col("seen"))
    left = first.join(others, on="subject").filter(pl.col("other") != pl.col("stay"), after)
    return left["term"].unique().sort().to_list()


def _alone(plan: Evidence, pair: _Pair, term: str) -> tuple[FloatArray, FloatArray]:
    """One term with risk sets of its own."""
    known = pair.units(pair.events.filter(term=term))
    rule = EclRule(method="ecl", topic=term, group=pair.group.name)
    return _evidence(steps_of(pair.tables(known, plan), known, rule))


def _evidence(path: Steps) -> tuple[FloatArray, FloatArray]:
    return sequential_p(path), eprocess(path).current
