"""Who was at risk as it was known on the day: what evidence weighs, where the tables look back.

A table counts a subject as at risk from the first dose of an episode to the lag after its last.
That is known only in the end: when a dose comes later than the lag after the one before, the days
in between become time at risk that on those days was none. Evidence must not be written into the
past, so it takes an episode apart into courses: what was not at risk on a day never becomes so. An
event that began in such a pause is counted in the tables, and is not weighed.
"""

import polars as pl

from safetymon.domain import Emergent


def pauses(doses: pl.DataFrame, emergent: Emergent) -> pl.DataFrame:
    """The times within an episode in which the lag after the last dose had passed.

    One row a pause: row (of the ledger), first and last (its days). `doses` as made by
    `derive.doses`. With an unlimited lag there is none.
    """
    if emergent.lag_days == "unlimited":
        return doses.clear().select("row", first="start", last="last")
    reached = pl.col("last").cum_max().shift(1).over("row")
    made = doses.lazy().select(
        "row",
        first=reached.dt.offset_by(f"{emergent.lag_days + 1}d"),
        last=pl.col("start").dt.offset_by("-1d"),
    )
    return made.filter(pl.col("first") <= pl.col("last")).collect(engine="in-memory")


def courses(members: pl.DataFrame, paused: pl.DataFrame) -> pl.DataFrame:
    """The members, taken apart at the pauses of their episodes.

    One row a group, ledger row and course: group, row, subject, start, until.
    """
    keys = ["group", "row", "subject"]
    whole = members.select(*keys, "start", "until")
    if paused.is_empty():
        return whole
    parted = whole.join(paused, on="row")
    begun = parted.select(*keys, start=pl.col("last").dt.offset_by("1d"))
    ended = parted.select(*keys, until=pl.col("first").dt.offset_by("-1d"))
    starts = pl.concat([whole.drop("until"), begun]).sort(*keys, "start")
    ends = pl.concat([whole.drop("start"), ended]).sort(*keys, "until")
    return starts.with_columns(ends["until"])


def weighed(
    occurrences: pl.DataFrame, placed: pl.DataFrame, paused: pl.DataFrame, emergent: Emergent
) -> pl.DataFrame:
    """The occurrences without those of events that, by what was known then, were not emergent.

    An event whose onset can have been nowhere but in a pause is left out, unless the record says
    that it is treatment-emergent. One that was seen after treatment was resumed, and whose partial
    onset allows it, began on the day of that dose.

    Args:
        occurrences: As made by `derive.occurrences`.
        placed: As made by `derive.attributed`, with `seen`.
        paused: As made by `pauses`.
        emergent: Which events count.
    """
    if paused.is_empty():
        return occurrences
    latest = pl.col("seen")
    if emergent.partial_onset == "conservative":
        latest = pl.min_horizontal("onset_high", "seen")
    exact = pl.col("onset_low") == pl.col("onset_high")
    bound = pl.when(exact).then("onset").otherwise(latest)
    inside = placed.join(paused, on="row").filter(
        pl.col("onset").is_between("first", "last"), ~_recorded(emergent)
    )
    out = inside.filter(bound <= pl.col("last")).select("event")
    later = inside.filter(bound > pl.col("last")).select(
        "event", resumed=pl.col("last").dt.offset_by("1d")
    )
    kept = occurrences.join(out, on="event", how="anti", maintain_order="left")
    moved = kept.join(later, on="event", how="left", maintain_order="left")
    return moved.with_columns(pl.coalesce("resumed", "onset").alias("onset")).drop("resumed")


def _recorded(emergent: Emergent) -> pl.Expr:
    """Whether the record itself says that an event is treatment-emergent."""
    if emergent.flag == "derive":
        return pl.lit(value=False)
    return pl.col("emergent_flag").fill_null(value=False)
