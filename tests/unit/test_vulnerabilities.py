"""`make audit` never takes silence for good news."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.vulnerabilities import FOUND, UNANSWERED, asked, judged

LOCK = f"filelock==3.20.0 --hash=sha256:{'0' * 64}\n"


def said(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


CLEAN = {"name": "a", "version": "1", "vulns": []}
MUTE = {"name": "b", "skip_reason": "not found"}
BAD = {"name": "c", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}


@pytest.mark.parametrize(
    ("printed", "code", "lines"),
    [
        (said(CLEAN), 0, ["1 packages asked for, 0 findings."]),
        (
            said(CLEAN, BAD),
            FOUND,
            ["c 1: CVE-1; mended in: 1.1", "2 packages asked for, 1 findings."],
        ),
        (
            said(CLEAN, MUTE),
            UNANSWERED,
            ["1 packages asked for, 0 findings.",
             "NOT AUDITED, the database did not answer: 1: b"],
        ),
        (said(), UNANSWERED, ["0 packages asked for, 0 findings."]),
        ("", UNANSWERED, ["The vulnerability database could not be asked: no route"]),
    ],
)  # fmt: skip
def test_only_an_answer_about_every_package_is_good_news(
    printed: str, code: int, lines: list[str]
) -> None:
    assert judged(printed, "trace\nno route\n") == (code, lines)


def database(answer: dict[str, Any]) -> ThreadingHTTPServer:
    """A vulnerability database on loopback, in the form of OSV: the same answer to any question."""

    class Osv(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


KNOWN = {
    "vulns": [
        {
            "id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z", "details": "",
            "affected": [{
                "package": {"name": "filelock", "ecosystem": "PyPI"},
                "versions": ["3.20.0"], "ranges": [],
            }],
        }
    ]
}  # fmt: skip


@pytest.mark.parametrize(("answer", "code"), [({}, 0), (KNOWN, FOUND)])
def test_the_real_audit_asks_and_is_answered(
    tmp_path: Path, answer: dict[str, Any], code: int
) -> None:
    lock = tmp_path / "lock"
    lock.write_text(LOCK)
    server = database(answer)
    url = f"--osv-url=http://127.0.0.1:{server.server_address[1]}/"
    assert judged(*asked(lock, ["-s", "osv", url]))[0] == code
    server.shutdown()
    server.server_close()


def test_the_real_audit_without_a_network_says_so(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(LOCK)
    printed = asked(lock, ["-s", "osv", "--osv-url=http://127.0.0.1:9/", "--timeout=1"])
    code, (line,) = judged(*printed)
    assert code == UNANSWERED
    assert line.startswith("The vulnerability database could not be asked: ")
