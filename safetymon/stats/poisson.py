"""Evidence against a known event rate: the Poisson mixture e-value and MaxSPRT.

Both compare events d with the number mu expected at the known rate over the person-time (or
administrations) so far. Use them only where the hazard is known to be flat over that time.
"""

import numpy as np
from numpy.typing import ArrayLike

from safetymon.stats.inputs import FloatArray, one_sided_level, whole_numbers
from safetymon.stats.special import gammaincc, gammaln, lambertw, pdtrc, xlogy

_TINY_TAIL = 1e-250  # below this the Gamma tail is about to underflow: sum the series instead
_NEGLIGIBLE = 1e-20  # Poisson terms below this are dropped from an increment


def log_evalue_poisson(
    events: ArrayLike, expected: ArrayLike, shape: float = 1.0, rate: float = 0.5
) -> FloatArray:
    """Return log E of d events against mu expected, broadcast; mu = 0 with d = 0 gives 0.

    The rate ratio has a Gamma(shape, rate) prior cut to ratios above 1 (mean 2 before the cut
    by default, as for `evalue`), so E is valid for every true ratio <= 1.

    Args:
        events: Events, whole numbers.
        expected: Events expected at the known rate, >= 0.
        shape: Prior shape a > 0.
        rate: Prior rate b > 0.

    Raises:
        ValueError: an event where none can be expected, a negative expectation, a prior <= 0.
    """
    d, mu = _counted(events, expected)
    if not (shape > 0 and rate > 0 and gammaincc(shape, rate) > _TINY_TAIL):
        raise ValueError(
            f"the prior is Gamma({shape:g}, {rate:g}): both must be positive, and ratios above 1 "
            "must be possible under it"
        )
    tail = np.asarray(gammaincc(shape + d, rate + mu))
    far = tail <= _TINY_TAIL
    prior = shape * np.log(rate) - gammaln(shape) - np.log(gammaincc(shape, rate))
    log_e = np.asarray(
        prior
        + gammaln(shape + d)
        - (shape + d) * np.log(rate + mu)
        + mu
        + np.log(np.where(far, 1.0, tail))
    )
    if np.any(far):
        log_e[far] = prior - rate + _log_cut_gamma(shape + d[far], rate + mu[far])
    return log_e


def llr_poisson(events: ArrayLike, expected: ArrayLike) -> FloatArray:
    """Return MaxSPRT's log likelihood ratio, mu - d + d log(d / mu); 0 where d <= mu.

    Source: Kulldorff et al. 2011, Sequential Analysis 30:58.

    Raises:
        ValueError: as for `log_evalue_poisson`.
    """
    d, mu = _counted(events, expected)
    ratio = d / np.where(mu > 0, mu, 1.0)
    return np.where(d > mu, mu - d + xlogy(d, ratio), 0.0)


def maxsprt_limits(critical_value: float, horizon: float) -> FloatArray:
    """Return, for event d = 1, 2, ..., the expected count at or below which it signals.

    The last entry is the first one at or beyond the horizon. Shape (events,), increasing.

    Raises:
        ValueError: a critical value or a horizon that is not positive.
    """
    if not (critical_value > 0 and horizon > 0):
        raise ValueError("the critical value and the horizon must both be positive")
    size = 16
    while True:
        d = np.arange(1, size + 1, dtype=np.float64)
        limits = -d * np.real(lambertw(-np.exp(-1.0 - critical_value / d), 0))
        if limits[-1] >= horizon:
            return np.asarray(limits[: int(np.searchsorted(limits, horizon)) + 1])
        size *= 2


def maxsprt_false_signal(critical_value: float, horizon: float, minimum_events: int = 1) -> float:
    """Return the exact probability that MaxSPRT signals up to the horizon at a rate ratio of 1.

    Absorbing chain over the expected counts at which event d may still signal: at the d-th of
    them every path with d events or more is absorbed (Kulldorff et al. 2011).

    Args:
        critical_value: Signal when the LLR reaches it.
        horizon: Expected events T at which surveillance ends.
        minimum_events: No signal before this many events.
    """
    least = _minimum(minimum_events)
    limits = np.minimum(maxsprt_limits(critical_value, horizon), horizon)
    first = min(least, limits.size) - 1
    now, alive, signalled = 0.0, np.ones(1), 0.0
    for d in range(first + 1, limits.size + 1):
        needed = max(d, least)
        step, now = limits[d - 1] - now, limits[d - 1]
        signalled += float(alive @ pdtrc(needed - 1.0 - np.arange(alive.size), step))
        alive = _advance(alive, step, needed)
    return signalled


def maxsprt_critical_value(horizon: float, alpha: float = 0.05, minimum_events: int = 1) -> float:
    """Return the exact critical value of the Poisson MaxSPRT, to 1e-9.

    Args:
        horizon: Expected events T at which surveillance ends.
        alpha: False-signal probability up to the horizon.
        minimum_events: No signal before this many events.

    Raises:
        ValueError: alpha outside (0, 0.5), or a horizon so short that even a signal at every
            `minimum_events`-th event has a probability below alpha.
    """
    level, least = one_sided_level(alpha), _minimum(minimum_events)
    if not horizon > 0 or pdtrc(least - 1.0, horizon) < level:
        raise ValueError(
            f"{least} or more events by a horizon of {horizon:g} expected events are rarer than "
            f"alpha {level:g}: give a longer horizon or fewer minimum events"
        )
    low, high = 1e-9, 20.0
    while high - low > 1e-10:
        middle = (low + high) / 2.0
        too_often = maxsprt_false_signal(middle, horizon, least) > level
        low, high = (middle, high) if too_often else (low, middle)
    return high


def _counted(events: ArrayLike, expected: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return events and expected counts as floats, broadcast and checked."""
    d, mu = np.broadcast_arrays(whole_numbers(events, "events"), np.asarray(expected, np.float64))
    if not np.all((mu >= 0) & np.isfinite(mu)):
        raise ValueError("expected events must be finite numbers of at least 0")
    if np.any((mu == 0) & (d > 0)):
        raise ValueError("an event where none can be expected: check the person-time at risk")
    return d.astype(np.float64), mu.astype(np.float64)


def _minimum(events: int) -> int:
    if events != int(events) or events < 1:
        raise ValueError(f"minimum events is {events}: give a whole number of at least 1")
    return int(events)


def _log_cut_gamma(a: FloatArray, z: FloatArray) -> FloatArray:
    """Return log of the integral of r^(a-1) exp(-z (r-1)) over r > 1, for a far below z.

    Asymptotic product form of Q(a, z) Gamma(a) z^-a e^z: the terms (a-1)(a-2).../z^(j+1) fall
    geometrically because a < z wherever Q underflows; they end for whole a.
    """
    term = 1.0 / z
    total, j = term.copy(), 1.0
    while np.any(np.abs(term) > 1e-17 * total):
        term = term * (a - j) / z
        total += term
        j += 1.0
    return np.asarray(np.log(total))


def _advance(alive: FloatArray, step: float, states: int) -> FloatArray:
    """Return the density of counts 0..states-1 after an increment of the expected count."""
    k = np.arange(states, dtype=np.float64)
    increment = np.exp(xlogy(k, step) - step - gammaln(k + 1.0))
    after = np.zeros(states)
    moved = np.convolve(alive, increment[: _useful(increment)])[:states]
    after[: moved.size] = moved
    return after


def _useful(increment: FloatArray) -> int:
    """Return how many leading terms hold everything above the negligible."""
    return int(np.flatnonzero(increment > _NEGLIGIBLE).max(initial=0)) + 1
