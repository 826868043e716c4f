"""Which days the accepted rows record, for what: where the data end, and what lies in the future.

Each takes the frame that `build` of its part made, and gives `schema.RECORDED`. A partial date is
its first day: "2023" does not say that anything was known in December.
"""

import polars as pl

from safetymon import schema


def of_people(people: pl.DataFrame) -> pl.DataFrame:
    """The days of subject rows."""
    names = {"randomised": "randomisation", "left_low": "leaving", "died_low": "death"}
    return _counted({what: people[name] for name, what in names.items()})


def of_exposure(taken: pl.DataFrame) -> pl.DataFrame:
    """The days of exposure rows: ends as recorded, not as inferred.

    Where a row has no end, it is the recorded end of all treatment. An administration ends on the
    day it starts, which is one day, not two.
    """
    days = {"exposure start": taken["start_low"]}
    if "end_low" in taken.columns:
        names = [name for name in ("end_low", "last_end_low") if name in taken.columns]
        days["exposure end"] = taken.select(pl.coalesce(names)).to_series()
    return _counted(days)


def of_events(happened: pl.DataFrame) -> pl.DataFrame:
    """The days of event rows."""
    return _counted({"onset": happened["onset_low"], "data entry": happened["reported_low"]})


def _counted(days: dict[str, pl.Series]) -> pl.DataFrame:
    frames = [
        pl.DataFrame({"day": day.drop_nulls()}).group_by("day").len("count")
        .select(pl.lit(what).alias("what"), "day", pl.col("count").cast(pl.Int64))
        for what, day in days.items() if day.null_count() < len(day)
    ]  # fmt: skip
    return pl.concat([pl.DataFrame(schema=schema.RECORDED), *frames])
