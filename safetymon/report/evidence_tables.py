"""The numbers behind the verdicts: paths, other backgrounds, the screen. Pure.

A path's boundary is the one that decided: chart, table and verdict read the same rows of
`schema.EVIDENCE`, and nothing is worked out anew here.
"""

from collections.abc import Callable

import polars as pl

from safetymon.domain import Results
from safetymon.report import wording
from safetymon.report.table import Block, Column, Number, Table, caption
from safetymon.report.wording import Row, fixed

MOST_DAYS = 30
"""Days of a path that its table shows, the latest; the rest is in the CSV."""
MOST_TERMS = 30
"""Terms of a screen that its table shows, for each pair of groups."""
SEQUENTIAL_P = 0.1
"""The largest level at which the screen asks whether the walk has crossed."""

Cell = Callable[[Row], str]


def _day(row: Row) -> str:
    return wording.day(row["date"])


def _count(row: Row) -> str:
    return f"{row['count']:,}"


def _of(row: Row) -> str:
    return wording.whole(row["of"])


def _limit(row: Row) -> str:
    if row["limit"] is None:
        return "none"
    return f"{row['limit']:,.0f}{', reached' if row['first'] else ''}"


def _e_value(row: Row) -> str:
    return wording.e_value(row["log_e"])


def _digits(key: str, digits: int) -> Cell:
    return lambda row: fixed(row[key], digits)


SPENT, FRACTION = ("Alpha spent", _digits("spent", 5)), _digits("fraction", 4)
PATHS: dict[str, tuple[tuple[str, Cell], ...]] = {
    "ecl": (
        ("Date", _day), ("First events", _of), ("On treatment", _count),
        ("Expected share", _digits("expected", 4)), ("Information fraction", FRACTION),
        ("Boundary", _limit), SPENT, (wording.E_VALUE, _e_value),
    ),
    "background": (
        ("Date", _day), ("Subjects counted", _of), ("With event", _count), ("Boundary", _limit),
        SPENT, (wording.E_VALUE, _e_value),
    ),
    "protocol": (
        ("Date", _day), ("Of the first", _of), ("With event", _count), ("Boundary", _limit),
        ("Expected", _digits("expected", 2)),
    ),
    "poisson": (
        ("Date", _day), ("Person-years", _digits("of", 2)), ("With event", _count),
        ("Expected", _digits("expected", 3)), ("Information fraction", FRACTION),
        (wording.E_VALUE, _e_value),
    ),
}  # fmt: skip
"""The columns of a path by method: title, and how a day's row is told."""
COUNTED = {
    "ecl": (
        "Counts are cumulative. The expected share is the chance that an event of that day falls "
        "on treatment if the treatment does no harm; boundary and alpha spent follow from the "
        "events, shares and fractions of all days so far."
    ),
    "background": (
        "Subjects counted: those dosed so far, unless the rule names another denominator."
    ),
    "protocol": "Each day shows the row of the protocol's table that is nearest to its limit.",
    "poisson": "Person-years end at a subject's first event.",
}


def path(results: Results, rule: str, method: str, part: int) -> Table:
    """The path of a rule: the days on which an event was counted, and the last, latest first."""
    rows = results.evidence.filter(rule=rule)
    shown = event_days(rows, method).tail(MOST_DAYS).reverse()
    columns = PATHS[method]
    cells = [[cell(row) for _, cell in columns] for row in shown.rows(named=True)]
    head = [Column(title, "text" if title == "Date" else "number") for title, _ in columns]
    return Table(
        number=Number.PATH,
        caption=caption(results, f"{rule}: evidence day by day, the latest first"),
        columns=head,
        blocks=[Block(cells)],
        notes=(COUNTED[method], *_left_out(rows.height - shown.height)),
        part=part,
    )


def event_days(rows: pl.DataFrame, method: str) -> pl.DataFrame:
    """The days of a path on which its count grew, its first crossing and its last day.

    `first` is true on the day on which the boundary was first reached. On the days of a
    conditional walk there is always an event, be it in the reference group.
    """
    marked = rows.with_columns(first=pl.col("crossed") & (pl.col("crossed").cum_sum() == 1))
    if method == "ecl":
        return marked
    grew = pl.col("count") != pl.col("count").shift(1, fill_value=0)
    last = pl.int_range(pl.len()) == pl.len() - 1
    return marked.filter(grew | pl.col("first") | last)


def _left_out(days: int) -> tuple[str, ...]:
    if not days:
        return ()
    left = f"{days:,} more days, earlier or without a new event, are"
    return (f"{'One more day is' if days == 1 else left} in tables/evidence.csv.",)


def strip(results: Results, rule: str, own: float | None, part: int) -> Table:
    """A rule's verdict under other backgrounds; `own` is the study's."""
    rows = results.sensitivity.filter(rule=rule).rows(named=True)
    columns = [
        Column("Background", "text"), Column("Boundary now"), Column("Chance of as many"),
        Column(wording.E_VALUE), Column("Boundary reached", "text"),
    ]  # fmt: skip
    cells = [_strip_cells(row, own=row["background"] == own) for row in rows]
    head = f"{rule}: {_observed(rows[0])}, against other backgrounds"
    return Table(Number.STRIP, caption(results, head), columns, [Block(cells)], part=part)


def _strip_cells(row: Row, *, own: bool) -> list[str]:
    return [
        f"{wording.background(row['background'])}{' (this rule)' if own else ''}",
        fixed(row["limit"], 0), chance(row["chance"]), wording.e_value(row["log_e"]),
        "yes" if row["crossed"] else "no",
    ]  # fmt: skip


def _observed(row: Row) -> str:
    return f"{row['subjects']:,} of {wording.plural(row['of'], 'subject')} with an event"


def chance(value: float | None) -> str:
    """A probability; that of no or more events is 1."""
    return "1" if value == 1 else wording.p_value(value)


def turns(rows: list[Row]) -> str:
    """The sentence that says on which background the answer turns."""
    seen = _observed(rows[0])
    reached = [wording.background(row["background"]) for row in rows if row["crossed"]]
    missed = [wording.background(row["background"]) for row in rows if not row["crossed"]]
    ends = [wording.background(rows[place]["background"]) for place in (0, -1)]
    shown = f"background shown, {' to '.join(ends)}"
    if not missed:
        return f"With {seen}, the boundary was reached at every {shown}."
    if not reached:
        return f"With {seen}, the boundary was not reached at any {shown}."
    return (
        f"The answer turns on the background: with {seen}, the boundary was reached at "
        f"{wording.listing(reached)}, and not at {wording.listing(missed)}."
    )


def own_background(evidence: pl.DataFrame, rows: list[Row]) -> float | None:
    """The background of a rule: the one of the strip that its own path was weighed against.

    The path expects `of` times the background; None: the rule has none and so has no path, or
    nobody is counted yet.
    """
    if evidence.is_empty():
        return None
    of, expected = evidence.select("of", "expected").row(-1)
    if not of:
        return None
    near = min(rows, key=lambda row: abs(row["background"] * of - expected))
    return float(near["background"])


def screened(results: Results) -> Table | None:
    """The screen of all preferred terms, flagged ones first; None: there is none."""
    if results.screen.is_empty():
        return None
    columns = [
        Column("Preferred term", "text"), Column("First events"), Column("On treatment"),
        Column("Sequential p"), Column(wording.E_VALUE), Column("Flagged", "text"),
    ]  # fmt: skip
    blocks, notes = [], ["First events are those while both groups were at risk."]
    for pair, rows in results.screen.group_by("group", "reference", maintain_order=True):
        shown = ranked(rows).head(MOST_TERMS)
        title = f"{pair[0]} against {pair[1]}"
        blocks.append(Block([_term_cells(row) for row in shown.rows(named=True)], title))
        if rest := rows.height - shown.height:
            left = wording.plural(rest, "more term")
            notes.append(f"{title}: {left} in tables/screen.csv.")
    head = "Screen of all preferred terms, by evidence"
    return Table(Number.SCREEN, caption(results, head), columns, blocks, notes=tuple(notes),
                 rows_are="pt")  # fmt: skip


def newly_flagged(results: Results) -> pl.DataFrame:
    """The rows of the screen that are flagged since this look, those with most evidence first."""
    return ranked(results.screen.filter("flagged", since_look=results.look.number))


def ranked(screen: pl.DataFrame) -> pl.DataFrame:
    """The terms of a screen: flagged first, then by sequential p, e-value and name."""
    return screen.sort(
        ~pl.col("flagged"), "p", -pl.col("log_e"), "term", nulls_last=True, maintain_order=True
    )


def _term_cells(row: Row) -> list[str]:
    return [
        row["term"], f"{row['events']:,}", f"{row['treated_events']:,}", sequential_p(row["p"]),
        wording.e_value(row["log_e"]),
        f"since look {row['since_look']}" if row["flagged"] else "no",
    ]  # fmt: skip


def sequential_p(value: float) -> str:
    """A sequential p: the smallest level crossed; 1 says that not even the largest one was."""
    return f">{SEQUENTIAL_P}" if value > SEQUENTIAL_P else f"{value:.2g}"
