"""monitor.toml: what is accepted, and that every error is one line naming file and key."""

from datetime import timedelta
from pathlib import Path

import pytest

from safetymon.errors import UsageError
from safetymon.service import monitor_file
from safetymon.service.monitor_file import MonitorFile

STUDY = '[[study]]\nfile = "s1/study.toml"\n'
MINIMAL = f'{STUDY}schedule = "0 6 * * mon"\n'


def load(folder: Path, text: str) -> MonitorFile:
    path = folder / "monitor.toml"
    path.write_text(text, encoding="utf-8")
    return monitor_file.load(path)


def test_a_minimal_file_has_these_settings_and_paths_relative_to_itself(tmp_path: Path) -> None:
    settings = load(tmp_path, MINIMAL)
    assert settings.folder == tmp_path / "service"
    assert settings.study[0].file == tmp_path / "s1" / "study.toml"
    assert (settings.study[0].zone, settings.study[0].watch_seconds) == ("UTC", None)
    assert settings.look.patience.retry == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "study: is missing; add it"),
        (STUDY, "is never looked at; give it a schedule, or watch_seconds"),
        (f'{STUDY}schedule = "0 6 * * 1"', r"study 1 \(.*\): schedule: .*write names \(mon, tue"),
        (f'{STUDY}schedule = "0 6 30 feb *"', "never comes"),
        (
            f'{MINIMAL}zone = "Europe/Berlinn"',
            r"study 1 \(.*\): zone: .*is not a time zone such as",
        ),
        (f'{MINIMAL}zone = "../../etc/passwd"', "is not a time zone"),
        (f'{MINIMAL}zone = ""', "is not a time zone"),
        (f"{MINIMAL}watch_second = 5", "is not a key of a monitor file; did you mean 'watch_s"),
        (
            f"{MINIMAL}watch_seconds = 0",
            r"study 1 \(.*\): watch_seconds: .*greater than or equal to 1",
        ),
        (MINIMAL + MINIMAL, "study.toml is named twice"),
        (f"[looks]\nseconds = 5\n{MINIMAL}", "looks: is not a key .*did you mean 'look'"),
        (f"[look]\nsecond = 5\n{MINIMAL}", "look.second: is not a key .*did you mean 'seconds'"),
        (f"[look]\nmemory_mb = 5\n{MINIMAL}", "look.memory_mb: .*greater than or equal to 600"),
        (f"[look]\ntries = 0\n{MINIMAL}", "look.tries"),
        (f"[look\n{MINIMAL}", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        load(tmp_path, text)
    assert str(error.value).startswith("monitor.toml: ")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no-such\.toml: no such monitor file; "):
        monitor_file.load(tmp_path / "no-such.toml")
