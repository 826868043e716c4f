"""The study file as a whole, and what a `[[rule]]` in it can say: one model a method.

A rule is data. `signals` evaluates it, `simulate` gives its chances, the report draws it.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from safetymon.domain import (
    Data,
    Definition,
    Emergent,
    Estimand,
    Group,
    Head,
    ReportSettings,
    Text,
    ThresholdMethod,
    Topic,
    Treatment,
)

Proportion = Annotated[float, Field(gt=0, lt=1)]
Alpha = Annotated[float, Field(gt=0, lt=0.5)]
Count = Annotated[int, Field(ge=1)]


class _About(Definition):
    """What every rule is about: a topic in a group, counted one way."""

    topic: Text
    group: Text
    estimand: Estimand = "all"
    adjudicated: bool = True
    name: Text | None = None
    off: bool = False  # switched off: not evaluated, its history is kept

    @property
    def title(self) -> str:
        """The rule's name: as given, or topic, group, estimand and method."""
        method = getattr(self, "method", "")
        return self.name or f"{self.topic} / {self.group} / {self.estimand} / {method}"


class ThresholdRule(_About):
    """A number compared with a limit, after enough data. Not valid evidence over many looks.

    `limit` is a percentage of subjects (incidence), a number of subjects (subjects), a difference
    in percentage points (difference) or a risk ratio (ratio). With `on = "lower bound"` the lower
    end of the two-sided interval is compared instead of the estimate.
    """

    method: ThresholdMethod
    limit: Annotated[float, Field(ge=0)]
    on: Literal["estimate", "lower bound"] = "estimate"
    min_at_risk: Count = 10
    min_subjects: Annotated[int, Field(ge=0)] = 0


class BackgroundRule(_About):
    """One group against an acceptable risk: exact binomial boundary, mixture e-value beside it.

    Without a `background` the verdict is "not applicable", and only the sensitivity is shown.
    `planned` is the number of subjects to be treated in all; `[evidence]` gives it if it is not
    here.
    `window_days` is the time in which an event counts; matured and km denominators need it.
    """

    method: Literal["background"]
    background: Proportion | None = None
    planned: Count | None = None
    alpha: Alpha = 0.05
    spending: Literal["pocock", "linear", "obrien-fleming"] = "pocock"
    denominator: Literal["dosed", "matured", "km"] = "dosed"
    window_days: Count | None = None

    @model_validator(mode="after")
    def _window_is_given(self) -> "BackgroundRule":
        if self.denominator != "dosed" and self.window_days is None:
            raise ValueError(f'denominator = "{self.denominator}" needs window_days')
        return self


class ProtocolRule(_About):
    """The protocol's own table: stop at `stop_at` subjects with an event among the first `n`.

    `background` is the acceptable risk at which the table's false-signal probability is stated.
    """

    method: Literal["protocol"]
    n: tuple[Count, ...] = Field(min_length=1)
    stop_at: tuple[Count, ...] = Field(min_length=1)
    background: Proportion

    @model_validator(mode="after")
    def _is_a_table(self) -> "ProtocolRule":
        if len(self.n) != len(self.stop_at):
            raise ValueError("n and stop_at must have the same length")
        if any(later <= n for n, later in zip(self.n, self.n[1:], strict=False)):
            raise ValueError("n must increase")
        return self


class PoissonRule(_About):
    """First events against a known rate a 100 person-years: mixture e-value or MaxSPRT.

    Only where the hazard does not change with time on treatment. MaxSPRT needs `planned_events`,
    the number expected under the background over the whole trial.
    """

    method: Literal["poisson"]
    background_per_100py: Annotated[float, Field(gt=0)]
    statistic: Literal["mixture", "maxsprt"] = "mixture"
    planned_events: Annotated[float, Field(gt=0)] | None = None
    alpha: Alpha = 0.05

    @model_validator(mode="after")
    def _horizon_is_given(self) -> "PoissonRule":
        if self.statistic == "maxsprt" and self.planned_events is None:
            raise ValueError('statistic = "maxsprt" needs planned_events')
        return self


class EclRule(_About):
    """A group against its reference at risk at the same time: the exact conditional log-rank walk.

    `planned` is the number of subjects in both groups together, `window_days` the planned days at
    risk of each. `margin` tests for a hazard ratio above it.
    """

    method: Literal["ecl"]
    planned: Count | None = None
    window_days: Count | None = None
    alpha: Alpha = 0.05
    margin: Annotated[float, Field(gt=0)] = 1.0
    mode: Literal["weighted", "band"] = "weighted"


Rule = Annotated[
    ThresholdRule | BackgroundRule | ProtocolRule | PoissonRule | EclRule,
    Field(discriminator="method"),
]
EvidenceRule = BackgroundRule | ProtocolRule | PoissonRule | EclRule


class Evidence(Definition):
    """`[evidence]`: the trial's planned size, and what is weighed where no rule is written.

    `planned_subjects` are those planned in a comparison (both groups) and to be treated in all;
    `window_days` the planned days at risk of each in a comparison. `defaults` says whether the
    built-in topics get their rules: "if no rule" is written, "always", or "never". `screen_q` is
    the false discovery rate of the screen of all preferred terms, 0 for no screen. A signal is
    cleared after `clear_after` looks in a row that speak against it.
    """

    planned_subjects: Count | None = None
    window_days: Count | None = None
    alpha: Alpha = 0.05
    defaults: Literal["if no rule", "always", "never"] = "if no rule"
    screen_q: Annotated[float, Field(ge=0, lt=1)] = 0.10
    clear_after: Count = 2


class Study(Definition):
    """A study file, validated: everything a look needs to know beside the data."""

    study: Head
    data: Data
    treatments: dict[str, Treatment]
    periods: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    emergent: Emergent = Emergent()
    group: tuple[Group, ...] = ()
    topic: tuple[Topic, ...] = ()
    rule: tuple[Rule, ...] = ()
    evidence: Evidence = Evidence()
    report: ReportSettings = ReportSettings()
