"""The strip of a single-arm rule: the same verdict over a range of backgrounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safetymon.signals.single import STRIP, background_path, sensitivity
from tests.unit import plain_single as plain
from tests.unit.drawn_units import people, units_of
from tests.unit.plain_single import Person
from tests.unit.test_signals_single import QUICK, background, cutoffs, denominators, group


@QUICK
@given(people(most=8), cutoffs, st.sampled_from([None, 0.013]), denominators)
def test_sensitivity_is_the_rule_at_each_background(
    drawn: list[Person], cutoff: int, given_p0: float | None, by: tuple[str, int | None]
) -> None:
    rule = background(background=given_p0, denominator=by[0], window_days=by[1])
    strip = sensitivity(rule, units_of(drawn), cutoff)
    assert strip["background"].to_list() == sorted({*STRIP, *([given_p0] if given_p0 else [])})
    for row in strip.to_dicts():
        at = rule.model_copy(update={"background": row["background"]})
        path = background_path(at, units_of(drawn), cutoff)
        n = math.ceil(path.of[-1] - 1e-9)
        assert (row["subjects"], row["of"]) == (path.count[-1], n)
        assert row["limit"] == (path.limit[-1] if n else None)
        assert row["crossed"] == path.crossed.any()
        assert row["log_e"] == pytest.approx(path.log_e[-1])
        exact = plain.chance(row["subjects"], n, row["background"])
        assert row["chance"] == pytest.approx(exact)
        assert row["rule"] == rule.title


def test_the_strip_at_the_published_thromboembolic_count() -> None:
    """5 of 95: P(X >= 5) is 0.003 at 1%, 0.042 at 2%, 0.157 at 3%."""
    units = group(*[(i, 200, 150) for i in range(5)], *[(i, 200) for i in range(5, 95)])
    strip = sensitivity(background(planned=95), units, 200)
    chances = dict(strip.select("background", "chance").rows())
    assert [round(chances[p], 3) for p in (0.01, 0.02, 0.03)] == [0.003, 0.042, 0.157]


@QUICK
@given(people(), cutoffs, denominators)
def test_without_a_planned_size_the_strip_takes_the_boundary_of_the_e_value(
    drawn: list[Person], cutoff: int, by: tuple[str, int | None]
) -> None:
    rule = background(planned=None, alpha=0.2, denominator=by[0], window_days=by[1])
    kept = {"planned": 99, "denominator": by[0], "window": by[1]}
    for row in sensitivity(rule, units_of(drawn), cutoff).to_dicts():
        p0 = row["background"]
        days = plain.background(drawn, cutoff, p0=p0, **kept)
        n = math.ceil(days[-1].of - 1e-9)
        least = (x for x in range(n + 1) if plain.log_e(x, n, p0) >= math.log(5))
        assert row["limit"] == (next(least, n + 1) if n else None)
        assert row["crossed"] == any(day.log_e >= math.log(5) for day in days)
