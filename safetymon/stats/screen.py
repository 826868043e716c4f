"""The tier 2 screen: many terms at once, false discoveries held, flags that stay."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.stats.inputs import BoolArray
from safetymon.stats.multiplicity import benjamini_hochberg


class Screen(NamedTuple):
    """One look's flags, one row a term.

    Attributes:
        flagged: flagged now or at any look before, (terms,).
        new: flagged for the first time, (terms,).
        held: flagged before, and no longer by this look's data alone, (terms,).
    """

    flagged: BoolArray
    new: BoolArray
    held: BoolArray


def screen(p: npt.ArrayLike, *, q: float = 0.10, previous: npt.ArrayLike | None = None) -> Screen:
    """Benjamini-Hochberg at q over sequential p-values; once flagged stays flagged.

    Args:
        p: sequential p-value of every term of the screen, those without an event included as 1,
            (terms,). Running-maximum e-values must not be fed in as 1/E.
        q: bound on the false discovery rate, between 0 and 1.
        previous: terms flagged at any look before, (terms,); none if left out.

    Raises:
        ValueError: a p-value is outside 0 to 1, q is outside (0, 1), or lengths differ.

    Source: Benjamini, Hochberg 1995; for safety terms Mehrotra, Adewale 2012.
    """
    values = np.asarray(p, np.float64)
    before = (
        np.zeros(values.shape, np.bool_) if previous is None else np.asarray(previous, np.bool_)
    )
    if values.ndim != 1 or values.shape != before.shape:
        raise ValueError("p and previous must be arrays of one length")
    if np.isnan(values).any():
        raise ValueError("a p-value is missing: give 1 for a term without an event")
    now = benjamini_hochberg(values, q)
    return Screen(flagged=now | before, new=now & ~before, held=before & ~now)
