"""The topics by group as a table for the terminal. By treatment: for the demonstration only."""

from rich.console import Console
from rich.table import Table

from safetymon.domain import Estimand, Results
from safetymon.report import wording


def print_summary(results: Results, estimand: Estimand = "related") -> None:
    """Prints subjects with an event of those at risk, percent and events; topics adjudicated."""
    Console(highlight=False).print(_table(results, estimand))


def _table(results: Results, estimand: Estimand) -> Table:
    groups = results.groups["group"].to_list()
    title = f"{wording.ESTIMAND_TITLES[estimand]}: subjects / at risk (percent), events"
    table = Table(title=title, title_justify="left", caption=_caption(groups))
    table.add_column("")
    for group in groups:
        table.add_column(group, justify="right")
    for term, cells in _rows(results, estimand).items():
        table.add_row(term, *(cells[group] for group in groups))
    return table


def _caption(groups: list[str]) -> str | None:
    return "Groups can overlap: do not add the columns." if len(groups) > 1 else None


def _rows(results: Results, estimand: Estimand) -> dict[str, dict[str, str]]:
    wanted = results.incidence.filter(estimand=estimand).rows(named=True)
    rows: dict[str, dict[str, str]] = {}
    for row in wanted:
        if row["level"] == "any" or (row["level"] == "topic" and row["adjudicated"]):
            rows.setdefault(row["term"], {})[row["group"]] = _cell(row)
    return rows


def _cell(row: wording.Row) -> str:
    share = wording.percent(row["subjects"], row["at_risk"])
    return f"{row['subjects']} / {row['at_risk']} ({share}%), {row['events']:>3}"
