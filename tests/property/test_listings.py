"""Whatever a file holds: no row is lost, and the order of rows is only an order."""

import csv
import io
import json
import random as randoms
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon import listings
from safetymon.domain import Listings
from safetymon.errors import DataRefusedError
from safetymon.listings import dates, formats
from tests.tables import frame
from tests.unit.listings_trial import COLUMNS, EXPOSURE, SUBJECTS, study

pytestmark = pytest.mark.slow

Row = tuple[str, str, str, str, str, str, str]
HEAD = ("SUBJ", "NO", "PT", "ONSET", "STOP", "SER", "REL")
DATES = st.sampled_from(["", "2024-01-05", "2024-02", "2024", "2024-02-30", "soon", "UNK"])
WORDS = st.sampled_from(["", "Y", "n", "RELATED", "None", "perhaps", '"', "a,b", "é\n"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "001", "002", "003", "009", " 001"]),
        st.sampled_from(["", "1", "2", "3"]), WORDS, DATES, DATES, WORDS, WORDS,
    ),
    max_size=12,
)  # fmt: skip
quick = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        frame(SUBJECTS).write_csv(Path(name) / "subjects.csv")
        frame(EXPOSURE).write_csv(Path(name) / "exposure.csv")
        yield Path(name)


def as_csv(head: tuple[str, ...], rows: list[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def read(folder: Path, rows: list[Row]) -> Listings:
    (folder / "events.csv").write_text(as_csv(HEAD, rows), encoding="utf-8", newline="")
    return listings.read(study("edc", {"columns": COLUMNS}), folder)


@quick
@given(rows=ROWS)
def test_every_row_is_accepted_or_rejected_with_its_record(folder: Path, rows: list[Row]) -> None:
    got = read(folder, rows)
    assert got.inputs[2].rows == len(rows)
    assert got.events.height + got.rejected.height == len(rows)
    for number, record in got.rejected.select("row", "record").iter_rows():
        told = json.loads(record)
        assert [told[name] for name in HEAD] == [cell.strip() or None for cell in rows[number - 1]]


@quick
@given(rows=ROWS)
def test_the_key_of_an_accepted_event_is_unique_and_its_subject_known(
    folder: Path, rows: list[Row]
) -> None:
    events = read(folder, rows).events
    assert not events.select("subject", "key").is_duplicated().any()
    assert set(events["subject"]) <= {"001", "002", "003"}
    assert not (events["onset_low"] > events["onset_high"]).any()


@quick
@given(rows=ROWS, random=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing_but_the_order(
    folder: Path, rows: list[Row], random: randoms.Random
) -> None:
    # Of two rows with one number the first counts, and a missing number is the row's: so, unique.
    unique = list({(row[0].strip(), row[1]): row for row in rows if row[1]}.values())
    shuffled = random.sample(unique, len(unique))
    one, other = read(folder, unique), read(folder, shuffled)
    assert one.events.sort("subject", "key").equals(other.events.sort("subject", "key"))
    rules = [got.rejected.select("rule", "record").sort("rule", "record") for got in (one, other)]
    assert rules[0].equals(rules[1])
    assert sorted(map(repr, one.findings)) == sorted(map(repr, other.findings))


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)


@quick
@given(table=st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=8)
))  # fmt: skip
def test_csv_is_read_as_the_csv_module_of_python_reads_it(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    width = len(table[0]) if table else 2
    path = tmp_path_factory.getbasetemp() / "any.csv"
    text = as_csv(tuple(f"C{i}" for i in range(width)), table)  # type: ignore[arg-type]  # any width
    path.write_text(text, encoding="utf-8", newline="")
    sheet = formats.load("any", path)
    expected = [list(row) for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert [list(row) for row in sheet.frame.iter_rows()] == [row for row in expected if row]


@quick
@given(
    table=st.lists(st.lists(st.sampled_from(["a", "b c"]), min_size=3, max_size=3), min_size=1),
    cut=st.data(),
)
def test_a_file_with_a_short_row_is_never_read(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], cut: st.DataObject
) -> None:
    at = cut.draw(st.integers(0, len(table) - 1))
    table[at] = table[at][: cut.draw(st.integers(1, 2))]
    path = tmp_path_factory.getbasetemp() / "short.csv"
    path.write_text("\n".join(",".join(row) for row in [["A", "B", "C"], *table]), encoding="utf-8")
    with pytest.raises(DataRefusedError, match=f"row {at + 1} has"):
        formats.load("short", path)


@quick
@given(
    day=st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    form=st.sampled_from(["%Y-%m-%d", "%d-%b-%Y", "%m/%d/%Y", "%d.%m.%Y", "%d%b%Y", "%Y%m%d"]),
)
def test_a_written_day_is_read_back_and_lies_in_its_partial_forms(day: date, form: str) -> None:
    texts = [day.strftime(form), f"{day:%Y-%m}", f"{day:%Y}"]
    read = dates.ranges(pl.DataFrame({"day": texts}), ["day"], [form])
    lows, highs = read["day_low"].to_list(), read["day_high"].to_list()
    assert (lows[0], highs[0]) == (day, day)
    assert all(low <= day <= high for low, high in zip(lows, highs, strict=True))
    assert (highs[1] - lows[1]).days in range(27, 31)
    assert (highs[2] - lows[2]).days in (364, 365)
