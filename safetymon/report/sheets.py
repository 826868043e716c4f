"""The numbers of a look as CSV files, safe to open in a spreadsheet. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO

import polars as pl
import polars.selectors as cs

from safetymon.domain import Cases, Results

FORMULA_START = r"^(?:['\t\r\n]|\s*[=+\-@＝＋－＠])"
"""What a spreadsheet may run as a formula when a cell begins with it (OWASP, CSV injection).

An apostrophe is among them so that every text can be read back: take one leading apostrophe away.
"""

FINDINGS = {"check": pl.String, "severity": pl.String, "count": pl.Int64, "text": pl.String}


def sheets(results: Results) -> dict[str, str]:
    """File name -> CSV text of finite results.

    A look without comparisons has no `comparisons.csv`, an open one never has a `screen.csv`: which
    files an open look has does not depend on its data.
    """
    periods = pl.col("periods").list.join("; ")
    findings = [asdict(finding) for finding in results.findings]
    frames = {
        "groups.csv": results.groups.with_columns(periods),
        "incidence.csv": results.incidence,
        "comparisons.csv": results.comparisons,
        "signals.csv": results.signals,
        "evidence.csv": results.evidence,
        "sensitivity.csv": results.sensitivity,
        "screen.csv": results.screen,
        "curves.csv": results.curves,
        "severity.csv": results.severity,
        "lags.csv": results.lags,
        "enrolment.csv": results.enrolment,
        "findings.csv": pl.DataFrame(findings, schema=FINDINGS),
        "overview.csv": results.overview,
        "changes.csv": results.changes.counts,
        "redefined.csv": results.changes.redefined,
        "history.csv": results.history,
        **_records(results.cases),
    }
    if results.comparisons.is_empty():
        del frames["comparisons.csv"]
    if results.scope == "open":
        del frames["screen.csv"]
    return _written(frames)


def _written(frames: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Every frame as CSV text. One after another they would take more than twice as long."""
    files = {name: BytesIO() for name in frames}
    pl.collect_all([
        defused(frame.lazy()).sink_csv(files[name], lazy=True) for name, frame in frames.items()
    ])  # fmt: skip
    return {name: file.getvalue().decode() for name, file in files.items()}


def _records(cases: Cases | None) -> dict[str, pl.DataFrame]:
    """What is told record by record; for the board only."""
    if cases is None:
        return {}
    lists = cs.list()
    return {
        "listing.csv": cases.listing.with_columns(lists.list.join("; ")),
        "edits.csv": cases.edits,
        "rejected.csv": cases.rejected,
    }


def defused(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The frame with an apostrophe before every text that a spreadsheet might run as a formula."""
    text = cs.string()
    harmless = ~text.str.contains(FORMULA_START)
    return frame.with_columns(pl.when(harmless).then(text).otherwise(pl.lit("'") + text))
