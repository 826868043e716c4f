"""The tier 2 screen: every preferred term weighed against the reference, false discoveries held.

Source: statistics, section 5: Benjamini-Hochberg over the sequential p-values of the conditional
log-rank walk; what was flagged once stays flagged.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from safetymon.domain import Group
from safetymon.schema import SCREEN
from safetymon.signals.evidence import IntArray
from safetymon.signals.units import units
from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import risk_tables
from safetymon.stats.screen import screen
from safetymon.stats.steps import steps
from safetymon.stats.walk import sequential_p
from safetymon.study import Evidence

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
    events = occurrences.filter(level="pt")
    made = [
        _group(plan, group, members, events, flags.filter(group=group.name), cutoff, look)
        for group in groups
        if group.reference
    ]
    return pl.concat([pl.DataFrame(schema=SCREEN), *made])


def _group(
    plan: Evidence,
    group: Group,
    members: pl.DataFrame,
    events: pl.DataFrame,
    flags: pl.DataFrame,
    cutoff: date,
    look: int,
) -> pl.DataFrame:
    everyone = units(members, events.clear(), group.name, group.reference)
    today = (cutoff - _EPOCH).days
    if not everyone.treated.any() or everyone.treated.all():
        return pl.DataFrame(schema=SCREEN)
    sides = [group.name, group.reference]
    firsts = _firsts(members.filter(pl.col("group").is_in(sides)), events)
    terms = sorted({*firsts["term"].to_list(), *flags["term"].to_list()})
    position = {
        (name, treated): i
        for i, (name, treated) in enumerate(
            zip(everyone.subject, everyone.treated.tolist(), strict=True)
        )
    }
    who = [
        position[name, side == group.name]
        for name, side in firsts.select("subject", "group").rows()
    ]
    day = np.maximum(firsts["day"].to_numpy(), everyone.entry[who])
    code = np.searchsorted(terms, firsts["term"].to_list()) if terms else np.empty(0, np.int64)
    tables = risk_tables(
        everyone.entry, np.minimum(everyone.last, today), everyone.treated,
        planned=plan.planned_subjects or 1, window=plan.window_days or 1, horizon=today,
    )  # fmt: skip
    path = steps(tables, code, np.array(who, np.int64), day, terms=len(terms))
    p = sequential_p(path)
    before = dict(flags.select("term", "since_look").rows())
    flagged = screen(p, q=plan.screen_q, previous=[t in before for t in terms]).flagged
    treated = np.array(who, np.int64)
    return pl.DataFrame(
        {
            "term": terms,
            "group": group.name,
            "reference": group.reference,
            "treated_events": _count(code[everyone.treated[treated]], len(terms)),
            "events": _count(code, len(terms)),
            "p": p,
            "log_e": eprocess(path).current,
            "flagged": flagged,
            "since_look": [
                before.get(t, look) if on else None for t, on in zip(terms, flagged, strict=True)
            ],
        },
        schema=SCREEN,
    ).sort("p", "term")


def _firsts(members: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row a term and subject: the group and day of the first event in either group."""
    joined = events.select("term", "row", "seen").join(
        members.select("group", "row", "subject"), on="row"
    )
    return (
        joined.sort("term", "subject", "seen", "group")
        .unique(["term", "subject"], keep="first", maintain_order=True)
        .with_columns(pl.col("seen").to_physical().cast(pl.Int64).alias("day"))
    )


def _count(codes: IntArray, terms: int) -> IntArray:
    return np.bincount(codes, minlength=terms)
