"""Sound study -> mutated study. Everything is drawn from the one seeded generator."""

import csv
import io
from collections.abc import Callable
from random import Random

import polars as pl

from tests.fuzz import hostile
from tests.fuzz.originals import WRITERS, Original

Files = dict[str, bytes]
"""File name -> bytes; `study.toml` is one of them."""


def mutated(original: Original, random: Random) -> tuple[Files, str]:
    """The files of a study, of which one (seldom two) was changed, and what was done to them."""
    made: Files = {"study.toml": original.study, **original.listings}
    done = []
    for _ in range(1 if random.random() < 0.85 else 2):
        name = random.choice(sorted(made)) if random.random() < 0.75 else "study.toml"
        way = random.choice(_ways(name))
        done.append(f"{name}: {way.__name__.strip('_')}")
        made[name] = way(made[name], random)
    if random.random() < 0.02:
        one, other = random.sample(sorted(original.listings), 2)
        made[one], made[other] = made[other], made[one]
        done.append(f"{one} and {other}: swapped")
    return made, "; ".join(done)


Way = Callable[[bytes, Random], bytes]


def _ways(name: str) -> list[Way]:
    if name == "study.toml":
        return [*_SETTINGS, *_SETTINGS, *_BYTES]
    if name.endswith(".csv"):
        return [*_TEXTS, *_TEXTS, *_BYTES]
    if name.endswith(".xpt"):
        return [_xpt_frame, _xpt_frame, _xpt_value, _xpt_value, *_BYTES]
    return [_parquet_frame, _parquet_frame, *_BYTES]


# Any bytes.


def _flipped(data: bytes, random: Random) -> bytes:
    out = bytearray(data)
    for _ in range(random.choice([1, 1, 3, 30]) if out else 0):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def _truncated(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _cut_by_records(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) // 80 + 1) * 80]


def _gap(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.choice([1, 7, 80, 800]) :]


def _repeated(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[max(0, start - random.choice([1, 80, 500])) :]


def _inserted(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    piece = random.choice([b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80", random.randbytes(40)])
    return data[:start] + piece + data[start:]


def _zeroed(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    length = min(random.choice([4, 80, 1000]), len(data) - start)
    return data[:start] + b"\0" * length + data[start + length :]


def _emptied(_data: bytes, random: Random) -> bytes:
    return random.choice([b"", b"\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"PAR1", b"PK\x03\x04"])


def _noise(_data: bytes, random: Random) -> bytes:
    return random.randbytes(random.choice([1, 80, 4096]))


_BYTES: list[Way] = [
    _flipped, _truncated, _cut_by_records, _gap, _repeated, _inserted, _zeroed, _emptied, _noise,
]  # fmt: skip

# CSV.

Records = list[list[str]]


def _records(data: bytes) -> Records:
    csv.field_size_limit(2**31)
    return list(csv.reader(io.StringIO(data.decode("utf-8", errors="replace"), newline="")))


def _written(records: Records, separator: str = ",", ending: str = "\n") -> bytes:
    out = io.StringIO()
    made = csv.writer(out, delimiter=separator, lineterminator=ending)
    made.writerows(record for record in records if record)
    return out.getvalue().encode("utf-8", errors="replace")


def _on_records(change: Callable[[Records, Random], Records]) -> Way:
    def way(data: bytes, random: Random) -> bytes:
        records = _records(data)
        return _written(change(records, random)) if len(records) > 1 and records[0] else data

    way.__name__ = change.__name__
    return way


def _column_dropped(records: Records, random: Random) -> Records:
    at = random.randrange(len(records[0]))
    return [record[:at] + record[at + 1 :] for record in records]


def _column_doubled(records: Records, random: Random) -> Records:
    at = random.randrange(len(records[0]))
    renamed = random.random() < 0.5
    out = [record + record[at : at + 1] for record in records]
    out[0][-1] += "_2" if renamed else ""
    return out


def _columns_shuffled(records: Records, random: Random) -> Records:
    order = random.sample(range(len(records[0])), len(records[0]))
    rows = [records[0], *([r[i] for i in order if i < len(r)] for r in records[1:])]
    return rows if random.random() < 0.5 else [[records[0][i] for i in order], *rows[1:]]


def _header_gone(records: Records, _random: Random) -> Records:
    return records[1:]


def _header_only(records: Records, _random: Random) -> Records:
    return records[:1]


def _header_hostile(records: Records, random: Random) -> Records:
    records[0][random.randrange(len(records[0]))] = hostile.field(random)
    return records


def _fields_hostile(records: Records, random: Random) -> Records:
    for _ in range(random.choice([1, 3, 20])):
        record = random.choice(records[1:])
        if record:
            record[random.randrange(len(record))] = hostile.field(random)
    return records


def _column_hostile(records: Records, random: Random) -> Records:
    at = random.randrange(len(records[0]))
    pool = random.choice([hostile.TEXTS, hostile.DATES])
    for record in records[1:]:
        if at < len(record):
            record[at] = random.choice(pool)
    return records


def _ragged(records: Records, random: Random) -> Records:
    record = random.choice(records[1:])
    at = random.randrange(len(record) + 1)
    record[at:at] = ["x"] * random.choice([1, 2])
    return records


def _short(records: Records, random: Random) -> Records:
    record = random.choice(records[1:])
    del record[random.randrange(len(record) + 1) :]
    return records


def _ragged_evenly(records: Records, random: Random) -> Records:
    """One row a field short and another one over: the number of separators is as it was."""
    one, other = random.choice(records[1:]), random.choice(records[1:])
    other += ["x"] if one else []
    del one[-1:]
    return records


def _rows_repeated(records: Records, random: Random) -> Records:
    return records + random.choices(records[1:], k=random.choice([1, 50]))


def _rows_shuffled(records: Records, random: Random) -> Records:
    return [records[0], *random.sample(records[1:], len(records) - 1)]


def _rows_lost(records: Records, random: Random) -> Records:
    return [records[0], *(record for record in records[1:] if random.random() < 0.5)]


def _quote_open(data: bytes, random: Random) -> bytes:
    at = random.choice([i for i, b in enumerate(data) if b in b",\n"] or [0])
    return data[: at + 1] + b'"' + data[at + 1 :]


def _encoded(data: bytes, random: Random) -> bytes:
    text = data.decode("utf-8", errors="replace")
    name = random.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "utf-7", "cp500"])
    return text.encode(name, errors="replace")


def _encodings_mixed(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(random.choice([1, 5])):
        at = random.randrange(len(lines))
        lines[at] += random.choice(
            ["é".encode(), "é".encode("cp1252"), b"\x81", "é".encode("utf-16")]
        )
    return b"\n".join(lines)


def _separated(data: bytes, random: Random) -> bytes:
    return _written(_records(data), random.choice(";\t|:"), random.choice(["\n", "\r\n", "\r"]))


def _blank_lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(random.choice([1, 10])):
        lines.insert(random.randrange(len(lines) + 1), random.choice([b"", b" ", b",,,", b"\r"]))
    return b"\n".join(lines)


_TEXTS: list[Way] = [
    *(
        _on_records(change)
        for change in (
            _column_dropped, _column_doubled, _columns_shuffled, _header_gone, _header_only,
            _header_hostile, _fields_hostile, _fields_hostile, _fields_hostile, _column_hostile,
            _column_hostile, _ragged, _short, _ragged_evenly, _rows_repeated, _rows_shuffled,
            _rows_lost,
        )
    ),
    _quote_open, _encoded, _encodings_mixed, _separated, _blank_lines,
]  # fmt: skip

# Parquet and XPT.


def _frame_changed(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    name = random.choice(frame.columns)
    match random.randrange(5):
        case 0:
            return frame.drop(name)
        case 1:
            return frame.rename({name: random.choice([name.lower(), "", " ", "x" * 300, "é"])})
        case 2:
            return frame.clear()
        case _:
            return frame.with_columns(hostile.column(random, frame.height).alias(name))


def _parquet_frame(data: bytes, random: Random) -> bytes:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
        return WRITERS["parquet"](_frame_changed(frame, random))
    except pl.exceptions.PolarsError:  # changed before, or a type that Parquet does not have
        return _flipped(data, random)


def _xpt_frame(data: bytes, random: Random) -> bytes:
    import polars_readstat
    import pyreadstat

    try:
        frame = polars_readstat.read_readstat("x.xpt", data=data, preserve_order=True)
        name = random.choice(frame.columns)
        if random.random() < 0.3:
            return WRITERS["xpt"](frame.drop(name))
        texts = [hostile.field(random)[:200] for _ in range(frame.height)]
        return WRITERS["xpt"](frame.with_columns(pl.Series(name, texts, dtype=pl.String)))
    except (RuntimeError, ValueError, pl.exceptions.PolarsError, pyreadstat.PyreadstatError):
        return _flipped(data, random)  # changed before, so that it cannot be read or written


def _xpt_value(data: bytes, random: Random) -> bytes:
    """Bytes changed where the records are, not the headers: numbers, dates, old encodings."""
    start = data.find(b"HEADER RECORD*******OBS") + 80
    if start < 80 or start >= len(data):
        return _flipped(data, random)
    out = bytearray(data)
    for _ in range(random.choice([1, 10, 100])):
        out[random.randrange(start, len(out))] = random.choice(
            [0, 0x2E, 0x41, 0x7F, 0x80, 0xE9, 0xFF]
        )
    return bytes(out)


# The study file.


def _lines(change: Callable[[list[str], Random], None]) -> Way:
    def way(data: bytes, random: Random) -> bytes:
        lines = data.decode("utf-8", errors="replace").split("\n")
        change(lines, random)
        return "\n".join(lines).encode()

    way.__name__ = change.__name__
    return way


def _line_dropped(lines: list[str], random: Random) -> None:
    del lines[random.randrange(len(lines))]


def _line_doubled(lines: list[str], random: Random) -> None:
    at = random.randrange(len(lines))
    lines.insert(random.randrange(len(lines) + 1), lines[at])


def _value_replaced(lines: list[str], random: Random) -> None:
    with_value = [i for i, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    if with_value:
        at = random.choice(with_value)
        key = lines[at].split("=")[0]
        lines[at] = f"{key}= {random.choice(hostile.TOML)}"


def _value_hostile(lines: list[str], random: Random) -> None:
    with_value = [i for i, line in enumerate(lines) if '"' in line and not line.startswith("#")]
    if with_value:
        at = random.choice(with_value)
        parts = lines[at].split('"')
        parts[1] = hostile.field(random)[:3000]
        lines[at] = '"'.join(parts)


def _key_renamed(lines: list[str], random: Random) -> None:
    with_value = [i for i, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    if with_value:
        at = random.choice(with_value)
        key, value = lines[at].split("=", 1)
        other = random.choice([key[:-2], key.upper(), "x.y", '""', f"{key.strip()}x"])
        lines[at] = f"{other} ={value}"


def _section_added(lines: list[str], random: Random) -> None:
    value = random.choice(hostile.TOML)
    lines.append(random.choice(_SECTIONS).replace("VALUE", value))


def _rule(method: str, *lines: str, group: str = "Placebo") -> str:
    about = ("[[rule]]", 'topic = "headache"', f'group = "{group}"', f'method = "{method}"')
    return "\n".join((*about, *lines))


_SECTIONS = (
    "[evidence]\nplanned_subjects = VALUE", "[evidence]\nwindow_days = VALUE",
    "[evidence]\nalpha = VALUE", "[evidence]\nscreen_q = VALUE", "[evidence]\nclear_after = VALUE",
    "[report]\nconfidence = VALUE", "[report]\ndays_per_year = VALUE",
    "[emergent]\nlag_days = VALUE", "[data.values]\nyes = VALUE", "[periods]\nFirst = VALUE",
    "[freshness]\nmax_unchanged_days = VALUE", "[freshness]\nmax_lag_days = VALUE",
    "[unknown]\nx = VALUE", "[store]\nencryption_key_file = VALUE",
    '[[topic]]\nname = "mine"\nterms = VALUE', '[[topic]]\nname = "headache"\nbackground = VALUE',
    '[[group]]\nname = VALUE\ntreatment = "Placebo"',
    _rule("background", "background = VALUE"),
    _rule("background", "background = 0.1", "planned = VALUE"),
    _rule("incidence", "limit = VALUE"),
    _rule("poisson", "background_per_100py = VALUE"),
    _rule("poisson", 'statistic = "maxsprt"', "background_per_100py = 5", "planned_events = VALUE"),
    _rule("protocol", "background = 0.1", "n = [VALUE]", "stop_at = [1]"),
    _rule("ecl", "margin = VALUE", group="Xanomeline low"),
)  # fmt: skip

_SETTINGS: list[Way] = [
    _lines(change)
    for change in (
        _line_dropped, _line_doubled, _value_replaced, _value_replaced, _value_replaced,
        _value_hostile, _key_renamed, _section_added, _section_added, _section_added,
    )
]  # fmt: skip
