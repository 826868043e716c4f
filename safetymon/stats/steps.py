"""The steps of a walk: every first event with the treated share expected of it.

A **step** is one counted event of one term. Steps stand in the order in which the monitor first saw
the events; what was expected of each is what the log-rank walk and the safe log-rank e-process
weigh. All terms of a trial are worked out together, in time proportional to their events.
"""

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.stats.inputs import BoolArray, FloatArray, IntArray
from safetymon.stats.risksets import (
    Mode,
    RiskTables,
    band_of,
    breaks,
)

CELLS: Final = 2**16
"""Numbers worked on at a time: a few arrays of this size fit the processor's cache."""

# The C library gives freed memory back to the system, to be faulted in again by the next array,
# until it has seen one large array freed. Half of the time below would go into that.
np.empty(2**20)


class Steps(NamedTuple):
    """One row per counted event, sorted by term and day.

    Attributes:
        term: term of the step, (steps,).
        day: day in the order the monitor first saw the events, (steps,).
        treated: the subject was on treatment, (steps,).
        share: probability under the margin that the step is on treatment, (steps,).
        fraction: information fraction on that day, not capped at 1, (steps,).
        ends_day: last step of its term and day, (steps,); ties are weighed together.
        uninformative: events left out because a group was empty in the risk set, (terms,).
    """

    term: IntArray
    day: IntArray
    treated: BoolArray
    share: FloatArray
    fraction: FloatArray
    ends_day: BoolArray
    uninformative: IntArray


class Left(NamedTuple):
    """Rows that leave the risk sets of a term although they have no event that counts for it.

    A subject has one row a stay, and is counted once: in its other rows it is at risk no longer.

    Attributes:
        term: the term, (rows,).
        subject: row of the tables, (rows,).
        since: first day on which it is not at risk any more; on or before its entry where it never
            is, and then its exposure does not count for the term, (rows,).
    """

    term: IntArray
    subject: IntArray
    since: IntArray


def steps(
    tables: RiskTables,
    term: npt.ArrayLike,
    subject: npt.ArrayLike,
    day: npt.ArrayLike,
    *,
    terms: int,
    mode: Mode = "weighted",
    h0: float = 1.0,
    left: Left | None = None,
) -> Steps:
    """Give every first event its expected treated share, for all terms of a trial at once.

    ``weighted``: band b of time since first dose weighs w_b = (D_b + 1) / (E_b + 1/lam), where D_b
    and E_b are the term's pooled events before the day and pooled days at risk up to it, and
    lam = (sum D_b + 1) / sum E_b; share = sum_b w_b n_Tb / sum_b w_b (n_Tb + n_Cb). ``band``:
    share = n_Tb / (n_Tb + n_Cb) in the band of the event. Each n counts subjects at risk at the
    start of the day who have not been counted for the term. An event whose risk set lacks a group
    carries no information: it is left out and its number reported. An event may be counted after
    its subject's last day at risk (late entry into the database); it is weighed against the risk
    set of the day it was first seen.

    Args:
        tables: the trial's risk tables.
        term: term of each first event, 0 to terms - 1, (events,).
        subject: row of the subject in the tables, (events,); at most one event a subject and term.
        day: day of the event in first-seen order, (events,).
        terms: number of terms, those without an event included.
        mode: which risk set weighs an event.
        h0: margin; shares are those under a hazard ratio of h0.
        left: rows that leave a term's risk sets without an event of their own.

    Raises:
        ValueError: lengths or ranges are wrong, a subject is counted twice for a term, an event
            comes before its subject's first dose or after the horizon, mode unknown, h0 not > 0.
    """
    events = _sorted_events(tables, term, subject, day, terms)
    if mode not in ("weighted", "band"):
        raise ValueError(f"mode must be 'weighted' or 'band', not {mode!r}")
    if not 0 < h0 < np.inf:
        raise ValueError(f"the margin h0 must be a positive number, not {h0}")
    expected = _weighted if mode == "weighted" else _band
    gone = _departed(tables, events, left)
    groups = np.empty((events.day.size, 2))
    for begin, end in _blocks(events, terms, tables.days):
        part = slice(*np.searchsorted(events.term, (begin, end)).tolist())
        groups[part] = expected(tables, events.of(begin, end), gone.of(begin, end), end - begin)
    informative = groups.min(axis=1, initial=np.inf) > 0
    share = groups[informative, 1] / groups[informative].sum(axis=1)
    of_term, when = events.term[informative], events.day[informative]
    return Steps(
        term=of_term,
        day=when + tables.origin,
        treated=tables.treated[events.subject[informative]],
        share=h0 * share / (h0 * share + 1 - share),
        fraction=tables.fraction(tables.exposed[when] - _never_in(tables, of_term, when, left)),
        ends_day=_ends_day(of_term, when),
        uninformative=np.bincount(events.term[~informative], minlength=terms),
    )


class _Events(NamedTuple):
    """First events sorted by term, day, subject; days from the tables' origin.

    An event counted late can lie beyond the bands of the tables: its band is the one after them.
    """

    term: IntArray
    subject: IntArray
    day: IntArray
    band: IntArray

    def of(self, begin: int, end: int) -> "_Events":
        """Those of a run of terms, counted from its first."""
        part = slice(*np.searchsorted(self.term, (begin, end)).tolist())
        return _Events(self.term[part] - begin, *(column[part] for column in self[1:]))


class _Departed(NamedTuple):
    """Rows that leave the risk sets of a term, sorted by term: the counted, and those of `Left`."""

    term: IntArray
    subject: IntArray
    since: IntArray

    def of(self, begin: int, end: int) -> "_Departed":
        """Those of a run of terms, counted from its first."""
        part = slice(*np.searchsorted(self.term, (begin, end)).tolist())
        return _Departed(self.term[part] - begin, self.subject[part], self.since[part])


def _departed(tables: RiskTables, events: _Events, left: Left | None) -> _Departed:
    counted = _Departed(events.term, events.subject, events.day + (tables.origin + 1))
    if left is None or not left.term.size:
        return counted
    whole = [np.concatenate(pair) for pair in zip(counted, left, strict=True)]
    order = np.argsort(whole[0], kind="stable")
    return _Departed(*(column[order] for column in whole))


def _never_in(tables: RiskTables, term: IntArray, when: IntArray, left: Left | None) -> IntArray:
    """Exposure by each step of the rows that its term never had at risk, (steps,)."""
    lost = np.zeros(term.size, np.int64)
    if left is None:
        return lost
    entry = tables.entry[left.subject]
    never = (left.since <= entry) & (tables.dosed[left.subject] == entry)
    for of_term, day in zip(left.term[never].tolist(), entry[never].tolist(), strict=True):
        part = slice(*np.searchsorted(term, (of_term, of_term + 1)).tolist())
        lost[part] += np.clip(when[part] + (tables.origin - day + 1), 0, tables.window)
    return lost


def _sorted_events(
    tables: RiskTables, term: npt.ArrayLike, subject: npt.ArrayLike, day: npt.ArrayLike, terms: int
) -> _Events:
    of_term, who = np.asarray(term, np.int64), np.asarray(subject, np.int64)
    when = np.asarray(day, np.int64) - tables.origin
    if not of_term.ndim == 1 or not of_term.shape == who.shape == when.shape:
        raise ValueError("term, subject and day must be arrays of one length")
    if of_term.size and not (of_term.min() >= 0 and of_term.max() < terms):
        raise ValueError(f"a term is outside 0..{terms - 1}")
    if who.size and not (who.min() >= 0 and who.max() < tables.entry.size):
        raise ValueError(f"a subject is outside 0..{tables.entry.size - 1}")
    since = when + tables.origin - tables.entry[who]
    if (since < 0).any() or (when > tables.days - 2).any():
        raise ValueError("an event is before its subject's first dose or after the horizon")
    pair = np.sort(of_term * tables.entry.size + who)
    if (pair[1:] == pair[:-1]).any():
        raise ValueError("a subject is counted twice for one term: give first events only")
    order = np.argsort((of_term * tables.days + when) * tables.entry.size + who)
    dosed = when + tables.origin - tables.dosed[who]
    band = np.minimum(band_of(dosed), tables.person_days.shape[1])
    return _Events(of_term[order], who[order], when[order], band[order])


def _blocks(events: _Events, terms: int, days: int) -> list[tuple[int, int]]:
    """Runs of terms whose working arrays fit the cache together."""
    cells = days // 2 + 20 * (1 + np.bincount(events.term, minlength=terms))
    block = np.cumsum(cells) // CELLS
    starts = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), terms]
    return list(pairwise(starts)) if terms else []


class _Rows(NamedTuple):
    """An empty row, then for each term one row per event, in order, and a closing row.

    Attributes:
        day: day of the row, (rows,).
        before: closing row of the term before, (rows,).
        of_event: row of each event, (events,).
        now: first row of each event's day, (events,).
        seek: first row on or after a day, by term * days + day, (terms * days,).
    """

    day: IntArray
    before: IntArray
    of_event: IntArray
    now: IntArray
    seek: npt.NDArray[np.int32]


def _rows(events: _Events, terms: int, days: int) -> _Rows:
    rows = np.bincount(events.term, minlength=terms) + 1
    term = np.repeat(np.arange(terms), rows)
    of_event = np.arange(1, events.term.size + 1) + events.term
    day = np.full(term.size + 1, days - 1)
    day[of_event] = events.day
    before = np.zeros_like(day)
    before[1:] = (np.cumsum(rows) - rows)[term]
    gaps = np.diff(term * days + day[1:], prepend=-1)
    seek = np.repeat(np.arange(1, day.size, dtype=np.int32), gaps)
    now = seek.take(events.term * days + events.day).astype(np.int64)
    return _Rows(day, before, of_event, now, seek)


def _remaining(tables: RiskTables, gone: _Departed, rows: _Rows) -> tuple[IntArray, IntArray]:
    """Subjects at risk (rows, 2, bands) and pooled person-days (rows, bands) of those not counted.

    A counted subject leaves the risk set the day after the event: from then on each band it would
    have passed through lacks one subject from one break to the next. Adding breaks up in row order
    gives the subjects; adding up their days gives the person-days, (day + 1) n - sum of breaks.
    """
    reached, begun = _departures(tables, gone, rows)
    counted = _inside(np.cumsum(reached, axis=0, out=reached))
    days = _inside(np.cumsum(begun, axis=0, out=begun))
    days -= days.take(rows.before, axis=0)
    days -= (rows.day + 1)[:, None] * (counted[:, 0] + counted[:, 1])
    days += tables.person_days.take(rows.day, axis=0)
    at_risk = tables.at_risk.take(rows.day, axis=0)
    at_risk -= counted
    return at_risk, days


def _departures(tables: RiskTables, left: _Departed, rows: _Rows) -> tuple[IntArray, IntArray]:
    """Breaks of the departed by row, group and band; and the sum of their days by row and band."""
    who, n, edges = left.subject, rows.day.size, tables.person_days.shape[1] + 1
    gone = breaks(tables.dosed[who], left.since, tables.last[who], edges - 1)
    gone -= tables.origin
    slot = rows.seek.take(gone + (left.term * tables.days)[:, None])
    cell = slot * edges + np.arange(edges)
    begun = np.bincount(cell.ravel(), gone.ravel(), n * edges).astype(np.int64)
    cell += (slot + tables.treated[who][:, None]) * edges
    reached = np.bincount(cell.ravel(), minlength=n * 2 * edges)
    return reached.reshape(n, 2, edges), begun.reshape(n, edges)


def _inside(reached: IntArray) -> IntArray:
    """What is in each band: what has reached it, less what has reached the next."""
    inside: IntArray = reached[..., :-1] - reached[..., 1:]
    return inside


def _weighted(tables: RiskTables, events: _Events, gone: _Departed, terms: int) -> FloatArray:
    """Weighted subjects at risk by group for each event; zero where nobody is, (events, 2)."""
    rows = _rows(events, terms, tables.days)
    at_risk, exposure = _remaining(tables, gone, rows)
    event = np.zeros((rows.day.size, exposure.shape[1] + 1), np.int64)
    event[rows.of_event, events.band] = 1
    through = np.cumsum(event, axis=0)
    before = through - event - through.take(rows.before, axis=0)
    mean = np.maximum(_sum(exposure), 1.0) / (_sum(before) + 1.0)
    weight = (before[:, :-1] + 1) / (exposure + mean[:, None])
    groups: FloatArray = np.einsum("rb,rab->ra", weight, at_risk.astype(np.float64))
    return groups.take(rows.now, axis=0)


def _sum(counts: IntArray) -> FloatArray:
    """Row sums; several times faster than ``sum`` on rows this short."""
    return counts @ np.ones(counts.shape[1])


def _band(tables: RiskTables, events: _Events, gone: _Departed, terms: int) -> FloatArray:
    """Subjects at risk by group in the band of each event; zero beyond the bands, (events, 2)."""
    rows = _rows(events, terms, tables.days)
    at_risk, _ = _remaining(tables, gone, rows)
    beyond = np.zeros((*at_risk.shape[:2], 1), np.int64)
    found = np.concatenate([at_risk, beyond], axis=2)[rows.now, :, events.band]
    return found.astype(np.float64)


def _ends_day(term: IntArray, day: IntArray) -> BoolArray:
    """True on the last step of each term and day."""
    ends = np.ones(term.size, np.bool_)
    ends[:-1] = (term[1:] != term[:-1]) | (day[1:] != day[:-1])
    return ends
