"""A plausible look to write reports from: a simulated trial in three groups, counted naively.

Shaped like the demo study (52, 48 and 95 subjects; the first and the last group overlap). It says
nothing about any real treatment. Same arguments, same results.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import betaincinv, chdtri

from safetymon import schema
from safetymon.basis import Basis, Method
from safetymon.domain import (
    ALL_SUBJECTS,
    ANY_EVENT,
    ESTIMANDS,
    Cut,
    Finding,
    Head,
    InputFile,
    Look,
    Results,
    Scope,
)
from safetymon.report import files
from safetymon.report.results_json import document, finite
from tests import course_fixture, evidence_fixture, record_fixture

FIRST_IVIG, FIRST_PLACEBO, ALL_IVIG = "First period, IVIg", "First period, placebo", "All IVIg"
TOPICS = ("headache", "pyrexia", "nausea", "thromboembolism")
TOPIC_TERMS = {
    "headache": ("Headache", "Migraine"),
    "pyrexia": ("Pyrexia", "Body temperature increased"),
    "nausea": ("Nausea",),
    "thromboembolism": ("Deep vein thrombosis", "Pulmonary embolism", "Hypoaesthesia"),
}
RATES = {
    "Headache": 1.1, "Pyrexia": 0.35, "Nausea": 0.3, "Migraine": 0.08,
    "Body temperature increased": 0.06, "Deep vein thrombosis": 0.03, "Pulmonary embolism": 0.03,
    "Hypoaesthesia": 0.04, "Blood pressure increased": 0.25, "Chills": 0.2, "Fatigue": 0.2,
    "Nasopharyngitis": 0.2, "Vomiting": 0.15,
}  # fmt: skip
SOCS = ("Nervous system disorders", "General disorders and administration site conditions",
        "Gastrointestinal disorders", "Vascular disorders", "Infections and infestations",
        "Skin and subcutaneous tissue disorders", "Investigations", "Eye disorders")  # fmt: skip
START, CUTOFF = date(2017, 2, 27), date(2019, 11, 4)
HOSTILE = (
    "<script>alert(1)</script>",
    '</script><img src=x onerror="alert(2)">',
    "=cmd|' /C calc'!A0",
    "<!--<script>",
    "a\u2028b & 'c' \"d\" {{ 7*7 }} {% raw %}",
)


@cache
def results(
    scope: Scope = "closed",
    *,
    look: int = 3,
    seed: int = 1,
    terms: int = 80,
    scale: int = 1,
    rules: bool = True,
    hostile: bool = False,
    cutoff: date = CUTOFF,
) -> Results:
    """A look's results; `scale` multiplies the subjects, `hostile` puts attacks into the terms."""
    names = (*RATES, *(f"Term {number:03d}" for number in range(terms - len(RATES))))
    names = (*names, *HOSTILE) if hostile else names
    events = _events(np.random.default_rng(seed), names, scale)
    groups = _groups(scope, scale)
    incidence = _incidence(events, groups, names, scale)
    closed = scope == "closed"
    course = course_fixture.course(
        course_fixture.histories(
            events, groups["group"].to_list(), lambda group: _members(group, scale), TOPIC_TERMS
        )
    )
    signals = (
        _signals(incidence, look, closed=closed) if rules else schema_frame({}, schema.SIGNALS)
    )
    return Results(
        scope=scope,
        study=Head(
            id="PRODERM-DEMO",
            title="IVIg in dermatomyositis (synthetic, after ProDERM)",
            synthetic=True,
        ),
        cut=_cut(cutoff),
        look=_look(look),
        groups=groups,
        incidence=incidence,
        comparisons=_comparisons(incidence) if closed else schema_frame({}, schema.COMPARISONS),
        signals=signals,
        evidence=evidence_fixture.evidence(scope) if rules else schema_frame({}, schema.EVIDENCE),
        sensitivity=evidence_fixture.sensitivity(scope)
        if rules
        else schema_frame({}, schema.SENSITIVITY),
        screen=evidence_fixture.screen(names, look) if closed else schema_frame({}, schema.SCREEN),
        cards=schema_frame({}, schema.CARDS),
        confidence=0.95,
        findings=_findings(scope),
        calendar=_calendar(events, groups, cutoff, scale),
        curves=course["curves"],
        severity=course["severity"],
        lags=course_fixture.lags(groups["group"].to_list()),
        enrolment=course_fixture.enrolment(groups, START, cutoff),
        basis=basis(closed=closed),
        definitions=_definitions(closed=closed),
        overview=record_fixture.overview(incidence),
        changes=record_fixture.changes(look, scope),
        history=record_fixture.history(signals, look, cutoff),
        rejected=record_fixture.REJECTED,
        cases=record_fixture.cases(
            events, groups["group"].to_list(), lambda group: _members(group, scale), TOPIC_TERMS,
            START, signals,
        ) if closed else None,
    )  # fmt: skip


def basis(*, closed: bool) -> Basis:
    """The estimand of every number, as a study file would give it."""
    return Basis(
        population="all treated subjects",
        periods="those of each group, see Groups" if closed else "all, pooled",
        treatment="as taken, not as randomised" if closed else "pooled, none told apart",
        emergent="onset from the first dose of a treatment in a period to 30 days after the last",
        related="as recorded, unrecorded counts as yes",
        serious="as recorded, unrecorded counts as yes",
        proportion="exact Clopper-Pearson interval, 95%",
        difference="Miettinen-Nurminen score interval, 95%",
        rates="exact Poisson interval, 95%",
        version="0123456789ab",
        screen_q=0.1,
        methods=(
            Method("stats.proportions.clopper_pearson", "Exact interval.", "Clopper 1934."),
            Method("stats.eprocess", "Evidence <that> may be read at any time.", ""),
        ),
    )


def with_look(made: Results, number: int, cutoff: date) -> Results:
    """The same results as another look."""
    return replace(
        made, look=made.look._replace(number=number), cut=made.cut._replace(cutoff=cutoff)
    )


def schema_frame(data: dict[str, list[object]], columns: schema.Columns) -> pl.DataFrame:
    """A frame with exactly these columns."""
    return pl.DataFrame(data, schema=columns)


def _members(group: str, scale: int) -> range:
    """Subject numbers: 0 to 51 take IVIg first, 52 to 99 placebo, 5 of those no IVIg later."""
    return {
        FIRST_IVIG: range(52 * scale),
        FIRST_PLACEBO: range(52 * scale, 100 * scale),
        ALL_IVIG: range(95 * scale),
        ALL_SUBJECTS: range(100 * scale),
    }[group]


def _groups(scope: Scope, scale: int) -> pl.DataFrame:
    closed: list[tuple[str, str | None, list[str], float, int]] = [
        (FIRST_IVIG, "IVIg", ["First"], 16.6 * scale, 188 * scale),
        (FIRST_PLACEBO, "Placebo", ["First"], 15.2 * scale, 175 * scale),
        (ALL_IVIG, "IVIg", [], 62.0 * scale, 664 * scale),
    ]
    rows = (
        closed
        if scope == "closed"
        else [(ALL_SUBJECTS, None, list[str](), 77.2 * scale, 839 * scale)]
    )
    data = [
        {
            "group": name,
            "treatment": treatment,
            "periods": periods,
            "subjects": len(_members(name, scale)),
            "person_years": years,
            "administrations": doses,
        }
        for name, treatment, periods, years, doses in rows
    ]
    return pl.DataFrame(data, schema=schema.GROUPS)


def _events(rng: np.random.Generator, names: tuple[str, ...], scale: int) -> pl.DataFrame:
    """One row an event: subject, pt, soc, day since the trial's start, related, serious."""
    subjects = 100 * scale
    parts = []
    for place, name in enumerate(names):
        rate = 0.6 if name in HOSTILE else RATES.get(name, 0.3 / (1 + place % 23))
        per_subject = np.where(np.arange(subjects) < 52 * scale, rate, rate * 0.55)
        who = np.repeat(np.arange(subjects), rng.poisson(per_subject))
        parts.append(
            pl.DataFrame(
                {
                    "subject": who,
                    "pt": [name] * who.size,
                    "soc": [SOCS[place % len(SOCS)]] * who.size,
                    "day": who * 700 // subjects + rng.integers(0, 240, who.size),
                    "related": rng.random(who.size) < 0.5,
                    "serious": rng.random(who.size) < (0.8 if "vein" in name else 0.03),
                }
            )
        )
    return pl.concat(parts)


def _estimand(estimand: str) -> pl.Expr:
    return {
        "all": pl.lit(value=True),
        "related": pl.col("related"),
        "serious": pl.col("serious"),
        "related serious": pl.col("related") & pl.col("serious"),
    }[estimand]


def _concepts(names: tuple[str, ...]) -> list[tuple[str, str, bool | None, pl.Expr]]:
    """(term, level, adjudicated, which events): adjudication takes Hypoaesthesia for a clot."""
    topics: list[tuple[str, str, bool | None, pl.Expr]] = [
        (
            topic,
            "topic",
            adjudicated,
            pl.col("pt").is_in(
                [t for t in TOPIC_TERMS[topic] if adjudicated or t != "Hypoaesthesia"]
            ),
        )
        for topic, adjudicated in product(TOPICS, (True, False))
    ]
    every: list[tuple[str, str, bool | None, pl.Expr]] = [
        (ANY_EVENT, "any", None, pl.lit(value=True))
    ]
    socs = [(soc, "soc", None, pl.col("soc") == soc) for soc in SOCS]
    return every + topics + socs + [(name, "pt", None, pl.col("pt") == name) for name in names]


def _incidence(
    events: pl.DataFrame, groups: pl.DataFrame, names: tuple[str, ...], scale: int
) -> pl.DataFrame:
    sizes = groups.select("group", "subjects", "person_years", "administrations").rows()
    rows = []
    for (term, level, adjudicated, which), estimand in product(_concepts(names), ESTIMANDS):
        kept = events.filter(which & _estimand(estimand))["subject"].to_numpy()
        for group, at_risk, years, doses in sizes:
            members = _members(group, scale)
            inside = kept[(kept >= members.start) & (kept < members.stop)]
            rows.append(
                _row(term, level, estimand, adjudicated, group, np.unique(inside).size, at_risk,
                     inside.size, years, doses)
            )  # fmt: skip
    return pl.DataFrame(rows, schema=schema.INCIDENCE, orient="row")


def _row(
    term: str, level: str, estimand: str, adjudicated: bool | None, group: str, subjects: int,
    at_risk: int, events: int, years: float, doses: int,
) -> tuple[object, ...]:  # fmt: skip
    low, high = clopper_pearson(subjects, at_risk)
    first_years = years * (1 - 0.4 * subjects / at_risk)
    return (
        term, level, estimand, adjudicated, group, subjects, at_risk, 100 * subjects / at_risk,
        low, high, events, years, *_rate(events, years), first_years,
        *_rate(subjects, first_years), 100 * events / doses,
    )  # fmt: skip


def clopper_pearson(n: int, total: int) -> tuple[float, float]:
    """Percent, 95%."""
    low = 0.0 if n == 0 else float(betaincinv(n, total - n + 1, 0.025))
    high = 1.0 if n == total else float(betaincinv(n + 1, total - n, 0.975))
    return 100 * low, 100 * high


def _rate(n: int, years: float) -> tuple[float, float, float]:
    low = 0.0 if n == 0 else float(chdtri(2 * n, 0.975)) / 2
    return 100 * n / years, 100 * low / years, 50 * float(chdtri(2 * n + 2, 0.025)) / years


def _comparisons(incidence: pl.DataFrame) -> pl.DataFrame:
    key = ["term", "level", "estimand", "adjudicated"]
    treated = incidence.filter(pl.col("group") == FIRST_IVIG)
    control = incidence.filter(pl.col("group") == FIRST_PLACEBO)
    both = treated.join(control, on=key, nulls_equal=True, maintain_order="left")
    rows = [_comparison(row) for row in both.rows(named=True)]
    return pl.DataFrame(rows, schema=schema.COMPARISONS, orient="row")


def _comparison(row: dict[str, float]) -> tuple[object, ...]:
    """Wald intervals: a page to look at needs numbers of the right size, not a method."""
    p, q = row["percent"] / 100, row["percent_right"] / 100
    n, m = row["at_risk"], row["at_risk_right"]
    error = 196 * float(np.sqrt(p * (1 - p) / n + q * (1 - q) / m) + 0.01)
    ratio = p / q if p and q else None
    return (
        row["term"], row["level"], row["estimand"], row["adjudicated"], FIRST_IVIG, FIRST_PLACEBO,
        100 * (p - q), max(-100.0, 100 * (p - q) - error), min(100.0, 100 * (p - q) + error),
        ratio, ratio and ratio / 2, ratio and ratio * 2,
        float(np.clip(1 - abs(p - q) * 2, 0.0001, 1)),
        ratio and ratio * 1.1, ratio and ratio / 3, ratio and ratio * 3,
        ratio and ratio * 0.9, ratio and ratio / 4, ratio and ratio * 4,
    )  # fmt: skip


def _signals(incidence: pl.DataFrame, look: int, *, closed: bool) -> pl.DataFrame:
    """One signal of each kind, by a limit and by evidence."""
    group = ALL_IVIG if closed else ALL_SUBJECTS
    rows = [
        _signal(incidence, "headache", group, 60.0, "no signal", 1),
        _signal(incidence, "thromboembolism", group, 3.0, "raised", look)
        if closed
        else _signal(incidence, "thromboembolism", group, 20.0, "no signal", 1),
        _signal(incidence, "pyrexia", group, 10.0, "open", 2),
        _signal(incidence, "nausea", group, 10.0, "too little data", 1)
        | {"value": None, "text": "Too little data: 100 subjects at risk, 200 wanted."},
        *evidence_fixture.signals("closed" if closed else "open", look),
    ]
    return pl.DataFrame(rows, schema=schema.SIGNALS)


def _signal(
    incidence: pl.DataFrame, topic: str, group: str, limit: float, verdict: str, since: int
) -> dict[str, object]:
    row = incidence.row(
        by_predicate=(pl.col("term") == topic) & (pl.col("adjudicated"))
        & (pl.col("estimand") == "related") & (pl.col("group") == group),
        named=True,
    )  # fmt: skip
    side = "at or above" if verdict in ("raised", "open") else "below"
    text = (
        f"{row['subjects']} of {row['at_risk']} subjects, {row['events']} events; "
        f"incidence {row['percent']:.4g}%, {side} the limit of {limit:g}%."
    )
    return {
        "rule": f"{topic.capitalize()}, related events: {group} by incidence",
        "topic": topic,
        "group": group,
        "method": "incidence",
        "verdict": verdict,
        "value": row["percent"],
        "limit": limit,
        "since_look": since,
        "text": text,
        "e_value": None,
        "crossed_on": None,
        "looks": 1,
        "against": 1 if verdict == "open" else 0,
        "fragile": False,
        "reason": "new data" if verdict == "raised" else None,
    }


def _calendar(events: pl.DataFrame, groups: pl.DataFrame, cutoff: date, scale: int) -> pl.DataFrame:
    days = (cutoff - START).days
    rows = []
    for topic, group in product(TOPICS, groups["group"].to_list()):
        members = _members(group, scale)
        kept = events.filter(
            pl.col("pt").is_in(TOPIC_TERMS[topic]),
            pl.col("subject").is_between(members.start, members.stop - 1),
        )
        first = kept.group_by("subject").agg(pl.col("day").min())["day"].to_numpy()
        entry = np.array([who * 700 // (100 * scale) for who in members])
        for day in range(0, days + 1, 7):
            n, at_risk = int((first <= day).sum()), int((entry <= day).sum())
            share = 100 * n / at_risk if at_risk else None
            rows.append((topic, group, START + timedelta(days=day), n, at_risk, share))
    return pl.DataFrame(rows, schema=schema.CALENDAR, orient="row")


def _cut(cutoff: date) -> Cut:
    files = (("subjects", 95, 0), ("infusions", 839, 0), ("adverse_events", 948, 3))
    return Cut(
        id="4f1a" * 16,
        cutoff=cutoff,
        inputs=tuple(
            InputFile(name, f"/trial/listings/{name}.csv", f"{n:064x}", n + bad, n, bad)
            for name, n, bad in files
        ),
    )


def _look(number: int) -> Look:
    return Look(
        number=number,
        run_at=datetime(2019, 11, 5, 6, 0, tzinfo=UTC),
        definitions_sha256="9c2b" * 16,
        versions={"safetymon": "0.1.0", "polars": "2.1.0", "duckdb": "1.5.5"},
    )


def _findings(scope: Scope) -> tuple[Finding, ...]:
    pooled = (
        Finding("partial onset", "info", 11, "events have an onset that is only a month or year"),
        Finding("rejected rows", "error", 3, "rows of adverse_events.csv have no subject"),
    )  # fmt: skip
    switch = Finding(
        "early switch", "warning", 5, "subjects left placebo before the period's end", "closed"
    )
    return (*pooled, switch) if scope == "closed" else pooled


def _definitions(*, closed: bool) -> tuple[tuple[str, str], ...]:
    common = (
        ("Subjects", "Every subject treated at least once, counted once however many events."),
        ("Events", "All occurrences; never shown as a percentage of subjects."),
        ("Treatment-emergent", "Onset from the first dose to 30 days after the last one."),
        ("Interval", "95%, Clopper-Pearson (exact) for percent, exact Poisson for rates."),
    )
    pair = ("Difference", "Percentage points, 95% Miettinen-Nurminen score interval.")
    return (*common, pair) if closed else common


def json_text(made: Results) -> str:
    return document(finite(made)).text


def write(made: Results, root: Path, kept: Mapping[str, str] = files.NOTHING) -> files.Written:
    shown = finite(made)
    return files.write(shown, document(shown), root, kept)
