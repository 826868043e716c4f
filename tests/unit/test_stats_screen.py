"""The tier 2 screen: Benjamini-Hochberg, and once flagged stays flagged."""

import numpy as np
import pytest

from safetymon.stats.multiplicity import benjamini_hochberg
from safetymon.stats.screen import screen


def test_the_screen_keeps_what_was_flagged() -> None:
    p = np.array([1e-5, 0.004, 0.03, 1.0, 1.0])
    before = np.array([False, True, False, False, True])
    found = screen(p, q=0.10, previous=before)
    now = benjamini_hochberg(p, 0.10)
    assert now.tolist() == [True, True, True, False, False]
    assert found.flagged.tolist() == [True, True, True, False, True]
    assert found.new.tolist() == [True, False, True, False, False]
    assert found.held.tolist() == [False, False, False, False, True]
    assert screen(p).flagged.tolist() == now.tolist()


@pytest.mark.parametrize(
    ("p", "q", "previous"),
    [
        ([0.5, np.nan], 0.1, None),
        ([0.5, 1.5], 0.1, None),
        ([0.5, 0.5], 1.0, None),
        ([0.5, 0.5], 0.1, [True]),
    ],
)
def test_the_screen_refuses_wrong_inputs(
    p: list[float], q: float, previous: list[bool] | None
) -> None:
    with pytest.raises(ValueError, match=r"p|level"):
        screen(p, q=q, previous=previous)
