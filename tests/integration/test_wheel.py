"""What is shipped works: the wheel is built, installed alone, and runs the demonstration."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_queries_listings_templates_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    queries = [str(p.relative_to(ROOT)) for p in (ROOT / "queries").rglob("*.sql")]
    assert {f"safetymon/{name}" for name in queries} <= set(names)
    for needed in ("demo/study.toml", "demo/listings/adverse_events.csv",
                   "report/results.schema.json"):  # fmt: skip
        assert f"safetymon/{needed}" in names
    assert any(name.endswith(".html.j2") for name in names)
    assert not any("tests" in Path(name).parts for name in names)


def test_the_demonstration_runs_from_the_wheel_in_any_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import safetymon; "
        f"assert safetymon.__file__.startswith({str(site)!r}); "
        "from safetymon.cli import run; sys.exit(run(['demo']))"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "62/95 65.3% (282)" in done.stdout
    assert (elsewhere / "reports/PRODERM-DEMO/open/0001-2020-05-25/report.html").exists()
