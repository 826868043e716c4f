"""The cached Vega script: used only if whole, private to its owner, and never a reason to fail."""

from hashlib import sha256
from pathlib import Path

import pytest

from safetymon.report import bundle

SCRIPT = "window.vegaEmbed = 1;"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands for the costly bundling; one entry each time it is asked for."""
    calls: list[str] = []

    def make() -> str:
        calls.append(SCRIPT)
        return SCRIPT

    monkeypatch.setattr(bundle, "_made", make)
    return calls


def test_it_is_made_once_and_then_read(tmp_path: Path, made: list[str]) -> None:
    environ = {"SAFETYMON_CACHE": str(tmp_path / "cache")}
    assert [bundle.load(environ), bundle.load(environ)] == [SCRIPT, SCRIPT]
    assert len(made) == 1


def test_the_kept_copy_is_its_owners_and_bears_its_hash(tmp_path: Path, made: list[str]) -> None:
    folder = tmp_path / "cache"
    bundle.load({"SAFETYMON_CACHE": str(folder)})
    (kept,) = folder.iterdir()
    assert len(made) == 1
    assert kept.stem.endswith(sha256(SCRIPT.encode()).hexdigest())
    assert kept.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_changed_copy_is_not_used(tmp_path: Path, made: list[str]) -> None:
    environ = {"SAFETYMON_CACHE": str(tmp_path)}
    bundle.load(environ)
    (kept,) = tmp_path.iterdir()
    kept.write_text("window.vegaEmbed = stolen;", encoding="utf-8")
    assert bundle.load(environ) == SCRIPT
    assert len(made) == 2
    assert bundle.load(environ) == SCRIPT
    assert len(made) == 2


def test_a_copy_of_another_version_is_not_used(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"SAFETYMON_CACHE": str(tmp_path)}
    bundle.load(environ)
    monkeypatch.setattr(bundle, "version", lambda _: "99.0")
    bundle.load(environ)
    assert len(made) == 2


def test_a_copy_that_cannot_be_read_costs_only_time(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / f"vega-{bundle.version('vl-convert-python')}-folder.js").mkdir()
    assert bundle.load({"SAFETYMON_CACHE": str(tmp_path)}) == SCRIPT
    assert len(made) == 1


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, made: list[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    assert bundle.load({"SAFETYMON_CACHE": str(blocked / "cache")}) == SCRIPT
    assert bundle.load({}) == SCRIPT
    assert len(made) == 2


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"SAFETYMON_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/safetymon"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/safetymon"),
        ({"HOME": "/c"}, "/c/.cache/safetymon"),
        ({}, None),
    ],
)
def test_where_it_is_kept(environ: dict[str, str], folder: str | None) -> None:
    assert bundle.cache_folder(environ) == (Path(folder) if folder else None)


def test_the_real_script_cannot_end_its_element_nor_change_when_parsed() -> None:
    script = bundle._made()
    assert "window.vegaEmbed=" in script
    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert "\r" not in script  # the parser would turn it into a line feed, and the hash would miss
    assert "\0" not in script


def test_compiled_templates_are_kept_only_where_nobody_else_can_write(tmp_path: Path) -> None:
    own = tmp_path / "own"
    assert bundle.private_folder({"SAFETYMON_CACHE": str(own)}) == own
    assert own.stat().st_mode & 0o777 == 0o700
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert bundle.private_folder({"SAFETYMON_CACHE": str(shared)}) is None
    (tmp_path / "file").write_text("")
    assert bundle.private_folder({"SAFETYMON_CACHE": str(tmp_path / "file" / "below")}) is None
    assert bundle.private_folder({}) is None
