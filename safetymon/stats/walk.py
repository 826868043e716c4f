"""ECL: the exact conditional log-rank walk, two groups at risk at the same time.

Given the risk sets, the treated events of a term are a walk of Bernoulli steps with known chances.
Carrying the exact distribution of the walk over all paths that have not yet signalled, and letting
the boundary absorb no more of it than the spending function allows, bounds the chance of a false
signal over the whole trial, however often the monitor looks. The walk is a pure function of the
steps: no look schedule and no planned event rate enter it.

Sources: Lan, DeMets 1983 (spending); Sellke, Siegmund 1983 (the log-rank score over calendar time);
the absorbing recursion is the exact one of a one-sided group-sequential binomial test.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.stats.absorbing import boundaries
from safetymon.stats.columns import Columns, columns
from safetymon.stats.inputs import BoolArray, FloatArray, IntArray, one_sided_level
from safetymon.stats.risksets import Mode, risk_tables
from safetymon.stats.steps import Steps, steps

ALPHA_GRID: Final[tuple[float, ...]] = tuple(0.1 * 2 ** (-0.9 * j) for j in range(20))
"""Levels at which the sequential p-value is tried, falling."""


class Walk(NamedTuple):
    """The walk of every term; the first block has one row per term and event day.

    Attributes:
        term: term of the row, (rows,).
        day: event day k, (rows,).
        events: d_k, informative first events on the day, (rows,).
        treated: d_Tk, those on treatment, (rows,).
        share: pi_k, expected treated share (mean over the day's events in band mode), (rows,).
        fraction: t_k, information fraction, capped at 1, (rows,).
        total: events so far, (rows,).
        total_treated: X_k, events on treatment so far, (rows,).
        boundary: b_k, signal at X_k >= b_k; one more than the largest X_k that a walk which
            has not signalled can have where none could signal, (rows,).
        spent: alpha spent up to and including the day, (rows,).
        crossed: X_k >= b_k, (rows,).
        first_signal: first day crossed, -1 where never, (terms,).
        beyond_plan: exposure has passed what was planned; nothing more is spent, (terms,).
        uninformative: events left out because a group was empty in the risk set, (terms,).
        reason: why the term cannot signal, empty where it can, (terms,).
    """

    term: IntArray
    day: IntArray
    events: IntArray
    treated: IntArray
    share: FloatArray
    fraction: FloatArray
    total: IntArray
    total_treated: IntArray
    boundary: IntArray
    spent: FloatArray
    crossed: BoolArray
    first_signal: IntArray
    beyond_plan: BoolArray
    uninformative: IntArray
    reason: tuple[str, ...]


def ecl(
    entry: npt.ArrayLike,
    last: npt.ArrayLike,
    treated: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    planned: int,
    window: int,
    alpha: float = 0.05,
    h0: float = 1.0,
    mode: Mode = "weighted",
    final: bool = False,
) -> Walk:
    """Walk one topic from per-subject arrays.

    Args:
        entry: day of first dose, counted from 0, (subjects,).
        last: last day at risk (window end, switch, withdrawal or data cut), (subjects,).
        treated: on treatment, (subjects,).
        event: day of the first event in first-seen order, -1 where none, (subjects,).
        planned: planned number of subjects, both groups together.
        window: planned days at risk per subject.
        alpha: one-sided chance of a false signal over the whole trial.
        h0: margin; tests hazard ratio <= h0.
        mode: ``weighted`` or ``band`` risk sets, see ``steps``.
        final: the final analysis: all remaining alpha may be spent on the last event day.

    Raises:
        ValueError: see ``risk_tables``, ``steps`` and ``walk``.
    """
    when = np.asarray(event, np.int64)
    who = np.flatnonzero(when != -1)
    horizon = int(when.max()) if who.size else None
    tables = risk_tables(entry, last, treated, planned=planned, window=window, horizon=horizon)
    topic = np.zeros(who.size, np.int64)
    path = steps(tables, topic, who, when[who], terms=1, mode=mode, h0=h0)
    return walk(path, alpha=alpha, final=final)


def walk(path: Steps, *, alpha: float = 0.05, final: bool = False) -> Walk:
    """Walk every term at one level.

    Raises:
        ValueError: alpha not between 0 and 0.5.
    """
    level = np.array([one_sided_level(alpha)])
    side = columns(path)
    fraction = information(path, final=final)
    boundary, spent = boundaries(path, side, fraction, level)
    ends = np.flatnonzero(path.ends_day)
    total, so_far = _totals(path, side)
    begins = np.concatenate([[0], ends[:-1] + 1])[: ends.size]
    events = ends - begins + 1
    treated = np.add.reduceat(path.treated, begins, dtype=np.int64) if ends.size else begins
    share = np.add.reduceat(path.share, begins) / events if ends.size else path.share
    bound, term, day = boundary[ends, 0], path.term[ends], path.day[ends]
    crossed = so_far[ends] >= bound
    terms = side.order.size
    return Walk(
        term=term,
        day=day,
        events=events,
        treated=treated,
        share=share,
        fraction=fraction[ends],
        total=total[ends],
        total_treated=so_far[ends],
        boundary=bound,
        spent=spent[ends, 0],
        crossed=crossed,
        first_signal=_first_days(term, day, crossed[:, None], terms)[:, 0],
        beyond_plan=np.bincount(term, path.fraction[ends] > 1, minlength=terms) > 0,
        uninformative=path.uninformative,
        reason=_reasons(path, term, total[ends] >= bound),
    )


def sequential_p(path: Steps, *, final: bool = False) -> FloatArray:
    """Smallest level of the grid at which each term has signalled by now, 1 where none, (terms,).

    It has signalled at all levels above it too: where boundaries are whole numbers, a walk can
    cross at a level and not at the one above, and would then be too small more often than it says.
    Levels below the grid's smallest, 7e-7, are not told apart.
    """
    crossed = np.logical_and.accumulate(crossing_days(path, final=final) >= 0, axis=1)
    smallest: FloatArray = np.where(crossed, np.array(ALPHA_GRID), 1.0).min(axis=1)
    return smallest


def crossing_days(
    path: Steps, *, levels: Sequence[float] = ALPHA_GRID, final: bool = False
) -> IntArray:
    """First day each term crosses at each level, -1 where never, (terms, levels)."""
    side = columns(path)
    boundary, _ = boundaries(path, side, information(path, final=final), np.array(levels))
    _, so_far = _totals(path, side)
    ends = path.ends_day
    crossed = so_far[ends, None] >= boundary[ends]
    return _first_days(path.term[ends], path.day[ends], crossed, side.order.size)


def information(path: Steps, *, final: bool = False) -> FloatArray:
    """Information fraction of each step, capped at 1; 1 on a term's last day if ``final``."""
    fraction = np.minimum(path.fraction, 1.0)
    if final:
        last = np.searchsorted(path.term, path.term, side="right") - 1
        fraction[path.day == path.day[last]] = 1.0
    return fraction


def _totals(path: Steps, side: Columns) -> tuple[IntArray, IntArray]:
    """Events and events on treatment of the term, up to and including each step."""
    running = np.concatenate([[0], np.cumsum(path.treated)])
    first = np.arange(path.term.size) - side.row
    return side.row + 1, running[1:] - running[first]


def _first_days(term: IntArray, day: IntArray, crossed: BoolArray, terms: int) -> IntArray:
    """First day crossed by term and level, -1 where never; (terms, levels)."""
    never = np.iinfo(np.int64).max
    first = np.full((terms, crossed.shape[1]), never)
    np.minimum.at(first, term, np.where(crossed, day[:, None], never))
    return np.where(first == never, -1, first)


def _reasons(path: Steps, term: IntArray, reachable: BoolArray) -> tuple[str, ...]:
    """Say of each term why it cannot signal."""
    terms = path.uninformative.size
    steps_ = np.bincount(path.term, minlength=terms).tolist()
    can = (np.bincount(term, reachable, minlength=terms) > 0).tolist()
    lost = path.uninformative.tolist()
    return tuple(_reason(*one) for one in zip(steps_, can, lost, strict=True))


def _reason(events: int, can: bool, lost: int) -> str:  # noqa: FBT001 - one row of a table
    if can:
        return ""
    if events:
        return (
            f"too few events: even {events} of {events} on treatment could not have signalled yet"
        )
    if lost:
        times = "at its event" if lost == 1 else f"at each of {lost} events"
        return f"no information: a group was empty at risk {times}"
    return "no events"
