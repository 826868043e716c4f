"""Curves, severity and reporting lag as tables. Pure."""

from collections.abc import Sequence
from itertools import groupby

from safetymon.curves import SEVERITIES, days_told
from safetymon.domain import ANY_EVENT, ESTIMANDS, Estimand, Results
from safetymon.report import wording
from safetymon.report.table import Block, Column, Number, Panel, Table, caption, part_of
from safetymon.report.wording import Row

HEADS = {
    "incidence": (Number.INCIDENCE, "percent of subjects with a first event by day (interval)", 1),
    "mean": (Number.MEAN, "mean cumulative events a subject by day (interval)", 2),
}
CURVE_NOTES = (
    "Days at risk since the first dose in the group; n.e.: nobody is followed so long.",
    "Death competes with a first event, and ends the events of a subject.",
    "Every day and the numbers at risk are in tables/curves.csv.",
)


def curves(results: Results, kind: str) -> list[Panel]:
    """The curves of a kind (incidence, mean): one a term and group, read at some days."""
    if results.curves.is_empty():
        return []
    longest: int = results.curves["day"].max()  # type: ignore[assignment]  # whole numbers
    days = [int(day) for day in days_told(longest)][2::2]  # the chart has the others
    told = results.curves.filter(kind=kind).rows(named=True)
    return [_curve_panel(results, told, kind, days, estimand) for estimand in ESTIMANDS]


def _curve_panel(
    results: Results, told: list[Row], kind: str, days: Sequence[int], estimand: Estimand
) -> Panel:
    number, what, digits = HEADS[kind]
    title = wording.ESTIMAND_TITLES[estimand]
    rows = [row for row in told if row["estimand"] == estimand]
    blocks = [
        Block(
            [_curve_cells(list(of), days, digits) for _, of in groupby(block, _group)],
            term,
            topic=_topic(term),
        )
        for term, block in groupby(rows, _term)
    ]
    table = Table(
        number=number,
        caption=caption(results, f"{title}: {what}, with a {_interval(results)}"),
        columns=[Column("Group", "text"), *(Column(f"Day {day:,}") for day in days)],
        blocks=blocks,
        notes=CURVE_NOTES,
        part=part_of(estimand),
    )
    return Panel(estimand, title, table)


def _interval(results: Results) -> str:
    return wording.interval_title(results.confidence)


def _curve_cells(rows: list[Row], days: Sequence[int], digits: int) -> list[str]:
    by_day = {row["day"]: row for row in rows}
    return [_group(rows[0]), *(_at(by_day.get(day), digits) for day in days)]


def _at(row: Row | None, digits: int) -> str:
    if row is None:
        return wording.NOT_ESTIMABLE
    interval = wording.interval(row["low"], row["high"], digits)
    return f"{wording.number(row['value'], digits)} ({interval})"


def severity(results: Results) -> list[Panel]:
    """Subjects by the highest severity of their events, by term and group."""
    return [_severity_panel(results, estimand) for estimand in ESTIMANDS]


def _severity_panel(results: Results, estimand: Estimand) -> Panel:
    title = wording.ESTIMAND_TITLES[estimand]
    rows = results.severity.filter(estimand=estimand).rows(named=True)
    used = [name for name in SEVERITIES if any(row["severity"] == name for row in rows)]
    blocks = [
        Block(
            [_severity_cells(list(of)) for _, of in groupby(block, _group)],
            term,
            topic=_topic(term),
        )
        for term, block in groupby(rows, _term)
    ]
    table = Table(
        number=Number.SEVERITY,
        caption=caption(results, f"{title}: subjects (%) by highest severity, by group"),
        columns=[
            Column("Group", "text"), Column("At risk"),
            *(Column(name[0].upper() + name[1:]) for name in used),
        ],
        blocks=blocks,
        notes=("Not recorded: none of the subject's events has a severity.",),
        part=part_of(estimand),
    )  # fmt: skip
    return Panel(estimand, title, table)


def _severity_cells(rows: list[Row]) -> list[str]:
    at_risk = rows[0]["at_risk"]
    counts = [f"{row['subjects']:,} ({wording.percent(row['subjects'], at_risk)})" for row in rows]
    return [_group(rows[0]), f"{at_risk:,}", *counts]


def lags(results: Results) -> Table:
    """Days from onset to record by group."""
    columns = [
        Column("Group", "text"), Column("Events"), Column("With both dates"),
        Column("Recorded before onset"), Column("Median"), Column("Middle half"),
        Column("Middle 80%"), Column("Longest"),
    ]  # fmt: skip
    rows = [_lag_cells(row) for row in results.lags.rows(named=True)]
    title = "Reporting lag: days from the onset of an event to its record"
    return Table(Number.LAGS, caption(results, title), columns, [Block(rows)])


def _lag_cells(row: Row) -> list[str]:
    return [
        row["group"], f"{row['events']:,}", f"{row['dated']:,}", f"{row['before']:,}",
        wording.count(row["median"]), _range(row["q25"], row["q75"]),
        _range(row["q10"], row["q90"]), wording.count(row["longest"]),
    ]  # fmt: skip


def _range(low: int | None, high: int | None) -> str:
    return wording.count(None) if low is None else f"{low:,} to {high:,}"


def _topic(term: str) -> str:
    return "" if term == ANY_EVENT else term


def _term(row: Row) -> str:
    return str(row["term"])


def _group(row: Row) -> str:
    return str(row["group"])
