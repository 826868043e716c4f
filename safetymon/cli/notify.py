"""The command that tries the notifications out: notify."""

from datetime import UTC, datetime

from safetymon.cli.common import app
from safetymon.cli.service import MonitorPath
from safetymon.errors import UsageError


@app.command()
def notify(monitor: MonitorPath) -> None:
    """Send a test to every target of the board and of operations, and say which accepted it."""
    from safetymon.service import monitor_file
    from safetymon.service.notify import try_out

    settings = monitor_file.load(monitor).notify
    tests = try_out(settings, monitor.name, datetime.now(UTC))
    for audience, target, accepted in tests:
        print(f"{audience:<12}{target}: {'accepted' if accepted else 'NOT ACCEPTED'}")
    if not tests:
        raise UsageError(f"{monitor.name}: [notify] names no target; see docs/operations.md")
    if not all(accepted for *_, accepted in tests):
        raise UsageError(
            f"{monitor.name}: a test was not accepted; check the URL behind the name, the network, "
            "and what the other side logs"
        )
