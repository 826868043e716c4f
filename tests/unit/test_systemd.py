"""The units that ship: systemd understands them, and they hold the service back."""

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

UNITS = sorted(Path(str(resources.files("safetymon") / "systemd")).iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
Section = dict[str, list[str]]


def parsed(unit: Path) -> dict[str, Section]:
    """Section to key to values; a key may be given more than once, which configparser refuses."""
    sections: dict[str, Section] = {}
    for number, line in enumerate(unit.read_text(encoding="utf-8").splitlines(), start=1):
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            sections[heading[1]] = {}
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, f"{unit.name}:{number}"
            assert re.fullmatch(r"[A-Za-z]+", key), f"{unit.name}:{number}"
            sections[next(reversed(sections))].setdefault(key, []).append(value)
    return sections


def test_there_is_a_service_a_round_and_a_backup() -> None:
    assert [unit.name for unit in UNITS] == [
        "safetymon-backup@.service",
        "safetymon-backup@.timer",
        "safetymon-once.service",
        "safetymon-once.timer",
        "safetymon.service",
    ]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda u: u.name)
def test_a_service_can_do_nothing_it_does_not_need(unit: Path) -> None:
    service = parsed(unit)["Service"]
    for key, value in {
        "User": "safetymon",
        "UMask": "0077",
        "StateDirectoryMode": "0700",
        "LimitCORE": "0",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "ProtectProc": "invisible",
        "RestrictNamespaces": "yes",
        "SystemCallFilter": "@system-service",
    }.items():
        assert service[key][0] == value, key


def test_a_running_look_may_finish_and_a_wrong_file_is_not_tried_again() -> None:
    from safetymon.service.monitor_file import Limits

    service = parsed(next(u for u in UNITS if u.name == "safetymon.service"))["Service"]
    assert service["KillMode"] == ["mixed"]
    (stop,) = service["TimeoutStopSec"]
    assert int(stop.removesuffix("min")) * 60 > Limits().seconds
    assert service["RestartPreventExitStatus"] == ["2"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda u: u.name)
def test_a_unit_runs_a_command_that_there_is(unit: Path) -> None:
    from typer.main import get_command

    from safetymon.cli import app

    (line,) = parsed(unit)["Service"]["ExecStart"]
    called = re.search(r"/opt/safetymon/bin/safetymon (\w+) (.*)", line)
    assert called
    command = get_command(app).commands[called[1]]  # type: ignore[attr-defined] # a group has them
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--\w+", called[2])) <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_a_unit_holds_no_secret_and_names_no_person(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert not re.search(r"://(?!/)|@[a-z]+\.", text)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_understands_them(tmp_path: Path) -> None:
    there = tmp_path / "safetymon"
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    for unit in UNITS:
        # The command stands where this machine has one; all else is as it ships.
        text = unit.read_text(encoding="utf-8").replace("/opt/safetymon/bin/safetymon", str(there))
        (tmp_path / unit.name).write_text(text)
    names = [str(tmp_path / unit.name.replace("@.", "@abc.")) for unit in UNITS]
    for template in tmp_path.glob("*@.*"):
        (tmp_path / template.name.replace("@.", "@abc.")).write_text(template.read_text())
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in said.stderr.splitlines() if "safetymon" in line]
    assert (ours, said.returncode) == ([], 0), said.stderr
