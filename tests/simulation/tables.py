"""Markdown tables of simulated figures."""

from collections.abc import Iterable, Sequence
from typing import Final

from tests.simulation.rows import Design, Goal, Row, Verdict, excess, verdict

WORST_FIRST: Final[tuple[Verdict, ...]] = ("NOT MET", "within 3 errors", "met")


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value: float) -> str:
    """Whole numbers as they are, small ones with an exponent, all others to three decimals."""
    if value == int(value):
        return f"{int(value)}"
    return f"{value:.1e}" if abs(value) < 5e-4 else f"{value:.3f}"


def measured(row: Row) -> str:
    """The value of a row: three decimals of what was drawn, one where it is large."""
    if not row.error:
        return figure(row.value)
    return f"{row.value:.3f}" if abs(row.value) < 10 else f"{row.value:.1f}"


def error(row: Row) -> str:
    if not row.error:
        return "exact"
    return f"{row.error:.4f}" if abs(row.value) < 10 else f"{row.error:.1f}"


def cell(row: Row) -> str:
    return f"{measured(row)} ± {error(row)}" if row.error else measured(row)


def drawn(row: Row) -> str:
    return str(row.trials) if row.trials else "–"


def bound(goal: Goal) -> str:
    return f"at {'least' if goal.at_least else 'most'} {figure(goal.bound)}"


def worst(rows: Sequence[Row], goal: Goal) -> Row:
    """The row that decides a goal: of the worst verdict, the farthest from the goal."""
    mine = [row for row in rows if row.goal == goal]
    return max(mine, key=lambda row: (-WORST_FIRST.index(verdict(row) or "met"), excess(row)))


def at_a_glance(rows: Sequence[Row], goals: Iterable[Goal]) -> str:
    """One line a goal: its worst figure."""
    head = ["", "goal", "worst figure", "error", "trials", "where", "figures", "met"]
    body = []
    for goal in goals:
        row, count = worst(rows, goal), sum(row.goal == goal for row in rows)
        place = f"{row.scenario}; {row.rule}"
        numbers = [measured(row), error(row), drawn(row)]
        body.append([goal.name, bound(goal), *numbers, place, str(count), verdict(row)])
    return table(head, body)


def listed(rows: Iterable[Row]) -> str:
    """One line a row."""
    head = ["scenario", "rule", "measure", "figure", "error", "trials", "met"]
    return table(
        head,
        (
            [*row[1:4], measured(row), error(row), drawn(row), verdict(row) or "no goal"]
            for row in rows
        ),
    )


def pivot(
    rows: Iterable[Row], design: Design, measure: str, rules: Sequence[str],
    scenarios: Sequence[str] = (),
) -> str:  # fmt: skip
    """One line a scenario, one column a rule; all scenarios unless some are named."""
    found = {
        (row.scenario, row.rule): row
        for row in rows
        if row.design == design and row.measure == measure and row.rule in rules
    }
    names = scenarios or list(dict.fromkeys(name for name, _ in found))
    lines = ([found[name, rule] for rule in rules] for name in names)
    body = ([row[0].scenario, *map(cell, row), str(row[0].trials)] for row in lines)
    return table(["scenario", *rules, "trials"], body)


def by_measure(rows: Iterable[Row], design: Design) -> str:
    """One line a rule, one column a measure, of a design with one scenario."""
    found = {(row.rule, row.measure): row for row in rows if row.design == design}
    rules, measures = (list(dict.fromkeys(key)) for key in zip(*found, strict=True))
    body = ([rule, *(cell(found[rule, measure]) for measure in measures)] for rule in rules)
    return table(["rule", *measures], body)
