"""What several commands share: the app, its arguments, who is acting."""

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(
    name="safetymon",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.TOML", help="The study file.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where reports go (default: where the last went)."),
]


def card_lines(cards: "pl.DataFrame") -> Iterator[str]:
    """Rule cards (`schema.CARDS`) as lines to print: a rule with its basis, then its harms."""
    from safetymon.study import with_method

    for (rule, method), rows in cards.group_by("rule", "method", maintain_order=True):
        yield f"{with_method(rule, method)}: {rows['basis'][0]}"
        for row in rows.to_dicts():
            if row["trials"]:
                yield _card(row)


def _card(row: dict[str, Any]) -> str:
    when = row["median_days"]
    soon = "" if when is None else f", median {when:.0f} days to the signal"
    share = f"{row['signals']:.3f} (± {row['error']:.3f})"
    return f"  {row['harm']}: a signal in {share} of {row['trials']} trials{soon}"


def actor() -> str:
    """Who runs the command, for the audit."""
    return getpass.getuser()
