"""What several commands share: the app, its arguments, who is acting."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="safetymon",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.TOML", help="The study file.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where reports go (default: reports/ beside it)."),
]


def actor() -> str:
    """Who runs the command, for the audit."""
    return getpass.getuser()
