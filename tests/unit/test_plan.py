"""A stopping boundary before the trial."""

import pytest

from safetymon.errors import UsageError
from safetymon.plan import boundary_plan, steps


def test_the_plan_of_proderm_against_one_percent() -> None:
    made = boundary_plan(0.01, 95)
    assert made["boundary"][0] == {"n": 1, "stop_at": 2}  # one subject cannot stop
    assert made["boundary"][-1] == {"n": 95, "stop_at": 4}
    assert made["false_signal"] == pytest.approx(0.0439, abs=5e-5)
    assert [row["rate"] for row in made["power"]] == pytest.approx(
        [0.01, 0.015, 0.02, 0.03, 0.04, 0.06]
    )


def test_power_at_the_background_is_the_false_signal_probability() -> None:
    made = boundary_plan(0.2, 30, alpha=0.1, rates=(0.2,))
    assert made["power"][0]["power"] == pytest.approx(made["false_signal"])
    assert made["power"][0]["mean_subjects"] <= 30


def exact(table: list[dict[str, int]], rate: float) -> float:
    """Probability of a signal, path by path over all outcomes of a short trial."""
    planned, total = len(table), 0.0
    for outcome in range(2**planned):
        bits = [outcome >> i & 1 for i in range(planned)]
        if any(sum(bits[: row["n"]]) >= row["stop_at"] for row in table):
            total += rate ** sum(bits) * (1 - rate) ** (planned - sum(bits))
    return total


@pytest.mark.parametrize("spending", ["pocock", "linear", "obrien-fleming"])
def test_the_probabilities_are_those_of_all_outcomes(spending: str) -> None:
    made = boundary_plan(0.2, 10, 0.1, spending, (0.2, 0.5))  # type: ignore[arg-type]  # a case of Shape
    assert made["false_signal"] == pytest.approx(exact(made["boundary"], 0.2))
    assert made["power"][1]["power"] == pytest.approx(exact(made["boundary"], 0.5))


def test_steps_for_reading_leave_out_what_cannot_stop() -> None:
    table = [{"n": n, "stop_at": x} for n, x in enumerate([2, 2, 2, 3], start=1)]
    assert steps(table) == [(2, 3, 2), (4, 4, 3)]


@pytest.mark.parametrize(
    ("background", "planned", "alpha", "rates"),
    [(0, 95, 0.05, ()), (1, 95, 0.05, ()), (0.01, 0, 0.05, ()), (0.01, 95, 0.5, ()),
     (0.01, 95, 0.05, (1.5,))],
)  # fmt: skip
def test_a_number_out_of_range_is_refused_in_one_line(
    background: float, planned: int, alpha: float, rates: tuple[float, ...]
) -> None:
    with pytest.raises(UsageError) as refused:
        boundary_plan(background, planned, alpha, rates=rates)
    assert "\n" not in str(refused.value)
