"""The command line: parse, call one function, say what happened, map errors to exit codes."""

import getpass
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    from safetymon import demonstration, monitor, rehearsal
    from safetymon.report.summary import print_summary

    root = out or Path("reports")
    study_file = demonstration.unpack(root)
    done = monitor.look(study_file, datetime.now(UTC), _actor(), out=root)
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


@app.command()
def boundary(
    background: Annotated[float, typer.Option(help="Acceptable risk, between 0 and 1.")],
    planned: Annotated[int, typer.Option(help="Subjects to be treated in all.")],
    alpha: Annotated[float, typer.Option(help="False-signal probability over the trial.")] = 0.05,
    spending: Annotated[
        Literal["pocock", "linear", "obrien-fleming"], typer.Option(help="How alpha is spent.")
    ] = "pocock",
    rates: Annotated[
        str, typer.Option(metavar="P,P,…", help="True rates to show the power at.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a single-arm stopping boundary, its exact false-signal probability and its power."""
    from safetymon import plan

    made = plan.boundary_plan(background, planned, alpha, spending, _rates(rates))
    if as_json:
        print(json.dumps(made))
        return
    print(f"Signal at or above the number of subjects with an event (background {background:g}):")
    for first, last, stop_at in plan.steps(made["boundary"]):
        print(f"  n {first:>5} to {last:>5}: {stop_at}")
    print(f"False-signal probability over the whole trial: {made['false_signal']:.4f}")
    for row in made["power"]:
        mean = f"{row['mean_subjects']:.1f} subjects on average"
        print(f"  true rate {row['rate']:.4f}: power {row['power']:.4f}, {mean}")


def _rates(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"--rates {text}: is not a list of numbers such as 0.01,0.02") from None


@app.command()
def replay(
    study: StudyFile,
    every: Annotated[
        Literal["day", "week", "month"], typer.Option(help="How often looks are made.")
    ] = "week",
) -> None:
    """Re-enact the trial: say at which look each signal would first have been raised (closed)."""
    from safetymon import rehearsal

    print(f"CLOSED: by treatment. Looks every {every}; a signal is named by its first look.")
    for row in rehearsal.replayed(study, every, datetime.now(UTC)).to_dicts():
        print(_replayed(row))


def _replayed(row: dict[str, Any]) -> str:
    if row["look"] is None:
        return f"- {row['rule']}: no signal at any look. {row['text']}"
    return f"- {row['rule']}: look {row['look']}, {row['date']:%d %b %Y}. {row['text']}"


@app.command()
def simulate(
    study: StudyFile,
    trials: Annotated[int, typer.Option(help="Trials for each rule and harm.")] = 1000,
    seed: Annotated[int, typer.Option(help="Same seed, same cards.")] = 1,
) -> None:
    """Simulate the study's own design: what does each rule do over a whole trial? (closed)."""
    from safetymon import rehearsal

    made = rehearsal.simulated(study, trials, seed, datetime.now(UTC), _actor())
    for (rule, method), rows in made.group_by("rule", "method", maintain_order=True):
        print(f"{rule} ({method}): {rows['basis'][0]}")
        for row in rows.filter(rows["trials"] > 0).to_dicts():
            print(_card(row))
    print("Kept; the closed report of the next look shows the cards.")


def _card(row: dict[str, Any]) -> str:
    when = row["median_days"]
    soon = "" if when is None else f", median {when:.0f} days to the signal"
    share = f"{row['signals']:.3f} (± {row['error']:.3f})"
    return f"  {row['harm']}: a signal in {share} of {row['trials']} trials{soon}"


signals = typer.Typer(help="List signals, look into one, record the board's decision (closed).")
app.add_typer(signals, name="signals")

RuleName = Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.")]


@signals.command(name="list")
def list_signals(study: StudyFile) -> None:
    """List every rule with its latest verdict and the board's latest decision."""
    from safetymon.board import board

    for row in board(study, datetime.now(UTC)).latest().to_dicts():
        decision = row["decision"] or "not assessed"
        print(f"{row['verdict']}, since look {row['since_look']}, {decision}: {row['rule']}")


@signals.command()
def show(study: StudyFile, rule: RuleName) -> None:
    """Show a rule's verdict at every look, and every decision on it."""
    from safetymon.board import board

    one = board(study, datetime.now(UTC)).of(rule)
    for row in one.history.to_dicts():
        why = f" ({row['reason']})" if row["reason"] else ""
        print(f"look {row['look']}, {row['cutoff']:%d %b %Y}: {row['verdict']}{why}. {row['text']}")
    for row in one.decisions.to_dicts():
        print(f"{row['decided_at'][:10]}: {row['decision']}, {row['decided_by']}: {row['note']}")


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
