"""Curves over time against published values, hand-drawn tables and plain second versions."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from safetymon.stats.recurrent import mean_cumulative
from safetymon.stats.survival import aalen_johansen, curve_at, kaplan_meier, numbers_at_risk

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Freireich et al. 1963, 6-mercaptopurine arm: weeks in remission, 1 = relapse.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def plain_aalen_johansen(time: list[int], cause: list[int], at: float) -> tuple[float, float]:
    """Incidence and variance at one time, by the published sums (Marubini, Valsecchi 1995)."""
    moments = sorted({t for t, c in zip(time, cause, strict=True) if c > 0 and t <= at})
    rows, survival, incidence = [], 1.0, 0.0
    for u in moments:
        n = sum(t >= u for t in time)
        d = sum(t == u and c > 0 for t, c in zip(time, cause, strict=True))
        d1 = sum(t == u and c == 1 for t, c in zip(time, cause, strict=True))
        incidence += survival * d1 / n
        rows.append((n, d, d1, survival, incidence))
        survival *= 1 - d / n
    total = 0.0
    for n, d, d1, s, f in rows:
        ahead = incidence - f
        total += ahead**2 * d / (n * (n - d)) if n > d else 0.0
        total += s**2 * d1 * (n - d1) / n**3 - 2 * ahead * s * d1 / n**2
    return incidence, total


def plain_mean(
    weight: list[float], end: Floats, died: Bools, events: list[tuple[int, float]], t: float
) -> float:
    """Ghosh and Lin's estimate with weighted subjects, event by event."""
    total = 0.0
    for who, u in events:
        if u > t:
            continue
        alive = 1.0
        for v in sorted({e for e, dead in zip(end, died, strict=True) if dead and e < u}):
            deaths = sum(w for w, e, dead in zip(weight, end, died, strict=True) if dead and e == v)
            alive *= 1 - deaths / sum(w for w, e in zip(weight, end, strict=True) if e >= v)
        total += weight[who] * alive / sum(w for w, e in zip(weight, end, strict=True) if e >= u)
    return total


def random_history(
    seed: int, subjects: int = 14, events: list[tuple[int, float]] = 20
) -> tuple[Floats, Bools, Ints, Floats]:
    rng = np.random.default_rng(seed)
    end = rng.integers(1, 20, subjects).astype(float)
    died = rng.random(subjects) < 0.4
    who = rng.integers(0, subjects, events)
    when = np.ceil(rng.random(events) * end[who])
    return end, died, who, when


def test_published_kaplan_meier_of_the_remission_trial() -> None:
    # Survival and Greenwood's standard error as tabulated by Kalbfleisch and Prentice.
    table = {
        6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068),
        16: (0.627, 0.1141), 22: (0.538, 0.1282), 23: (0.448, 0.1346),
    }  # fmt: skip
    curve = curve_at(kaplan_meier(WEEKS, RELAPSE), list(table))
    assert 1 - curve.value == pytest.approx([s for s, _ in table.values()], abs=6e-4)
    z = NormalDist().inv_cdf(0.975)
    for (s, error), low, high in zip(table.values(), curve.low, curve.high, strict=True):
        spread = z * error / (s * -math.log(s))
        assert low == pytest.approx(1 - s ** math.exp(-spread), abs=2e-3)
        assert high == pytest.approx(1 - s ** math.exp(spread), abs=2e-3)


def test_every_row_of_a_small_table() -> None:
    curve = kaplan_meier([1, 2, 2, 3, 5], [True, True, False, False, True])
    assert curve.time.tolist() == [0, 1, 2, 3, 5]
    assert curve.at_risk.tolist() == [5, 5, 4, 2, 1]  # the one censored on day 2 was at risk then
    assert curve.events.tolist() == [0, 1, 2, 2, 3]
    assert curve.value == pytest.approx([0, 1 / 5, 2 / 5, 2 / 5, 1])


@pytest.mark.parametrize("seed", range(5))
def test_aalen_johansen_agrees_with_the_published_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, cause = rng.integers(0, 15, 40), rng.integers(0, 3, 40)
    curve, z = aalen_johansen(time, cause), NormalDist().inv_cdf(0.975)
    for t, value, low in zip(curve.time, curve.value, curve.low, strict=True):
        expected, variance = plain_aalen_johansen(time.tolist(), cause.tolist(), t)
        assert value == pytest.approx(expected, abs=1e-12)
        if 0 < value < 1:
            scale = (1 - value) * -math.log(1 - value)
            spread = math.exp(-z * math.sqrt(variance) / scale)
            assert low == pytest.approx(1 - (1 - value) ** spread, abs=1e-10)


def test_where_nothing_competes_the_variance_is_greenwoods() -> None:
    curve = kaplan_meier(WEEKS, RELAPSE)
    for t, s in [(6, 18 / 21), (23, 0.448179)]:
        greenwood, survival = 0.0, 1.0
        for u in sorted({w for w, r in zip(WEEKS, RELAPSE, strict=True) if r and w <= t}):
            n = sum(w >= u for w in WEEKS)
            d = sum(w == u and r == 1 for w, r in zip(WEEKS, RELAPSE, strict=True))
            survival *= 1 - d / n
            greenwood += d / (n * (n - d))
        spread = NormalDist().inv_cdf(0.975) * math.sqrt(greenwood) / -math.log(survival)
        assert survival == pytest.approx(s, abs=1e-6)
        assert curve_at(curve, [t]).high[0] == pytest.approx(1 - survival ** math.exp(spread))


def test_incidences_of_all_causes_add_up_to_those_no_longer_event_free() -> None:
    rng = np.random.default_rng(11)
    time, cause = rng.integers(1, 30, 200), rng.integers(0, 3, 200)
    death = aalen_johansen(time, np.where(cause == 2, 1, np.where(cause == 1, 2, 0)))
    total = aalen_johansen(time, cause).value + death.value
    assert total == pytest.approx(kaplan_meier(time, cause > 0).value)


def test_a_competing_death_is_no_censoring() -> None:
    # 4 subjects, one dies on day 1: of the 3 left one has the event; 1 - KM would say 1/3.
    curve = aalen_johansen([1, 2, 3, 3], [2, 1, 0, 0])
    assert curve.value.tolist() == pytest.approx([0, 0, 1 / 4, 1 / 4])


def test_crude_counts_read_low_while_most_are_still_followed() -> None:
    # Everyone has the event on day 10; at the look only 2 of 10 have come that far.
    time, event = [10, 10, 4, 4, 4, 4, 2, 2, 2, 2], [1, 1] + [0] * 8
    assert sum(event) / len(event) == 0.2
    assert kaplan_meier(time, event).value[-1] == 1


def test_without_an_event_the_upper_bound_is_the_exact_one() -> None:
    curve = kaplan_meier([5, 8, 9], [0, 0, 0])
    assert curve.value.tolist() == [0, 0, 0, 0]
    assert curve.low.tolist() == [0, 0, 0, 0]
    assert curve.high == pytest.approx([1 - 0.025 ** (1 / n) for n in (3, 3, 2, 1)])


def test_when_all_have_the_event_the_lower_bound_stays_below_one() -> None:
    at_once = kaplan_meier([3, 3, 3], [1, 1, 1])
    assert (at_once.low[-1], at_once.high[-1]) == pytest.approx((0.025 ** (1 / 3), 1))
    in_turn = kaplan_meier([1, 2, 3], [1, 1, 1])
    assert in_turn.low[-1] == in_turn.low[-2] > 0
    assert (in_turn.value[-1], in_turn.high[-1]) == (1, 1)


def test_beyond_the_last_follow_up_nothing_is_known() -> None:
    curve = curve_at(kaplan_meier([2, 4], [1, 0]), [0, 3, 4, 4.5])
    assert curve.value[:3].tolist() == [0, 0.5, 0.5]
    assert np.isnan([curve.value[3], curve.low[3], curve.high[3]]).all()
    assert curve.at_risk.tolist() == [2, 1, 1, 0]
    assert curve.events.tolist() == [0, 1, 1, 1]


def test_at_risk_on_the_last_day_of_follow_up() -> None:
    assert numbers_at_risk([3, 5, 5, 9], [0, 3, 4, 5, 9, 10]).tolist() == [4, 4, 3, 3, 1, 0]


def test_mean_cumulative_function_by_hand() -> None:
    # Subject 0: events on days 1 and 4; subject 1: day 4; subject 2 leaves on day 2.
    curve = mean_cumulative([6, 6, 2], [0, 0, 1], [1, 4, 4], [0, 1, 4, 6, 7])
    assert curve.value[:4].tolist() == pytest.approx([0, 1 / 3, 4 / 3, 4 / 3])
    assert curve.events.tolist() == [0, 1, 3, 3, 3]
    assert curve.at_risk.tolist() == [3, 3, 2, 2, 0]
    assert np.isnan([curve.value[4], curve.low[4], curve.high[4]]).all()


def test_after_a_death_events_are_no_longer_expected() -> None:
    # 2 of 4 die on day 1; each survivor then has one event: the mean over all 4 is 1/2.
    curve = mean_cumulative([1, 1, 9, 9], [2, 3], [5, 6], [9], died=[1, 1, 0, 0])
    assert curve.value[0] == pytest.approx(0.5)
    assert mean_cumulative([1, 1, 9, 9], [2, 3], [5, 6], [9]).value[0] == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(6))
def test_mean_and_variance_agree_with_weighting_each_subject_up_a_little(seed: int) -> None:
    end, died, who, when = random_history(seed)
    events, times = (
        list(zip(who.tolist(), when.tolist(), strict=True)),
        [3.0, 8.0, float(end.max())],
    )
    curve, z, step = mean_cumulative(end, who, when, times, died), NormalDist().inv_cdf(0.975), 1e-6
    for i, t in enumerate(times):
        ones = [1.0] * end.size
        value = plain_mean(ones, end, died, events, t)
        influence = []
        for s in range(end.size):
            up, down = ones.copy(), ones.copy()
            up[s], down[s] = 1 + step, 1 - step
            change = plain_mean(up, end, died, events, t) - plain_mean(down, end, died, events, t)
            influence.append(change / (2 * step))
        spread = z * math.sqrt(sum(v * v for v in influence)) / value
        assert curve.value[i] == pytest.approx(value)
        assert curve.low[i] == pytest.approx(value * math.exp(-spread), rel=1e-6)
        assert curve.high[i] == pytest.approx(value * math.exp(spread), rel=1e-6)


def test_the_mean_of_first_events_only_is_the_hazard_summed() -> None:
    first = kaplan_meier(WEEKS, RELAPSE)
    who = np.flatnonzero(RELAPSE)
    mean = mean_cumulative(WEEKS, who, np.array(WEEKS)[who], first.time)
    jumps = np.diff(np.concatenate(([0], first.events))) / first.at_risk
    assert mean.value == pytest.approx(np.cumsum(jumps))


def test_no_events_have_poissons_upper_bound_and_equal_histories_no_bound() -> None:
    none = mean_cumulative([5, 6], [], [], [0, 5, 6])
    assert none.value.tolist() == [0, 0, 0]
    assert none.high == pytest.approx([-math.log(0.025) / n for n in (2, 2, 1)])
    same = mean_cumulative([5, 5], [0, 1], [2, 2], [5])
    assert same.value.tolist() == [1]
    assert np.isnan([same.low[0], same.high[0]]).all()
    assert mean_cumulative([5, 5], [0, 1], [2, 2], []).value.size == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kaplan_meier([], []), "a subject at least"),
        (lambda: kaplan_meier([1, 2], [1]), "one value for each subject"),
        (lambda: kaplan_meier([-1], [1]), "at least 0"),
        (lambda: kaplan_meier([float("nan")], [1]), "finite"),
        (lambda: kaplan_meier([1], [1], conf=1.0), "confidence level is 1"),
        (lambda: aalen_johansen([1], [-1]), "causes must be a whole number"),
        (lambda: mean_cumulative([5], [0], [6], [5]), "after the end"),
        (lambda: mean_cumulative([5], [1], [2], [5]), "a subject that has follow-up"),
        (lambda: mean_cumulative([], [], [], [5]), "a subject at least"),
    ],
)
def test_histories_that_make_no_sense_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
