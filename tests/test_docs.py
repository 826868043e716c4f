"""What the README says is so."""

import re
import tomllib
from pathlib import Path

import typer.main

from safetymon import cli, config
from safetymon.domain import Verdict

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_study_file_of_the_readme_is_valid(tmp_path: Path) -> None:
    (text,) = fenced("toml")
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    study = config.load(path)
    assert [g.name for g in study.group][-1] == "All IVIg"


def test_every_command_is_explained() -> None:
    group = typer.main.get_command(cli.app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # a group has commands
        assert command.hidden or f"`safetymon {name}" in README


def test_every_dependency_has_its_reason() -> None:
    table = README.split("### Dependencies")[1].split("##")[0]
    for line in PROJECT["project"]["dependencies"]:
        assert re.match(r"[a-z0-9-]+", line).group() in table, line  # type: ignore[union-attr]


def test_every_module_is_on_the_map() -> None:
    table = README.split("| module |")[1].split("###")[0]
    for path in (ROOT / "safetymon").iterdir():
        if path.stem.startswith("__"):
            continue
        assert path.stem in table, path.stem


def test_every_verdict_is_in_the_glossary() -> None:
    (line,) = [line for line in README.splitlines() if line.startswith("| verdict |")]
    assert all(verdict in line for verdict in Verdict.__args__)  # type: ignore[attr-defined]


def test_every_exit_code_is_documented() -> None:
    assert all(f"**{code}**" in README for code in (0, 1, 2, 3, 4, 10))


def test_links_and_pictures_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_lock_files_name_no_host_and_hash_everything() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def test_the_dev_lock_holds_the_run_lock() -> None:
    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pinned("requirements.lock") <= pinned("requirements-dev.lock")
