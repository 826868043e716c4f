"""A log line names its study and look, and holds no data."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from threading import Thread

import pytest

from safetymon.service import logs
from safetymon.service.settings import Log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = root.handlers[:]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(format: str) -> StringIO:  # noqa: A002 - the key's name
    stream = StringIO()
    logs.configure(Log(format=format), stream)  # type: ignore[arg-type]  # a case of the format
    return stream


def test_plain_lines_read_in_one_order() -> None:
    stream = lines("plain")
    logs.say("look made", study="ABC-1", look=4)
    logs.warn("the service is late")
    (first, second) = stream.getvalue().splitlines()
    assert first.split(" ", 1)[1] == "info study=ABC-1 look=4 look made"
    assert second.split(" ", 1)[1] == "warning study=- look=- the service is late"


def test_json_lines_have_the_same_fields_always() -> None:
    stream = lines("json")
    logs.say("look made", study="ABC-1", look=4)
    logging.getLogger("apscheduler").warning("run time was missed by %s", "1 s")
    for line, study, message in zip(
        map(json.loads, stream.getvalue().splitlines()),
        ["ABC-1", None],
        ["look made", "run time was missed by 1 s"],
        strict=True,
    ):
        assert list(line) == ["time", "level", "study", "look", "message"]
        assert (line["study"], line["message"]) == (study, message)


def test_times_are_whole_seconds() -> None:
    stream = lines("json")
    logs.say("look made", study="ABC-1", look=4)
    assert len(json.loads(stream.getvalue())["time"]) == len("2026-11-22T06:00:00Z")


@pytest.mark.parametrize("format", ["plain", "json"])
def test_one_event_is_one_line_whatever_it_says(format: str) -> None:  # noqa: A002 - the key
    stream = lines(format)
    logs.warn("study.toml: no key 'x\n2026 info study=FAKE\u2028look=1\x1b[2J'")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_an_exception_is_told_by_type_and_place_and_never_by_its_text() -> None:
    stream = lines("plain")

    def look() -> None:
        raise KeyError("subject 01-701-1015 on IVIG")

    try:
        look()
    except KeyError as error:
        logs.bug(error, study="ABC-1")
        logging.getLogger("apscheduler").exception("job failed")
    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert stream.getvalue().count("unforeseen KeyError in look, line") == 3
    assert "1015" not in stream.getvalue()


TOLD = """
import logging, warnings
from datetime import UTC, datetime
from safetymon.service import logs, courier
from safetymon.service.notice import Notice
from safetymon.service.settings import Log
logs.configure(Log())
notice = Notice("board", "new signal", "ABC-1", 4, datetime(2026, 11, 22, tzinfo=UTC))
for url in ("json://127.0.0.1:9/", "mailto://127.0.0.1:9?from=a@example.org&to=b@example.org"):
    assert courier.understands(url)
    assert not courier.carry(url, notice)
"""


def test_a_process_whose_notice_to_the_board_fails_prints_nothing_at_all() -> None:
    told = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, check=True)
    assert (told.stdout, told.stderr) == (b"", b"")
