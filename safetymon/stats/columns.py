"""Steps of many terms laid side by side, so that all terms advance together, event by event."""

from typing import NamedTuple

import numpy as np

from safetymon.stats.inputs import FloatArray, IntArray
from safetymon.stats.steps import Steps


class Columns(NamedTuple):
    """Steps side by side, a column a term, so that terms advance together.

    Attributes:
        order: term of each column, by falling number of steps, (terms,).
        length: steps of each column, (terms,).
        active: columns with more than k steps, (longest,).
        row: which step of its term a step is, from 0, (steps,).
        column: column of its term, (steps,).
    """

    order: IntArray
    length: IntArray
    active: IntArray
    row: IntArray
    column: IntArray

    def spread(self, values: FloatArray, fill: float) -> FloatArray:
        """Lay out one value a step as (longest, terms), ``fill`` where a term has no such step."""
        laid = np.full((self.active.size, self.order.size), fill)
        laid[self.row, self.column] = values
        return laid


def columns(path: Steps) -> Columns:
    """Lay the steps of all terms side by side."""
    terms = path.uninformative.size
    count = np.bincount(path.term, minlength=terms)
    order = np.argsort(-count, kind="stable")
    rank = np.empty(terms, np.int64)
    rank[order] = np.arange(terms)
    length = count[order]
    steps_ahead = np.arange(length[0] if terms else 0)
    first = np.cumsum(count) - count
    return Columns(
        order=order,
        length=length,
        active=np.searchsorted(-length, -steps_ahead, side="left"),
        row=np.arange(path.term.size) - first[path.term],
        column=rank[path.term],
    )
