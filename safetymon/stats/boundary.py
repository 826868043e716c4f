"""Stopping boundaries for one group against an acceptable risk, and what they do exactly.

A boundary is a table "stop at >= stop_at among n". `stop_at = n + 1` means that this n
cannot stop, whatever happens (the convention of the R package stoppingrule). A boundary
speaks only at the n it lists: elsewhere, and beyond its last n, the answer is n + 1.

Method: exact binomial recursion over paths that have not yet signalled, with alpha spent as
the information fraction n / planned grows (Lan, DeMets 1983; Ivanova, Qaqish, Schell 2005;
Martens, Logan 2024). The false-signal probability holds at any number of looks, because a
look between two subjects adds no path that the recursion has not counted.
"""

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import (
    FloatArray,
    IntArray,
    one_sided_level,
    planned_subjects,
    rates,
    whole_numbers,
)
from safetymon.stats.special import betainc, ndtr, ndtri

Shape = Literal["pocock", "linear", "obrien-fleming"]


class Boundary(NamedTuple):
    """Stop at >= stop_at[i] subjects with an event among n[i]; both (looks,), n increasing."""

    n: IntArray
    stop_at: IntArray


class OperatingCharacteristics(NamedTuple):
    """What a boundary does at each true rate; every array is (rates,)."""

    rate: FloatArray
    power: FloatArray  # probability of a signal; at the background: the false-signal probability
    mean_subjects: FloatArray  # subjects when the boundary stops, else all those planned
    mean_events: FloatArray  # subjects with an event by then


def spending(shape: Shape, t: ArrayLike, alpha: float = 0.05) -> FloatArray:
    """Return the alpha spent by information fraction t, capped at t = 1 where it is alpha.

    Args:
        shape: "pocock", alpha log(1 + (e-1) t); "linear", alpha t; or "obrien-fleming",
            2 - 2 Phi(z / sqrt(t)) with Phi(z) = 1 - alpha/2 (Lan, DeMets 1983).
        t: Information fractions, any shape; below 0 counts as 0, above 1 as 1.
        alpha: One-sided level of the whole trial.

    Raises:
        ValueError: alpha outside (0, 0.5), or an unknown shape.
    """
    level = one_sided_level(alpha)
    fraction = np.clip(np.asarray(t, dtype=np.float64), 0.0, 1.0)
    if shape == "pocock":
        return np.asarray(level * np.log1p(math.expm1(1.0) * fraction))
    if shape == "linear":
        return np.asarray(level * fraction)
    if shape == "obrien-fleming":
        root = np.sqrt(np.maximum(fraction, np.finfo(np.float64).tiny))
        return np.asarray(2.0 * ndtr(ndtri(level / 2.0) / root))
    raise ValueError(f"spending shape {shape!r} is unknown: choose from {list(get_args(Shape))}")


def binomial_boundary(
    planned: int,
    background: float,
    alpha: float = 0.05,
    shape: Shape = "pocock",
    *,
    subjects: int | None = None,
) -> Boundary:
    """Return the exact binomial spending boundary for n = 1..planned.

    Args:
        planned: Planned number of subjects; the information fraction of n is n / planned.
        background: Acceptable risk p0.
        alpha: One-sided false-signal probability allowed over the whole trial.
        shape: Spending shape, see `spending`.
        subjects: If more subjects than planned have come, continue the table to this n. The
            information fraction stays at 1, so only what the steps of the binomial left of
            alpha is spent; the false-signal probability stays <= alpha.

    Raises:
        ValueError: background outside (0, 1), alpha outside (0, 0.5), planned below 1.
    """
    size, p0 = planned_subjects(planned), float(rates(background))
    n = np.arange(1, max(size, subjects or 0) + 1, dtype=np.int64)
    allowed = spending(shape, n / size, alpha)
    stop_at = np.empty_like(n)
    alive, spent = np.ones(1), 0.0
    for i, budget in enumerate(allowed):
        alive = _one_more_subject(alive, p0)
        tail = np.cumsum(alive[::-1])
        absorbed = int(np.searchsorted(tail, budget - spent, side="right"))
        stop_at[i] = alive.size - absorbed
        spent += tail[absorbed - 1] if absorbed else 0.0
        alive = alive[: stop_at[i]]
    return Boundary(n, stop_at)


def protocol_boundary(n: ArrayLike, stop_at: ArrayLike) -> Boundary:
    """Return a table given by the user, "stop at >= stop_at among n", as a boundary.

    Raises:
        ValueError: n not increasing from 1, stop_at below 1, or lengths that differ.
    """
    looks, limits = whole_numbers(n, "n"), whole_numbers(stop_at, "stop_at")
    if looks.ndim != 1 or looks.shape != limits.shape or looks.size == 0:
        raise ValueError("a boundary table needs one stop_at for each n, and at least one row")
    if looks[0] < 1 or np.any(np.diff(looks) <= 0):
        raise ValueError("n in a boundary table must increase from row to row, from at least 1")
    if limits.min() < 1:
        raise ValueError("stop_at in a boundary table must be at least 1: 0 events stop no trial")
    return Boundary(looks, np.minimum(limits, looks + 1))


def limit_at(boundary: Boundary, n: ArrayLike) -> IntArray:
    """Return stop_at for each n; n + 1 (cannot stop) where the boundary has no row for n."""
    asked = whole_numbers(n, "n")
    row = np.minimum(np.searchsorted(boundary.n, asked), boundary.n.size - 1)
    return np.where(boundary.n[row] == asked, boundary.stop_at[row], asked + 1)


def first_signal(boundary: Boundary, true_rates: ArrayLike) -> FloatArray:
    """Return the probability that the first signal comes at each row, shape (rates, looks).

    Paths are followed subject by subject; counts at or above every limit still to come are
    pooled in one state, since the next row that can stop stops them all.
    """
    risk = np.atleast_1d(rates(true_rates, "rate"))[:, None]
    top = _highest_limit(boundary)
    alive = np.zeros((risk.size, top + 1))
    alive[:, 0] = 1.0
    signals = np.zeros((risk.size, boundary.n.size))
    seen = 0
    for look, (n, limit) in enumerate(zip(boundary.n, boundary.stop_at, strict=True)):
        for subject in range(seen, int(n)):
            _advance(alive[:, : subject + 2], risk, pooled=subject >= top)
        seen = int(n)
        if limit <= top:
            signals[:, look] = alive[:, limit:].sum(axis=1)
            alive[:, limit:] = 0.0
    return signals


def operating_characteristics(
    boundary: Boundary, true_rates: ArrayLike, planned: int | None = None
) -> OperatingCharacteristics:
    """Return power, mean subjects and mean events of any boundary, exactly.

    Args:
        boundary: From this module, or a table from `protocol_boundary`.
        true_rates: True risks, each strictly between 0 and 1.
        planned: Subjects when nothing stops the trial; the last n of the table by default.

    Raises:
        ValueError: a rate outside (0, 1), or a table that reaches beyond planned.
    """
    risk = np.atleast_1d(rates(true_rates, "rate"))
    last = int(boundary.n[-1]) if planned is None else planned_subjects(planned)
    if last < boundary.n[-1]:
        raise ValueError(f"the table goes to n = {boundary.n[-1]}, beyond the {last} planned")
    signals = first_signal(boundary, risk)
    mean_subjects = last - signals @ (last - boundary.n).astype(np.float64)
    # Wald's identity: subjects stop by a rule that does not look ahead.
    return OperatingCharacteristics(
        risk, np.minimum(signals.sum(axis=1), 1.0), mean_subjects, risk * mean_subjects
    )


def false_signal(boundary: Boundary, background: float) -> float:
    """Return the exact probability of a signal over all rows when the true risk is p0."""
    return float(first_signal(boundary, background).sum())


def chance_of(events: int, subjects: int, risk: float) -> float:
    """Return P(X >= events) for X binomial(subjects, risk), exactly.

    Raises:
        ValueError: risk outside (0, 1), or events outside 0..subjects.
    """
    p0 = float(rates(risk))
    if not 0 <= events <= subjects:
        raise ValueError(f"{events} of {subjects} subjects is no count")
    return 1.0 if events == 0 else float(betainc(events, subjects - events + 1, p0))


def _one_more_subject(alive: FloatArray, risk: float) -> FloatArray:
    """Return the density of the count after one more subject; one state longer."""
    after = np.zeros(alive.size + 1)
    after[:-1] = alive * (1.0 - risk)
    after[1:] += alive * risk
    return after


def _highest_limit(boundary: Boundary) -> int:
    """Return the largest count that can stop; 0 if no row can."""
    can_stop = boundary.stop_at <= boundary.n
    return int(boundary.stop_at[can_stop].max()) if can_stop.any() else 0


def _advance(alive: FloatArray, risk: FloatArray, *, pooled: bool) -> None:
    """Move a density (rates, states) on by one subject, in place; pooled: the top state stays."""
    gained = alive[:, :-1] * risk
    stays = alive.shape[1] - 1 if pooled else alive.shape[1]
    alive[:, :stays] *= 1.0 - risk
    alive[:, 1:] += gained
