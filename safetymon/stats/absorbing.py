"""The absorbing chain behind the walk: exact boundaries for all terms and levels at once.

The sub-density of the treated events, over paths that have not signalled, is carried forward one
event at a time. After each event day the highest states are absorbed while their whole tail fits
into what the Pocock-type spending function alpha log(1 + (e - 1) t) allows by then (Lan, DeMets
1983). Events of one day enter one by one at shares fixed at the day's start: with replacement,
which spreads the walk more than the truth does, and so is conservative.
"""

from typing import Final

import numpy as np

from safetymon.stats.columns import Columns
from safetymon.stats.inputs import FloatArray, IntArray
from safetymon.stats.steps import Steps

CELLS: Final = 2**17
"""States carried at a time: a megabyte, so that a step stays in the processor's cache."""


def boundaries(
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
    top, spent, column = np.zeros(width, np.int64), np.zeros(width), np.arange(width)
    boundary, total = np.empty(chance.shape, np.int64), np.empty(chance.shape)
    for k, m in enumerate(active.tolist()):
        rows = int(top[:m].max()) + 1
        up = np.multiply(mass[:rows, :m], chance[k, :m], out=moved[:rows, :m])
        mass[:rows, :m] -= up
        mass[1 : rows + 1, :m] += up
        top[:m] += 1
        cell = top[:m] * width + column[:m]
        live = np.flatnonzero(flat[cell] <= limit[k, :m] - spent[:m])
        while live.size:
            cell = top[live] * width + live
            spent[live] += flat[cell]
            flat[cell] = 0.0
            top[live] -= 1
            live = live[flat[cell - width] <= limit[k, live] - spent[live]]
        boundary[k], total[k] = top + 1, spent
    return boundary, total
