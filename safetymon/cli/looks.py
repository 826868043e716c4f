"""Commands that make a look: demo, init, check, run."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safetymon.cli.common import Out, StudyFile, actor, app
from safetymon.errors import NEW_SIGNAL_EXIT_CODE, UsageError
from safetymon.visible import line

if TYPE_CHECKING:  # heavy: polars and duckdb; --help must be instant
    from collections.abc import Iterable

    from safetymon.domain import Finding
    from safetymon.monitor import LookDone

FailOnSignal = Annotated[
    bool,
    typer.Option("--fail-on-signal", help="Leave with code 10 if this look newly raises a signal."),
]


@app.command()
def demo(out: Out = None) -> None:
    """Run the packaged synthetic trial and write its reports (to reports/ unless told)."""
    from safetymon import demonstration, monitor, rehearsal
    from safetymon.report.summary import print_summary

    root = out or Path("reports")
    study_file = demonstration.unpack(root)
    done = monitor.look(study_file, datetime.now(UTC), actor(), out=root)
    print("Synthetic data, rebuilt from the published aggregates of ProDERM; no real patient.\n")
    print_summary(done.closed)
    print()
    for rule, number, when in rehearsal.first_looks(done.closed, "background", "week"):
        print(f"Looked at every week, a signal from look {number} on, {when:%d %b %Y}: {rule}")
    print()
    _print_done(done)
    print(f"Study file     {study_file}")


@app.command()
def init(
    data_dir: Annotated[Path, typer.Argument(metavar="DATA_DIR", help="Where the listings are.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="STUDY.TOML", help="The file to write.")
    ] = Path("study.toml"),
) -> None:
    """Look at a folder of listings and write a commented study file for them."""
    from safetymon import starter

    starter.write(data_dir, out)
    print(f"Wrote {out}. Read it, then: safetymon check {out}")


@app.command()
def check(study: StudyFile) -> None:
    """Check a study file and its data and print every finding; write nothing."""
    from safetymon import monitor

    checked = monitor.check(study, datetime.now(UTC))
    for file in checked.inputs:
        counts = f"{file.rows} rows, {file.accepted} accepted, {file.rejected} rejected"
        print(f"{line(file.path)}: {counts}")
    for finding in checked.findings:
        print(line(f"{finding.severity}: {finding.text}"))
    print(f"The study file is valid and the data can be looked at{_errors(checked.findings)}.")


def _errors(findings: "Iterable[Finding]") -> str:
    from safetymon.report.wording import plural

    count = sum(finding.severity == "error" for finding in findings)
    return f"; see {plural(count, 'error')} above" if count else ""


@app.command(name="run")
def run_look(
    study: StudyFile,
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", metavar="DATE", help="Cut-off, YYYY-MM-DD.")
    ] = None,
    out: Out = None,
    fail_on_signal: FailOnSignal = False,
) -> int:
    """Make one look: read, count, weigh, and write the closed and the open report."""
    from safetymon import monitor

    done = monitor.look(study, datetime.now(UTC), actor(), _date(cutoff), out)
    _print_done(done)
    newly = done.raised and not done.repeated  # a repeated look was told of when it was made
    return NEW_SIGNAL_EXIT_CODE if fail_on_signal and newly else 0


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--cutoff {text}: is not a date; write it as YYYY-MM-DD") from None


def _print_done(done: "LookDone") -> None:
    """Where the reports are; nothing of what they say, since this may be mailed by cron."""
    number, cutoff = done.closed.look.number, done.closed.cut.cutoff
    again = " (made before; nothing new was stored)" if done.repeated else ""
    print(f"Look {number}, data cut-off {cutoff:%d %b %Y}{again}")
    print(f"Closed report  {done.closed_report}")
    print(f"Open report    {done.open_report}")
    if done.coded_report:
        print(f"Coded report   {done.coded_report}")
