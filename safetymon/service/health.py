"""`/healthz`, `/readyz` and `/metrics` over HTTP, for this machine unless told otherwise.

`/healthz` asks whether the service still ticks, `/readyz` whether every study is served as it
should be. Neither knows of signals.
"""

import socket
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

from safetymon.errors import UsageError
from safetymon.service.settings import Health
from safetymon.service.state import State

if TYPE_CHECKING:  # imports an optional extra
    from safetymon.service.metrics import Metrics

REQUEST_S = 5.0
"""How long a caller may take over its request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: status code and text."""

    code: int
    text: str


def healthz(state: State, stalled_after_s: int) -> Answer:
    """200 while the service ticks; 503 before its first tick and when it is stuck."""
    age = state.tick_age_s
    if age is None:
        return Answer(503, "starting\n")
    if age > stalled_after_s:
        return Answer(503, f"stuck: no tick for {age:.0f} s\n")
    return Answer(200, "ok\n")


def readyz(state: State) -> Answer:
    """200 when every study is well served; else 503 and one line a study that is not."""
    if state.stopping:
        return Answer(503, "stopping\n")
    if state.tick_age_s is None:
        return Answer(503, "starting\n")
    wrong = [f"{s}: {of.word}\n" for s, of in sorted(state.studies.items()) if of.word != "ok"]
    return Answer(503, "".join(wrong)) if wrong else Answer(200, "ok\n")


class Server:
    """The port, open until `close`; `port` is the one in use, also where 0 was asked for."""

    def __init__(self, settings: Health, state: State, metrics: "Metrics") -> None:
        self._http = _http(settings, state, metrics)
        self.port = int(self._http.server_address[1])
        self._thread = Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Closes the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def serve(settings: Health, state: State) -> Server | None:
    """Opens the port that `[health]` names; None where it names none.

    Raises:
        UsageError: The port is taken or not allowed, or the `metrics` extra is missing.
    """
    return None if settings.port is None else Server(settings, state, _metrics(state))


def _metrics(state: State) -> "Metrics":
    try:
        from safetymon.service.metrics import Metrics  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise UsageError(
            "monitor file: health.port needs the package prometheus-client; "
            "install it with: pip install 'safetymon[metrics]'"
        ) from None
    return Metrics(state)


def _http(settings: Health, state: State, metrics: "Metrics") -> ThreadingHTTPServer:
    class Handler(_Handler):
        def do_GET(self) -> None:
            if self.path == "/healthz":
                self.reply(healthz(state, settings.stalled_after_s))
            elif self.path == "/readyz":
                self.reply(readyz(state))
            elif self.path == "/metrics":
                self.reply(Answer(200, metrics.text().decode()), "; version=0.0.4")
            else:
                self.reply(Answer(404, "/healthz, /readyz, /metrics\n"))

    try:
        return _server_class(settings.host)((settings.host, settings.port or 0), Handler)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"monitor file: health: {settings.host} port {settings.port} cannot be opened "
            f"({reason}); choose another port"
        ) from None


def _server_class(host: str) -> type[ThreadingHTTPServer]:
    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    return Listener


class _Handler(BaseHTTPRequestHandler):
    timeout: ClassVar[float] = REQUEST_S
    server_version, sys_version = "safetymon", ""

    def reply(self, answer: Answer, parameters: str = "; charset=utf-8") -> None:
        body = answer.text.encode()
        self.send_response(answer.code)
        self.send_header("Content-Type", f"text/plain{parameters}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Probes are not news."""
