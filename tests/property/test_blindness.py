"""The open tree does not know who took what: dealt anew, every byte of it stays as it was.

For 50 drawn trials the treatment names are dealt over the exposures twice. Whatever an open file
holds, and whatever is logged on the way, must come out the same both times: text, chart data,
order, ids, file names and sizes, whoever writes them. Only the run stamp may differ: the hashes of
the input files and of the cut made of them. The time is the same in both.
"""

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest

from safetymon import demonstration, monitor
from safetymon.domain import Results
from safetymon.monitor import LookDone
from safetymon.report import files
from tests import blinded
from tests.blinded import frames_of

pytestmark = pytest.mark.slow

NOW = datetime(2022, 1, 1, tzinfo=UTC)
TRIALS = 50
WHOLE = 10  # every tenth trial writes its closed report too: half of the time goes into it
HISTORY = 10  # every tenth is looked at twice, the listings having changed in between


def looked_at(trial: blinded.Trial, folder: Path, deal: int) -> LookDone:
    """The last look at a trial. In one with a history each extract is dealt on its own."""
    if trial.seed % HISTORY == 0:
        early = trial.write(folder, deal + 1, early=True)
        monitor.look(early, NOW, "a", cutoff=date(2020, 9, 1))
    return monitor.look(trial.write(folder, deal), NOW, "a")


def stamps(folder: Path) -> set[str]:
    """The hashes that an open tree carries of its inputs: of files, and of the cuts of them."""
    found = set()
    for document in folder.rglob("results.json"):
        cut = json.loads(document.read_text(encoding="utf-8"))["cut"]
        found |= {cut["id"], *(file["sha256"] for file in cut["inputs"])}
    return found


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a tree by its path, without the stamps."""
    found = {}
    marks = sorted(stamps(folder))
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b"a folder"
        for mark in marks:
            content = content.replace(mark.encode(), b"stamp")
        found[str(path.relative_to(folder))] = content
    return found


@pytest.fixture
def open_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most trials write no closed page, to be quick; all of it is counted all the same."""
    if request.getfixturevalue("seed") % WHOLE == 0:
        return
    contents = files._contents
    monkeypatch.setattr(
        files,
        "_contents",
        lambda made, *more: {} if made.scope == "closed" else contents(made, *more),
    )


@pytest.mark.parametrize("seed", range(TRIALS))
@pytest.mark.usefixtures("open_only")
def test_dealing_the_treatments_anew_changes_no_byte_of_the_open_tree(
    seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    trial, seen, said = blinded.drawn(seed), [], []
    for deal in (0, 1):
        caplog.clear()
        done = looked_at(trial, tmp_path / str(deal), deal)
        seen.append(tree(done.open_report.parents[1]))
        said.append(caplog.messages)
        assert not list(leaks(done, done.open_report.parent))
    assert seen[0].keys() == seen[1].keys()
    assert [name for name in seen[0] if seen[0][name] != seen[1][name]] == []
    assert said[0] == said[1]


def test_the_deals_of_a_trial_do_differ(tmp_path: Path) -> None:
    """The property above says something only if the closed reports tell the deals apart."""
    trial = blinded.drawn(0)
    one, other = (looked_at(trial, tmp_path / str(d), d).closed for d in (0, 1))
    assert not one.incidence.equals(other.incidence)
    assert sorted(trial.names(0)) == sorted(trial.names(1))


def leaks(done: LookDone, folder: Path) -> Iterator[str]:
    """Where the open tree names a treatment, a group or a subject, or gives a number of an arm."""
    words = _words(done.closed)
    numbers = arm_numbers(done)
    for path in sorted(folder.rglob("*")):
        text = path.name + (path.read_text(encoding="utf-8") if path.is_file() else "")
        without_library = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
        low = without_library.lower()
        yield from (f"{path.name}: {word}" for word in words if word in low)
        told = set(re.findall(r"\d+\.\d{6,}|\d+/\d+", without_library))
        yield from (f"{path.name}: {number}" for number in sorted(numbers & told))


def _words(closed: Results) -> set[str]:
    treatments = [*blinded.TREATMENTS, *blinded.TREATMENTS.values()]
    return {name.lower() for name in (*treatments, *closed.groups["group"], "s-00", "s-01")}


def arm_numbers(done: LookDone) -> set[str]:
    """Numbers that only the closed report has: exact decimals, and subjects of those at risk."""
    return numbers_of(done.closed) - numbers_of(done.open)


def numbers_of(made: Results) -> set[str]:
    frames = list(frames_of(made))
    floats = {
        repr(value) for frame in frames for column in frame.select(cs.float()).get_columns()
        for value in column.drop_nulls().unique().to_list() if len(repr(value).split(".")[-1]) > 5
    }  # fmt: skip
    ratio = pl.format("{}/{}", "subjects", "at_risk")
    counted = [frame for frame in frames if {"subjects", "at_risk"} <= set(frame.columns)]
    return floats | {pair for frame in counted for pair in frame.select(ratio).to_series()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> LookDone:
    root = tmp_path_factory.mktemp("demo")
    return monitor.look(demonstration.unpack(root), NOW, "a", out=root)


def test_the_open_tree_of_the_demonstration_names_no_treatment_and_no_arm_s_number(
    demo: LookDone,
) -> None:
    title = demo.closed.study.title
    numbers = arm_numbers(demo)
    assert len(numbers) > 1000
    for path in demo.open_report.parents[1].rglob("*.*"):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        shown = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL).replace(title, "")
        assert not re.search(r"ivig|octagam|placebo|first period", f"{path.name} {shown}", re.I)
        assert not numbers & set(re.findall(r"\d+\.\d{6,}|\d+/\d+", shown)), path.name


def test_the_search_finds_what_it_looks_for(demo: LookDone) -> None:
    """The closed tree, searched the same way, is full of it."""
    numbers = arm_numbers(demo)
    for name in ("report.html", "results.json"):
        text = (demo.closed_report.parent / name).read_text(encoding="utf-8")
        assert numbers & set(re.findall(r"\d+\.\d{6,}|\d+/\d+", text))
