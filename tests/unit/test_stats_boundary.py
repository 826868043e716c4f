"""The exact boundary and its operating characteristics, against exact rational arithmetic."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from safetymon.stats.boundary import (
    Boundary,
    Shape,
    binomial_boundary,
    chance_of,
    false_signal,
    first_signal,
    limit_at,
    operating_characteristics,
    protocol_boundary,
    spending,
)
from safetymon.stats.calibration import (
    boundary_where,
    calibrated_cut,
    nominal_boundary,
    posterior_boundary,
)

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
SHAPES: list[Shape] = ["pocock", "linear", "obrien-fleming"]


def plain_spending(shape: Shape, t: float, alpha: float) -> float:
    if shape == "pocock":
        return alpha * math.log(1 + (math.e - 1) * t)
    if shape == "linear":
        return alpha * t
    z = plain_quantile(1 - alpha / 2)
    return 2 - 2 * plain_normal(z / math.sqrt(t))


def plain_normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def plain_quantile(p: float) -> float:
    low, high = -10.0, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if plain_normal(middle) < p else (low, middle)
    return low


def plain_boundary(
    planned: int, p0: float, alpha: float, shape: Shape, last: int
) -> tuple[list[int], Fraction]:
    """The definition, state by state, in fractions."""
    p, alive, spent, limits = Fraction(p0), {0: Fraction(1)}, Fraction(0), []
    for n in range(1, last + 1):
        after = dict.fromkeys(range(n + 2), Fraction(0))
        for x, f in alive.items():
            after[x] += f * (1 - p)
            after[x + 1] += f * p
        budget = Fraction(plain_spending(shape, min(n / planned, 1.0), alpha)) - spent
        b = n + 1
        while sum(f for x, f in after.items() if x >= b - 1) <= budget:
            b -= 1
        # A limit that no path still alive can reach is not unique: take the smallest.
        limits.append(b)
        spent += sum(f for x, f in after.items() if x >= b)
        alive = {x: f for x, f in after.items() if x < b and f > 0}
    return limits, spent


def plain_characteristics(
    table: list[tuple[int, int]], p: Fraction, planned: int
) -> tuple[float, float, float]:
    """Every path of events and non-events, one by one."""
    power = mean_n = mean_x = Fraction(0)
    for path in itertools.product((0, 1), repeat=planned):
        weight = Fraction(1)
        for hit in path:
            weight *= p if hit else 1 - p
        stop = next((n for n, b in table if sum(path[:n]) >= b), None)
        at = planned if stop is None else stop
        power += weight if stop is not None else 0
        mean_n += weight * at
        mean_x += weight * sum(path[:at])
    return float(power), float(mean_n), float(mean_x)


@pytest.mark.parametrize("shape", SHAPES)
def test_spending_starts_at_nothing_ends_at_alpha_and_is_capped(shape: Shape) -> None:
    spent = spending(shape, [-1, 0, 0.25, 0.5, 1, 1.5], 0.05)
    assert spent[:2] == pytest.approx(0, abs=1e-300)
    assert spent[2:4] == pytest.approx([plain_spending(shape, t, 0.05) for t in (0.25, 0.5)])
    assert spent[4:] == pytest.approx(0.05)
    assert np.all(np.diff(spent) >= 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_boundary_agrees_with_fractions_on_random_designs(shape: Shape, seed: int) -> None:
    rng = np.random.default_rng(seed)
    planned, p0 = int(rng.integers(5, 45)), float(rng.uniform(0.005, 0.6))
    alpha = float(rng.uniform(0.01, 0.2))
    ours = binomial_boundary(planned, p0, alpha, shape, subjects=planned + 10)
    limits, spent = plain_boundary(planned, p0, alpha, shape, planned + 10)
    assert ours.stop_at.tolist() == limits
    assert false_signal(ours, p0) == pytest.approx(float(spent), abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("planned", "p0"), [(1, 0.5), (95, 0.01), (500, 0.3), (5000, 0.001)])
def test_no_more_than_the_spending_is_ever_spent(shape: Shape, planned: int, p0: float) -> None:
    boundary = binomial_boundary(planned, p0, 0.05, shape)
    spent = np.cumsum(first_signal(boundary, p0)[0])
    assert np.all(spent <= spending(shape, boundary.n / planned, 0.05) + 1e-14)


def test_six_events_in_95_against_one_percent_signal_and_so_do_five() -> None:
    boundary = binomial_boundary(95, 0.01)
    assert limit_at(boundary, [94, 95]).tolist() == [4, 4]
    assert false_signal(boundary, 0.01) == pytest.approx(0.0438775662, abs=1e-9)
    assert operating_characteristics(boundary, 0.063).power[0] >= 0.85


def test_one_subject_with_an_event_among_the_first_cannot_stop() -> None:
    boundary = binomial_boundary(95, 0.01)
    assert boundary.stop_at[0] == 2  # n + 1: not with one subject, whatever happens


def test_beyond_the_plan_only_what_is_left_of_alpha_is_spent() -> None:
    within = binomial_boundary(95, 0.01)
    beyond = binomial_boundary(95, 0.01, subjects=140)
    assert beyond.stop_at[:95].tolist() == within.stop_at.tolist()
    assert false_signal(within, 0.01) < false_signal(beyond, 0.01) <= 0.05
    assert beyond.stop_at[-1] >= 7  # harder than within the plan, but not impossible


def test_a_boundary_says_nothing_where_it_has_no_row() -> None:
    table = protocol_boundary([20, 40], [3, 5])
    assert limit_at(table, [0, 19, 20, 21, 40, 41]).tolist() == [1, 20, 3, 22, 5, 42]


def test_a_protocol_table_is_evaluated_at_its_own_rows_only() -> None:
    table, p = protocol_boundary([20, 40], [3, 5]), 0.05

    def pmf(k: int, n: int) -> float:
        return math.comb(n, k) * p**k * (1 - p) ** (n - k)

    first = sum(pmf(k, 20) for k in range(3, 21))
    second = sum(pmf(k, 20) * sum(pmf(m, 20) for m in range(5 - k, 21)) for k in range(3))
    assert first_signal(table, p)[0] == pytest.approx([first, second], abs=1e-14)
    found = operating_characteristics(table, p, planned=60)
    assert found.mean_subjects[0] == pytest.approx(60 - 40 * first - 20 * second)


@pytest.mark.parametrize("seed", range(12))
def test_operating_characteristics_agree_with_every_path_enumerated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    looks = np.sort(rng.choice(np.arange(1, 11), size=int(rng.integers(1, 6)), replace=False))
    limits = rng.integers(1, 7, looks.size)  # some out of reach, some falling
    table, rate = protocol_boundary(looks, limits), Fraction(int(rng.integers(1, 20)), 20)
    found = operating_characteristics(table, [0.5, float(rate)], planned=11)
    expected = plain_characteristics(list(zip(looks, limits, strict=True)), rate, 11)
    assert (found.power[1], found.mean_subjects[1], found.mean_events[1]) == pytest.approx(
        expected, abs=1e-12
    )


def test_a_boundary_that_can_never_stop_has_no_power() -> None:
    never = protocol_boundary([1, 2], [2, 3])
    found = operating_characteristics(never, [0.01, 0.99])
    assert found.power.tolist() == [0, 0]
    assert found.mean_subjects.tolist() == [2, 2]


def test_power_rises_with_the_rate_and_subjects_fall() -> None:
    found = operating_characteristics(binomial_boundary(200, 0.05), np.linspace(0.01, 0.5, 30))
    assert np.all(np.diff(found.power) > -1e-14)  # at 1 only rounding is left
    assert np.all(np.diff(found.mean_subjects) < 0)
    assert found.power[[0, -1]] == pytest.approx([3.014192e-5, 1.0], rel=1e-5)


def test_a_score_boundary_is_the_smallest_count_that_reaches_the_cut() -> None:
    boundary = boundary_where(lambda x, n: x / n, 12, 0.5)
    assert boundary.stop_at.tolist() == [max(1, math.ceil(n / 2)) for n in range(1, 13)]
    unreachable = boundary_where(lambda x, n: x / n, 5, 2.0)
    assert unreachable.stop_at.tolist() == [2, 3, 4, 5, 6]


def test_a_calibrated_cut_is_the_lowest_that_keeps_alpha() -> None:
    def score(x: Counts, n: Counts) -> Floats:
        return x - 0.1 * n

    cut = calibrated_cut(score, 30, 0.1, 0.05, 0.0, 30.0)
    attained = false_signal(boundary_where(score, 30, cut), 0.1)
    assert attained <= 0.05 < false_signal(boundary_where(score, 30, cut - 1e-6), 0.1)


def test_no_cut_that_keeps_alpha_is_said_plainly() -> None:
    with pytest.raises(ValueError, match="no cut up to 0"):
        calibrated_cut(lambda x, n: x / n, 30, 0.1, 0.05, -1.0, 0.0)


def test_naive_repeated_tests_have_their_true_cost() -> None:
    naive = nominal_boundary(500, 0.05, 0.05)
    assert false_signal(naive, 0.05) == pytest.approx(0.22, abs=0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((95, 0.0), "background is 0"),
        ((95, 1.0), "background is 1"),
        ((95, float("nan")), "background is nan"),
        ((95, 0.01, 0.0), "alpha is 0"),
        ((95, 0.01, 0.5), "alpha is 0.5"),
        ((0, 0.01), "planned is 0"),
        ((-3, 0.01), "planned is -3"),
        ((9.5, 0.01), "planned is 9.5"),
        ((95, 0.01, 0.05, "wang"), "spending shape 'wang' is unknown"),
    ],
)
def test_designs_that_make_no_sense_are_refused_in_plain_words(
    arguments: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        binomial_boundary(*arguments)


@pytest.mark.parametrize(
    ("n", "stop_at", "message"),
    [
        ([10, 10], [2, 3], "increase"),
        ([0, 10], [2, 3], "increase"),
        ([10, 20], [2], "one stop_at for each n"),
        ([], [], "at least one row"),
        ([10], [0], "0 events stop no trial"),
        ([10.5], [2], "n must be a whole number"),
    ],
)
def test_tables_that_make_no_sense_are_refused(
    n: list[float], stop_at: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        protocol_boundary(n, stop_at)


def test_rates_and_plans_that_do_not_fit_a_table_are_refused() -> None:
    table = protocol_boundary([10], [2])
    with pytest.raises(ValueError, match="rate is 1"):
        operating_characteristics(table, [0.5, 1.0])
    with pytest.raises(ValueError, match="beyond the 9 planned"):
        operating_characteristics(table, 0.5, planned=9)


def test_a_limit_above_n_means_that_n_cannot_stop() -> None:
    assert protocol_boundary([5], [99]) == Boundary(np.array([5]), np.array([6]))


def test_priors_and_cuts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="both parameters must be positive"):
        posterior_boundary(30, 0.2, (0.0, 1.0), 0.95)
    with pytest.raises(ValueError, match="posterior probability to stop at is 1"):
        posterior_boundary(30, 0.2, (1.0, 1.0), 1.0)
    with pytest.raises(ValueError, match="nominal level is 0"):
        nominal_boundary(30, 0.2, 0.0)


@pytest.mark.parametrize(("events", "subjects"), [(0, 5), (1, 5), (3, 5), (5, 5), (5, 95)])
@pytest.mark.parametrize("risk", [0.01, 0.2, 0.9])
def test_the_chance_of_a_count_is_the_sum_of_its_outcomes(
    events: int, subjects: int, risk: float
) -> None:
    outcomes = range(events, subjects + 1)
    summed = sum(math.comb(subjects, x) * risk**x * (1 - risk) ** (subjects - x) for x in outcomes)
    assert chance_of(events, subjects, risk) == pytest.approx(summed, rel=1e-12)


def test_a_count_that_cannot_be_has_no_chance() -> None:
    with pytest.raises(ValueError, match="6 of 5 subjects is no count"):
        chance_of(6, 5, 0.1)
