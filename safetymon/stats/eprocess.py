"""Safe log-rank e-process: evidence against hazard ratio <= h0 that may be read at any time.

Source: ter Schure, Perez-Ortiz, Ly, Grunwald 2024, NEJSDS 2:190, with a uniform mixture over a grid
of hazard ratios. It has no horizon: under the null it ever reaches 1/alpha with chance alpha at
most. Events of one day are weighed against the risk set of its start, which is conservative.
"""

from typing import Final, NamedTuple

import numpy as np

from safetymon.stats.columns import columns
from safetymon.stats.inputs import FloatArray, IntArray
from safetymon.stats.steps import Steps

RATIOS: Final[FloatArray] = np.exp(np.linspace(np.log(1.25), np.log(8.0), 12))
"""Hazard ratios of the mixture."""

CELLS: Final = 2**15
"""Values of one ratio carried at a time, so that a block stays in the processor's cache."""


class EProcess(NamedTuple):
    """The running evidence of every term; the first block has one row per term and event day.

    Attributes:
        term: term of the row, (rows,).
        day: event day, (rows,).
        log_e: log E after the day, (rows,).
        current: log E now, 0 without an event, (terms,).
        highest: greatest log E so far, never below 0, (terms,).
    """

    term: IntArray
    day: IntArray
    log_e: FloatArray
    current: FloatArray
    highest: FloatArray


def eprocess(path: Steps) -> EProcess:
    """Run the e-process of every term.

    log E = logsumexp_g [sum_k (d_Tk log th_g - d_k log(1 + (th_g - 1) pi_k))] - log G.
    """
    side = columns(path)
    share = side.spread(path.share, 0.0)
    treated = side.spread(path.treated.astype(np.float64), 0.0)
    log_e = np.empty_like(share)
    width = max(1, CELLS // (share.shape[0] + 1))
    for begin in range(0, side.order.size, width):
        cells = (slice(side.length[begin]), slice(begin, begin + width))
        log_e[cells] = _mixture(share[cells], treated[cells])
    by_step = log_e[side.row, side.column]
    ends = np.flatnonzero(path.ends_day)
    term = path.term[ends]
    terms = path.uninformative.size
    current, highest = np.zeros(terms), np.zeros(terms)
    current[term] = by_step[ends]
    np.maximum.at(highest, term, by_step[ends])
    return EProcess(term, path.day[ends], by_step[ends], current, highest)


def _mixture(share: FloatArray, treated: FloatArray) -> FloatArray:
    """Log of the mean likelihood ratio over the grid after each step; (steps, columns)."""
    ratio = RATIOS[:, None]
    logs = treated[:, None] * np.log(ratio)
    logs -= np.log(1 + (ratio - 1) * share[:, None])
    for k in range(1, len(logs)):
        logs[k] += logs[k - 1]
    peak = logs.max(axis=1)
    logs -= peak[:, None]
    result: FloatArray = peak + np.log(np.exp(logs, out=logs).mean(axis=1))
    return result
