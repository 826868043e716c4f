"""Exposure rows -> `schema.EXPOSURE`: who took what from when to when."""

from collections.abc import Mapping, Sequence

import polars as pl

from safetymon import schema
from safetymon.domain import Finding
from safetymon.errors import DataRefusedError
from safetymon.listings import dates, intervals, rules
from safetymon.listings.parts import Part
from safetymon.study import Study

ONLY_PERIOD = "Treatment"
"""The period of a trial whose listings have none."""
NO_PERIOD = "(not recorded)"


def build(part: Part, formats: tuple[str, ...]) -> pl.DataFrame:
    """Exposure rows with `row`, `start` and `end` as dates, and `start_bad` and `end_bad`.

    A partial start is its first possible day and a partial end its last, so that an event which
    could be on treatment counts there. Without a column of ends each row is one
    administration on its start day. `last_end` is the end of treatment where another file
    records it.
    """
    have = [name for name in ("start", "end", "last_end") if name in part.text.columns]
    frame = dates.ranges(part.text, have, formats)
    none, false = pl.lit(None, pl.Date), pl.lit(value=False)
    return frame.with_columns(
        pl.col("start_low").alias("start"),
        pl.col("end_high" if "end" in have else "start_low").alias("end"),
        (pl.col("last_end_high") if "last_end" in have else none).alias("last_end"),
        pl.col("end_bad") if "end" in have else false.alias("end_bad"),
        *_partial(have),
        pl.col("period").fill_null(NO_PERIOD) if "period" in frame.columns
        else pl.lit(ONLY_PERIOD).alias("period"),
    )  # fmt: skip


def broken(part: Part, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows whose dates cannot be used."""
    ends_early = pl.col("end") < pl.col("start")
    checks = [
        ("unparseable date", "start", pl.col("start_bad")),
        ("unparseable date", "end", pl.col("end_bad")),
        ("exposure without a start date", "start", pl.col("start").is_null()),
        ("exposure that ends before it starts", "end", ends_early.fill_null(value=False)),
    ]
    return rules.broken(part, frame, checks)


def orphans(part: Part, frame: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Rows of nobody."""
    nobody = ~pl.col("subject").is_in(subjects["subject"].implode()).fill_null(value=False)
    return rules.broken(part, frame, [("exposure without a subject", "subject", nobody)])


def repeated(part: Part, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that repeat an earlier one: by subject and key where there is a key, else wholly."""
    if "key" in frame.columns:
        return rules.repeated(part, frame, "subject", "key")
    records = part.sheet.frame[(frame["row"] - 1).to_list()]
    again = ~records.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    return rules.broken(part, frame, [("duplicate key", "subject", pl.lit(again))])


def final(
    part: Part, frame: pl.DataFrame, people: pl.DataFrame, study: Study, *, may_be_doses: bool
) -> tuple[pl.DataFrame, list[Finding]]:
    """The accepted rows by `schema.EXPOSURE`, treatments and periods under the study's names.

    Raises:
        DataRefusedError: No row is left; a treatment or period has no name in the study file; a
            subject took two treatments at the same time.
    """
    if frame.is_empty():
        raise DataRefusedError(
            f"{part.sheet.name}: holds no usable exposure, so there are no denominators; "
            "check the file, its dates and the column of the subject"
        )
    named = _named(part, frame, study)
    closed = intervals.closed(named, people)
    intervals.refuse_overlap(part, closed)
    doses = may_be_doses and intervals.are_doses(closed, part)
    counted = closed.with_columns(administrations=pl.lit(1 if doses else None, pl.Int64))
    found = _findings(part, closed) + (_counted_doses(part, frame.height) if doses else [])
    return counted.select(schema.EXPOSURE.keys()), found


def _partial(have: Sequence[str]) -> list[pl.Expr]:
    return [
        (pl.col(f"{n}_low") != pl.col(f"{n}_high")).fill_null(value=False).alias(f"{n}_partial")
        for n in ("start", "end") if n in have
    ]  # fmt: skip


def _named(part: Part, frame: pl.DataFrame, study: Study) -> pl.DataFrame:
    treatments = {name: entry.names for name, entry in study.treatments.items()}
    frame = _translated(part, frame, "treatment", treatments, "a [treatments] entry")
    if not study.periods:
        return frame
    periods = {name: names or (name,) for name, names in study.periods.items()}
    return _translated(part, frame, "period", periods, "[periods]")


def _translated(
    part: Part, frame: pl.DataFrame, ours: str, names: Mapping[str, tuple[str, ...]], where: str
) -> pl.DataFrame:
    meaning = {recorded.strip().upper(): name for name, all_ in names.items() for recorded in all_}
    upper = pl.col(ours).str.to_uppercase()
    named = upper.replace_strict(meaning, default=None, return_dtype=pl.String)
    unnamed = frame.filter(named.is_null())
    if unnamed.height:
        raise DataRefusedError(
            f"{part.sheet.name}: exposed subjects have {part.name(ours)} "
            f"{_told(part, unnamed, ours)}, which no name in the study file covers; add it to "
            f"{where}"
        )
    return frame.with_columns(named)


def _told(part: Part, unnamed: pl.DataFrame, ours: str) -> str:
    """The first value in the alphabet; its row, if the value says who somebody is."""
    row, value = unnamed.sort(ours, "row").select("row", ours).row(0)
    if value is None:
        return "'(blank)'"
    return f"as in row {row}" if part.names_somebody(value) else f"'{value[:40]}'"


def _counted_doses(part: Part, rows: int) -> list[Finding]:
    text = f"{part.sheet.name}: each of {rows} exposure rows counts as one administration"
    return [Finding("administrations", "info", rows, text)]


def _findings(part: Part, frame: pl.DataFrame) -> list[Finding]:
    texts = {
        "next": "have no end and are taken to end where the subject's next one starts",
        "end": "have no end and are taken to end with the recorded end of treatment (RFXENDTC)",
        "gone": "have no end and are taken to end when the subject left the study or died",
        "open": "have no end and count as ongoing at the cut-off",
    }
    counts = dict(frame["closed"].drop_nulls().value_counts().iter_rows())
    found = [
        Finding("exposure without an end", "info" if how == "open" else "warning", counts[how],
                f"{part.sheet.name}: {counts[how]} exposure rows {text}")
        for how, text in texts.items() if how in counts
    ]  # fmt: skip
    partial = sum(
        int(frame[n].sum()) for n in ("start_partial", "end_partial") if n in frame.columns
    )
    if partial:
        text = f"{partial} partial exposure dates: a start is its first day, an end its last"
        found.append(Finding("partial exposure", "warning", partial, f"{part.sheet.name}: {text}"))
    return found
