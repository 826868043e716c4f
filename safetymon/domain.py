"""The study's language: frozen values that every stage understands, and nothing that computes.

The parts of a study file (`study` puts them together) are pydantic models, so that one definition
is at once the file format, its validation and the value handed around. What a look produces
(`Listings`, `Results`) are plain values around frames whose columns `schema` fixes. A value is a
NamedTuple, which takes a fifth of the time to define, unless it is walked field by field or needs
what only a dataclass has.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from safetymon.basis import Basis

Standard = Literal["adam", "sdtm", "edc"]
PartialOnset = Literal["conservative", "first-day"]
Estimand = Literal["all", "related", "serious", "related serious"]
Level = Literal["any", "topic", "soc", "pt"]
Scope = Literal["closed", "open"]
Tree = Literal["closed", "open", "coded"]
"""A folder of reports; the coded one holds closed content, its treatments under codes."""
Verdict = Literal[
    "raised", "open", "cleared", "no signal", "too little data", "no events", "not applicable"
]
Severity = Literal["info", "warning", "error"]
PersonTime = Literal["at risk", "on treatment"]
ThresholdMethod = Literal["incidence", "subjects", "difference", "ratio"]

ChangedPart = Literal["subjects", "exposure", "events", "adjudication"]
"""A part of the data that is compared between two cuts."""
ESTIMANDS: tuple[Estimand, ...] = ("all", "related", "serious", "related serious")
ANY_EVENT = "Any event"
EVENT_ROLE: dict[Standard, str] = {"adam": "adae", "sdtm": "ae", "edc": "events"}
"""The role of the file that lists the adverse events."""
STALE = "DATA STALE"
"""How the check of every finding begins that says so (`freshness`)."""
ALL_SUBJECTS = "All subjects"
"""The only group of an open report: everybody who was treated, whatever with."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
# A study id names folders, so it may hold nothing a file system or a shell could misread.
StudyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Definition(BaseModel):
    """A part of the study file: frozen, and unknown keys are refused."""

    # An error never repeats what was written: a password may have been put in the wrong place.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )


class Head(Definition):
    """`[study]`: what the study is called."""

    id: StudyId
    title: Text
    synthetic: bool = False


class Values(Definition):
    """`[data.values]`: how the listing writes yes, no, causality, severity; case does not count."""

    yes: tuple[str, ...] = ("Y", "YES", "TRUE", "1")
    no: tuple[str, ...] = ("N", "NO", "FALSE", "0")
    related: tuple[str, ...] = (
        "Y", "YES", "RELATED", "POSSIBLE", "POSSIBLY RELATED", "PROBABLE", "PROBABLY RELATED",
        "DEFINITE", "DEFINITELY RELATED", "CERTAIN", "HIGHLY PROBABLE",
    )  # fmt: skip
    not_related: tuple[str, ...] = (
        "N", "NO", "NONE", "NOT RELATED", "UNRELATED", "UNLIKELY", "UNLIKELY RELATED", "REMOTE",
        "DOUBTFUL",
    )  # fmt: skip
    mild: tuple[str, ...] = ("MILD",)
    moderate: tuple[str, ...] = ("MODERATE",)
    severe: tuple[str, ...] = ("SEVERE",)


class Data(Definition):
    """`[data]`: where the listings are and how to read them.

    `files` maps a role (ADaM: adsl, adae; SDTM: dm, ae, ex, suppae; EDC: subjects, exposure,
    events, adjudication) to a file name in `folder`; left out, files are found by their role's
    name. `columns` maps role -> our column -> the listing's column (EDC; adjudication of any).
    """

    folder: Text = "."
    standard: Standard
    cutoff: Literal["latest"] | date = "latest"
    treatment_from: Literal["ARM", "ACTARM", "EX"] = "ACTARM"
    files: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    values: Values = Values()
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)


class Treatment(Definition):
    """`[treatments.NAME]`: the names in the data (`from`) that mean this treatment."""

    names: tuple[Text, ...] = Field(alias="from", min_length=1)
    reference: bool = False


class Emergent(Definition):
    """`[emergent]`: which events count as treatment-emergent.

    `lag_days` is the number of days after the last dose that still count. `flag` says whether a
    recorded TRTEMFL is honoured or derived anew. `missing` says how an unrecorded seriousness or
    causality counts: conservative means as serious, as related.
    """

    lag_days: Annotated[int, Field(ge=0, le=3650)] | Literal["unlimited"] = 30
    partial_onset: PartialOnset = "conservative"
    flag: Literal["honour", "derive"] = "honour"
    missing: Literal["conservative", "as no"] = "conservative"


class Group(Definition):
    """`[[group]]`: a column of a table, treatment x periods (no periods: all of them).

    `total_of` names groups that share no subject, to be counted together; groups that overlap
    are refused.
    """

    name: Text
    treatment: Text | None = None
    periods: tuple[Text, ...] = ()
    reference: Text | None = None
    total_of: tuple[Text, ...] = ()


class Topic(Definition):
    """`[[topic]]`: a medical concept as a list of MedDRA preferred terms, compared ignoring case.

    A built-in topic is extended by `add_terms` and narrowed by `drop_terms`; `terms` replaces it.
    `background` is the risk that is acceptable without a concurrent control.
    """

    name: Text
    terms: tuple[Text, ...] = ()
    background: Annotated[float, Field(gt=0, lt=1)] | None = None
    add_terms: tuple[Text, ...] = ()
    drop_terms: tuple[Text, ...] = ()


DaysPerYear = Annotated[float, Field(ge=365, le=366)]


class ReportSettings(Definition):
    """`[report]`: intervals and their confidence, days in a person-year, what counts as time.

    `person_time` is "at risk" (first dose to the end of the emergent window: it matches the
    numerator) or "on treatment" (first dose to last dose). `coded` asks for a third report: the
    closed one with codes for its treatments.
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    proportion: Literal["clopper-pearson", "wilson", "wilson-cc", "jeffreys", "agresti-coull"] = (
        "clopper-pearson"
    )
    difference: Literal["miettinen-nurminen", "mee", "newcombe", "newcombe-cc"] = (
        "miettinen-nurminen"
    )
    rate: Literal["exact", "score", "byar", "jeffreys"] = "exact"
    days_per_year: DaysPerYear = 365.25
    person_time: PersonTime = "at risk"
    coded: bool = False


class InputFile(NamedTuple):
    """One file as it was read: `rows` = `accepted` + `rejected`, always."""

    role: str
    path: str
    sha256: str
    rows: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that a reader of the numbers must know; counts, never identifiers.

    `about` is "closed" where the text depends on who took what.
    """

    check: str
    severity: Severity
    count: int
    text: str
    about: Scope = "open"


class Listings(NamedTuple):
    """The accepted rows of an extract as frames (`schema`), the rejected rows, the provenance.

    `recorded` are the days that the accepted rows record, as they record them.
    """

    subjects: pl.DataFrame
    exposure: pl.DataFrame
    events: pl.DataFrame
    adjudication: pl.DataFrame
    rejected: pl.DataFrame
    recorded: pl.DataFrame
    inputs: tuple[InputFile, ...]
    findings: tuple[Finding, ...] = ()


class Extract(NamedTuple):
    """A set of input files as read: `id` hashes the files and `reading`, the settings (JSON)."""

    id: str
    reading: str


class Cut(NamedTuple):
    """The listings as they stood at a cut-off date; same inputs and cut-off, same cut."""

    id: str
    cutoff: date
    inputs: tuple[InputFile, ...]


class Look(NamedTuple):
    """One analysis of one cut under one set of definitions."""

    number: int
    run_at: datetime
    definitions_sha256: str
    versions: dict[str, str]

    def folder(self, cutoff: date) -> str:
        """The name of the look's folder: 4 digits, a dash, the cut-off date."""
        return f"{self.number:04d}-{cutoff:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Cases:
    """Who they are, record by record: in the closed report only.

    Frames by `record_schema`: `listing`, `edits`, and the `rules` that a listing can be asked for;
    by `schema`: `ledger`, `subjects`, and `rejected` without the rows' content. `conservative`:
    unrecorded seriousness and causality count as yes.
    """

    listing: pl.DataFrame
    ledger: pl.DataFrame
    subjects: pl.DataFrame
    edits: pl.DataFrame
    rules: pl.DataFrame
    rejected: pl.DataFrame
    conservative: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the look before: frames by `record_schema`, counts only.

    `since` is the number of the look before and `until` its cut-off; None: this is the first look,
    and nothing changed.
    `redefined` are the keys of the study file that differ; in the open scope those that name or
    group no treatment.
    """

    since: int | None
    until: date | None
    counts: pl.DataFrame
    redefined: pl.DataFrame


class Presented(NamedTuple):
    """What a look said: enough to make it again and see that it says the same.

    `until` is the latest date in its listings. `as_of` is the look whose number decides which looks
    are earlier: itself, or the look it repeats to say that the data went stale. `closed_sha256` and
    `open_sha256` are of its results.json without the rule cards, which may be simulated anew.
    """

    title: str
    until: date
    as_of: int
    closed_sha256: str
    open_sha256: str


class Stored(NamedTuple):
    """A look as it is kept, with what it was made of. `study_json` are its definitions."""

    look: Look
    cut: Cut
    extract: Extract
    study_json: str
    presented: Presented
    stale: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything a report says, as numbers: frames by `schema`, for one scope.

    `calendar` is drawn but not part of results.json. `definitions` are (name, sentence) pairs
    that say how the numbers are defined; in the open scope they name no treatment. `cases` is None
    in the open scope. `unmasks` is None but in a coded report, where it says how that report would
    give its codes away.
    """

    scope: Scope
    study: Head
    cut: Cut
    look: Look
    groups: pl.DataFrame
    incidence: pl.DataFrame
    comparisons: pl.DataFrame
    signals: pl.DataFrame
    evidence: pl.DataFrame
    sensitivity: pl.DataFrame
    screen: pl.DataFrame
    cards: pl.DataFrame
    confidence: float
    findings: tuple[Finding, ...]
    calendar: pl.DataFrame
    curves: pl.DataFrame
    severity: pl.DataFrame
    lags: pl.DataFrame
    enrolment: pl.DataFrame
    definitions: tuple[tuple[str, str], ...]
    overview: pl.DataFrame
    changes: Changes
    history: pl.DataFrame
    rejected: pl.DataFrame
    cases: Cases | None
    basis: Basis
    unmasks: tuple[str, ...] | None = None

    @property
    def tree(self) -> Tree:
        """The folder of reports that it goes into."""
        return self.scope if self.unmasks is None else "coded"
