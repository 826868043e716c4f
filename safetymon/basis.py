"""What the numbers of a report rest on: the estimand line, and the appendix of methods."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """What numbers are computed by: the code's name, what it says it does, its source or ""."""

    name: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What every number of a report rests on: the estimand line below each table and figure.

    Phrases made from the study file; `version` is the start of the definitions' hash. `methods` is
    the appendix, `screen_q` the false discovery rate of the screen.
    """

    population: str
    periods: str
    treatment: str
    emergent: str
    related: str
    serious: str
    proportion: str
    difference: str
    rates: str
    version: str
    screen_q: float
    methods: tuple[Method, ...]
