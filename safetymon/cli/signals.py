"""Commands about signals: list, show, assess (closed)."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from safetymon.cli.common import StudyFile, app, card_lines

signals = typer.Typer(help="List signals, look into one, record the board's decision (closed).")
app.add_typer(signals, name="signals")

RuleName = Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.")]


@signals.command(name="list")
def list_signals(study: StudyFile) -> None:
    """List every rule with its latest verdict and the board's latest decision."""
    from safetymon.board import board

    for row in board(study, datetime.now(UTC)).latest().to_dicts():
        decision = row["decision"] or "not assessed"
        print(f"{_standing(row)}, {decision}: {row['rule']}")


def _standing(row: dict[str, Any]) -> str:
    """A rule's verdict, and since when it is not evaluated (`Board.latest`)."""
    verdict = f"{row['verdict']}, since look {row['since_look']}"
    if row["evaluated"]:
        return verdict
    return f"not evaluated since look {row['evaluated_at']} ({verdict})"


@signals.command()
def show(study: StudyFile, rule: RuleName) -> None:
    """Show a rule's verdict at every look, every decision on it, and its rule card if simulated."""
    import polars as pl

    from safetymon.board import board

    one = board(study, datetime.now(UTC)).of(rule)
    backward = set(one.looks.filter("back")["number"])
    for row in one.history.to_dicts():
        when = f"{row['cutoff']:%d %b %Y}{', look back' if row['look'] in backward else ''}"
        why = f" ({row['reason']})" if row["reason"] else ""
        print(f"look {row['look']}, {when}: {row['verdict']}{why}. {row['text']}")
    for row in one.latest().filter(~pl.col("evaluated")).to_dicts():
        print(f"Not evaluated since look {row['evaluated_at']}.")
    for row in one.decisions.to_dicts():
        print(f"{row['decided_at'][:10]}: {row['decision']}, {row['decided_by']}: {row['note']}")
    for line in card_lines(one.cards):
        print(line)


@signals.command()
def assess(
    study: StudyFile,
    rule: RuleName,
    decision: Annotated[
        str, typer.Option(help="new, under evaluation, confirmed, refuted or closed.")
    ],
    by: Annotated[str, typer.Option(help="Who decided.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Record the board's decision on a signal; it is added, never changed."""
    from safetymon import board

    chosen = board.assess(study, rule, decision, by, note, datetime.now(UTC))
    print(f"Recorded: {chosen}")
