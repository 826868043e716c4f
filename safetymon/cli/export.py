"""Commands that hand a report on: export."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from safetymon.cli.common import StudyFile, actor, app
from safetymon.errors import UsageError

Chart = Annotated[str | None, typer.Option(metavar="CHART|all", help="A chart by its name.")]


@app.command()
def export(
    study: StudyFile,
    look: Annotated[str, typer.Argument(metavar="LOOK", help="The look's number or folder.")] = "",
    *,
    pdf: Annotated[bool, typer.Option("--pdf", help="The report, printed by Chromium.")] = False,
    png: Chart = None,
    svg: Chart = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="The tables as one workbook.")] = False,
    static: Annotated[
        bool, typer.Option("--static", help="The page with its charts as pictures.")
    ] = False,
    key: Annotated[
        bool, typer.Option("--key", help="The key of the coded report: which code is what.")
    ] = False,
    scope: Annotated[str, typer.Option(help="closed, open or coded.")] = "closed",
    reports: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the reports are (default: where written)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where the files go.")
    ] = None,
) -> None:
    """Hand on the report of a look as PDF, pictures, workbook; every export is recorded."""
    from safetymon import export as exporting

    now = datetime.now(UTC)
    if key:
        print(exporting.key(study, now, actor(), out))
        return
    if scope not in exporting.TREES:
        raise UsageError(f"--scope {scope}: is none of {', '.join(exporting.TREES)}")
    if not look:
        raise UsageError("LOOK: say which look, by its number or the name of its folder")
    wanted = exporting.Wanted(pdf=pdf, xlsx=xlsx, static=static, png=png, svg=svg)
    made = exporting.export(study, look, wanted, now, actor(), tree=scope, reports=reports, out=out)
    for path in made:
        print(path)
