"""Terms that would like to be more than text: in tables, workbooks, documents and on a terminal."""

import csv
import json
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest

from safetymon.cli import run
from tests import hostile_study

FORMULA = re.compile(r"\s*[=+\-@＝]")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = hostile_study.unpack(tmp_path_factory.mktemp("hostile"))
    assert run(["run", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def closed(study: Path) -> Path:
    return next(study.parent.glob("reports/PRODERM-DEMO/closed/0*"))


def stripped(terms: tuple[str, ...]) -> set[str]:
    """The terms as listings are read: without blanks around them."""
    return {term.strip() for term in terms}


def test_no_cell_of_a_table_begins_a_formula_and_every_text_can_be_read_back(closed: Path) -> None:
    found = set()
    for path in sorted(closed.glob("tables/*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for cell in (cell for record in csv.reader(file) for cell in record):
                assert not FORMULA.match(cell) or _is_number(cell), (path.name, cell)
                found.add(cell.removeprefix("'"))
    assert stripped(hostile_study.TERMS) <= found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_a_workbook_holds_texts_and_no_formula_and_no_link(study: Path, tmp_path: Path) -> None:
    assert run(["export", str(study), "1", "--xlsx", "--out", str(tmp_path)]) == 0
    with zipfile.ZipFile(next(tmp_path.rglob("*.xlsx"))) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    assert not [name for name in parts if "externalLink" in name]
    for name, data in parts.items():
        assert not re.search(rb"<(?:\w+:)?(?:f|hyperlink|ddeLink|oleLink)[ />]", data), name
    shared = parts["xl/sharedStrings.xml"].decode()
    texts = {unescape(text) for text in re.findall(r"<t[^>]*>(.*?)</t>", shared, re.DOTALL)}
    plain = {term for term in stripped(hostile_study.TERMS) if term.isprintable()}
    assert plain <= texts


def test_the_document_holds_the_terms_as_they_were_written(closed: Path) -> None:
    document = json.loads((closed / "results.json").read_text(encoding="utf-8"))
    terms = {row["term"] for row in document["incidence"]}
    assert stripped(hostile_study.TERMS) <= terms


def test_nothing_on_the_terminal_moves_the_cursor(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = study.read_text(encoding="utf-8")
    study.with_name("other.toml").write_text(
        f'{text}\n[data.values]\nrelated = ["\\u001b[2J"]\n"\\u001b[31m\\u202e" = 1\n', "utf-8"
    )
    listing = study.parent / "listings" / "adverse_events.csv"
    listing.write_text(
        listing.read_text("utf-8").replace(",probable,", ",\x1b[2Jx\u202e,"), "utf-8"
    )
    assert run(["check", str(study)]) == 0
    assert run(["check", str(study.with_name("other.toml"))]) == 2
    said = "".join(capsys.readouterr())
    assert "⟨U+001B⟩[2Jx⟨U+202E⟩" in said
    assert "⟨U+001B⟩[31m" in said
    assert not {"\x1b", "\u202e"} & set(said)
