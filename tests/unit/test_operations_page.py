"""What the operations page says is so."""

import re
from pathlib import Path

import pytest
import typer.main

from safetymon import cli
from safetymon.service import monitor_file
from safetymon.service.metrics import Metrics
from safetymon.service.settings import Health
from safetymon.service.state import State

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_monitor_file_of_the_page_is_valid(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    of_monitor = [text for text in shown if "[store]" not in text]  # that table is a study file's
    assert len(of_monitor) == len(shown) - 1 > 0
    for number, text in enumerate(of_monitor):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        monitor_file.load(path)


def test_every_variable_of_the_monitor_file_is_in_the_secrets() -> None:
    named = set(re.findall(r'"(SAFETYMON_[A-Z]+)"', PAGE))
    assert named == set(re.findall(r"^(SAFETYMON_[A-Z]+)=", PAGE, flags=re.MULTILINE))


def test_every_command_it_names_is_one() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined] # a group
    named = set(re.findall(r"`safetymon ([a-z]+)", PAGE)) | {"notify"}
    assert named <= set(commands)


def test_every_metric_is_explained_and_there_is_no_other() -> None:
    state = State()
    state.plan("ABC-1", None)
    text = Metrics(state).text().decode()
    given = set(re.findall(r"^(safetymon_\w+)", text, flags=re.MULTILINE))
    assert set(re.findall(r"^\| `(safetymon_\w+)", PAGE, flags=re.MULTILINE)) == given


def test_every_unit_it_names_ships() -> None:
    ship = {unit.name for unit in (ROOT / "safetymon" / "systemd").iterdir()}
    assert set(re.findall(r"`(safetymon[\w@-]*\.(?:service|timer))`", PAGE)) <= ship


@pytest.mark.parametrize("key", ["stalled_after_s", "ping_every_s"])
def test_defaults_it_states_are_the_defaults(key: str) -> None:
    assert f"`{key}` ({Health.model_fields[key].default})" in PAGE
