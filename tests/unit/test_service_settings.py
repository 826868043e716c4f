"""The tables [notify], [health] and [log]: no secret stands in them, and none is repeated."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from safetymon.errors import UsageError
from safetymon.service import monitor_file
from safetymon.service.settings import Health, Log, Notify

URL = "mailto://monitor:geheim@mail.example.org"


@pytest.mark.parametrize(
    ("model", "raw", "said"),
    [
        (Notify, {"board": {"environment": [URL]}}, "holds a URL, which may hold a password"),
        (Notify, {"operations": {"environment": [URL]}}, "holds a URL, which may hold"),
        (Notify, {"board": {"file": URL}}, "holds a URL; write the path of a file"),
        (Notify, {"board": {"file": "board.urls"}}, "must be an absolute path"),
        (Notify, {"board": {"environment": ["ge heim"]}}, "is not the name of an environment"),
        (Notify, {"board": {"urls": [URL]}}, "Extra inputs are not permitted"),
        (Notify, {"board": {"about": ["failed"]}}, "Extra inputs are not permitted"),
        (Notify, {"operations": {"about": ["new signal"]}}, "Input should be 'look made'"),
        (Health, {"ping_environment": "https://hc.example.org/geheim"}, "holds a URL"),
        (Health, {"host": "0.0.0.0"}, "say beyond_loopback = true"),  # noqa: S104 - is refused
        (Health, {"host": "monitor.example.org"}, "say beyond_loopback = true"),
        (Health, {"port": 70000}, "less than or equal to 65535"),
        (Log, {"format": "xml"}, "Input should be 'plain' or 'json'"),
    ],
)
def test_a_wrong_setting_is_refused_and_not_repeated(
    model: type[BaseModel], raw: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(raw)
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_nothing_is_told_and_nothing_listens_unless_asked_for() -> None:
    assert Notify().board.environment == Notify().operations.environment == ()
    assert Health().port is None
    assert Health().ping_environment is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_no_leave(host: str) -> None:
    assert Health(host=host).host == host


def test_beyond_this_machine_only_when_told() -> None:
    assert Health(host="10.1.2.3", beyond_loopback=True).host == "10.1.2.3"


def test_a_refused_monitor_file_repeats_nothing_even_in_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "monitor.toml"
    file.write_text(f'[[study]]\nfile = "s.toml"\nwatch_seconds = 1\n[notify.board]\nurl = "{URL}"')
    with pytest.raises(UsageError) as refused:
        monitor_file.load(file)
    assert "notify.board.url: is not a key" in str(refused.value)
    assert "geheim" not in "".join(traceback.format_exception(refused.value))
