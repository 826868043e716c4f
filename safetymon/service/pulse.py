"""The dead-man's switch: a URL pinged while all is well, so that silence raises the alarm.

It covers what no notice can: the whole machine being down.
"""

import os
import time
import urllib.request
from collections.abc import Callable, Mapping
from threading import Thread
from urllib.parse import urlsplit

from safetymon.errors import UsageError
from safetymon.service import addresses, logs
from safetymon.service.settings import Health

PING_S = 10.0
"""How long a ping may take."""


class Pulse:
    """Pings the URL of `[health] ping_environment`; without one, does nothing.

    Raises:
        UsageError: The environment variable is not set or holds no http(s) URL.
    """

    def __init__(
        self,
        settings: Health,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        name = settings.ping_environment
        self._url = _url(name, environ) if name else None
        self._every, self._clock = settings.ping_every_s, clock
        self._last: float | None = None
        self._thread: Thread | None = None
        self._failing = False

    def beat(self) -> bool:
        """After a healthy tick: pings in the background if it is time to; whether it does."""
        now = self._clock()
        early = self._last is not None and now - self._last < self._every
        if self._url is None or early or (self._thread and self._thread.is_alive()):
            return False
        self._last = now
        self._thread = Thread(target=self._ping, args=(self._url,), daemon=True)
        self._thread.start()
        return True

    def wait(self) -> None:
        """Until the ping under way is over: before a process leaves."""
        if self._thread:
            self._thread.join(PING_S)

    def _ping(self, url: str) -> None:
        try:
            with urllib.request.urlopen(url, timeout=PING_S):  # noqa: S310 - http(s), checked
                failed = False
        except (OSError, ValueError):
            failed = True
        if failed != self._failing:
            logs.warn("the dead-man's switch cannot be reached" if failed else
                      "the dead-man's switch is reached again")  # fmt: skip
        self._failing = failed


def _url(name: str, environ: Mapping[str, str]) -> str:
    url = addresses.variable(name, "health.ping_environment", environ)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"monitor file: health.ping_environment: what {name} holds is not an http(s) URL "
            "(it is not shown here)"
        )
    return url
