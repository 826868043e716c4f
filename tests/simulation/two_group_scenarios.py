"""The two-group trials of the goals: without harm, under stress, reported late, and with harm.

A name says what differs from the defaults of `Scenario`: hazards constant or falling (Weibull 0.4),
10% dropout, blocks of four; what differs by group is given as treatment v reference.
"""

from collections.abc import Mapping
from itertools import product
from typing import Final

from tests.simulation import goals
from tests.simulation.rows import Goal
from tests.simulation.two_group_trials import Scenario

SHAPES: Final = {"constant": 1.0, "falling": 0.4}
RISKS: Final = {95: (0.05, 0.30), 500: (0.005, 0.05, 0.30)}


def standard(subjects: int, risk: float, hazard: str, allocation: str) -> Scenario:
    name = f"N {subjects}, {100 * risk:g}%, {hazard}, {allocation}"
    return Scenario(name, subjects, risk, shape=SHAPES[hazard], allocation=allocation)


STANDARD: Final = [
    *(
        standard(subjects, risk, hazard, allocation)
        for subjects, risks in RISKS.items()
        for risk, hazard, allocation in product(risks, SHAPES, ("block", "simple", "2:1"))
    ),
    standard(5000, 0.005, "constant", "block"),
    standard(5000, 0.005, "falling", "2:1"),
    standard(5000, 0.05, "falling", "simple"),
    standard(5000, 0.30, "constant", "2:1"),
]
STRESS: Final = [
    Scenario("N 500, 10%, Weibull 0.15", 500, 0.10, shape=0.15),
    Scenario("N 500, 10%, infusion days x 20", 500, 0.10, infusions=True),
    Scenario("N 500, 10%, dropout 40 v 5%", 500, 0.10, dropout=(0.05, 0.40)),
    Scenario("N 500, 10%, Weibull 0.15, 40 v 5%", 500, 0.10, shape=0.15, dropout=(0.05, 0.40)),
    Scenario("N 500, 10%, Weibull 0.15, 5 v 40%", 500, 0.10, shape=0.15, dropout=(0.40, 0.05)),
    Scenario("N 95, 30%, all three", 95, 0.30, 1.0, 0.15, "block", (0.05, 0.40), infusions=True),
    Scenario("N 500, 10%, all three", 500, 0.10, 1.0, 0.15, "block", (0.05, 0.40), infusions=True),
]
LAGGED: Final = [
    Scenario("N 95, 30%, falling, lag 56 days", 95, 0.30, shape=0.4, lag=(56.0, 56.0)),
    Scenario("N 500, 10%, constant, lag 56 days", 500, 0.10, lag=(56.0, 56.0)),
    Scenario("N 500, 10%, falling, lag 56 days", 500, 0.10, shape=0.4, lag=(56.0, 56.0)),
]
UNEQUAL_LAG: Final = [
    Scenario("N 500, 10%, lag 14 v 56 days", 500, 0.10, lag=(56.0, 14.0)),
    Scenario("N 500, 10%, lag 56 v 14 days", 500, 0.10, lag=(14.0, 56.0)),
]
LAG_AND_DROPOUT: Final = [
    Scenario(
        f"N 500, 10%, {hazard}, lag 56 days, dropout 40 v 5%",
        500, 0.10, shape=shape, dropout=(0.05, 0.40), lag=(56.0, 56.0),
    )
    for hazard, shape in SHAPES.items()
]  # fmt: skip
HARM: Final = [
    Scenario("N 95, 30%, ratio 2.5", 95, 0.30, 2.5),
    Scenario("N 95, 30%, falling, ratio 2.5", 95, 0.30, 2.5, 0.4),
    Scenario("N 500, 5%, ratio 2", 500, 0.05, 2.0),
    Scenario("N 500, 5%, falling, ratio 3", 500, 0.05, 3.0, 0.4),
    Scenario("N 500, 10%, ratio 2, 2:1", 500, 0.10, 2.0, 1.0, "2:1"),
    Scenario("N 500, 30%, falling, ratio 1.5, simple", 500, 0.30, 1.5, 0.4, "simple"),
    Scenario("N 5000, 0.5%, ratio 2", 5000, 0.005, 2.0),
    Scenario("N 5000, 0.5%, falling, ratio 3", 5000, 0.005, 3.0, 0.4),
    Scenario("N 5000, 1%, ratio 1.5", 5000, 0.01, 1.5),
]

WITHOUT_HARM: Final[list[tuple[list[Scenario], Mapping[str, Goal]]]] = [
    (STANDARD, {"ECL": goals.STANDARD, "ECL band": goals.BAND, "e-process >= 20": goals.EVIDENCE}),
    (STRESS, {"ECL": goals.STRESS, "ECL band": goals.BAND, "e-process >= 20": goals.EVIDENCE}),
    (LAGGED, {"ECL": goals.LAG, "ECL band": goals.LAG, "e-process >= 20": goals.EVIDENCE}),
    (UNEQUAL_LAG + LAG_AND_DROPOUT, {}),
]
