"""The numbers of a look as one JSON document, format "safetymon/results/1". Pure.

The document's shape is `results.schema.json`. Keys stand in the order of the format, one row of a
table stands on one line, and equal results give equal bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any, NamedTuple

import polars as pl
import polars.selectors as cs

from safetymon import schema
from safetymon.domain import Changes, Cut, Finding, InputFile, Look, Results
from safetymon.report import wording

FORMAT = "safetymon/results/1"

GROUPS = {
    "group": "name", "treatment": "treatment", "periods": "periods", "subjects": "subjects",
    "person_years": "person_years", "administrations": "administrations",
}  # fmt: skip
INCIDENCE = (
    "term", "level", "estimand", "adjudicated", "group", "subjects", "at_risk", "percent",
    "ci_low", "ci_high", "events", "person_years", "rate_per_100py", "rate_low", "rate_high",
    "first_person_years", "first_rate_per_100py", "first_rate_low", "first_rate_high",
    "per_100_administrations",
)  # fmt: skip
COMPARISONS = (
    "term", "level", "estimand", "group", "reference", "risk_difference", "rd_low", "rd_high",
    "risk_ratio", "rr_low", "rr_high", "fisher_p", "odds_ratio", "or_low", "or_high", "rate_ratio",
    "rate_ratio_low", "rate_ratio_high",
)  # fmt: skip
# These stand as the frames are: `schema` says what each column is.
SIGNALS, EVIDENCE = tuple(schema.SIGNALS), tuple(schema.EVIDENCE)
SENSITIVITY, SCREEN = tuple(schema.SENSITIVITY), tuple(schema.SCREEN)
CURVES, SEVERITY = tuple(schema.CURVES), tuple(schema.SEVERITY)
CARDS = tuple(schema.CARDS)
LAGS, ENROLMENT = tuple(schema.LAGS), tuple(schema.ENROLMENT)


class Document(NamedTuple):
    """A document part by part: key -> JSON text."""

    parts: Mapping[str, str]

    @property
    def text(self) -> str:
        """The whole document."""
        parts = (f"{_value(key)}: {text}" for key, text in self.parts.items())
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @property
    def numbers_sha256(self) -> str:
        """SHA-256 without rule cards, which may be simulated anew after the look."""
        numbers = Document({**self.parts, "cards": "[]"})
        return hashlib.sha256(numbers.text.encode()).hexdigest()


def document(results: Results) -> Document:
    """The document of a look's finite results; dates are ISO 8601.

    Comparisons of topics are those of adjudicated events, so that a term, level, estimand and pair
    of groups names one row; the others are in `tables/comparisons.csv`.
    """
    adjudicated = results.comparisons.filter(pl.col("adjudicated").fill_null(value=True))
    return Document(
        {
            "format": _value(FORMAT),
            "scope": _value(results.scope),
            "study": _value(results.study.model_dump()),
            "cut": _cut(results.cut),
            "look": _value(_look(results.look)),
            "confidence": _value(results.confidence),
            "groups": _lines(results.groups.select(*GROUPS).rename(GROUPS)),
            "incidence": _lines(results.incidence.select(INCIDENCE)),
            "comparisons": _lines(adjudicated.select(COMPARISONS)),
            "signals": _lines(results.signals.select(SIGNALS)),
            "evidence": _lines(results.evidence.select(EVIDENCE)),
            "sensitivity": _lines(results.sensitivity.select(SENSITIVITY)),
            "screen": _lines(results.screen.select(SCREEN)),
            "cards": _lines(results.cards.select(CARDS)),
            "curves": _lines(results.curves.select(CURVES)),
            "severity": _lines(results.severity.select(SEVERITY)),
            "lags": _lines(results.lags.select(LAGS)),
            "enrolment": _lines(results.enrolment.select(ENROLMENT)),
            "findings": _list([_value(_finding(f)) for f in results.findings]),
            "overview": _lines(results.overview),
            "changes": _changes(results.changes),
            "history": _lines(results.history),
            "rejected": _lines(results.rejected),
            "basis": _value(asdict(results.basis)),
            "unmasks": _value(results.unmasks),
        }
    )


def _changes(changes: Changes) -> str:
    return (
        f'{{"since": {_value(changes.since)}, "data": {_lines(changes.counts)}, '
        f'"definitions": {_lines(changes.redefined)}}}'
    )


def finite(results: Results) -> Results:
    """The results with null for every NaN and infinity, which neither a page nor JSON can hold."""
    numbers = cs.float()
    frames = {
        field.name: frame.with_columns(pl.when(numbers.is_finite()).then(numbers))
        for field in fields(results)
        if isinstance(frame := getattr(results, field.name), pl.DataFrame) and frame.height
    }
    return replace(results, **frames)  # type: ignore[arg-type]  # every one is a field's own frame


def outline(document: str) -> dict[str, Any]:
    """`cut`, `look`, `groups` and `signals` of a document, without parsing its long incidence.

    Raises:
        ValueError: the text is not a document as `results_json` writes it.
    """
    decoder = json.JSONDecoder()
    found: dict[str, Any] = {}
    for key in ("cut", "look", "groups", "signals"):
        start = f'\n"{key}": '  # a new line cannot stand inside a JSON string: the key is found
        found[key], _ = decoder.raw_decode(document, document.index(start) + len(start))
    return found


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _list(rows: list[str]) -> str:
    return "[\n" + ",\n".join(rows) + "\n]" if rows else "[]"


def _lines(frame: pl.DataFrame) -> str:
    # Not splitlines(): it would also split inside a term that holds U+2028.
    return _list(frame.write_ndjson().strip("\n").split("\n") if frame.height else [])


def _cut(cut: Cut) -> str:
    head = f'{{"id": {_value(cut.id)}, "cutoff": {_value(cut.cutoff.isoformat())}, "inputs": '
    return head + _list([_value(_input(file)) for file in cut.inputs]) + "}"


def _input(file: InputFile) -> dict[str, object]:
    return {
        "path": wording.file_name(file.path),
        "sha256": file.sha256,
        "rows": file.rows,
        "accepted": file.accepted,
        "rejected": file.rejected,
    }


def _look(look: Look) -> dict[str, object]:
    return {
        "number": look.number,
        "run_at": look.run_at.isoformat(),
        "definitions_sha256": look.definitions_sha256,
        "versions": dict(sorted(look.versions.items())),
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "count": finding.count,
        "text": finding.text,
    }
