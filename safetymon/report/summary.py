"""The topics by group as a table for the terminal. By treatment: for the demonstration only."""

from rich import box
from rich.console import Console
from rich.table import Table

from safetymon.domain import Estimand, Results
from safetymon.report import wording


def print_summary(results: Results, estimand: Estimand = "related") -> None:
    """Prints subjects with an event of those at risk, percent and events; topics adjudicated."""
    Console(highlight=False).print(_table(results, estimand))
    if results.groups.height > 1:
        print("Groups can overlap: do not add the columns.")  # noqa: T201 - what it is for


def _table(results: Results, estimand: Estimand) -> Table:
    groups = results.groups["group"].to_list()
    title = f"{wording.ESTIMAND_TITLES[estimand]}: subjects/at risk, percent, (events)"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)
    table.add_column("", min_width=max(len(term) for term in _rows(results, estimand)))
    for group in groups:
        table.add_column(group, justify="right", min_width=17)
    for term, cells in _rows(results, estimand).items():
        table.add_row(term, *(cells[group] for group in groups))
    return table


def _rows(results: Results, estimand: Estimand) -> dict[str, dict[str, str]]:
    wanted = results.incidence.filter(estimand=estimand).rows(named=True)
    rows: dict[str, dict[str, str]] = {}
    for row in wanted:
        if row["level"] == "any" or (row["level"] == "topic" and row["adjudicated"]):
            rows.setdefault(row["term"], {})[row["group"]] = _cell(row)
    return rows


def _cell(row: wording.Row) -> str:
    share = wording.percent(row["subjects"], row["at_risk"])
    return f"{row['subjects']}/{row['at_risk']} {share:>4}% {'(' + str(row['events']) + ')':>5}"
