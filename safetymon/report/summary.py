"""The topics by group as a table for the terminal. By treatment: for the demonstration only."""

from safetymon.domain import Estimand, Results
from safetymon.report import wording

CELL = 17  # characters of a cell such as `62/95 65.3% (282)`


def print_summary(results: Results, estimand: Estimand = "related") -> None:
    """Prints subjects with an event of those at risk, percent and events; topics adjudicated."""
    print("\n".join(_lines(results, estimand)))  # noqa: T201 - what it is for


def _lines(results: Results, estimand: Estimand) -> list[str]:
    groups = results.groups["group"].to_list()
    rows = _rows(results, estimand)
    first, width = max(map(len, rows)), max(CELL, *map(len, groups))
    table = [
        f"{wording.ESTIMAND_TITLES[estimand]}: subjects/at risk, percent, (events)",
        "",
        "  ".join([" " * first, *(group.rjust(width) for group in groups)]),
        *(
            "  ".join([term.ljust(first), *(cells[group].rjust(width) for group in groups)])
            for term, cells in rows.items()
        ),
    ]
    overlap = ["", "Groups can overlap: do not add the columns."]
    return table + (overlap if len(groups) > 1 else [])


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
