"""Holm and Benjamini-Hochberg against their step procedures, test by test."""

import numpy as np
import pytest

from safetymon.stats.multiplicity import (
    benjamini_hochberg,
    benjamini_hochberg_adjusted,
    holm,
    holm_levels,
)

# Benjamini, Hochberg 1995, J R Stat Soc B 57:289, section 3.2: 15 comparisons.
PAPER = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


def plain_holm(p: list[float], alpha: float) -> list[bool]:
    """Step down: stop at the first that fails."""
    flags, left = [False] * len(p), len(p)
    for i in sorted(range(len(p)), key=lambda k: p[k]):
        if p[i] > alpha / left:
            break
        flags[i], left = True, left - 1
    return flags


def plain_benjamini_hochberg(p: list[float], q: float) -> list[bool]:
    """Step up: the largest k with p(k) <= k q / m, and all below it."""
    ranked = sorted(p)
    passing = [k for k in range(1, len(p) + 1) if ranked[k - 1] * len(p) / k <= q]
    return [v <= ranked[passing[-1] - 1] for v in p] if passing else [False] * len(p)


def test_the_example_of_the_paper() -> None:
    assert benjamini_hochberg(PAPER, 0.05).sum() == 4
    assert holm(PAPER, 0.05).sum() == 3


@pytest.mark.parametrize("seed", range(20))
def test_flags_agree_with_the_step_procedures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.random(int(rng.integers(1, 40))) ** 3
    p[rng.random(p.size) < 0.2] = 0.01  # ties
    for level in (0.03, 0.1, 0.5):
        assert holm(p, level).tolist() == plain_holm(p.tolist(), level)
        assert benjamini_hochberg(p, level).tolist() == plain_benjamini_hochberg(p.tolist(), level)


def test_adjusted_values_by_hand() -> None:
    p = [0.04, 0.01, 0.03]
    assert benjamini_hochberg_adjusted(p) == pytest.approx([0.04, 0.03, 0.04])


@pytest.mark.parametrize("tests", [1, 3, 7, 49])
def test_p_values_that_are_holm_s_own_levels_are_flagged(tests: int) -> None:
    levels = holm_levels(tests, 0.05)
    assert levels[-1] == 0.05 / tests
    assert holm(levels, 0.05).all()
    assert not holm(levels * 1.001, 0.05).any()


def test_when_every_p_value_equals_the_level_all_are_flagged() -> None:
    assert benjamini_hochberg([0.1] * 3, 0.1).all()
    assert benjamini_hochberg([0.1] * 49, 0.1).all()


def test_order_does_not_matter_and_nothing_exceeds_one() -> None:
    order = np.random.default_rng(2).permutation(15)
    shuffled = np.array(PAPER)[order]
    adjusted = benjamini_hochberg_adjusted
    assert adjusted(shuffled) == pytest.approx(adjusted(PAPER)[order])
    assert adjusted([0.9, 0.8, 1.0]).max() <= 1
    assert holm(shuffled, 0.05).tolist() == holm(PAPER, 0.05)[order].tolist()


def test_a_test_that_could_not_be_made_is_neither_flagged_nor_counted() -> None:
    p = [0.01, float("nan"), 0.04]
    assert benjamini_hochberg_adjusted(p) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert benjamini_hochberg(p, 0.05).tolist() == [True, False, True]


def test_a_family_with_a_test_that_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.01, float("nan")], 0.05)


def test_no_tests_are_no_flags() -> None:
    assert holm([], 0.05).tolist() == benjamini_hochberg([], 0.05).tolist() == []


@pytest.mark.parametrize(
    ("p", "level", "message"),
    [
        ([1.1], 0.05, "between 0 and 1"),
        ([-0.1], 0.05, "between 0 and 1"),
        ([0.1], 0.0, "level is 0"),
    ],
)
def test_what_is_no_p_value_or_level_is_refused(p: list[float], level: float, message: str) -> None:
    for method in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match=message):
            method(p, level)
