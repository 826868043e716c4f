"""How the trial goes: reporting lag, enrolment and exposure over calendar time.

Pure Polars: frames in, frames out (`schema`).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from safetymon.schema import ENROLMENT, LAGS

QUANTILES: Final = {"q10": 0.1, "q25": 0.25, "median": 0.5, "q75": 0.75, "q90": 0.9}
MOST_DATES: Final = 60
"""Dates on which enrolment is told: every week, or so many weeks apart that there are no more."""


def lags(
    occurrences: pl.DataFrame, members: pl.DataFrame, events: pl.DataFrame, groups: Sequence[str]
) -> pl.DataFrame:
    """Days from the onset of an event to its record, for all treatment-emergent events.

    One row a group (`schema.LAGS`). Quantiles are observed values (the inverse of the empirical
    distribution), over the events that have a whole onset date and a recording date on or after
    it; how many have not is told.
    """
    exact = pl.col("onset_low") == pl.col("onset_high")
    days = (pl.col("reported") - pl.col("onset_low")).dt.total_days()
    lag = events.lazy().select(pl.when(exact).then(days).alias("lag")).with_row_index("event")
    valid = pl.col("lag") >= 0
    quantiles = [
        pl.col("lag").filter(valid).quantile(at, "equiprobable").alias(name)
        for name, at in QUANTILES.items()
    ]
    found = (
        occurrences.lazy()
        .filter(level="any")
        .select("event", "row")
        .join(members.lazy().select("group", "row"), on="row")
        .join(lag, on="event")
        .group_by("group")
        .agg(
            pl.len().alias("events"),
            valid.sum().alias("dated"),
            (pl.col("lag") < 0).sum().alias("before"),
            *quantiles,
            pl.col("lag").filter(valid).max().alias("longest"),
        )
    )
    named = pl.LazyFrame({"group": list(groups)}, schema={"group": pl.String})
    counts = pl.col("events", "dated", "before").fill_null(0)
    filled = named.join(found, on="group", how="left", maintain_order="left").with_columns(counts)
    columns = [pl.col(name).cast(kind) for name, kind in LAGS.items()]
    return filled.select(columns).collect(engine="in-memory")


def enrolment(
    members: pl.DataFrame, groups: Sequence[str], cutoff: date, days_per_year: float
) -> pl.DataFrame:
    """Subjects treated and person-years so far, week by week to the cut-off.

    One row a group and date (`schema.ENROLMENT`); none if nobody was treated. On the cut-off they
    are those of `schema.GROUPS`: person-time that lies beyond it (a dose recorded as going on)
    counts on the cut-off.
    """
    first = members["start"].min()
    if not isinstance(first, date):
        return pl.DataFrame(schema=ENROLMENT)
    dates = _dates(first, cutoff)
    days = np.array([(day - first).days for day in dates])
    parts = []
    for name in groups:
        of = members.filter(group=name)
        parts.append(_group(name, of, dates, days, first, days_per_year))
    return pl.concat(parts)


def _dates(first: date, cutoff: date) -> list[date]:
    weeks = max(1, -(-(cutoff - first).days // (7 * MOST_DATES)))
    steps = range(0, max(1, (cutoff - first).days), 7 * weeks)
    return list(dict.fromkeys([*(first + timedelta(days=n) for n in steps), cutoff]))


def _group(
    name: str,
    of: pl.DataFrame,
    dates: list[date],
    days: npt.NDArray[np.int64],
    first: date,
    days_per_year: float,
) -> pl.DataFrame:
    start = (of["start"] - pl.Series([first])).dt.total_days().to_numpy()
    spent = of["days"].to_numpy()
    years = (_elapsed(start, days) - _elapsed(start + spent, days)) / days_per_year
    years[-1] = spent.sum() / days_per_year
    entries = np.sort((of.group_by("subject").agg(pl.col("start").min())["start"]
                       - pl.Series([first])).dt.total_days().to_numpy())  # fmt: skip
    subjects = np.searchsorted(entries, days, side="right")
    columns = {"group": [name] * len(dates), "date": dates, "subjects": subjects,
               "person_years": years}  # fmt: skip
    return pl.DataFrame(columns, schema=ENROLMENT)


def _elapsed(starts: npt.NDArray[np.int64], days: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The sum of the days since each start, that day included, by each of `days`."""
    ordered = np.sort(starts)
    before = np.concatenate(([0], np.cumsum(ordered)))
    begun = np.searchsorted(ordered, days, side="right")
    return np.asarray((days + 1) * begun - before[begun], np.float64)
