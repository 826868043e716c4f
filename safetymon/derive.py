"""Who was at risk on what treatment when, and which events count as treatment-emergent.

Pure Polars: frames and definitions in, frames out. Every denominator, numerator and person-year
of a report comes from the treatment ledger made here. A frame without a treatment column gives
the ledger of the open report: the same steps, blind to what was taken.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from safetymon.domain import (
    ANY_EVENT,
    Emergent,
    Group,
    PartialOnset,
    PersonTime,
)
from safetymon.errors import UsageError

_EPISODE = ("subject", "period", "treatment")
_MONTH = 31  # days between the first and the last day of a date range: less is one month


def ledger(
    exposure: pl.DataFrame, subjects: pl.DataFrame, cutoff: date, emergent: Emergent
) -> pl.DataFrame:
    """The treatment ledger as it stood at the cut-off.

    One row an episode: consecutive exposures of a subject to one treatment in one period (without
    a treatment column: in one period). Columns: `schema.LEDGER` and `row`, its number, ordered by
    subject and start. The emergent window of an episode runs from its first day to the last dose
    plus the lag, and ends the day before the subject's next episode starts. Time at risk is what
    of it was observed: up to the cut-off, death or the end of participation.
    """
    keys = [name for name in _EPISODE if name in exposure.columns]
    episodes = (
        doses(exposure, cutoff)
        .group_by("row", *keys, maintain_order=True)
        .agg(
            pl.col("start").min(),
            pl.col("last").max().alias("last_dose"),
            pl.when(pl.col("administrations").is_not_null().any())
            .then(pl.col("administrations").sum())
            .alias("administrations"),
        )
    )
    return _with_windows(episodes.join(subjects, on="subject", how="left"), cutoff, emergent)


def doses(exposure: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """The exposures known at the cut-off, by subject and time.

    One row an exposure. Adds `last`, its last day so far, and `row`, the ledger row it is part of.
    """
    keys = [name for name in _EPISODE if name in exposure.columns]
    known = exposure.filter(pl.col("start") <= cutoff).with_columns(
        pl.min_horizontal(pl.col("end").fill_null(cutoff), pl.lit(cutoff)).alias("last")
    )
    ordered = known.sort("subject", "start", "last", *keys[1:])
    return ordered.with_columns(pl.struct(keys).rle_id().alias("row"))


def taken_by_all(taken: pl.DataFrame) -> list[tuple[str, str, int]]:
    """The periods in which everybody took the same, in a trial that has another treatment.

    (period, treatment, subjects) each, by the period's name. `taken` is a ledger or exposures: one
    row a subject, period and treatment at least.
    """
    if taken["treatment"].n_unique() < 2:
        return []
    periods = taken.group_by("period").agg(
        pl.col("treatment").unique(), pl.col("subject").n_unique()
    )
    alone = periods.filter(pl.col("treatment").list.len() == 1).explode("treatment")
    return alone.sort("period").rows()


def _with_windows(episodes: pl.DataFrame, cutoff: date, emergent: Emergent) -> pl.DataFrame:
    following = pl.col("start").shift(-1).over("subject", order_by="row").dt.offset_by("-1d")
    window = pl.lit(cutoff) if emergent.lag_days == "unlimited" else _lagged(emergent.lag_days)
    observed = pl.min_horizontal("risk_end", pl.lit(cutoff), "died", "left")
    return (
        episodes.with_columns(pl.min_horizontal(window, following).alias("risk_end"))
        .with_columns(pl.max_horizontal(observed, "last_dose").alias("observed"))
        .with_columns(
            _days("start", pl.min_horizontal("observed", "risk_end")).alias("days_at_risk"),
            _days("start", pl.min_horizontal("last_dose", "risk_end")).alias("days_on_treatment"),
        )
        .drop("observed", "died", "left", "arm", "randomised")
        .sort("row")
    )


def _lagged(days: int) -> pl.Expr:
    return pl.col("last_dose").dt.offset_by(f"{days}d")


def _days(first: str, last: pl.Expr) -> pl.Expr:
    """Calendar days from `first` to `last`, both included; never negative."""
    return ((last - pl.col(first)).dt.total_days() + 1).clip(0)


def attributed(
    events: pl.DataFrame,
    ledger: pl.DataFrame,
    emergent: Emergent,
    reference: str | None = None,
) -> pl.DataFrame:
    """Each event of a treated subject with the ledger row it belongs to and whether it counts.

    One row an event. Adds to the events: `event` (its number), `row` (of the ledger), `onset` (a
    date, imputed where the record is partial), `onset_flag` (ADaM: D day, M month and day, Y all
    imputed), `day` (day within the episode, 1 is its first), `derived` (in an emergent window by
    our rule), `emergent` (what counts), `choices` (windows the onset could fall in).

    A partial onset that could fall in several windows goes to one of a treatment other than the
    reference, the earliest of them, so that a harm is not hidden in the reference group.
    """
    return _attributed(events.with_row_index("event"), ledger, emergent, reference)


def _attributed(
    numbered: pl.DataFrame, ledger: pl.DataFrame, emergent: Emergent, reference: str | None
) -> pl.DataFrame:
    ranged = _with_onset_range(numbered, emergent.partial_onset)
    pairs = ranged.join(_windows(ledger, reference), on="subject", how="inner")
    nearest = (
        pairs.with_columns(_distance().alias("distance"))
        .with_columns((pl.col("distance") == 0).sum().over("event").alias("choices"))
        .sort("event", "distance", "is_reference", "start")
        .unique("event", keep="first", maintain_order=True)
    )
    return _judged(nearest, emergent).drop(
        "distance", "is_reference", "start", "risk_end", "low", "high", "usable"
    )


def moved_by_partial_rule(
    placed: pl.DataFrame,
    events: pl.DataFrame,
    ledger: pl.DataFrame,
    emergent: Emergent,
    reference: str | None,
) -> int:
    """Number of subjects counted differently under the other rule for partial onset dates.

    `placed` are the events as `attributed` under the rule in force.
    """
    partial = events.with_row_index("event").filter(
        pl.col("onset_low").is_null() | (pl.col("onset_low") != pl.col("onset_high"))
    )
    if partial.is_empty():
        return 0
    rule: PartialOnset = "first-day" if emergent.partial_onset == "conservative" else "conservative"
    changed = emergent.model_copy(update={"partial_onset": rule})
    keys = ["subject", "event", "row"]
    one, other = (
        known.filter("emergent").select(keys)
        for known in (
            placed.filter(pl.col("event").is_in(partial["event"].implode())),
            _attributed(partial, ledger, changed, reference),
        )
    )
    only = [one.join(other, on=keys, how="anti"), other.join(one, on=keys, how="anti")]
    return pl.concat(only)["subject"].n_unique()


def _windows(ledger: pl.DataFrame, reference: str | None) -> pl.DataFrame:
    if reference is None or "treatment" not in ledger.columns:
        is_reference = pl.lit(value=False)
    else:
        is_reference = pl.col("treatment") == reference
    return ledger.select("subject", "row", "start", "risk_end", is_reference.alias("is_reference"))


def _with_onset_range(events: pl.DataFrame, partial: PartialOnset) -> pl.DataFrame:
    """Adds `low` and `high`, the days the onset is taken to allow (null: open), and `usable`."""
    low, high, ended = pl.col("onset_low"), pl.col("onset_high"), pl.col("end_high")
    if partial == "conservative":
        # An event cannot begin after it ended; an end before the onset is a finding, not a bound.
        bounded = pl.when(ended < low).then(high).otherwise(pl.min_horizontal(high, ended))
        return events.with_columns(low.alias("low"), bounded.alias("high"), usable=True)
    # Year and month mean the first day; a bare year or nothing says nothing about treatment.
    usable = ((high - low).dt.total_days() < _MONTH).fill_null(value=False)
    first = pl.when(usable).then(low)
    return events.with_columns(first.alias("low"), first.alias("high"), usable=usable)


def _distance() -> pl.Expr:
    """Days between the onset range and the window; 0 is an overlap. An open end overlaps."""
    before = (pl.col("start") - pl.col("high")).dt.total_days().fill_null(0)
    after = (pl.col("low") - pl.col("risk_end")).dt.total_days().fill_null(0)
    return pl.max_horizontal(before, after, pl.lit(0))


def _judged(nearest: pl.DataFrame, emergent: Emergent) -> pl.DataFrame:
    derived = (pl.col("distance") == 0) & pl.col("usable")
    flag = pl.col("emergent_flag") if emergent.flag == "honour" else pl.lit(None, pl.Boolean)
    imputed = pl.max_horizontal("low", "start")
    exact = (pl.col("onset_low") == pl.col("onset_high")).fill_null(value=False)
    assume = emergent.missing == "conservative"
    return nearest.with_columns(
        derived.alias("derived"),
        flag.fill_null(derived).alias("emergent"),
        pl.when(exact).then("onset_low").otherwise(imputed).alias("onset"),
        _imputation_flag().alias("onset_flag"),
        pl.col("serious").fill_null(assume),
        pl.col("related").fill_null(assume),
    ).with_columns(_days("start", pl.col("onset")).clip(1).alias("day"))


def _imputation_flag() -> pl.Expr:
    span = (pl.col("onset_high") - pl.col("onset_low")).dt.total_days()
    return (
        pl.when(span.is_null()).then(pl.lit("Y"))
        .when(span == 0).then(pl.lit(None, pl.String))
        .when(span < _MONTH).then(pl.lit("D"))
        .otherwise(pl.lit("M"))
    )  # fmt: skip


def first_seen(
    events: pl.DataFrame, known: pl.DataFrame, latest_cutoff: date | None, cutoff: date
) -> pl.DataFrame:
    """The events with `seen`, the day from which the monitor counts each as known.

    What an earlier look recorded (`known`: subject, key, seen) never changes: a look back in time
    keeps a day that lies beyond its cut-off. A new record counts from its data-entry date where it
    has one (from its onset if that is dated later: nobody can know of it before); else from its
    onset, or from the day after the latest cut-off that any look had if the onset lies before it:
    evidence is not written into the past. A look back in time that is the first to find a record
    therefore dates it after its own cut-off, and does not weigh it: it was not known then.
    """
    entered = pl.max_horizontal("reported", "onset_low")
    reported = pl.when(pl.col("reported").is_not_null()).then(entered)
    fresh = pl.col("onset_low").fill_null(cutoff)
    if latest_cutoff is not None:
        fresh = pl.max_horizontal(fresh, pl.lit(latest_cutoff).dt.offset_by("1d"))
    if latest_cutoff is None or latest_cutoff <= cutoff:
        fresh = pl.min_horizontal(fresh, pl.lit(cutoff))
    joined = events.join(known, on=["subject", "key"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("seen", reported, fresh).alias("seen"))


def topic_terms(
    events: pl.DataFrame, topics: Mapping[str, Sequence[str]], adjudication: pl.DataFrame
) -> pl.DataFrame:
    """Which topics each event belongs to, by its term alone and after adjudication.

    One row an event (subject, key), topic and `adjudicated` (false: by preferred term alone; true:
    a recorded adjudication decides, the preferred term where there is none).
    """
    lists = pl.DataFrame(
        [(term, topic) for topic, terms in topics.items() for term in terms],
        schema={"upper": pl.String, "topic": pl.String},
        orient="row",
    )
    keyed = events.select("subject", "key", pl.col("pt").str.to_uppercase().alias("upper"))
    by_term = keyed.join(lists, on="upper").select("subject", "key", "topic")
    decided = adjudication.filter(pl.col("topic").is_in(list(topics)))
    confirmed = decided.filter("decision").select("subject", "key", "topic")
    confirmed = confirmed.join(keyed, on=["subject", "key"], how="semi")
    undecided = by_term.join(decided, on=["subject", "key", "topic"], how="anti")
    after = pl.concat([undecided, confirmed]).unique()
    return pl.concat(
        [
            by_term.with_columns(pl.lit(value=False).alias("adjudicated")),
            after.with_columns(pl.lit(value=True).alias("adjudicated")),
        ]
    )


def occurrences(attributed: pl.DataFrame, topic_terms: pl.DataFrame) -> pl.DataFrame:
    """The emergent events under every term they count for.

    One row an event and term. Columns: event, row, subject, onset, seen, day, serious, related,
    level, term, adjudicated (null unless level is topic). One spelling a term: the first in order.
    """
    base = ["event", "row", "subject", "onset", "seen", "day", "serious", "related"]
    emergent = attributed.filter("emergent").with_columns(
        pl.col(name).min().over(pl.col(name).str.to_uppercase()) for name in ("pt", "soc")
    )
    topics = emergent.join(topic_terms, on=["subject", "key"]).select(
        *base, _level("topic"), pl.col("topic").alias("term"), "adjudicated"
    )
    never = pl.lit(None, pl.Boolean).alias("adjudicated")
    levels = [
        emergent.select(*base, _level("any"), pl.lit(ANY_EVENT).alias("term"), never),
        topics,
        emergent.select(
            *base, _level("soc"), pl.col("soc").fill_null("(no SOC)").alias("term"), never
        ),
        emergent.select(*base, _level("pt"), pl.col("pt").alias("term"), never),
    ]
    return pl.concat(levels)


def _level(name: str) -> pl.Expr:
    return pl.lit(name).alias("level")


def members(ledger: pl.DataFrame, groups: Sequence[Group], person_time: PersonTime) -> pl.DataFrame:
    """Which ledger rows make up each group.

    One row a group and ledger row. Columns: group, row, subject, start, until (the last day at
    risk that was observed), days (of person-time), offset (days of the subject in the group before
    this row), total (days of the subject in the group), administrations.

    Raises:
        UsageError: A total is asked for over groups that share subjects.
    """
    days = "days_at_risk" if person_time == "at risk" else "days_on_treatment"
    observed = pl.col("start") + pl.duration(days=(pl.col("days_at_risk") - 1).clip(0))
    rows = ledger.with_columns(pl.col(days).alias("days"), observed.alias("until"))
    plain = {g.name: rows.filter(_in_group(g)) for g in groups if not g.total_of}
    totals = {g.name: _disjoint(g, plain) for g in groups if g.total_of}
    frames = [
        frame.select(
            pl.lit(name).alias("group"), "row", "subject", "start", "days", "until",
            (pl.col("days").cum_sum() - pl.col("days")).over("subject").alias("offset"),
            pl.col("days").sum().over("subject").alias("total"),
            "administrations",
        )
        for name, frame in {**plain, **totals}.items()
    ]  # fmt: skip
    return pl.concat(frames)


def _in_group(group: Group) -> pl.Expr:
    everyone = pl.lit(value=True)
    treated = pl.col("treatment") == group.treatment if group.treatment else everyone
    return treated & (pl.col("period").is_in(group.periods) if group.periods else everyone)


def _disjoint(total: Group, plain: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    parts = [plain[name] for name in total.total_of]
    subjects = pl.concat([part.select(pl.col("subject").unique()) for part in parts])
    if subjects["subject"].is_duplicated().any():
        # Without a number: operations may read a failure, and a number here is by arm.
        names = ", ".join(f"'{name}'" for name in total.total_of)
        raise UsageError(
            f"group '{total.name}': {names} have subjects in common; "
            "overlapping groups cannot be summed, define one group by treatment and periods"
        )
    return pl.concat(parts)
