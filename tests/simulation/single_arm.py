"""Simulates one group under staggered entry, looked at every night, by every single-group rule.

`run` returns one row a rule: how often it signals at least once over the whole trial, with its
Monte-Carlo error and the goal it is held to. The day-by-day effective denominator here is written
from the formula a second time, over all trials at once; a test compares it with
`safetymon.stats.denominators.km`.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc

from safetymon.stats.boundary import binomial_boundary
from safetymon.stats.calibration import evalue_boundary, nominal_boundary, posterior_boundary
from safetymon.stats.poisson import llr_poisson, log_evalue_poisson, maxsprt_critical_value
from tests.simulation import goals
from tests.simulation.rows import Row, share_of

Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]
ALPHA: Final = 0.05
CELLS: Final = 2**18
"""Subjects drawn at a time, over all trials: what one pass over the nights keeps in memory."""


class Scenario(NamedTuple):
    """One group's trial; risks are those of an event within the window, without dropout."""

    name: str
    subjects: int
    background: float
    true_risk: float
    shape: float = 1.0  # Weibull shape of the hazard: 1 constant, below 1 falling after the dose
    dropout: float = 0.1  # chance to leave within the window
    accrual: int = 300  # days over which subjects enter, uniformly
    window: int = 84  # days


class Trials(NamedTuple):
    """Simulated trials, (trials, subjects): whole days; event and leaving days may be never."""

    entry: Counts
    event: Counts  # days after the first dose; a large number where there is none
    left: Counts  # the same for dropout


NEVER = 10**6
NULL = [
    Scenario("N 95, 1%, constant", 95, 0.01, 0.01),
    Scenario("N 95, 1%, falling hazard", 95, 0.01, 0.01, shape=0.4),
    Scenario("N 95, 10%, constant, no dropout", 95, 0.10, 0.10, dropout=0.0),
    Scenario("N 95, 30%, falling hazard", 95, 0.30, 0.30, shape=0.4),
    Scenario("N 95, 5%, fast accrual", 95, 0.05, 0.05, accrual=60),
    Scenario("N 500, 0.5%, constant", 500, 0.005, 0.005),
    Scenario("N 500, 5%, falling hazard", 500, 0.05, 0.05, shape=0.4),
    Scenario("N 500, 5%, fast accrual", 500, 0.05, 0.05, accrual=100),
    Scenario("N 5000, 1%, constant", 5000, 0.01, 0.01),
]
HARM = [
    Scenario("N 95, 1%, true 6.3%", 95, 0.01, 0.063, dropout=0.0),
    Scenario("N 500, 1%, true 2%", 500, 0.01, 0.02),
]
GOALS = {
    "boundary, dosed": goals.DOSED,
    "boundary, matured": goals.MATURED,
    "boundary, km": goals.KM_AS_WRITTEN,
    "boundary, km, least share 0.1": goals.KM,
    "e-value >= 20, dosed": goals.EVIDENCE,
}
POWER_GOALS = {(0.063, "boundary, dosed"): goals.SIX_OF_95_POWER}


class Limits(NamedTuple):
    """Where each rule signals; limits by n from 0, where nothing can."""

    boundary: Counts
    evidence: Counts
    exact: Counts
    posterior: Counts
    maxsprt: float


def run(scenario: Scenario, trials: int, rng: np.random.Generator) -> list[Row]:
    """Simulate one scenario and return a row for every rule."""
    size, limits = max(1, CELLS // scenario.subjects), limits_of(scenario)
    parts = [min(size, trials - begin) for begin in range(0, trials, size)]
    found = [signalled(scenario, limits, draw(scenario, part, rng)) for part in parts]
    null = scenario.true_risk <= scenario.background
    measure = "false signal" if null else "power"
    return [
        Row(
            "one group", scenario.name, rule, measure, trials,
            *share_of(np.concatenate([part[rule] for part in found])),
            GOALS.get(rule) if null else POWER_GOALS.get((scenario.true_risk, rule)),
        )
        for rule in found[0]
    ]  # fmt: skip


def limits_of(scenario: Scenario) -> Limits:
    size, p0 = scenario.subjects, scenario.background
    expected = -math.log1p(-p0) * size
    return Limits(
        by_size(binomial_boundary(size, p0, ALPHA).stop_at),
        by_size(evalue_boundary(size, p0, math.log(20)).stop_at),
        by_size(nominal_boundary(size, p0, ALPHA).stop_at),
        by_size(naive_posterior_limits(size, p0)),
        maxsprt_critical_value(expected, ALPHA),
    )


def draw(scenario: Scenario, trials: int, rng: np.random.Generator) -> Trials:
    """Draw entry, event and leaving days."""
    shape = (trials, scenario.subjects)
    entry = np.sort(rng.integers(0, scenario.accrual, shape), axis=1)
    unit = rng.exponential(size=shape) / -math.log1p(-scenario.true_risk)
    event = scenario.window * unit ** (1 / scenario.shape)
    leaves = np.full(shape, float(NEVER))
    if scenario.dropout:
        leaves = scenario.window * rng.exponential(size=shape) / -math.log1p(-scenario.dropout)
    happens = (event <= scenario.window) & (event <= leaves)
    event_day = np.where(happens, np.ceil(event), NEVER).astype(np.int64)
    stays = happens | (leaves >= scenario.window)
    return Trials(entry, event_day, np.where(stays, NEVER, np.ceil(leaves)).astype(np.int64))


def signalled(scenario: Scenario, limits: Limits, trials: Trials) -> dict[str, Bools]:
    """Return, per rule, which trials it signalled in at least once, looking every night."""
    p0, stop_at = scenario.background, limits.boundary
    x, n = dosed(scenario, trials)
    late_x, late_n = matured(scenario, trials)
    as_written, guarded = effective(scenario, trials, 0.0), effective(scenario, trials, 0.1)
    z = 1.645 * math.sqrt(p0 * (1 - p0))
    expected = -math.log1p(-p0) / scenario.window * person_days(scenario, trials)
    return {
        "boundary, dosed": (x >= stop_at[n]).any(axis=1),
        "boundary, matured": (late_x >= stop_at[late_n]).any(axis=1),
        "boundary, km": (x >= stop_at[as_written]).any(axis=1),
        "boundary, km, least share 0.1": (x >= stop_at[guarded]).any(axis=1),
        "boundary, events + completers": (x >= stop_at[completers(scenario, trials)]).any(axis=1),
        "e-value >= 20, dosed": (x >= limits.evidence[n]).any(axis=1),
        "Poisson e-value >= 20": (log_evalue_poisson(x, expected) >= math.log(20)).any(axis=1),
        "MaxSPRT Poisson": (llr_poisson(x, expected) >= limits.maxsprt).any(axis=1),
        "naive exact test, dosed": (x >= limits.exact[n]).any(axis=1),
        "naive z-score >= 1.645, dosed": (x - n * p0 >= z * np.sqrt(n) + (n == 0)).any(axis=1),
        "naive Beta(1,1) posterior >= 0.95, dosed": (x >= limits.posterior[n]).any(axis=1),
    }


def naive_posterior_limits(size: int, p0: float) -> Counts:
    """The flat-prior rule taken at its word: with a low background no event at all is needed."""
    limits = posterior_boundary(size, p0, (1.0, 1.0), 1 - ALPHA).stop_at
    without_event = np.asarray(betaincc(1, 1 + np.arange(1, size + 1), p0))
    return np.where(without_event >= 1 - ALPHA, 0, limits)


def by_size(stop_at: Counts) -> Counts:
    """Index limits by n from 0; nothing can stop at n = 0."""
    return np.concatenate(([1], stop_at))


def cumulative(days: Counts, counted: Bools, nights: int) -> Counts:
    """Return how many of each trial's days have come by each night, (trials, nights)."""
    trial = np.broadcast_to(np.arange(days.shape[0])[:, None], days.shape)
    keep = counted & (days < nights)
    flat = np.bincount(trial[keep] * nights + days[keep], minlength=days.shape[0] * nights)
    return np.cumsum(flat.reshape(days.shape[0], nights), axis=1)


def nights_of(scenario: Scenario) -> int:
    return scenario.accrual + scenario.window + 1


def dosed(scenario: Scenario, trials: Trials) -> tuple[Counts, Counts]:
    """Events so far and subjects dosed so far, every night."""
    nights, has = nights_of(scenario), trials.event < NEVER
    return (
        cumulative(trials.entry + trials.event, has, nights),
        cumulative(trials.entry, np.ones_like(has), nights),
    )


def matured(scenario: Scenario, trials: Trials) -> tuple[Counts, Counts]:
    """The same among subjects whose window has closed, those who left included."""
    nights, closes, has = nights_of(scenario), trials.entry + scenario.window, trials.event < NEVER
    return cumulative(closes, has, nights), cumulative(closes, np.ones_like(has), nights)


def completers(scenario: Scenario, trials: Trials) -> Counts:
    """The broken denominator: subjects with an event plus those followed to the window's end."""
    nights, closes = nights_of(scenario), trials.entry + scenario.window
    whole = (trials.event == NEVER) & (trials.left == NEVER)
    return dosed(scenario, trials)[0] + cumulative(closes, whole, nights)


def person_days(scenario: Scenario, trials: Trials) -> Counts:
    """Days under observation until the first event or the window's end, every night."""
    nights = nights_of(scenario)
    ends = trials.entry + np.minimum(np.minimum(trials.event, trials.left), scenario.window)
    every = np.ones(ends.shape, dtype=np.bool_)
    watched = cumulative(trials.entry, every, nights) - cumulative(ends, every, nights)
    # A subject dosed today has been watched for no whole day yet.
    return np.asarray(np.cumsum(watched, axis=1) - watched)


def effective(scenario: Scenario, trials: Trials, least_share: float) -> Counts:
    """The effective denominator by Kaplan-Meier weights, every night, from day histograms."""
    nights, window, size = nights_of(scenario), scenario.window, trials.entry.shape[0]
    offset = np.arange(size)[:, None] * (window + 1)
    answer = np.zeros((size, nights), dtype=np.int64)
    for night in range(nights):
        since = night - trials.entry
        follow_up = np.minimum(np.minimum(since, window), np.minimum(trials.event, trials.left))
        entered, had = since >= 0, trials.event <= np.minimum(since, window)
        cells = offset + np.maximum(follow_up, 0)
        happened, ongoing = (
            np.bincount(cells[mask], minlength=size * (window + 1)).reshape(size, window + 1)
            for mask in (entered & had, entered & ~had)
        )
        answer[:, night] = np.ceil(weights(happened, ongoing, least_share) - 1e-9)
    return answer


def weights(happened: Counts, ongoing: Counts, least_share: float) -> NDArray[np.float64]:
    """Sum the weights of each trial from (trials, day) histograms of events and of the others."""
    all_days, window = happened + ongoing, happened.shape[1] - 1
    at_risk = all_days[:, ::-1].cumsum(axis=1)[:, ::-1]
    n = np.maximum(all_days.sum(axis=1, keepdims=True), 1)
    estimable = at_risk >= np.maximum(least_share * n, 1)
    hazard = np.where(estimable, happened / np.maximum(at_risk, 1), 0.0)
    incidence = 1 - np.cumprod(1 - hazard, axis=1)
    share = (incidence + np.arange(window + 1) / (window * n)) / (incidence[:, -1:] + 1 / n)
    share[:, -1] = 1.0
    return np.asarray(happened.sum(axis=1) + (ongoing * share).sum(axis=1))
