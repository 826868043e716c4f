"""Commands of the scheduled service: serve, status, and the look in a process of its own."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safetymon.cli.common import app
from safetymon.errors import SafetymonError
from safetymon.service.stopping import Asked

if TYPE_CHECKING:  # heavy: polars and duckdb; --help must be instant
    from safetymon.service.status import Status

MonitorPath = Annotated[Path, typer.Argument(metavar="MONITOR.TOML", help="The monitor file.")]


@app.command()
def serve(
    monitor: MonitorPath,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, then leave: for cron and timers.")
    ] = False,
) -> int:
    """Serve the studies of a monitor file: look when looks are due, tell who must know."""
    asked = Asked().listen()  # first of all: the imports below take longer than a stop may wait
    from safetymon.service import serving

    return serving.serve(monitor, asked, once=once)


@app.command()
def status(
    monitor: MonitorPath,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    closed: Annotated[
        bool, typer.Option("--closed", help="Show the verdicts too (closed: for the board).")
    ] = False,
) -> None:
    """Show each study's last and next look, failures and staleness."""
    from safetymon.service import status as standing

    all_studies = standing.of(monitor, datetime.now(UTC), closed=closed)
    if as_json:
        print(json.dumps([one.as_json() for one in all_studies], indent=2))
        return
    for one in all_studies:
        _print_status(one)


def _print_status(one: "Status") -> None:
    print(one.study)
    for line in one.lines():
        print(f"  {line}")


@app.command(hidden=True)
def attend(
    monitor: MonitorPath,
    study: Annotated[Path, typer.Argument(metavar="STUDY.TOML")],
    arrived: str | None = None,
    since: str | None = None,
    failure: str | None = None,
) -> int:
    """Attend to one study of a running service and reply to it in one line of JSON."""
    from safetymon.service import monitor_file, worker

    # Ending a look is the service's decision: a stop of the whole group lets it finish.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    settings = monitor_file.load(monitor)
    worker.limit_memory(settings.look.memory_mb)
    from safetymon.service.attend import attend as attended
    from safetymon.service.reply import FAULT, Reply, mark

    served, patience = settings.served(study), settings.look.patience
    try:
        told = None if since is None else mark(since)
        reply = attended(served, patience, datetime.now(UTC), arrived, told, failure)
    except SafetymonError as error:
        reply = Reply(error.exit_code, str(error))
    except Exception as error:  # noqa: BLE001 - the service must hear of it; its text may quote a row
        print(f"{FAULT} {type(error).__name__}; run the study by hand")
        return 1
    print(reply.text())
    return reply.code
