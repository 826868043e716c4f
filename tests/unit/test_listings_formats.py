"""One file -> one sheet: every field as written, whatever the format, or a refusal."""

import hashlib
import os
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import polars_readstat
import pytest

from safetymon.errors import DataRefusedError
from safetymon.listings import formats

TYPED = pl.DataFrame(
    {
        "USUBJID": ["001", "002 "], "AESEQ": [1.0, 12.0], "DOSE": [0.5, None],
        "DAY": [date(2024, 2, 29), None], "AETERM": ["Übelkeit", ""],
    }
)  # fmt: skip
AS_TEXT = [
    ("001", "1", "0.5", "2024-02-29", "Übelkeit"),
    ("002", "12", None, None, None),
]


def written(folder: Path, data: bytes, name: str = "ae.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def rows(path: Path) -> list[tuple[str | None, ...]]:
    sheet = formats.load("ae", path)
    texts = sheet.text({name: name for name in sheet.frame.columns})
    return texts.drop("row").rows()


def refusal(folder: Path, data: bytes, name: str = "ae.csv") -> str:
    with pytest.raises(DataRefusedError) as refused:
        formats.load("ae", written(folder, data, name))
    return str(refused.value)


def test_all_formats_give_the_same_text(tmp_path: Path) -> None:
    TYPED.write_parquet(tmp_path / "ae.parquet")
    polars_readstat.write_xpt(TYPED, str(tmp_path / "ae.xpt"))
    TYPED.with_columns(pl.col("AESEQ").cast(pl.Int64)).write_csv(tmp_path / "ae.csv")
    assert [rows(tmp_path / f"ae.{s}") for s in ("parquet", "xpt", "csv")] == [AS_TEXT] * 3


def test_a_version_5_transport_file_is_read_too(tmp_path: Path) -> None:
    polars_readstat.write_xpt(TYPED, str(tmp_path / "ae.xpt"), version=5)
    assert rows(tmp_path / "ae.xpt") == AS_TEXT


def test_other_types_of_parquet_become_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"when": [datetime(2024, 2, 29, 13, 5)], "yes": [True], "n": [3], "kind": ["a"]},  # noqa: DTZ001 - listings have no zone
        schema_overrides={"kind": pl.Categorical},
    )
    frame.write_parquet(tmp_path / "x.parquet")
    assert rows(tmp_path / "x.parquet") == [("2024-02-29T13:05:00", "true", "3", "a")]


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"pts": [["a", "b"]]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataRefusedError, match="column pts holds List"):
        rows(tmp_path / "x.parquet")


def test_identifiers_stay_text_and_blanks_are_null(tmp_path: Path) -> None:
    path = written(tmp_path, b"ID,N\n001, 1.0 \n 1e3,\n")
    assert rows(path) == [("001", "1.0"), ("1e3", None)]


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("ID,T\n1,Übel\n".encode(), None),
        (b"\xef\xbb\xbf" + "ID,T\n1,Übel\n".encode(), None),
        ("ID,T\n1,Übel\n".encode("utf-16"), None),
        ("ID,T\n1,Übel\n".encode("cp1252"), "read as Windows-1252, because it is not UTF-8"),
        (b"ID;T\r\n1;\xc3\x9cbel\r\n", None),
        (b"ID\tT\r1\t\xc3\x9cbel\r", None),
        (b"\nID,T\n\n1,\xc3\x9cbel\n\n\n", None),  # blank lines are no records
        (b'"ID","T"\n"1","\xc3\x9cbel"', None),
    ],
)
def test_csv_dialects_give_the_same_rows(tmp_path: Path, data: bytes, note: str | None) -> None:
    path = written(tmp_path, data)
    assert (rows(path), formats.load("ae", path).note) == ([("1", "Übel")], note)


def test_quoted_separators_quotes_and_line_breaks_belong_to_the_value(tmp_path: Path) -> None:
    path = written(tmp_path, b'ID,"T, long"\n1,"a, ""b""\nc"\n2,5" nail\n')
    assert rows(path) == [("1", 'a, "b"\nc'), ("2", '5" nail')]
    assert formats.load("ae", path).frame.columns == ["ID", "T, long"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty, not even a header"),
        (b"ID,T,ID\n1,2,3\n", "columns 1 and 3 have one name"),
        (b"ID,T\n1,2\n3\n", "row 2 has 1 fields and the header 2"),  # the transfer broke off
        (b"ID,T\n1,2\n3,4,5\n", "row 2 has 3 fields and the header 2"),  # an unquoted comma
        (b'ID,T\n1,"2\n3,4\n', "the quotes of row 1 do not match"),
        (b'ID,"T\n1,2\n', "the header's quotes do not match"),
        (b"ID,T\n1\n2,3,", "row 1 has 1 fields and the header 2"),  # one too few, one too many
        (b"ID,T\n1\n2,3,\n4,5\n", "row 1 has 1 fields and the header 2"),
        (b'ID,T\n1,"2;\'\n3,b""\n4,""', "the quotes of row 1 do not match"),  # never closed
        (b'ID,T\n1,"2;\n3,"4",5\n6"\n', "the quotes of row 1 do not match"),  # swallows a row
        (b'ID,T\n""1"",\n2,', "the quotes of row 1 do not match"),
        (b"ID,T\n1,\0\n", "holds NUL bytes"),
        (b"ID,T\n1,\x81\n", "byte 8 is neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_csv_file_that_may_be_damaged_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    assert refusal(tmp_path, data).startswith(f"ae.csv: {why}")


def test_other_damaged_files_are_refused(tmp_path: Path) -> None:
    polars_readstat.write_xpt(TYPED, str(tmp_path / "ae.xpt"))
    whole = (tmp_path / "ae.xpt").read_bytes()
    assert "cut short" in refusal(tmp_path, whole[:-7], "ae.xpt")
    assert "several data sets" in refusal(tmp_path, whole + whole, "ae.xpt")
    assert "not a SAS transport file" in refusal(tmp_path, b"x" * 800, "ae.xpt")
    assert "not a whole Parquet file" in refusal(tmp_path, b"PAR1", "ae.parquet")
    assert "not a format that is read" in refusal(tmp_path, b"", "ae.xlsx")


def test_a_missing_or_unreadable_file_is_refused_with_its_role(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match=r"no such file \(ae\)"):
        formats.load("ae", tmp_path / "ae.csv")
    (tmp_path / "dm.csv").mkdir()
    with pytest.raises(DataRefusedError, match="cannot be read"):
        formats.load("dm", tmp_path / "dm.csv")


def test_a_transport_file_in_windows_encoding_is_read_as_such(tmp_path: Path) -> None:
    frame = pl.DataFrame({"ID": ["1", "2"], "T": ["Alzheimer~s", "x"]})
    polars_readstat.write_xpt(frame, str(tmp_path / "ts.xpt"))
    data = (tmp_path / "ts.xpt").read_bytes().replace(b"~", b"\x92")
    sheet = formats.load("ts", written(tmp_path, data, "ts.xpt"))
    assert sheet.text({"t": "T"})["t"].to_list() == ["Alzheimer’s", "x"]
    assert sheet.note == "read as Windows-1252, because it is not UTF-8"


def test_a_transport_file_in_no_known_encoding_is_refused(tmp_path: Path) -> None:
    polars_readstat.write_xpt(pl.DataFrame({"T": ["a~b"]}), str(tmp_path / "ts.xpt"))
    data = (tmp_path / "ts.xpt").read_bytes().replace(b"~", b"\x81")
    assert "neither UTF-8 nor Windows-1252" in refusal(tmp_path, data, "ts.xpt")


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, b"ID\n1\n")
    assert formats.load("ae", path).sha256 == hashlib.sha256(b"ID\n1\n").hexdigest()


def test_a_large_transport_file_keeps_its_row_order(tmp_path: Path) -> None:
    frame = pl.DataFrame({"N": [float(n) for n in range(50_000)]})
    polars_readstat.write_xpt(frame, str(tmp_path / "n.xpt"))
    assert [n for (n,) in rows(tmp_path / "n.xpt")] == [str(n) for n in range(50_000)]


def test_records_are_json_of_the_whole_row(tmp_path: Path) -> None:
    TYPED.write_parquet(tmp_path / "ae.parquet")
    sheet = formats.load("ae", tmp_path / "ae.parquet")
    assert sheet.records(pl.Series([2])).to_list() == [
        '{"USUBJID":"002","AESEQ":"12","DOSE":null,"DAY":null,"AETERM":null}'
    ]


def test_columns_that_differ_in_case_only_are_refused_in_a_cdisc_file(tmp_path: Path) -> None:
    sheet = formats.load("ae", written(tmp_path, b"usubjid,USUBJID\n1,2\n"))
    with pytest.raises(DataRefusedError, match="columns 1 and 2 have one name"):
        sheet.in_capitals()


def test_a_day_that_no_calendar_has_becomes_a_number_and_so_no_date(tmp_path: Path) -> None:
    days = pl.Series("day", [2**31 - 1, -(2**31), 0], dtype=pl.Int32).cast(pl.Date)
    moments = pl.Series("at", [2**63 - 1, -(2**63), 0]).cast(pl.Datetime("ms"))
    pl.DataFrame([days, moments]).write_parquet(tmp_path / "x.parquet")
    assert rows(tmp_path / "x.parquet") == [
        ("2147483647", "9223372036854775807"),
        ("-2147483648", "-9223372036854775808"),
        ("1970-01-01", "1970-01-01T00:00:00"),
    ]


def test_a_column_may_have_a_name_that_means_others(tmp_path: Path) -> None:
    path = written(tmp_path, b"*,^.*$,ID\n1,2,3\n")
    assert rows(path) == [("1", "2", "3")]


def test_times_and_lengths_of_time_are_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"at": [time(13, 5)], "long": [timedelta(days=1, hours=2)]})
    frame.write_parquet(tmp_path / "x.parquet")
    assert rows(tmp_path / "x.parquet") == [("13:05:00", "P1DT2H")]


def test_a_reader_that_panics_refuses_the_file_and_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class PanicException(BaseException):
        pass

    def read(_data: bytes, _name: str) -> None:
        os.write(2, b"thread panicked at 001, Headache\n")
        raise PanicException("001, Headache")

    monkeypatch.setitem(formats._READERS, ".parquet", read)
    said = refusal(tmp_path, b"PAR1", "ae.parquet")
    assert said == (
        "ae.parquet: cannot be read as PARQUET, it is damaged or too large; export it again"
    )
    assert capfd.readouterr().err == ""


def test_a_stop_from_outside_is_not_taken_for_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_data: bytes, _name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(formats._READERS, ".csv", read)
    with pytest.raises(KeyboardInterrupt):
        formats.load("ae", written(tmp_path, b"ID\n1\n"))


@pytest.mark.parametrize("version", [5, 8])
@pytest.mark.parametrize("cut", [1, 2])
def test_a_transport_file_that_ends_within_a_record_is_refused(
    tmp_path: Path, version: int, cut: int
) -> None:
    texts = pl.DataFrame({"A": [f"{i:x>99}" for i in range(40)]})
    polars_readstat.write_xpt(texts, str(tmp_path / "ae.xpt"), version=version)
    whole = (tmp_path / "ae.xpt").read_bytes()
    assert formats.load("ae", tmp_path / "ae.xpt").frame.height == 40
    assert "ends within a record" in refusal(tmp_path, whole[: -80 * cut], "ae.xpt")


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "a\0b.csv"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataRefusedError, match="cannot be read"):
        formats.load("ae", tmp_path / name)
