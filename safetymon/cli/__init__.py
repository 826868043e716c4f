"""The command line: parse, call one function, say what happened, map errors to exit codes."""

import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from safetymon import __version__
from safetymon.cli import export, looks, notify, rules, service, signals, store
from safetymon.cli.common import app
from safetymon.errors import SafetymonError, UsageError, is_panic
from safetymon.visible import line

__all__ = ["export", "looks", "notify", "rules", "run", "service", "signals", "store"]


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
    except OSError as error:
        return _refused(error, debug="--debug" in flags)
    except BaseException as error:  # the last resort: anything else is a bug of ours
        if not isinstance(error, Exception) and not is_panic(error):
            raise  # a stop from outside
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


def _refused(error: OSError, *, debug: bool) -> int:
    """A path that cannot be read or written is no bug of ours."""
    if debug:
        traceback.print_exception(error)
    where = "a file or a connection" if error.filename is None else error.filename
    why = error.strerror or type(error).__name__
    _complain(f"{where}: {why}; see to the path and its permissions, then run it again")
    return UsageError.exit_code


def _complain(text: str) -> None:
    print(f"safetymon: {line(text)}", file=sys.stderr)


def _unexpected(error: BaseException, *, debug: bool) -> int:
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
