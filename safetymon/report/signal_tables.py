"""What the rules found and what they are worth, and words for verdicts. Pure.

The look's urgent sentences are `lead`'s; the paths behind them are `evidence_tables`'.
"""

from collections.abc import Mapping

import polars as pl

from safetymon.domain import Results
from safetymon.report import sentences, wording
from safetymon.report.table import Block, Column, Number, Table, caption
from safetymon.report.wording import VERDICT_ORDER, Row
from safetymon.study import with_method

VERDICT_MEANINGS = (
    ("raised", "The rule's limit is reached, and no signal stood at the look before."),
    ("open", "Raised at an earlier look and not cleared since."),
    ("cleared", "Raised at an earlier look; the data now speak against it."),
    ("too little data", "There is less data than the rule asks for: it cannot tell."),
    ("no events", "Nobody had such an event yet: it cannot tell."),
    ("not applicable", "The rule cannot be worked out, for instance for want of a reference."),
    ("no signal", "There was enough data to judge by, and the limit is not reached."),
)
UNITS = {"incidence": "%", "difference": " points", "ratio": " ×"}
NOUNS = {
    "ecl": "event", "subjects": "subject", "background": "subject", "protocol": "subject",
    "poisson": "subject",
}  # fmt: skip
SIMULATED = "Simulated over the whole trial"


def ranked(signals: pl.DataFrame) -> list[Row]:
    """The rules, the most urgent verdict first; among equals in the study's order."""
    return sorted(
        signals.rows(named=True), key=lambda signal: VERDICT_ORDER.index(signal["verdict"])
    )


def signals(results: Results, anchors: Mapping[str, str]) -> Table:
    """One row a rule. `anchors` are the places on the page of the rules' evidence."""
    rows = ranked(results.signals)
    harmless = results.cards.filter(pl.col("trials") > 0, effect=1.0)
    simulated = {card["rule"]: card for card in harmless.rows(named=True)}
    columns = [
        Column("Rule", "text"), Column("Verdict", "badge"), Column("Group", "text"),
        Column("Since look"), Column("Looks in a row"), Column("What moved it", "text"),
        Column("Value"), Column("Limit"), Column(wording.E_VALUE), Column("Boundary reached"),
    ]  # fmt: skip
    block = Block(
        [_cells(row) for row in rows],
        details=tuple(_detail(row, simulated.get(row["rule"])) for row in rows),
        anchors=tuple(anchors.get(row["rule"], "") for row in rows),
    )
    title = "Signal rules and their verdicts"
    return Table(Number.SIGNALS, caption(results, title), columns, [block], rows_are="rule")


def _cells(row: Row) -> list[str]:
    return [
        row["rule"], row["verdict"], row["group"], _look(row["since_look"]), _look(row["looks"]),
        row["reason"] or wording.NONE, _measure(row, "value"), _measure(row, "limit"),
        sentences.e_value(row), reached(row),
    ]  # fmt: skip


def _detail(row: Row, card: Row | None) -> str:
    """What the rule found, what that is not, and how often it would be false."""
    said = (row["text"], sentences.caution(row), _false_signals(card) if card else "")
    return " ".join(text for text in said if text)


def _false_signals(card: Row) -> str:
    share, error = wording.number(100 * card["signals"]), wording.number(100 * card["error"])
    return (
        f"{SIMULATED}: without harm, a false signal in {share}% of {card['trials']:,} trials "
        f"(Monte-Carlo error {error} points; Table {Number.CARDS})."
    )


def reached(row: Row) -> str:
    """The day the boundary was first reached."""
    return wording.NONE if row["crossed_on"] is None else wording.day(row["crossed_on"])


def _look(count: int | None) -> str:
    return wording.NONE if count is None else f"{count:,}"


def _measure(row: Row, key: str) -> str:
    """A value or limit in its method's unit."""
    value = row[key]
    if value is None:
        return wording.NONE
    is_whole = float(value).is_integer()
    if is_whole and row["method"] in NOUNS:
        return wording.plural(int(value), NOUNS[row["method"]])
    digits = 0 if is_whole else 2 if row["method"] == "ratio" else 1
    unit = UNITS.get(row["method"]) or f" {NOUNS[row['method']]}s"
    return wording.number(value, digits) + unit


def meanings(signals: pl.DataFrame) -> list[tuple[str, str]]:
    """(verdict, what it means) of the verdicts that some rule has."""
    given = set(signals["verdict"].to_list())
    return [(verdict, meaning) for verdict, meaning in VERDICT_MEANINGS if verdict in given]


def cards(results: Results) -> Table | None:
    """What each rule does in simulated trials; None where nothing was simulated."""
    if results.cards.is_empty():
        return None
    columns = [
        Column("What is true", "text"), Column("Effect"), Column("Trials"),
        Column("With a signal, %"), Column("Monte-Carlo error, points"), Column("Median days"),
        Column("Median subjects"),
    ]  # fmt: skip
    by_rule = results.cards.partition_by("rule", maintain_order=True)
    note = (
        f"{SIMULATED}: the share of trials in which the rule gave a signal at any look, with its "
        "Monte-Carlo standard error; where there was no harm, the signal is false. Medians are of "
        "days since the first dose in the trial and of subjects treated by the day on which half "
        "of all trials had given a signal."
    )
    title = "Rule cards: how often each rule gives a signal"
    blocks = [_card(rows) for rows in by_rule]
    return Table(Number.CARDS, caption(results, title), columns, blocks, notes=(note,))


def _card(rows: pl.DataFrame) -> Block:
    """A rule's card; one that was not simulated has its reason and no row."""
    rule, method, basis = rows.select("rule", "method", "basis").row(0)
    cells = [_simulated(row) for row in rows.filter(pl.col("trials") > 0).rows(named=True)]
    return Block(cells, with_method(rule, method), note=basis)


def _simulated(row: Row) -> list[str]:
    return [
        row["harm"], f"{row['effect']:g}", f"{row['trials']:,}",
        wording.number(100 * row["signals"]), wording.number(100 * row["error"]),
        wording.fixed(row["median_days"], 0), wording.fixed(row["median_subjects"], 0),
    ]  # fmt: skip
