"""Counts subjects and events by term and group, with exact intervals; zeros included.

Pure Polars: `by_group` counts, `compare` sets groups beside their reference, `calendar` counts
over time. Every frame is fixed in `schema`. Statistics come from `stats`, once for each distinct
pair of counts.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from safetymon.domain import ANY_EVENT, ESTIMANDS, Group, ReportSettings
from safetymon.schema import CALENDAR, COMPARISONS, COUNTS, GROUPS, INCIDENCE
from safetymon.stats import comparisons, proportions, rates

Array = npt.NDArray[np.float64]

PROPORTION = {
    "clopper-pearson": proportions.clopper_pearson,
    "wilson": proportions.wilson,
    "wilson-cc": proportions.wilson_cc,
    "jeffreys": proportions.jeffreys,
    "agresti-coull": proportions.agresti_coull,
}
DIFFERENCE = {
    "miettinen-nurminen": comparisons.risk_difference_mn,
    "mee": comparisons.risk_difference_mee,
    "newcombe": comparisons.risk_difference_newcombe,
    "newcombe-cc": comparisons.risk_difference_newcombe_cc,
}
RATE = {
    "exact": rates.poisson_exact,
    "score": rates.poisson_score,
    "byar": rates.poisson_byar,
    "jeffreys": rates.poisson_jeffreys,
}

_TERM = ["level", "term", "adjudicated"]
_CELL = [*_TERM, "estimand", "group"]


def group_table(
    members: pl.DataFrame, groups: Sequence[Group], settings: ReportSettings
) -> pl.DataFrame:
    """Subjects, person-years and administrations of each group, in the study's order.

    One row a group (`schema.GROUPS`); a group nobody belongs to has 0 subjects.
    """
    counted = members.group_by("group").agg(
        pl.col("subject").n_unique().cast(pl.Int64).alias("subjects"),
        (pl.col("days").sum() / settings.days_per_year).alias("person_years"),
        pl.when(pl.col("administrations").is_not_null().any())
        .then(pl.col("administrations").sum())
        .alias("administrations"),
    )
    named = pl.DataFrame(
        [(g.name, g.treatment, list(g.periods)) for g in groups],
        schema={name: GROUPS[name] for name in ("group", "treatment", "periods")},
        orient="row",
    )
    filled = named.join(counted, on="group", how="left", maintain_order="left").with_columns(
        pl.col("subjects", "person_years").fill_null(0)
    )
    return filled.select(pl.col(name).cast(kind) for name, kind in GROUPS.items())


def by_group(
    occurrences: pl.DataFrame,
    members: pl.DataFrame,
    groups: pl.DataFrame,
    topics: Sequence[str],
    settings: ReportSettings,
) -> pl.DataFrame:
    """Incidence of every term in every group.

    One row a term, estimand and group (`schema.INCIDENCE`): subjects with at least one event (not
    events) of those at risk, with the interval the study asks for; events; and two rates a 100
    person-years with their intervals, of all occurrences over full time and of first occurrences
    over time to the first event. Topics and "Any event" always have a row.
    """
    counts = _counts(occurrences, members)
    cells = _scaffold(occurrences, groups, topics).join(
        counts, on=_CELL, how="left", nulls_equal=True, maintain_order="left"
    )
    filled = cells.with_columns(pl.col("subjects", "events", "days_after_first").fill_null(0))
    measured = filled.with_columns(
        (pl.col("subjects") / pl.col("at_risk") * 100).fill_nan(None).alias("percent"),
        (pl.col("person_years") - pl.col("days_after_first") / settings.days_per_year)
        .clip(0)
        .alias("first_person_years"),
        (pl.col("events") / pl.col("administrations") * 100).alias("per_100_administrations"),
    )
    return _with_rates(with_proportions(measured, settings), settings)


def _counts(occurrences: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Subjects, events and person-days after the first event; only cells with an event."""
    day = pl.col("offset") + pl.min_horizontal("day", "days")
    known = occurrences.select(*_TERM, "row", "day", **COUNTS).join(
        members.select("group", "row", "subject", "days", "offset", "total"), on="row"
    )
    counting = [
        known.filter(estimand).with_columns(pl.lit(estimand).alias("estimand"))
        for estimand in ESTIMANDS
    ]
    return (
        pl.concat(counting)
        .group_by(*_CELL, "subject")
        .agg(pl.len().alias("events"), (pl.col("total") - day).max().alias("days_after_first"))
        .group_by(_CELL)
        .agg(
            pl.len().cast(pl.Int64).alias("subjects"),
            pl.col("events").sum().cast(pl.Int64),
            pl.col("days_after_first").sum(),
        )
    )


def _scaffold(
    occurrences: pl.DataFrame, groups: pl.DataFrame, topics: Sequence[str]
) -> pl.DataFrame:
    """Every term x estimand x group, counted or not, in reading order."""
    always = pl.DataFrame(
        [("any", ANY_EVENT, None), *(("topic", t, a) for t in topics for a in (True, False))],
        schema={name: INCIDENCE[name] for name in _TERM},
        orient="row",
    )
    seen = occurrences.filter(pl.col("level").is_in(["soc", "pt"])).select(_TERM).unique()
    terms = pl.concat([always, seen.sort("level", "term")])
    estimands = pl.DataFrame({"estimand": list(ESTIMANDS)})
    sizes = groups.select("group", at_risk="subjects", person_years="person_years",
                          administrations="administrations")  # fmt: skip
    return terms.join(estimands, how="cross").join(sizes, how="cross")


def with_proportions(frame: pl.DataFrame, settings: ReportSettings) -> pl.DataFrame:
    """Adds the interval of `subjects` among `at_risk`, in percent; null where nobody is at risk."""
    keys = ["subjects", "at_risk"]
    pairs = frame.select(keys).unique()
    subjects, at_risk = _arrays(pairs, keys)
    low, high = PROPORTION[settings.proportion](subjects, at_risk, settings.confidence)
    intervals = pairs.with_columns(_series("ci_low", low * 100), _series("ci_high", high * 100))
    return frame.join(intervals, on=keys, how="left", maintain_order="left")


def _with_rates(frame: pl.DataFrame, settings: ReportSettings) -> pl.DataFrame:
    every = _rate(frame, "events", "person_years", "rate", settings)
    first = _rate(every, "subjects", "first_person_years", "first_rate", settings)
    return first.select(pl.col(name).cast(kind) for name, kind in INCIDENCE.items())


def _rate(
    frame: pl.DataFrame, count: str, years: str, prefix: str, settings: ReportSettings
) -> pl.DataFrame:
    pairs = frame.select(count, years).unique()
    events, time = _arrays(pairs, [count, years])
    low, high = RATE[settings.rate](events, time, settings.confidence)
    estimate = (pl.col(count) / pl.col(years) * 100).alias(f"{prefix}_per_100py")
    intervals = pairs.with_columns(
        pl.when(pl.col(years) > 0).then(estimate),
        _series(f"{prefix}_low", low * 100),
        _series(f"{prefix}_high", high * 100),
    )
    return frame.join(intervals, on=[count, years], how="left", maintain_order="left")


def compare(
    incidence: pl.DataFrame, groups: Sequence[Group], settings: ReportSettings
) -> pl.DataFrame:
    """Each group beside its reference, for those that have one.

    One row a term, estimand and such a group (`schema.COMPARISONS`): risk difference in
    percentage points with the interval the study asks for, risk ratio with Koopman's score
    interval and odds ratio with Cornfield's (null where not estimable), Fisher's exact two-sided p
    as a description, and the ratio of the rates of first events with its exact interval.
    """
    pairs = pl.DataFrame(
        [(g.name, g.reference) for g in groups if g.reference],
        schema={"group": pl.String, "reference": pl.String},
        orient="row",
    )
    keys = ["x1", "n1", "x2", "n2"]
    cell = [*_TERM, "estimand"]
    treated = incidence.select(*cell, "group", x1="subjects", n1="at_risk", t1="first_person_years")
    control = incidence.select(
        *cell, reference="group", x2="subjects", n2="at_risk", t2="first_person_years"
    )
    sides = treated.join(pairs, on="group", maintain_order="left").join(
        control, on=[*cell, "reference"], nulls_equal=True, maintain_order="left"
    )
    distinct = sides.select(keys).unique()
    described = distinct.with_columns(_comparison_columns(distinct, keys, settings))
    joined = sides.join(described, on=keys, how="left", maintain_order="left").with_columns(
        _rate_ratio_columns(sides, settings)
    )
    return joined.select(
        pl.col(name).cast(kind).fill_nan(None) if kind == pl.Float64 else pl.col(name).cast(kind)
        for name, kind in COMPARISONS.items()
    )


def _comparison_columns(
    pairs: pl.DataFrame, keys: list[str], settings: ReportSettings
) -> list[pl.Series]:
    x1, n1, x2, n2 = _arrays(pairs, keys)
    interval, level = DIFFERENCE[settings.difference], settings.confidence
    difference, rd_low, rd_high = interval(x1, n1, x2, n2, level)
    ratio, rr_low, rr_high = comparisons.risk_ratio_score(x1, n1, x2, n2, level)
    odds, or_low, or_high = comparisons.odds_ratio(x1, n1, x2, n2, level)
    return [
        _series("risk_difference", difference * 100),
        _series("rd_low", rd_low * 100),
        _series("rd_high", rd_high * 100),
        _series("risk_ratio", ratio),
        _series("rr_low", rr_low),
        _series("rr_high", rr_high),
        _series("fisher_p", comparisons.fisher_two_sided(x1, n1, x2, n2)),
        _series("odds_ratio", odds),
        _series("or_low", or_low),
        _series("or_high", or_high),
    ]


def _rate_ratio_columns(sides: pl.DataFrame, settings: ReportSettings) -> list[pl.Series]:
    """First events a person-year, group over reference: subjects are independent, events not."""
    d1, t1, d2, t2 = _arrays(sides, ["x1", "t1", "x2", "t2"])
    made = rates.rate_ratio_exact(d1, t1, d2, t2, settings.confidence)
    names = ("rate_ratio", "rate_ratio_low", "rate_ratio_high")
    return [_series(name, column) for name, column in zip(names, made, strict=True)]


def calendar(
    occurrences: pl.DataFrame, members: pl.DataFrame, topics: Sequence[str], cutoff: date
) -> pl.DataFrame:
    """Subjects with a first event, of those treated so far, week by week to the cut-off.

    One row a topic (adjudicated, all treatment-emergent events), group and date
    (`schema.CALENDAR`). A first event that was dated after the cut-off counts on the cut-off.
    """
    if members.is_empty():
        return pl.DataFrame(schema=CALENDAR)
    entries = members.group_by("group", "subject").agg(pl.col("start").min().alias("date"))
    firsts = (
        occurrences.filter((pl.col("level") == "topic") & pl.col("adjudicated"))
        .select("term", "row", "onset")
        .join(members.select("group", "row", "subject"), on="row")
        .group_by("term", "group", "subject")
        .agg(pl.min_horizontal(pl.col("onset").min(), pl.lit(cutoff)).alias("date"))
    )
    first_day: date = members["start"].min()  # type: ignore[assignment]  # a Date column's minimum
    weeks = pl.date_range(first_day, cutoff, "1w", eager=True).append(pl.Series([cutoff]))
    grid = (
        pl.DataFrame({"term": list(topics)}, schema={"term": pl.String})
        .join(entries.select("group").unique().sort("group"), how="cross")
        .join(pl.DataFrame({"date": weeks.unique().sort()}), how="cross")
    )
    counted = _running(
        _running(grid, firsts, ["term", "group"], "subjects"), entries, ["group"], "at_risk"
    )
    return counted.with_columns(
        (pl.col("subjects") / pl.col("at_risk") * 100).fill_nan(None).alias("percent")
    ).select(pl.col(name).cast(kind) for name, kind in CALENDAR.items())


def _running(grid: pl.DataFrame, dated: pl.DataFrame, by: list[str], name: str) -> pl.DataFrame:
    """Adds `name`: how many rows of `dated` lie on or before each date of the grid."""
    steps = dated.group_by(*by, "date").len("n").sort("date")
    running = steps.with_columns(pl.col("n").cum_sum().over(by).cast(pl.Int64).alias(name))
    return (
        grid.sort("date")
        .join_asof(running.drop("n"), on="date", by=by, check_sortedness=False)
        .with_columns(pl.col(name).fill_null(0))
        .sort("term", "group", "date")
    )


def _arrays(frame: pl.DataFrame, names: list[str]) -> list[Array]:
    return [frame[name].to_numpy() for name in names]


def _series(name: str, values: Array) -> pl.Series:
    return pl.Series(name, values, nan_to_null=True)
