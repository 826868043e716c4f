"""Requests to stop, counted from the first moment of `serve` on.

Imports nothing heavy: what asks while polars and duckdb are imported is heeded at the first tick.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Asked:
    """How often SIGTERM or SIGINT has asked the process to stop; each calls `then` too."""

    times: int = 0
    then: Callable[[], None] = lambda: None

    def listen(self) -> "Asked":
        """Takes the signals, until the process ends: none of them kills it any more."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)
        return self

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.times += 1
        self.then()
