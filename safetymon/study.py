"""The study file as a whole, and what a `[[rule]]` in it can say: one model a method.

A rule is data. `signals` evaluates it, `simulate` gives its chances, the report draws it.
"""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from safetymon.domain import (
    Data,
    DaysPerYear,
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
MOST = 50_000
"""The largest number of subjects, events or days: the exact methods answer within seconds."""
Count = Annotated[int, Field(ge=1, le=MOST)]
OnStale = Literal["block", "banner"]
HOW = {
    "ecl": "against its reference",
    "difference": "against its reference, by difference",
    "ratio": "against its reference, by ratio",
    "background": "against a background risk",
    "poisson": "against a known rate",
    "protocol": "against the protocol's table",
    "incidence": "by incidence",
    "subjects": "by number of subjects",
}
"""How a method judges, in the words that end the name of a rule without one of its own."""


def rule_title(name: str | None, topic: str, group: str, estimand: str, method: str) -> str:
    """A rule's name: as given, or what it is about, in words that no other rule without one has."""
    plain = topic.split(maxsplit=1)[0].islower()  # not eGFR
    about = f"{topic[0].upper()}{topic[1:]}" if plain else topic
    return name or f"{about}, {estimand} events: {group} {HOW[method]}"


def with_method(title: str, method: str) -> str:
    """A rule's name that tells its method, as that of a rule without a name of its own does."""
    return title if HOW[method] in title else f"{title} ({HOW[method]})"


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
        """The rule's name (`rule_title`): it tells one rule from another, in store and reports."""
        method = getattr(self, "method", "")
        return rule_title(self.name, self.topic, self.group, self.estimand, method)


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
    the number expected under the background over the whole trial. `days_per_year` are those of
    `[report]` if they are not here.
    """

    method: Literal["poisson"]
    background_per_100py: Annotated[float, Field(gt=0, le=100_000)]
    days_per_year: DaysPerYear | None = None
    statistic: Literal["mixture", "maxsprt"] = "mixture"
    planned_events: Annotated[float, Field(gt=0, le=1000)] | None = None
    alpha: Alpha = 0.05

    @model_validator(mode="after")
    def _horizon_is_given(self) -> "PoissonRule":
        if self.statistic == "maxsprt" and self.planned_events is None:
            raise ValueError('statistic = "maxsprt" needs planned_events')
        return self


class EclRule(_About):
    """A group against its reference at risk at the same time: the exact conditional log-rank walk.

    `planned` is the number of subjects in both groups together, `window_days` the planned days at
    risk of each; `final_analysis` the cut-off of the final analysis, if it came before the plan was
    fulfilled. `[evidence]` gives what is not here. `margin` tests for a hazard ratio above it.
    """

    method: Literal["ecl"]
    planned: Count | None = None
    window_days: Count | None = None
    final_analysis: date | None = None
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
    built-in topics get their rules: "if no rule" is written, "always", or "never". `alpha` is that
    of each rule; with `family = "topics"` it is shared by all comparisons of arms, as Holm shares
    it. `final_analysis` is the cut-off of the final analysis of a trial that ends before its plan
    is fulfilled: what is left of alpha is spent on that day, and later events are not weighed by
    comparisons of arms. It is decided without knowing the treatments' events. `screen_q` is
    the false discovery rate of the screen of all preferred terms, 0 for no screen. A signal is
    cleared after `clear_after` looks in a row that speak against it.
    """

    planned_subjects: Count | None = None
    window_days: Count | None = None
    final_analysis: date | None = None
    alpha: Alpha = 0.05
    family: Literal["none", "topics"] = "none"
    defaults: Literal["if no rule", "always", "never"] = "if no rule"
    screen_q: Annotated[float, Field(ge=0, lt=1)] = 0.10
    clear_after: Count = 2


class StoreSettings(Definition):
    """`[store]`: the file that holds the key of an encrypted store; never the key itself."""

    encryption_key_file: Text | None = None

    @field_validator("encryption_key_file")
    @classmethod
    def _is_no_key(cls, name: str | None) -> str | None:
        if name is not None and re.fullmatch(r"[0-9a-fA-F]{32,}", name):
            raise ValueError("is the name of a file; a key may not stand in a study file")
        return name


class Freshness(Definition):
    """`[freshness]`: what to do when the data are stale or have shrunk.

    "banner" looks all the same, marked "DATA STALE" at the top of both reports; "block" refuses.

    `older`: the latest date in the listings lies before that of the last look. `fewer`: a file lost
    more than `max_fall_percent` of its rows, or is gone. `gone`: more than `max_gone` subjects of
    the last look are no longer there. `unchanged`: no file has changed for more than
    `max_unchanged_days`. `lagging`: the latest date in the listings lies more than `max_lag_days`
    in the past (none: however far). Files that are missing or hold no event any more are refused
    whatever is set here.
    """

    older: OnStale = "block"
    fewer: OnStale = "block"
    gone: OnStale = "banner"
    unchanged: OnStale = "banner"
    lagging: OnStale = "banner"
    max_fall_percent: Annotated[float, Field(ge=0, lt=100)] = 5.0
    max_gone: Annotated[int, Field(ge=0)] = 0
    max_unchanged_days: Count = 35
    max_lag_days: Count | None = None


class Study(Definition):
    """A study file, validated: everything a look needs to know beside the data."""

    study: Head
    data: Data
    treatments: dict[Text, Treatment]
    periods: dict[Text, tuple[str, ...]] = Field(default_factory=dict)
    emergent: Emergent = Emergent()
    group: tuple[Group, ...] = ()
    topic: tuple[Topic, ...] = ()
    rule: tuple[Rule, ...] = ()
    evidence: Evidence = Evidence()
    report: ReportSettings = ReportSettings()
    store: StoreSettings = StoreSettings()
    freshness: Freshness = Freshness()
