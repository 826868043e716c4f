"""A look's folder on disk: whole or not there, never overwritten, closed to others."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from safetymon.domain import Finding, Results, Scope
from safetymon.errors import DataRefusedError
from safetymon.report import files
from safetymon.report.results_json import Document
from tests import evidence_fixture
from tests.report_fixture import HOSTILE, results, with_look, write

CLOSED_FILES = {
    "report.html", "results.json", "tables/comparisons.csv", "tables/evidence.csv",
    "tables/findings.csv", "tables/groups.csv", "tables/incidence.csv", "tables/screen.csv",
    "tables/sensitivity.csv", "tables/signals.csv", "tables/curves.csv", "tables/severity.csv",
    "tables/lags.csv", "tables/enrolment.csv", "tables/overview.csv", "tables/changes.csv",
    "tables/redefined.csv", "tables/history.csv", "tables/listing.csv", "tables/edits.csv",
    "tables/rejected.csv",
}  # fmt: skip
OPEN_FILES = CLOSED_FILES - {
    "tables/comparisons.csv", "tables/screen.csv", "tables/listing.csv", "tables/edits.csv",
    "tables/rejected.csv",
}  # fmt: skip


@pytest.fixture(params=[0o022, 0o000, 0o077], ids=["umask 022", "umask 000", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def modes(folder: Path) -> tuple[set[str], set[str]]:
    """Modes of the folders (the root among them) and of the files below."""
    every = [folder, *folder.rglob("*")]
    return (
        {oct(p.stat().st_mode & 0o777) for p in every if p.is_dir()},
        {oct(p.stat().st_mode & 0o777) for p in every if p.is_file()},
    )


@pytest.mark.parametrize(("scope", "names"), [("closed", CLOSED_FILES), ("open", OPEN_FILES)])
def test_the_files_of_a_look(scope: Scope, names: set[str], tmp_path: Path) -> None:
    written = write(results(scope), tmp_path / "PRODERM-DEMO")
    assert written.folder == tmp_path / "PRODERM-DEMO" / scope / "0003-2019-11-04"
    assert written.report == written.folder / "report.html"
    assert not written.already_there
    assert set(tree(written.folder)) == names
    assert {p.name for p in written.folder.parent.iterdir()} == {"0003-2019-11-04", "index.html"}


def test_the_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    written = write(results(), tmp_path)
    assert written.sha256 == {
        name: sha256(content).hexdigest() for name, content in tree(written.folder).items()
    }


@pytest.mark.usefixtures("umask")
def test_closed_files_are_their_owners_whatever_the_umask(tmp_path: Path) -> None:
    write(results(), tmp_path)
    assert modes(tmp_path / "closed") == ({"0o700"}, {"0o600"})


@pytest.mark.usefixtures("umask")
def test_open_files_can_be_handed_out_whatever_the_umask(tmp_path: Path) -> None:
    write(results("open"), tmp_path)
    assert modes(tmp_path / "open") == ({"0o755"}, {"0o644"})


def test_a_report_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    first = write(results(), tmp_path)
    before = tree(first.folder)
    assert write(results(), tmp_path) == first._replace(already_there=True)
    assert write(results(), tmp_path, first.sha256) == first._replace(already_there=True)
    assert tree(first.folder) == before


def test_another_look_s_report_in_its_place_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    first = write(results(), tmp_path)
    before = tree(first.folder)
    with pytest.raises(DataRefusedError, match="is the report of another look"):
        write(results(seed=2), tmp_path)
    assert tree(first.folder) == before


def test_a_report_changed_since_it_was_written_is_refused(tmp_path: Path) -> None:
    first = write(results(), tmp_path)
    first.report.write_bytes(first.report.read_bytes() + b" ")
    with pytest.raises(DataRefusedError, match="was changed after it was written"):
        write(results(), tmp_path, first.sha256)


def test_a_folder_that_appears_meanwhile_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "closed" / "0003-2019-11-04"
    contents = files._contents

    def slow(made: Results, text: Document) -> dict[str, str]:
        theirs.mkdir()
        (theirs / "results.json").write_text("theirs", encoding="utf-8")
        return contents(made, text)

    monkeypatch.setattr(files, "_contents", slow)
    with pytest.raises(DataRefusedError, match="is the report of another look"):
        write(results(), tmp_path)
    assert tree(theirs) == {"results.json": b"theirs"}


def test_a_failure_leaves_no_half_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = files._written

    def full(path: Path, content: bytes, scope: Scope) -> None:
        if path.name == "signals.csv":
            raise OSError(28, "No space left on device")
        whole(path, content, scope)

    monkeypatch.setattr(files, "_written", full)
    with pytest.raises(OSError, match="No space left"):
        write(results(), tmp_path)
    assert list((tmp_path / "closed").iterdir()) == []


def test_a_name_that_cannot_be_given_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise OSError(18, f"cannot name {self.name} {target.name}")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="cannot name"):
        write(results(), tmp_path)
    assert list((tmp_path / "closed").iterdir()) == []


def test_a_look_whose_results_were_deleted_is_still_listed(tmp_path: Path) -> None:
    first = write(results(), tmp_path)
    (first.folder / "results.json").unlink()
    write(with_look(results(), 4, date(2019, 12, 1)), tmp_path)
    html = (tmp_path / "closed" / "index.html").read_text(encoding="utf-8")
    assert html.count("its results.json cannot be read") == 1
    assert "0003-2019-11-04/report.html" in html


def test_two_looks_both_stay_and_are_listed_newest_first(tmp_path: Path) -> None:
    for number, cutoff in ((1, date(2018, 6, 1)), (2, date(2019, 6, 1)), (10, date(2019, 11, 4))):
        write(with_look(results(), number, cutoff), tmp_path)
    html = (tmp_path / "closed" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(\d{4}-[0-9-]+)/report.html"', html) == [
        "0010-2019-11-04", "0002-2019-06-01", "0001-2018-06-01",
    ]  # fmt: skip
    assert html.count("3 raised") == 3


def test_each_index_knows_its_own_scope_only(tmp_path: Path) -> None:
    write(results(), tmp_path)
    write(results("open"), tmp_path)
    text = (tmp_path / "open" / "index.html").read_text(encoding="utf-8")
    assert "100 in All subjects" in text
    assert "IVIg" not in text.replace(results().study.title, "")


def test_other_things_in_the_folder_are_neither_listed_nor_touched(tmp_path: Path) -> None:
    write(results(), tmp_path)
    (tmp_path / "closed" / "minutes").mkdir()
    write(with_look(results(), 4, date(2019, 12, 1)), tmp_path)
    assert (tmp_path / "closed" / "minutes").is_dir()
    assert "minutes" not in (tmp_path / "closed" / "index.html").read_text(encoding="utf-8")


def test_results_and_page_and_tables_tell_the_same_numbers(tmp_path: Path) -> None:
    folder = write(results(hostile=True), tmp_path).folder
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    table = pl.read_csv(folder / "tables" / "incidence.csv", infer_schema_length=None)
    assert [row["subjects"] for row in document["incidence"]] == table["subjects"].to_list()
    assert [row["events"] for row in document["incidence"]] == table["events"].to_list()
    assert set(HOSTILE) <= {row["term"] for row in document["incidence"]}


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = (write(results(), tmp_path / name) for name in ("one", "other"))
    assert one.sha256 == other.sha256


PARTS = ("groups", "incidence", "comparisons", "signals", "evidence", "sensitivity", "screen",
         "cards", "calendar", "findings", "treatment")  # fmt: skip


@cache
def by_treatment() -> dict[str, Results]:
    """Open results of which one part is by treatment."""
    made, closed = results("open"), results()
    finding = Finding("early switch", "info", 1, "a subject left placebo", "closed")
    return {
        "groups": replace(made, groups=closed.groups),
        "incidence": replace(made, incidence=closed.incidence),
        "comparisons": replace(made, comparisons=closed.comparisons),
        "signals": replace(made, signals=closed.signals),
        "evidence": replace(made, evidence=closed.evidence),
        "sensitivity": replace(made, sensitivity=closed.sensitivity),
        "screen": replace(made, screen=closed.screen),
        "cards": replace(made, cards=evidence_fixture.cards(evidence_fixture.AGAINST)),
        "calendar": replace(made, calendar=closed.calendar),
        "findings": replace(made, findings=(finding,)),
        "treatment": replace(made, groups=made.groups.with_columns(treatment=pl.lit("IVIg"))),
    }


@pytest.mark.parametrize("part", PARTS)
def test_no_open_report_is_written_from_results_by_treatment(part: str, tmp_path: Path) -> None:
    assert tuple(by_treatment()) == PARTS
    with pytest.raises(ValueError, match="more than pooled numbers"):
        write(by_treatment()[part], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_open_file_names_a_treatment(tmp_path: Path) -> None:
    write(results("open"), tmp_path)
    title = results().study.title
    for name, content in tree(tmp_path / "open").items():
        text = content.decode().replace(title, "")
        assert not re.search(r"ivig|placebo|first period", text, re.I), name
