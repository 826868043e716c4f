"""What the service says while it runs: one line an event, on standard error.

Every line names the study and the look it is about, or `-`. A line is for operations: it never
tells whether a signal exists, and it holds no data. Times are whole seconds, because a look that
moves a verdict computes a little longer.
"""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from safetymon.service.settings import Log
from safetymon.visible import line

_logger = logging.getLogger("safetymon.service")


def configure(settings: Log, stream: TextIO | None = None) -> None:
    """Sends every log line of this process through one handler, in the form `settings` asks for.

    Other libraries are heard from warnings on. An exception is told by its type and place only:
    its text may quote a row.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if settings.format == "json" else _Plain())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(logging.INFO)
    threading.excepthook = _in_a_thread


def say(text: str, *, study: str | None = None, look: int | None = None) -> None:
    """One line in the ordinary course of things."""
    _logger.info(text, extra={"study": study, "look": look})


def warn(text: str, *, study: str | None = None, look: int | None = None) -> None:
    """One line that asks somebody of operations to act."""
    _logger.warning(text, extra={"study": study, "look": look})


def bug(error: BaseException, *, study: str | None = None, look: int | None = None) -> None:
    """One line about an error nobody foresaw: its type and the place, not its text."""
    _logger.error(_place(error), extra={"study": study, "look": look})


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "safetymon" in f.filename] or frames
    where = f" in {ours[-1].name}, line {ours[-1].lineno}" if ours else ""
    return f"unforeseen {type(error).__name__}{where}"


def _in_a_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value:
        bug(told.exc_value)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """One line as values: time, level, study, look, message."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[1]:
        text = f"{text}: {_place(record.exc_info[1])}"
    return {
        "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "level": record.levelname.lower(),
        "study": getattr(record, "study", None),
        "look": getattr(record, "look", None),
        "message": line(text),
    }


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {name: "-" if value is None else value for name, value in _fields(record).items()}
        return "{time} {level} study={study} look={look} {message}".format(**said)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record))
