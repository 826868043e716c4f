"""Event rows -> `schema.EVENTS`: what happened, when it can have been, what was thought of it."""

import polars as pl

from safetymon import schema
from safetymon.domain import Finding, Severity, Values
from safetymon.listings import dates, rules, values
from safetymon.listings.parts import Part

NOT_CODED = "(not coded)"
"""The preferred term of a record that has none."""
_TEXTS = ("term", "pt", "soc", "outcome", "action")
_DATES = ("onset", "end", "reported")


def build(part: Part, formats: tuple[str, ...], words: Values) -> pl.DataFrame:
    """Event rows by `schema.EVENTS` with `row`, `reported_low` and `X_bad` a date, none rejected.

    A record number that is missing, or a listing without such a column, gets the row's number.
    """
    frame = part.text.with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in (*_TEXTS, *_DATES) if name not in part.text.columns
    )  # fmt: skip
    frame = dates.ranges(frame, _DATES, formats)
    for name in ("onset", "end"):
        if f"{name}_flag" in frame.columns:
            frame = dates.as_imputed(frame, name, f"{name}_flag")
    yes, cause = values.yes_no(words), values.causality(words)
    return frame.select(
        "row", "subject", _key(part), "term", pl.col("pt").fill_null(NOT_CODED), "soc",
        pl.col("onset").alias("onset_recorded"), "onset_low", "onset_high",
        pl.col("end").alias("end_recorded"), "end_high",
        values.read(part, "serious", yes), values.read(part, "related", cause),
        values.severity(part, words), "outcome", "action", values.fatal(part, yes),
        values.withdrawn(part, yes), values.emergent(part, yes),
        pl.col("reported_high").alias("reported"), "reported_low",
        *(f"{name}_bad" for name in _DATES),
    )  # fmt: skip


def broken(part: Part, frame: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Rows of nobody, and rows whose onset or end is no date; when they were entered may be."""
    nobody = ~pl.col("subject").is_in(subjects["subject"].implode()).fill_null(value=False)
    checks = [
        ("event without a subject", "subject", nobody),
        *(("unparseable date", name, pl.col(f"{name}_bad")) for name in ("onset", "end")),
    ]
    return rules.broken(part, frame, checks)


def final(frame: pl.DataFrame) -> pl.DataFrame:
    """The accepted rows by `schema.EVENTS`."""
    return frame.select(schema.EVENTS.keys())


def findings(part: Part, frame: pl.DataFrame, words: Values) -> list[Finding]:
    """What is missing, partial, contradictory or not understood in the accepted rows."""
    yes, cause = values.yes_no(words), values.causality(words)
    yes_columns = ("serious", "fatal", "withdrawn", "emergent")
    unmapped = [
        f for c in yes_columns for f in values.not_understood(part, c, yes, "yes or no")
    ] + values.not_understood(part, "related", cause, "related or not_related")
    unread = rules.unread_dates(part, frame, ["reported"])
    return (
        unmapped
        + unread
        + [
            Finding(check, severity, count, f"{part.sheet.name}: {text.format(n=count)}")
            for check, severity, expression, text in _COUNTED
            if (count := int(frame.select(expression.sum()).item()))
        ]
        + _without_number(part, frame)
    )


def _key(part: Part) -> pl.Expr:
    number = pl.col("row").cast(pl.String)
    if "key" not in part.text.columns:
        return number.alias("key")
    return pl.coalesce("key", pl.format("row {}", number)).alias("key")


def _without_number(part: Part, frame: pl.DataFrame) -> list[Finding]:
    if "key" not in part.text.columns:
        text = "has no record number; the row's number is used, and repeated rows cannot be told"
        return [Finding("record number", "warning", frame.height, f"{part.sheet.name}: {text}")]
    blank = frame.join(part.text.filter(pl.col("key").is_null()), on="row", how="semi").height
    if not blank:
        return []
    text = f"{blank} events have no {part.name('key')}; the row's number is used"
    return [Finding("record number", "warning", blank, f"{part.sheet.name}: {text}")]


_low, _high = pl.col("onset_low"), pl.col("onset_high")
_COUNTED: tuple[tuple[str, Severity, pl.Expr, str], ...] = (
    ("seriousness not recorded", "warning", pl.col("serious").is_null(),
     "{n} events do not say whether they were serious"),
    ("causality not recorded", "warning", pl.col("related").is_null(),
     "{n} events do not say whether they were related"),
    ("not coded", "warning", pl.col("pt") == NOT_CODED,
     "{n} events have no preferred term and count as '" + NOT_CODED + "' only"),
    ("partial onset", "info", (_low != _high).fill_null(value=False),
     "{n} onset dates are partial"),
    ("unknown onset", "warning", _low.is_null(), "{n} events have no onset date"),
    ("end before onset", "warning", (pl.col("end_high") < _low).fill_null(value=False),
     "{n} events end before they begin; they count by their onset"),
)  # fmt: skip
