"""What the single-group methods ask of their inputs, refused in plain words.

Every check raises ValueError; the message names the value, what is wrong and what to give.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def one_sided_level(alpha: float) -> float:
    """Return alpha if it lies strictly between 0 and 0.5."""
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha:g}: give a one-sided level between 0 and 0.5")
    return float(alpha)


def confidence_level(conf: float) -> float:
    """Return the two-sided tail area 1 - conf of a confidence level between 0 and 1."""
    if not 0 < conf < 1:
        raise ValueError(f"the confidence level is {conf:g}: give one between 0 and 1, say 0.95")
    return 1.0 - float(conf)


def rates(values: ArrayLike, name: str = "background") -> FloatArray:
    """Return risks strictly between 0 and 1 as floats, whatever their shape."""
    risk = np.asarray(values, dtype=np.float64)
    if not np.all((risk > 0) & (risk < 1)):
        bad = risk[~((risk > 0) & (risk < 1))].flat[0]
        raise ValueError(f"{name} is {bad:g}: give a risk between 0 and 1, say 0.01 for 1%")
    return risk


def planned_subjects(planned: int) -> int:
    """Return the planned number of subjects if it is a whole number of at least 1."""
    if planned != int(planned) or planned < 1:
        raise ValueError(f"planned is {planned}: give a whole number of subjects, at least 1")
    return int(planned)


def whole_numbers(values: ArrayLike, name: str) -> IntArray:
    """Return counts as integers; a fraction, a NaN or a negative number is refused."""
    raw = np.asarray(values, dtype=np.float64)
    if not np.all((raw >= 0) & (raw == np.floor(raw)) & np.isfinite(raw)):
        raise ValueError(f"{name} must be whole numbers of at least 0")
    return raw.astype(np.int64)


def counts(x: ArrayLike, n: ArrayLike) -> tuple[IntArray, IntArray]:
    """Return subjects with an event and subjects, broadcast; 0 <= x <= n is required."""
    events = whole_numbers(x, "subjects with an event")
    subjects = whole_numbers(n, "subjects")
    if np.any(events > subjects):
        raise ValueError("more subjects with an event than subjects: check the denominator")
    x_all, n_all = np.broadcast_arrays(events, subjects)
    return x_all, n_all
