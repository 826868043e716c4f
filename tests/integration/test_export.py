"""A report handed on: PDF, pictures, workbook, a page without scripts; each export an act."""

import csv
import re
import shutil
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from safetymon import cli, demonstration, export, monitor, store
from safetymon.errors import DataRefusedError, UsageError
from safetymon.export import Wanted
from safetymon.report import pdf
from tests.integration.test_monitor import TWO, small

NOW = datetime(2024, 1, 1, tzinfo=UTC)
XL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    file = small(tmp_path, TWO)
    monitor.look(file, NOW, "a")
    return file


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(study file, reports) of the demonstration, looked at once."""
    root = tmp_path_factory.mktemp("demo")
    file = demonstration.unpack(root)
    monitor.look(file, NOW, "a", out=root)
    return file, root


def read(text: str) -> str | float:
    """A cell of a CSV as a spreadsheet should have it: a day is a number of days there."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return float((date.fromisoformat(text) - date(1899, 12, 30)).days)
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text)
    except ValueError:
        return text


def sheets(path: Path) -> dict[str, list[list[str | float]]]:
    """Sheet -> its cells, row by row, read without a spreadsheet library."""
    parts = zipfile.ZipFile(path)
    names = re.findall(r'<sheet name="([^"]+)"', parts.read("xl/workbook.xml").decode())
    shared = parsed(parts.read("xl/sharedStrings.xml"))
    texts = ["".join(t.text or "" for t in si.iter(f"{XL}t")) for si in shared.iter(f"{XL}si")]
    return {
        name: cells(parsed(parts.read(f"xl/worksheets/sheet{i}.xml")), texts)
        for i, name in enumerate(names, 1)
    }


def parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)  # noqa: S314 - of a file that we have just written


def cells(sheet: ElementTree.Element, texts: list[str]) -> list[list[str | float]]:
    made: list[list[str | float]] = []
    width = 0
    for row in sheet.iter(f"{XL}row"):
        found = {place(c.attrib["r"]): value(c, texts) for c in row.iter(f"{XL}c")}
        width = width or len(found)
        made.append([found.get(i, "") for i in range(width)])
    return made


def place(reference: str) -> int:
    """A1 -> 0, B1 -> 1, AA1 -> 26."""
    number = 0
    for letter in re.sub(r"\d", "", reference):
        number = number * 26 + ord(letter) - 64
    return number - 1


def value(cell: ElementTree.Element, texts: list[str]) -> str | float:
    text = cell.findtext(f"{XL}v") or ""
    return texts[int(text)] if cell.attrib.get("t") == "s" else float(text)


def acts(study: Path, study_id: str = "S1") -> list[dict[str, object]]:
    with store.opened(study.parent / "state", study_id, NOW) as opened:
        return [act for act in opened.acts() if act["action"] == "export"]


def modes(folder: Path) -> set[str]:
    return {oct(path.stat().st_mode & 0o777) for path in [folder, *folder.iterdir()]}


def test_a_workbook_holds_the_rows_of_every_table(demo: tuple[Path, Path], tmp_path: Path) -> None:
    file, root = demo
    (path,) = export.export(
        file, "1", Wanted(xlsx=True), NOW, "a", reports=root, out=tmp_path / "out"
    )
    assert path == tmp_path / "out" / "tables.xlsx"
    tables = root / "PRODERM-DEMO/closed/0001-2020-05-25/tables"
    book = sheets(path)
    assert set(book) == {"about", *(table.stem for table in tables.glob("*.csv"))}
    for name in ("incidence", "groups", "signals", "enrolment"):
        with (tables / f"{name}.csv").open(encoding="utf-8", newline="") as file_:
            rows = [[read(text) for text in row] for row in csv.reader(file_)]
        assert len(book[name]) == len(rows)
        for made, expected in zip(book[name], rows, strict=True):
            assert [t for t in made if isinstance(t, str)] == [
                t for t in expected if isinstance(t, str)
            ], name
            assert [t for t in made if not isinstance(t, str)] == pytest.approx(
                [t for t in expected if not isinstance(t, str)], rel=1e-14
            ), name  # a cell has 16 digits


def test_a_workbook_says_closed_in_its_headers_and_its_properties(study: Path) -> None:
    (path,) = export.export(study, "1", Wanted(xlsx=True), NOW, "a")
    parts = zipfile.ZipFile(path)
    sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) > 8
    for name in sheets:
        text = parts.read(name).decode()
        assert "CLOSED · S1 · look 1 · data up to 01 Feb 2020" in text
        assert 'state="frozen"' in text
    assert "CLOSED: A small study" in parts.read("docProps/core.xml").decode()
    assert "<category>" not in parts.read("docProps/app.xml").decode()


@pytest.mark.parametrize("term", ["=cmd()", "+1", "@x", "-2", "http://a.b/c", "{=1+1}", "<b>"])
def test_a_hostile_term_is_a_text_in_the_workbook(term: str, tmp_path: Path) -> None:
    file = small(tmp_path, f'{TWO}003,1,"{term}",2020-01-07\n')
    monitor.look(file, NOW, "a")
    (path,) = export.export(file, "1", Wanted(xlsx=True), NOW, "a")
    parts = zipfile.ZipFile(path)
    for name in parts.namelist():
        if name.startswith("xl/worksheets"):
            text = parts.read(name).decode()
            assert "<f>" not in text
            assert "hyperlink" not in text
    assert term in [row[0] for row in sheets(path)["incidence"]]


def test_pictures_of_the_charts_bear_their_label(study: Path) -> None:
    made = export.export(study, "1", Wanted(svg="all", png="topics"), NOW, "a")
    names = {path.name for path in made}
    assert {"topics.svg", "topics.png"} <= names
    for path in made:
        if path.suffix == ".svg":
            assert "CLOSED · S1 · look 1 · data up to 01 Feb 2020" in path.read_text()
        else:
            assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("tree", "expected"), [("closed", {"0o700", "0o600"}),
                                                ("open", {"0o755", "0o644"})])  # fmt: skip
def test_a_closed_export_is_its_owners_alone(tree: str, expected: set[str], study: Path) -> None:
    (path,) = export.export(study, "1", Wanted(static=True), NOW, "a", tree=tree)  # type: ignore[arg-type]  # a case of Tree
    assert path.parent == study.parent / "reports/S1/exports" / tree / "0001-2020-02-01"
    assert modes(path.parent) == expected


def test_every_export_is_an_act_with_the_hash_of_each_file(study: Path) -> None:
    export.export(study, "0001-2020-02-01", Wanted(static=True, xlsx=True), NOW, "Ann", tree="open")
    (act,) = acts(study)
    assert (act["actor"], act["about"]) == ("Ann", "1")
    detail = str(act["detail"])
    assert re.search(r'"report-static.html": "[0-9a-f]{64}"', detail)
    assert re.search(r'"tables.xlsx": "[0-9a-f]{64}"', detail)
    assert '"tree": "open"' in detail


def test_an_open_export_names_no_treatment_and_no_group(study: Path) -> None:
    wanted = Wanted(static=True, xlsx=True, svg="all")
    for path in export.export(study, "1", wanted, NOW, "a", tree="open"):
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            parts = zipfile.ZipFile(BytesIO(content))
            content = b"".join(parts.read(name) for name in parts.namelist())
        own = re.sub(rb"<script>.*?</script>", b"", content, flags=re.DOTALL)
        assert not re.search(rb"\bControl\b|\bDrug\b(?! withdrawal headache)", own), path.name


def test_reports_and_exports_go_where_the_audit_knows_the_last(tmp_path: Path) -> None:
    file, elsewhere = small(tmp_path / "study"), tmp_path / "elsewhere"
    monitor.look(file, NOW, "a", out=elsewhere)
    again = monitor.look(file, NOW, "a")
    (made,) = export.export(file, "1", Wanted(xlsx=True), NOW, "a")
    assert again.closed_report.is_relative_to(elsewhere)
    assert made.is_relative_to(elsewhere)
    assert not (file.parent / "reports").exists()


def test_a_changed_report_is_not_handed_on(study: Path) -> None:
    page = study.parent / "reports/S1/closed/0001-2020-02-01/report.html"
    page.write_text(page.read_text().replace("CLOSED", "OPEN"))
    with pytest.raises(DataRefusedError, match=r"closed/0001-2020-02-01/report.html: is not as"):
        export.export(study, "1", Wanted(static=True), NOW, "a")
    assert acts(study) == []


def test_without_a_chromium_the_pdf_is_refused_plainly(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="no Chromium is installed"):
        export.export(study, "1", Wanted(pdf=True), NOW, "a")
    assert not (study.parent / "reports/S1/exports").exists()
    assert acts(study) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "LOOK: say which look"),
        (["1"], "nothing to export"),
        (["7", "--xlsx"], "look 7: no report of it in closed/; there is 0001-2020-02-01"),
        (["1", "--png", "nonsense"], "--png nonsense: no such chart; there is "),
        (["1", "--xlsx", "--scope", "secret"], "--scope secret: is none of closed, open, coded"),
        (["--key"], "no code has been drawn"),
    ],
)
def test_a_wrong_request_is_one_plain_line(
    arguments: list[str], said: str, study: Path, capsys: Capture
) -> None:
    assert cli.run(["export", str(study), *arguments]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_a_study_without_a_look_has_nothing_to_export(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["export", str(small(tmp_path)), "1", "--xlsx"]) == 2
    assert "no look has been made" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


@pytest.mark.browser
@pytest.mark.skipif(
    not any(shutil.which(name) for name in pdf.BROWSERS), reason="no Chromium is installed"
)
def test_the_pdf_is_printed_on_a4(study: Path) -> None:
    (path,) = export.export(study, "1", Wanted(pdf=True), NOW, "a")
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    boxes = re.findall(rb"/MediaBox \[([\d. ]+)\]", content)
    assert boxes
    for box in boxes:
        *_, width, height = map(float, box.split())
        assert (round(width), round(height)) == (595, 842)
