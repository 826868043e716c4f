"""The coded report: the closed one, number for number, without a name of a treatment in it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from safetymon import cli, coding, demonstration, monitor, store
from safetymon.domain import Changes
from tests import blinded
from tests.blinded import frames_of

NOW = datetime(2022, 1, 1, tzinfo=UTC)
ASKED = "\n[report]\ncoded = true\n"
NAMING = {"group", "reference", "treatment", "name", "rule", "text", "basis", "reason", "unmasks"}
"""Keys of results.json that hold names, or sentences with names in them."""


def coded(seed: int, folder: Path, cutoff: date | None = None) -> Path:
    """Looks at a drawn trial that asks for a coded report; returns the folder of its reports."""
    file = blinded.drawn(seed).write(folder, 0)
    file.write_text(file.read_text(encoding="utf-8") + ASKED, encoding="utf-8")
    monitor.look(file, NOW, "a", cutoff=cutoff)
    return folder / "reports" / "BLIND"


def document(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*/results.json")
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return made


class Held(NamedTuple):
    """A value that holds frames, as results of a later version may."""

    frame: pl.DataFrame
    more: object


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda frame: frame,
        lambda frame: (1, (frame,)),
        lambda frame: Held(frame, [frame]),
        lambda frame: [{"inside": frame}],
        lambda frame: Changes(None, None, frame, frame),
    ],
    ids=["a frame", "tuples", "a named tuple", "a list and a dict", "a dataclass"],
)
def test_codes_reach_every_frame_whatever_holds_it(wrapped: Callable[[object], object]) -> None:
    frame = pl.DataFrame({"group": ["Drug", "Control"]})
    made = wrapped(frame)
    told = coding._walked(made, coding._Names({"Drug": "A", "Control": "B"}))
    assert type(told) is type(made)
    found = list(frames_of(told))
    assert len(found) == len(list(frames_of(made))) > 0
    assert all(one["group"].to_list() == ["A", "B"] for one in found)


def nameless(value: object) -> object:
    """A document without what may be called otherwise."""
    if isinstance(value, dict):
        return {key: nameless(inner) for key, inner in value.items() if key not in NAMING}
    return [nameless(inner) for inner in value] if isinstance(value, list) else value


def words(root: Path) -> set[str]:
    groups = {group["name"] for group in document(root / "closed")["groups"]}
    names = {*blinded.TREATMENTS, *blinded.TREATMENTS.values(), *groups}
    return {name.casefold() for name in names}


@pytest.mark.parametrize("seed", range(12))
def test_no_file_of_the_coded_tree_names_a_treatment_or_a_group(seed: int, tmp_path: Path) -> None:
    root = coded(seed, tmp_path)
    files = [path for path in (root / "coded").rglob("*") if path.is_file()]
    assert len(files) > 8
    for path in files:
        text = re.sub(r"<script>.*?</script>", "", path.read_text("utf-8"), flags=re.DOTALL)
        told = [word for word in words(root) if word in f"{path.name} {text}".casefold()]
        assert told == [], path.name


@pytest.mark.parametrize("seed", range(4))
def test_its_numbers_are_those_of_the_closed_report(seed: int, tmp_path: Path) -> None:
    root = coded(seed, tmp_path)
    closed, masked = document(root / "closed"), document(root / "coded")
    assert nameless(masked) == nameless(closed)
    assert closed["unmasks"] is None
    assert masked["unmasks"]
    in_closed, in_coded = (
        re.findall(r"<b>(Table [\d.]+)\.</b>", page.read_text(encoding="utf-8"))
        for tree in ("closed", "coded")
        for page in (root / tree).glob("*/report.html")
    )
    assert in_closed == in_coded


def test_it_is_labelled_and_its_owners_alone(tmp_path: Path) -> None:
    root = coded(0, tmp_path)
    (page,) = (root / "coded").glob("*/report.html")
    text = page.read_text(encoding="utf-8")
    assert '<body class="closed coded">' in text
    assert "<b>CLOSED, CODED</b> By treatment, under codes" in text
    assert "This coded report gives its codes away" in text
    assert oct(page.stat().st_mode & 0o777) == "0o600"
    assert oct((root / "coded").stat().st_mode & 0o777) == "0o700"
    assert "CLOSED, CODED" in (root / "coded" / "index.html").read_text(encoding="utf-8")


def test_nobody_who_does_not_ask_gets_one(tmp_path: Path) -> None:
    file = blinded.drawn(0).write(tmp_path, 0)
    monitor.look(file, NOW, "a")
    assert not (tmp_path / "reports/BLIND/coded").exists()
    with store.opened(tmp_path / "state", "BLIND", NOW) as opened:
        assert opened.codes() == {}


def test_codes_are_drawn_once_and_stay(tmp_path: Path) -> None:
    coded(0, tmp_path, date(2020, 6, 1))
    with store.opened(tmp_path / "state", "BLIND", NOW) as opened:
        first = opened.codes()
    coded(0, tmp_path)
    with store.opened(tmp_path / "state", "BLIND", NOW) as opened:
        assert opened.codes() == first
        drawn = [act for act in opened.acts() if act["action"] == "codes"]
    assert set(first) == set(blinded.drawn(0).treatments)
    assert sorted(first.values()) == ["A", "B", "C"][: len(first)]
    assert len(drawn) == 1
    assert not any(name in str(drawn[0]) for name in first)


def test_codes_are_dealt_by_chance() -> None:
    def backwards(codes: list[str]) -> list[str]:
        return codes[::-1]

    assert coding.fresh(["x", "y"], {}, backwards) == {"x": "B", "y": "A"}


def test_a_treatment_that_joins_gets_the_next_code() -> None:
    assert coding.fresh(["x", "y", "z"], {"x": "B", "y": "A"}, list) == {"z": "C"}


def test_codes_do_not_run_out() -> None:
    made = coding.fresh([f"t{i}" for i in range(30)], {}, list)
    assert (made["t25"], made["t26"], made["t29"]) == ("Z", "AA", "AD")


def test_the_key_is_told_on_demand_and_each_time_is_an_act(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coded(0, tmp_path)
    study = str(tmp_path / "study.toml")
    assert cli.run(["export", study, "--key", "--out", str(tmp_path / "key")]) == 0
    told = capsys.readouterr().out
    with store.opened(tmp_path / "state", "BLIND", NOW) as opened:
        codes = opened.codes()
        acts = [act["about"] for act in opened.acts() if act["action"] == "export"]
    assert told.splitlines() == [f"{code} = {name}" for name, code in codes.items()]
    assert acts == ["key of the coded report"]
    (file,) = (tmp_path / "key").iterdir()
    assert file.read_text(encoding="utf-8") == told
    assert oct(file.stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (0, "The groups differ in size"),
        (0, "which group is held against which"),
        (1, "Administrations are counted"),
    ],
)
def test_it_says_how_it_would_unmask_itself(seed: int, said: str, tmp_path: Path) -> None:
    assert said in " ".join(document(coded(seed, tmp_path) / "coded")["unmasks"])


def test_a_period_in_which_all_took_the_same_gives_its_code_away(tmp_path: Path) -> None:
    root = coded(2, tmp_path)
    with store.opened(tmp_path / "state", "BLIND", NOW) as opened:
        codes = opened.codes()
    adsl = (tmp_path / "listings" / "adsl.csv").read_text(encoding="utf-8")
    assert "Everybody in period" not in " ".join(document(root / "coded")["unmasks"])
    head, *rows = adsl.splitlines()
    at = head.split(",").index("TRT02A")
    extended = [row.split(",") for row in rows]
    for row in extended:
        row[at] = "ZRVX-100 MG" if row[at] else ""
    text = "\n".join([head, *(",".join(row) for row in extended)])
    (tmp_path / "listings" / "adsl.csv").write_text(text, encoding="utf-8")
    done = monitor.look(tmp_path / "study.toml", NOW, "a")
    masked = root / "coded" / done.closed_report.parent.name / "results.json"
    told = " ".join(json.loads(masked.read_text(encoding="utf-8"))["unmasks"])
    assert f"Everybody in period Period 02 took {codes['Zorvexumab']}" in told


def test_what_only_an_earlier_look_had_is_not_named(tmp_path: Path) -> None:
    """A signal whose rule is gone stands on, under no name that could tell a treatment."""
    study = demonstration.unpack(tmp_path)
    text = study.read_text(encoding="utf-8").replace("IVIg in dermatomyositis", "A trial") + ASKED
    study.write_text(text, encoding="utf-8")
    monitor.look(study, NOW, "a")
    rule = re.search(r'\[\[rule\]\]\nname = "([^"]*IVIg: 3 subjects)".*?\n\n', text, re.DOTALL)
    assert rule
    study.write_text(text.replace(rule[0], ""), encoding="utf-8")
    done = monitor.look(study, NOW, "a")
    assert rule[1] in done.closed.signals["rule"].to_list()  # it stands, and says that it is gone
    tree = study.parent / "reports" / "PRODERM-DEMO" / "coded" / done.closed_report.parent.name
    told = (tree / "results.json").read_text(encoding="utf-8")
    assert "a rule no longer in the study file (1)" in told
    assert not re.search("ivig|placebo|octagam", told, re.IGNORECASE)
