"""Three subjects as an EDC listing, an ADaM and an SDTM study, drawn as tables and read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from safetymon import listings
from safetymon.domain import Listings
from safetymon.study import Study
from tests.tables import frame

SUBJECTS = """
    SUBJ | ARM
    001  | A
    002  | P
    003  | P
"""
EXPOSURE = """
    SUBJ | DRUG   | START      | STOP
    001  | ACTIVE | 2024-01-01 | 2024-03-31
    002  | pbo    | 2024-01-01 | 2024-03-31
"""
EVENTS = """
    SUBJ | NO | PT       | ONSET      | STOP       | SER | REL
    001  | 1  | Headache | 2024-01-05 | 2024-01-06 | N   | RELATED
    001  | 2  | Nausea   | 2024-02    |            | Y   | unlikely
    002  | 1  | Headache | 2024-02-01 | 2024-02-02 | no  | None
"""
COLUMNS = {
    "subjects": {"subject": "SUBJ", "arm": "ARM"},
    "exposure": {"subject": "SUBJ", "treatment": "DRUG", "start": "START", "end": "STOP"},
    "events": {
        "subject": "SUBJ", "key": "NO", "pt": "PT", "onset": "ONSET", "end": "STOP",
        "serious": "SER", "related": "REL",
    },
}  # fmt: skip
ADJUDICATED = {"subject": "SUBJ", "key": "NO", "topic": "TOPIC", "decision": "DECISION"}
TREATMENTS = {"Active": {"from": ["Active"]}, "Placebo": {"from": ["PBO"], "reference": True}}


def edc(
    folder: Path,
    subjects: str = SUBJECTS,
    exposure: str = EXPOSURE,
    events: str = EVENTS,
    adjudication: str | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    **more: Any,  # noqa: ANN401 - parts of a study file
) -> Listings:
    drawn = {"subjects": subjects, "exposure": exposure, "events": events}
    mapped = {role: {**COLUMNS[role], **(columns or {}).get(role, {})} for role in drawn}
    if adjudication is not None:
        drawn["adjudication"], mapped["adjudication"] = adjudication, ADJUDICATED
    return read(folder, "edc", drawn, data={"columns": mapped, **more.pop("data", {})}, **more)


def read(
    folder: Path, standard: str, drawn: Mapping[str, str], data: Mapping[str, Any] | None = None,
    treatments: Mapping[str, Any] = TREATMENTS,
    **more: Any,  # noqa: ANN401 - parts of a study file
) -> Listings:  # fmt: skip
    """Writes drawn tables as CSV files called by their roles, and reads them as a study."""
    for role, table in drawn.items():
        frame(table).write_csv(folder / f"{role}.csv")
    return listings.read(study(standard, data or {}, treatments, **more), folder)


def study(
    standard: str,
    data: Mapping[str, Any],
    treatments: Mapping[str, Any] = TREATMENTS,
    **more: Any,  # noqa: ANN401 - parts of a study file
) -> Study:
    """A validated study around the given `[data]`."""
    head = {"id": "T-1", "title": "Three subjects"}
    return Study.model_validate(
        {"study": head, "data": {"standard": standard, **data}, "treatments": treatments, **more}
    )


def found(read: Listings, check: str) -> list[tuple[int, str]]:
    """Count and text of the findings of one check."""
    return [(f.count, f.text) for f in read.findings if f.check == check]


def rejected(read: Listings) -> list[tuple[str, int, str, str]]:
    """File, row, rule and column of every rejected row."""
    return read.rejected.select("file", "row", "rule", "column").rows()


def cells(table: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    """The rows of some columns."""
    return table.select(names).rows()
