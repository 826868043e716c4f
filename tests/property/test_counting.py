"""Polars, SQL and plain loops agree on random trials, whatever the order of their rows."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon import derive, incidence, schema
from safetymon.domain import Emergent, Group, ReportSettings
from tests import naive
from tests.tables import seen

pytestmark = pytest.mark.slow

CUTOFF = date(2020, 6, 30)
LAG = 30
SETTINGS = ReportSettings()
GROUPS = (
    Group(name="First A", treatment="A", periods=("First",), reference="First B"),
    Group(name="First B", treatment="B", periods=("First",)),
    Group(name="All A", treatment="A"),
)
NAMED = {g.name: (g.treatment, g.periods) for g in GROUPS}


@st.composite
def courses(draw: st.DrawFn) -> list[naive.Row]:
    """Exposure of some subjects: successive intervals that never overlap, some still running."""
    rows = []
    for subject in range(draw(st.integers(1, 6))):
        day = draw(st.integers(0, 60))
        for _ in range(draw(st.integers(1, 4))):
            length = draw(st.integers(0, 25))
            rows.append({
                "subject": f"{subject:03d}",
                "period": draw(st.sampled_from(["First", "Extension"])),
                "treatment": draw(st.sampled_from(["A", "B"])),
                "start": date(2020, 1, 1) + timedelta(days=day),
                "end": date(2020, 1, 1) + timedelta(days=day + length),
            })  # fmt: skip
            day += length + draw(st.integers(1, 60))
        if draw(st.booleans()):
            rows[-1]["end"] = None
    return rows


EVENT = st.fixed_dictionaries(
    {
        "subject": st.integers(0, 6).map("{:03d}".format),
        "pt": st.sampled_from(["Headache", "Nausea", "Rash"]),
        "onset": st.integers(-10, 181).map(lambda n: date(2020, 1, 1) + timedelta(days=n)),
        "serious": st.booleans(),
        "related": st.booleans(),
    }
)
TRIALS = st.tuples(courses(), st.lists(EVENT, max_size=25))
Trial = tuple[list[naive.Row], list[naive.Row]]


def as_frame(rows: list[naive.Row], columns: schema.Columns) -> pl.DataFrame:
    full = [{**dict.fromkeys(columns), **row} for row in rows]
    return pl.DataFrame(full, schema=columns)


def frames(trial: Trial) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(exposure, events, subjects) as the stages take them."""
    exposure, events = trial
    keyed = [
        {**{k: v for k, v in e.items() if k != "onset"}, "key": str(i), "soc": "X",
         "onset_low": e["onset"], "onset_high": e["onset"]}
        for i, e in enumerate(events)
    ]  # fmt: skip
    subjects = [{"subject": name} for name in sorted({row["subject"] for row in exposure})]
    return (
        as_frame(exposure, schema.EXPOSURE),
        as_frame(keyed, schema.EVENTS),
        as_frame(subjects, schema.SUBJECTS),
    )


def counted(exposure: pl.DataFrame, events: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    ledger = derive.ledger(exposure, subjects, CUTOFF, Emergent(lag_days=LAG))
    no_topics = derive.topic_terms(events, {}, pl.DataFrame(schema=schema.ADJUDICATION))
    placed = derive.attributed(seen(events, CUTOFF), ledger, Emergent(lag_days=LAG))
    members = derive.members(ledger, GROUPS, "at risk")
    sizes = incidence.group_table(members, GROUPS, SETTINGS)
    occurrences = derive.occurrences(placed, no_topics)
    return incidence.by_group(occurrences, members, sizes, [], SETTINGS)


def by_polars(trial: Trial) -> dict[tuple[str, str, str], tuple[int, int, int, int, int]]:
    days = pl.col("person_years", "first_person_years") * SETTINGS.days_per_year
    rows = counted(*frames(trial)).filter(level="pt").with_columns(days.round().cast(pl.Int64))
    keys = ["term", "estimand", "group"]
    values = ["subjects", "at_risk", "events", "person_years", "first_person_years"]
    return {tuple(row[k] for k in keys): tuple(row[v] for v in values) for row in rows.to_dicts()}  # type: ignore[return-value]  # as many as the keys


@given(TRIALS)
@settings(max_examples=150, deadline=None)
def test_polars_and_plain_loops_agree(trial: Trial) -> None:
    assert by_polars(trial) == naive.count(*trial, NAMED, CUTOFF, LAG)


SQL = """
with episode as (
    select subject, period, treatment, first, last,
        least(last + 30, coalesce(lead(first) over (partition by subject order by first) - 1,
                                  last + 30)) as until
    from (
        select subject, any_value(period) as period, any_value(treatment) as treatment,
            min("start") as first, max(stop) as last
        from (
            select *, sum(changed) over (partition by subject order by "start") as run from (
                select *, least(coalesce("end", date '2020-06-30'), date '2020-06-30') as stop,
                    cast((lag(period || '/' || treatment)
                        over (partition by subject order by "start"))
                        is distinct from period || '/' || treatment as integer) as changed
                from exposure where "start" <= date '2020-06-30'
            )
        ) group by subject, run
    )
)
select pt, count(distinct e.subject) as subjects, count(*) as events
from event e join episode w
    on w.subject = e.subject and e.onset_low between w.first and w.until
where w.treatment = 'A'
group by pt order by pt
"""


@given(TRIALS)
@settings(max_examples=40, deadline=None)
def test_polars_and_sql_agree(trial: Trial) -> None:
    exposure, events, subjects = frames(trial)
    with duckdb.connect() as connection:
        connection.register("exposure", exposure.to_arrow())
        connection.register("event", events.to_arrow())
        by_sql = connection.execute(SQL).fetchall()
    found = counted(exposure, events, subjects).filter(
        pl.col("events") > 0, level="pt", estimand="all", group="All A"
    )
    assert found.sort("term").select("term", "subjects", "events").rows() == by_sql


@given(TRIALS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_rows_changes_nothing(trial: Trial, random: object) -> None:
    exposure, events, subjects = frames(trial)
    shuffled = [
        frame.sample(fraction=1, shuffle=True, seed=random.randrange(2**31))  # type: ignore[attr-defined]  # hypothesis gives it all of random
        for frame in (exposure, events, subjects)
    ]
    assert counted(exposure, events, subjects).equals(counted(*shuffled))


@given(TRIALS)
@settings(max_examples=50, deadline=None)
def test_counts_are_possible_and_duplicates_add_no_subject(trial: Trial) -> None:
    exposure, events, subjects = frames(trial)
    once = counted(exposure, events, subjects)
    assert ((once["subjects"] >= 0) & (once["subjects"] <= once["at_risk"])).all()
    assert (once["subjects"] <= once["events"]).all()
    shown = once.drop_nulls("percent")
    assert ((shown["ci_low"] <= shown["percent"]) & (shown["percent"] <= shown["ci_high"])).all()
    again = pl.concat([events, events.with_columns(key=pl.col("key") + "-again")])
    twice = counted(exposure, again, subjects)
    assert twice["subjects"].equals(once["subjects"])
    assert twice["events"].equals(once["events"] * 2)
