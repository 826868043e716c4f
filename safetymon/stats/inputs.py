"""What the methods ask of their inputs, refused in plain words.

Every check raises ValueError; the message names the value, what is wrong and what to give.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
IndexArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]


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


def one_tail(conf: float) -> float:
    """Return the error allowed on each side of an interval, (1 - conf) / 2."""
    return confidence_level(conf) / 2


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


def whole(values: ArrayLike, name: str) -> FloatArray:
    """Return counts as floats; a fraction, a NaN or a negative number is refused."""
    numbers = np.asarray(values, dtype=np.float64)
    if (bad := ~((numbers >= 0) & (numbers < np.inf) & (numbers == np.floor(numbers)))).any():
        raise ValueError(f"{name} must be a whole number of at least 0: found {numbers[bad][0]:g}")
    return numbers


def whole_numbers(values: ArrayLike, name: str) -> IntArray:
    """Return counts as integers, as `whole` checks them."""
    return whole(values, name).astype(np.int64)


def counts(x: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return x subjects of n as floats, broadcast; 0 <= x <= n is required."""
    x, n = np.broadcast_arrays(whole(x, "x"), whole(n, "n"))
    if (over := x > n).any():
        raise ValueError(f"x cannot exceed n: found x = {x[over][0]:.0f} of n = {n[over][0]:.0f}")
    return x, n
