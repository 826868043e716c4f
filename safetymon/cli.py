"""The command line: parse, call one function, say what happened, map errors to exit codes."""

import getpass
import logging
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import Abort, TyperException

from safetymon import __version__
from safetymon.errors import NEW_SIGNAL_EXIT_CODE, SafetymonError, UsageError

if TYPE_CHECKING:  # heavy: polars and duckdb; --help must be instant
    from safetymon.monitor import LookDone

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
FailOnSignal = Annotated[
    bool, typer.Option("--fail-on-signal", help="Leave with code 10 if a signal is newly raised.")
]


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; every error is one plain line on stderr.

    `--debug`, `-v` and `--verbose` are understood anywhere on the line.
    """
    flags = {"--debug", "-v", "--verbose"} & set(arguments)
    level = logging.INFO if flags else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", force=True)
    try:
        code = app(args=[a for a in arguments if a not in flags], standalone_mode=False)
    except (SafetymonError, TyperException, Abort) as error:
        return _said(error, debug="--debug" in flags)
    except Exception as error:  # noqa: BLE001 - the last resort: anything else is a bug of ours
        return _unexpected(error, debug="--debug" in flags)
    return int(code or 0)


def _said(error: SafetymonError | TyperException | Abort, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    match error:
        case SafetymonError():
            _complain(str(error))
            return error.exit_code
        case TyperException():
            text = error.format_message()
            if text:
                _complain(f"{text} Try `safetymon --help`.")
            return UsageError.exit_code
        case _:
            _complain("interrupted")
            return 1


def _complain(text: str) -> None:
    print(f"safetymon: {' '.join(text.split())}", file=sys.stderr)


def _unexpected(error: Exception, *, debug: bool) -> int:
    """A bug: its kind and place, never its message, which may quote a patient's row."""
    if debug:
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    _complain(
        f"internal error {type(error).__name__} at {place}; this is a bug of safetymon: run again "
        "with --debug and report it (the debug output may hold patient data)"
    )
    return 1


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Safety signal monitor for a clinical trial's safety monitoring board.

    Exit codes: 0 done; 1 a bug; 2 wrong usage or study file; 3 data refused; 4 another process
    holds the study; 10 a signal is newly raised (with --fail-on-signal).
    """
    del verbose, debug  # taken off the line by `run`; declared here for --help
    if version:
        print(f"safetymon {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def demo(out: Out = None) -> None:
    """Run the packaged synthetic trial and write its reports (to reports/ unless told)."""
    from safetymon import demonstration, monitor
    from safetymon.report.summary import print_summary

    root = out or Path("reports")
    study_file = demonstration.unpack(root)
    done = monitor.look(study_file, datetime.now(UTC), _actor(), out=root)
    print("Synthetic data, rebuilt from the published aggregates of ProDERM; no real patient.\n")
    print_summary(done.closed)
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
        print(f"{file.path}: {file.rows} rows, {file.accepted} accepted, {file.rejected} rejected")
    for finding in checked.findings:
        print(f"{finding.severity}: {finding.text}")
    print("The study file is valid and the data can be looked at.")


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

    done = monitor.look(study, datetime.now(UTC), _actor(), _date(cutoff), out)
    _print_done(done)
    return NEW_SIGNAL_EXIT_CODE if fail_on_signal and done.raised else 0


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--cutoff {text}: is not a date; write it as YYYY-MM-DD") from None


def _actor() -> str:
    return getpass.getuser()


def _print_done(done: "LookDone") -> None:
    """Where the reports are; nothing of what they say, since this may be mailed by cron."""
    number, cutoff = done.closed.look.number, done.closed.cut.cutoff
    again = " (made before; nothing new was stored)" if done.repeated else ""
    print(f"Look {number}, data cut-off {cutoff:%d %b %Y}{again}")
    print(f"Closed report  {done.closed_report}")
    print(f"Open report    {done.open_report}")
