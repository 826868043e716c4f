"""ECL: the exact conditional log-rank walk, two groups at risk at the same time.

Given the risk sets, the treated events of a term are a walk of Bernoulli steps with known chances.
Carrying the exact distribution of the walk over all paths that have not yet signalled, and letting
the boundary absorb no more of it than the spending function allows, bounds the chance of a false
signal over the whole trial, however often the monitor looks. The walk is a pure function of the
steps: no look schedule and no planned event rate enter it.

Sources: Lan, DeMets 1983 (spending); Sellke, Siegmund 1983 (the log-rank score over calendar time);
the absorbing recursion is the exact one of a one-sided group-sequential binomial test.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.stats.inputs import BoolArray, FloatArray, IntArray, one_sided_level
from safetymon.stats.risksets import Mode, risk_tables
from safetymon.stats.steps import Columns, Steps, columns, steps

ALPHA_GRID: Final[tuple[float, ...]] = tuple(0.1 * 2 ** (-0.9 * j) for j in range(20))
"""Levels at which the sequential p-value is tried, falling."""

CELLS: Final = 2**16
"""States carried at a time: half a megabyte, so that a step stays in the processor's cache."""


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
        boundary: b_k, signal at X_k >= b_k; total + 1 where no outcome could signal, (rows,).
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
        entry: day of first dose, (subjects,).
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
    boundary, spent = _boundaries(path, side, fraction, level)
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

    Levels below the grid's smallest, 7e-7, are not told apart.
    """
    crossed = crossing_days(path, final=final) >= 0
    smallest: FloatArray = np.where(crossed, np.array(ALPHA_GRID), 1.0).min(axis=1)
    return smallest


def crossing_days(path: Steps, *, final: bool = False) -> IntArray:
    """First day each term crosses at each level of the grid, -1 where never, (terms, levels)."""
    side = columns(path)
    boundary, _ = _boundaries(path, side, information(path, final=final), np.array(ALPHA_GRID))
    _, so_far = _totals(path, side)
    ends = path.ends_day
    crossed = so_far[ends, None] >= boundary[ends]
    return _first_days(path.term[ends], path.day[ends], crossed, side.order.size)


def information(path: Steps, *, final: bool = False) -> FloatArray:
    """Information fraction of each step, capped at 1; 1 on a term's last day if ``final``."""
    fraction = np.minimum(path.fraction, 1.0)
    if final and fraction.size:
        latest = np.zeros(path.uninformative.size, np.int64)
        np.maximum.at(latest, path.term, path.day)
        fraction[path.day == latest[path.term]] = 1.0
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
        return f"too few events: {events}, all on treatment, could not have signalled yet"
    if lost:
        return f"no information: a group was empty at risk at each of {lost} events"
    return "no events"


def _boundaries(
    path: Steps, side: Columns, fraction: FloatArray, levels: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Boundary and alpha spent at each step and level, (steps, levels)."""
    spend = np.where(path.ends_day, np.log1p(np.expm1(1.0) * fraction), -1.0)
    share, target = side.spread(path.share, 0.0), side.spread(spend, -1.0)
    shape = (side.active.size, side.order.size, levels.size)
    boundary, spent = np.empty(shape, np.int64), np.empty(shape)
    for begin, end in _blocks(side.length, levels.size):
        longest, cells = side.length[begin], (slice(side.length[begin]), slice(begin, end))
        active = np.clip(side.active[:longest] - begin, 0, end - begin) * levels.size
        chance = np.repeat(share[cells], levels.size, axis=1)
        limit = (target[cells][:, :, None] * levels).reshape(chance.shape)
        found = _absorb(chance, limit, active)
        boundary[cells], spent[cells] = (x.reshape(longest, -1, levels.size) for x in found)
    return boundary[side.row, side.column], spent[side.row, side.column]


def _blocks(length: IntArray, levels: int) -> list[tuple[int, int]]:
    """Runs of columns whose states fit the cache, longest first."""
    blocks, begin = [], 0
    count = int(np.count_nonzero(length))
    while begin < count:
        width = max(1, CELLS // ((int(length[begin]) + 1) * levels))
        blocks.append((begin, min(begin + width, count)))
        begin += width
    return blocks


def _absorb(chance: FloatArray, limit: FloatArray, active: IntArray) -> tuple[IntArray, FloatArray]:
    """Walk all columns; before each step ``spent`` of the paths have signalled, at ``limit`` most.

    ``mass[x]`` is the probability of x treated events without a signal so far. After a step the
    highest states are absorbed one by one while the budget allows: the boundary is the lowest state
    whose whole tail could be absorbed. A limit below zero absorbs nothing (a tie still open).
    """
    longest, width = chance.shape
    mass = np.zeros((longest + 2, width))
    mass[0] = 1.0
    moved, flat = np.empty_like(mass), mass.ravel()
    top, spent = np.zeros(width, np.int64), np.zeros(width)
    boundary, total = np.empty(chance.shape, np.int64), np.empty(chance.shape)
    for k, m in enumerate(active.tolist()):
        rows = int(top[:m].max()) + 1
        up = np.multiply(mass[:rows, :m], chance[k, :m], out=moved[:rows, :m])
        mass[:rows, :m] -= up
        mass[1 : rows + 1, :m] += up
        top[:m] += 1
        live = np.arange(m)
        while live.size:
            cell = top[live] * width + live
            ok = flat[cell] <= limit[k, live] - spent[live]
            live, cell = live[ok], cell[ok]
            spent[live] += flat[cell]
            flat[cell] = 0.0
            top[live] -= 1
        boundary[k], total[k] = top + 1, spent
    return boundary, total
