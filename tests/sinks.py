"""Where notices arrive in the tests: a mail server and an HTTP server on loopback, both real."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for `true`, and fails if it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.01)


@dataclass
class Sink:
    """What arrived, oldest first. While `refusing`, nothing is accepted."""

    port: int = 0
    arrived: list[bytes] = field(default_factory=list)
    attempts: int = 0
    refusing: bool = False

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(mail) for mail in self.arrived]


class _Smtp(socketserver.StreamRequestHandler):
    """RFC 5321, as much of it as a client without TLS or login uses."""

    sink: ClassVar[Sink]

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                return self._say("221 bye")
            if verb == b"DATA":
                self._take()
            else:
                self._say("250 ok")
        return None

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.sink.attempts += 1
        if self.sink.refusing:
            return self._say("451 not now")
        self.sink.arrived.append(b"".join(lines))
        return self._say("250 accepted")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Http(BaseHTTPRequestHandler):
    sink: ClassVar[Sink]

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the other side was killed in the middle of it: not accepted
        self.sink.attempts += 1
        if not self.sink.refusing:
            self.sink.arrived.append(body)
        self.send_response(503 if self.sink.refusing else 200)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def smtp() -> Iterator[Sink]:
    """A mail server on a free port of the loopback."""
    sink = Sink()
    handler = type("Smtp", (_Smtp,), {"sink": sink})
    with _running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler), sink):
        yield sink


@contextmanager
def http() -> Iterator[Sink]:
    """An HTTP server on a free port of the loopback; every path takes POST and GET."""
    sink = Sink()
    handler = type("Http", (_Http,), {"sink": sink})
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), handler), sink):
        yield sink


@contextmanager
def _running(server: socketserver.TCPServer, sink: Sink) -> Iterator[None]:
    server.socket.listen(128)  # a short queue drops connections of a busy machine, for seconds
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()
