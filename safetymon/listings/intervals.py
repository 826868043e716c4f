"""Intervals of exposure: where a blank end lies, which ones clash, which are single doses."""

import polars as pl

from safetymon.errors import DataRefusedError
from safetymon.listings.parts import Part

_DOSE_DAYS = 7
_OPEN_ENDED = pl.date(9999, 12, 31)


def closed(frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Blank ends where something recorded closes them: `closed` says how, null where recorded.

    The last row of a subject ends with the recorded end of treatment, else with death or the end
    of participation, if that is not before its start; else it is open. An earlier row ends where
    the next one starts if that is the same treatment, in whichever period; if it is another
    treatment, a switch without a date is refused later.
    """
    if frame["end"].null_count() == 0:
        return frame.with_columns(closed=pl.lit(None, pl.String))
    gone = people.select("subject", gone=pl.min_horizontal("left", "died"))
    frame = frame.join(gone, on="subject", how="left", maintain_order="left")
    following = pl.col("start", "treatment").shift(-1).over("subject").name.prefix("next_")
    same = pl.col("next_treatment") == pl.col("treatment")
    blank = pl.col("end").is_null()
    by_next = blank & same.fill_null(value=False)
    last = blank & pl.col("next_start").is_null()
    by_end = last & (pl.col("last_end") >= pl.col("start"))
    by_leaving = last & (pl.col("gone") >= pl.col("start"))
    ordered = frame.sort("subject", "start", "end", nulls_last=True).with_columns(following)
    return ordered.with_columns(
        pl.when(by_next).then(pl.lit("next")).when(by_end).then(pl.lit("end"))
        .when(by_leaving).then(pl.lit("gone")).when(blank).then(pl.lit("open")).alias("closed"),
        pl.when(by_next).then("next_start").when(by_end).then("last_end")
        .when(by_leaving).then("gone").otherwise("end").alias("end"),
    ).sort("row", "start")  # fmt: skip


def refuse_overlap(part: Part, frame: pl.DataFrame) -> None:
    """Refuses subjects on two treatments at once.

    An end on the day of the next start is a switch; two treatments on one and the same day are not.

    Raises:
        DataRefusedError: There are such subjects.
    """
    several = pl.col("treatment").n_unique().over("subject") > 1
    until = pl.col("end").fill_null(_OPEN_ENDED).alias("end")
    ordered = frame.filter(several).select("subject", "treatment", "start", until)
    ordered = ordered.sort("subject", "start", "end")
    clashes = [pl.col("treatment").n_unique().over("subject", "start", "end") > 1]
    for taken in ordered["treatment"].unique():
        other = pl.when(pl.col("treatment") != taken).then("end").cum_max().forward_fill()
        earlier = other.shift(1).over("subject")
        clashes.append((pl.col("treatment") == taken) & (earlier > pl.col("start")))
    both = ordered.filter(pl.any_horizontal(clashes).fill_null(value=False))
    if both.height:
        raise DataRefusedError(
            f"{part.sheet.name}: {both['subject'].n_unique()} subjects take two treatments at the "
            "same time with no date of the switch; correct the end dates at the source"
        )


def are_doses(frame: pl.DataFrame, part: Part) -> bool:
    """Whether a row is an administration: it has no end, or at most 7 days on the median."""
    if "end" not in part.text.columns:
        return True
    days = frame.filter(pl.col("closed").is_null()).select(pl.col("end") - pl.col("start"))
    median = days.select(pl.col("end").dt.total_days().median()).item()
    return median is not None and median <= _DOSE_DAYS
