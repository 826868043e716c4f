"""One mutated study, run and judged: what a user must never meet."""

import csv
import io
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import duckdb

_ACCOUNT = re.compile(r"^(.+): (\d+) rows, (\d+) accepted, (\d+) rejected$", re.MULTILINE)
_PLACES = re.compile(
    r"study\.toml|\.csv|\.parquet|\.xpt|\[[a-z]+[\].]|listings|cut-off|key file|rule '"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the command did: exit code, what it printed, and the processor time it took."""

    code: int
    stdout: str
    stderr: str
    seconds: float


def faults(outcome: Outcome, folder: Path, identifiers: tuple[str, ...]) -> list[str]:
    """What is wrong with the outcome; nothing, if a user could live with it."""
    found = []
    if outcome.code not in (0, 2, 3):
        found.append(f"exit code {outcome.code}")
    if outcome.seconds > 10:
        found.append(f"took {outcome.seconds:.0f} s")
    if any(identifier in outcome.stderr for identifier in identifiers):
        found.append("a patient's identifier on stderr")
    if outcome.code == 0:
        found += _unaccounted(outcome.stdout, folder) + (
            ["noise on stderr"] if outcome.stderr else []
        )
    else:
        found += _implausible(outcome.stderr)
    return found


def _implausible(stderr: str) -> list[str]:
    if stderr.count("\n") != 1 or not stderr.startswith("safetymon: "):
        return ["not one plain line on stderr"]
    if len(stderr) > 1500:
        return [f"a line of {len(stderr)} characters"]
    return [] if _PLACES.search(stderr) else ["names no file and no key"]


def _unaccounted(stdout: str, folder: Path) -> list[str]:
    """Rows that were lost, by a count of the file that owes nothing to safetymon."""
    found = []
    for name, *counts in _ACCOUNT.findall(stdout):
        rows, accepted, rejected = map(int, counts)
        if accepted + rejected != rows:
            found.append(f"{name}: {accepted} + {rejected} are not {rows}")
        there = counted(folder / name)
        if there not in (None, rows):
            found.append(f"{name}: {rows} rows read, {there} rows there")
    return found


def counted(path: Path) -> int | None:
    """The number of records in a listing file; None, if DuckDB cannot tell of a Parquet file."""
    if path.suffix == ".csv":
        return _csv_records(path.read_bytes())
    if path.suffix == ".parquet":
        try:
            return int(duckdb.read_parquet(str(path)).count("*").fetchall()[0][0])
        except duckdb.Error:  # stricter than Polars about a byte that holds no value
            return None
    return _xpt_records(path.read_bytes())


def _csv_records(data: bytes) -> int:
    text = _text(data)
    csv.field_size_limit(2**31)
    text = text.strip("\r\n")
    separator = max(",;\t", key=text.replace("\r", "\n").split("\n")[0].count)
    if "\n" in text:
        text = text.replace("\r\n", "\n").replace("\r", " ")  # alone, it ends no line here
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    return sum(bool(record) for record in records) - 1


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def _xpt_records(data: bytes) -> int:
    """As the format is described: record after record, blanks to fill the last 80 bytes."""
    header = data.find(b"HEADER RECORD*******NAMESTR")
    if header < 0:
        return -1
    variables = int(data[header + 54 : header + 58])
    first = header + 80
    width = sum(
        struct.unpack(">h", data[first + 140 * i + 4 : first + 140 * i + 6])[0]
        for i in range(variables)
    )
    start = data.index(b"HEADER RECORD*******OBS") + 80
    rows = (len(data) - start) // width
    if data[start + rows * width :].strip(b" "):
        return -1  # a record is cut short: nobody may read this file
    # Fewer than 80 bytes of blanks are padding: they hold whole records only if those are narrow.
    while rows and not data[start + (rows - 1) * width :].strip(b" ") and width < 80:
        rows -= 1
    return rows
