"""What is commonly done with two groups instead: four statistics over the days of many trials.

Each `Track` rises with the evidence of harm and signals at a limit: the one commonly used, or one
calibrated by simulation. Nothing here comes from the package, except the shares of the log-rank z.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from tests.simulation.two_group_trials import Batch, Floats, Ints, Scenario

ALPHA: Final = 0.05


class Track(NamedTuple):
    """A statistic over time in many trials; it signals where it reaches a limit."""

    trial: Ints
    day: Ints
    value: Floats


def first_days(track: Track, limit: float, trials: int) -> Ints:
    """First day at or above the limit, -1 where never."""
    first = np.full(trials, np.iinfo(np.int64).max)
    hit = track.value >= limit
    np.minimum.at(first, track.trial[hit], track.day[hit])
    return np.where(first == np.iinfo(np.int64).max, -1, first)


def tail(events: Ints, dosed: Ints) -> Floats:
    """P(X >= x) for the treated events given both margins: Fisher's one-sided p.

    Left at 1 where the treated rate is less than 1.2 standard errors above the other: no limit
    used here lies there.
    """
    x, drawn, treated, all_ = events[:, 1], events.sum(1), dosed[:, 1], dosed.sum(1)
    mean = drawn * treated / np.maximum(all_, 1)
    variance = mean * (all_ - treated) / np.maximum(all_, 1) * (all_ - drawn)
    near = x - mean > 1.2 * np.sqrt(variance / np.maximum(all_ - 1, 1))
    p = np.ones(x.size)
    p[near] = upper(*(column[near] for column in (x, drawn, treated, all_)))
    return p


def upper(x: Ints, drawn: Ints, treated: Ints, all_: Ints) -> Floats:
    """Sum the hypergeometric probabilities from x upwards."""
    term = np.exp(
        log_choose(treated, x) + log_choose(all_ - treated, drawn - x) - log_choose(all_, drawn)
    )
    total = np.zeros(x.size)
    while term.size and term.max() > 1e-12:
        total += term
        term = term * (drawn - x) * (treated - x) / ((x + 1.0) * (all_ - treated - drawn + x + 1))
        x = x + 1
    return total


def log_choose(n: Ints, k: Ints) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def fisher(batch: Batch) -> Track:
    """Minus the log of Fisher's one-sided p, subjects with an event among subjects dosed."""
    crude = batch.counts
    return Track(crude.trial, crude.day, -np.log(tail(crude.events, crude.dosed)))


def posterior(batch: Batch) -> Track:
    """Minus log P(treated risk <= reference risk) with Beta(1,1) priors, exact (Altham 1969)."""
    crude = batch.counts
    doubt = tail(crude.events + np.array([0, 1]), crude.dosed + 1)
    return Track(crude.trial, crude.day, -np.log(doubt))


def z_score(batch: Batch) -> Track:
    """Log-rank z on calendar-time risk sets, from the fifth event on."""
    path = batch.path
    after = np.searchsorted(path.term, np.arange(batch.trials))
    surplus = since_start(path.treated - path.share, after, path.term)
    variance = since_start(path.share * (1 - path.share), after, path.term)
    enough = np.arange(path.term.size) - after[path.term] >= 4
    value = np.where(enough, surplus / np.sqrt(variance), -np.inf)
    ends = path.ends_day
    return Track(path.term[ends], path.day[ends], value[ends])


def since_start(values: Floats, first: Ints, term: Ints) -> Floats:
    """Running totals within each trial."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[1:] - total[first[term]])


def randomised(scenario: Scenario) -> float:
    return 2 / 3 if scenario.allocation == "2:1" else 0.5


def max_sprt(batch: Batch) -> Track:
    """Binomial MaxSPRT log likelihood ratio that takes the randomised share as expected."""
    crude, share = batch.counts, randomised(batch.scenario)
    value = log_ratio(crude.events[:, 1], crude.events.sum(1), share)
    inside = crude.events.sum(1) <= horizon(batch.scenario)
    return Track(crude.trial, crude.day, np.where(inside, value, 0.0))


def log_ratio(x: Ints, n: Ints, share: float) -> Floats:
    ratio = xlogy(x, x / np.maximum(n * share, 1e-300))
    ratio += xlogy(n - x, (n - x) / np.maximum(n * (1 - share), 1e-300))
    return np.where(x > n * share, ratio, 0.0)


def horizon(scenario: Scenario) -> int:
    """Events at which the MaxSPRT ends: those expected without harm plus two standard errors."""
    mean = scenario.subjects * scenario.risk
    return math.ceil(mean + 2 * math.sqrt(mean))


def max_sprt_limit(scenario: Scenario) -> float:
    """Smallest limit that a walk with the randomised share reaches with chance 0.05 at most."""
    low, high = 0.0, 12.0
    for _ in range(30):
        middle = (low + high) / 2
        reached = max_sprt_reach(middle, horizon(scenario), randomised(scenario))
        low, high = (middle, high) if reached > ALPHA else (low, middle)
    return high


def max_sprt_reach(limit: float, longest: int, share: float) -> float:
    alive = np.ones(1)
    for n in range(1, longest + 1):
        alive = np.append(alive * (1 - share), 0.0) + np.append(0.0, alive * share)
        alive[log_ratio(np.arange(n + 1), np.full(n + 1, n), share) >= limit] = 0.0
    return 1 - float(alive.sum())


TRACKS: Final = {
    "Fisher": fisher,
    "posterior": posterior,
    "log-rank z": z_score,
    "MaxSPRT": max_sprt,
}


def usual_limits(scenario: Scenario) -> dict[str, float]:
    """What is commonly used: 5% one-sided at every look; for MaxSPRT its own exact limit."""
    nominal = -math.log(ALPHA)
    return {
        "Fisher": nominal,
        "posterior": nominal,
        "log-rank z": 1.6448536269514722,
        "MaxSPRT": max_sprt_limit(scenario),
    }


def oracle_limit(track: Track, trials: int, level: float) -> float:
    """Lowest limit that at most this share of the trials reach."""
    highest = np.full(trials, -np.inf)
    np.maximum.at(highest, track.trial, track.value)
    allowed = int(level * trials)
    return float(np.nextafter(np.sort(highest)[trials - allowed - 1], np.inf))
