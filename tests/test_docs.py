"""What the README says is so."""

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import get_args

import pytest
import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

from safetymon import cli, config
from safetymon.domain import (
    Data,
    Emergent,
    Group,
    Head,
    ReportSettings,
    Topic,
    Treatment,
    Values,
    Verdict,
)
from safetymon.study import Evidence, Freshness, Rule, StoreSettings, Study

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
    assert [g.name for g in study.group][-2:] == ["All IVIg", "First period, all"]


def keys(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_study_file_of_the_readme_shows_every_key() -> None:
    (text,) = fenced("toml")
    shown = set(re.findall(r"^#? ?\[?\[?([\w.]+)", text, flags=re.MULTILINE))
    shown |= {part for name in shown for part in name.split(".")}
    rules = set().union(*(keys(one) for one in get_args(get_args(Rule)[0])))
    parts = (Study, Head, Data, Values, Emergent, Group, Topic, Evidence, Freshness, Treatment)
    parts += (ReportSettings, StoreSettings)
    assert set().union(rules, *map(keys, parts)) - shown == set()


def test_every_command_is_explained() -> None:
    group = typer.main.get_command(cli.app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # a group has commands
        assert command.hidden or f"`safetymon {name}" in README


def test_every_dependency_has_its_reason() -> None:
    table = README.split("### Dependencies")[1].split("##")[0]
    for line in PROJECT["project"]["dependencies"]:
        assert re.match(r"[a-z0-9-]+", line).group() in table, line  # type: ignore[union-attr]  # the line matched


def test_every_module_is_on_the_map() -> None:
    table = README.split("| module |")[1].split("###")[0]
    for path in (ROOT / "safetymon").iterdir():
        if path.stem.startswith("__"):
            continue
        assert path.stem in table, path.stem


def test_every_verdict_is_in_the_glossary() -> None:
    (line,) = [line for line in README.splitlines() if line.startswith("| verdict |")]
    assert all(verdict in line for verdict in Verdict.__args__)  # type: ignore[attr-defined]  # of a Literal


def test_every_exit_code_is_documented() -> None:
    assert all(f"**{code}**" in README for code in (0, 1, 2, 3, 4, 10))


def test_links_and_pictures_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


LOCKS = ("requirements.lock", "requirements-dev.lock")


def without_hash(lock: str) -> list[str]:
    """The requirements of a lock file that have no hash, and lines that are no requirement."""
    lines = (line for line in lock.replace("\\\n", " ").splitlines() if line.strip())
    hashed = re.compile(r"[A-Za-z0-9._\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}\s*$")
    return [line for line in lines if not (line.startswith("#") or hashed.match(line))]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_name_no_host_and_hash_everything(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert without_hash(text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_without_one_hash_would_be_found(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    start = text.index("polars==")
    bare = re.sub(r"(?: \\\n\s+--hash=\S+)+", "", text[start:], count=1)
    assert [line.split("==")[0] for line in without_hash(text[:start] + bare)] == ["polars"]


def test_a_package_wanted_with_an_extra_is_locked_with_it() -> None:
    # pip asks for the newest release of `coverage[toml]` where only `coverage` is pinned, and the
    # lock would hold no longer than until that release.
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    lines = map(Requirement, re.findall(r"^\S+==[^ ;]+", lock, flags=re.MULTILINE))
    locked = {(line.name, extra) for line in lines for extra in line.extras}
    wanted = {
        (canonicalize_name(need.name), extra)
        for installed in metadata.distributions()
        for need in map(Requirement, installed.requires or [])
        if need.marker is None or need.marker.evaluate({"extra": ""})
        for extra in need.extras
    }
    assert ("coverage", "toml") in wanted <= locked


def test_the_dev_lock_holds_the_run_lock() -> None:
    def pinned(name: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pinned("requirements.lock") <= pinned("requirements-dev.lock")
