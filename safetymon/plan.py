"""A stopping boundary before the trial: the table, its false-signal probability, its power."""

from typing import Any

from safetymon.errors import UsageError
from safetymon.stats import boundary

MULTIPLES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""True rates shown where none are asked for, as multiples of the background."""


def boundary_plan(
    background: float,
    planned: int,
    alpha: float = 0.05,
    spending: boundary.Shape = "pocock",
    rates: tuple[float, ...] = (),
) -> dict[str, Any]:
    """The exact boundary of a single-arm rule and what it does.

    Returns:
        `boundary`: n and stop_at (a signal at stop_at subjects with an event among n; n + 1 means
        that n cannot stop) for n = 1 to planned; `false_signal`: the exact probability of a signal
        over the whole trial at the background; `power`: for each true rate the probability of a
        signal and the mean number of subjects treated when it comes, or in all.

    Raises:
        UsageError: A number is out of its range.
    """
    asked = rates or tuple(m * background for m in MULTIPLES if m * background < 1)
    try:
        table = boundary.binomial_boundary(planned, background, alpha, spending)
        does = boundary.operating_characteristics(table, asked)
        return {
            "boundary": [
                {"n": n, "stop_at": x}
                for n, x in zip(table.n.tolist(), table.stop_at.tolist(), strict=True)
            ],
            "false_signal": boundary.false_signal(table, background),
            "power": [
                {"rate": rate, "power": power, "mean_subjects": mean}
                for rate, power, mean in zip(
                    does.rate.tolist(),
                    does.power.tolist(),
                    does.mean_subjects.tolist(),
                    strict=True,
                )
            ],
        }
    except ValueError as error:
        raise UsageError(str(error)) from error


def steps(table: list[dict[str, int]]) -> list[tuple[int, int, int]]:
    """The boundary as (from n, to n, stop_at), for reading; rows that cannot stop are left out."""
    spans: list[tuple[int, int, int]] = []
    for row in table:
        n, stop_at = row["n"], row["stop_at"]
        if stop_at > n:
            continue
        if spans and spans[-1][2] == stop_at:
            spans[-1] = (spans[-1][0], n, stop_at)
        else:
            spans.append((n, n, stop_at))
    return spans
