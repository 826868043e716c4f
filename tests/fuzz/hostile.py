"""Texts and values that break programs."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import polars as pl

TEXTS = (
    "", " ", "\t", "\n", "\r\n", "\0", '"', "'", "''", '""', ",", ";", "\\", "\ufeff", "\ufffd",
    "<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "]]>", "<!--",
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "{{7*7}}", "{% raw %}", "${jndi:ldap://x}", "%s%n",
    "'; drop table event; --", "../../etc/passwd", "null", "NaN", "-inf", "1e999", "True", "None",
    "\u202eevil\u202c", "\u2028", "\u2029", "é", "e\u0301", "ﬀ", "İ", "ß", "😀", "𝕏", "\x1b[31m",
    "*", "^.*$", "row", "\x7f", "\x85", "\xa0", "9" * 400, "١٢٣", "ſ", "K",
)  # fmt: skip
DATES = (
    "2024-02-30", "2024-13-01", "0000-00-00", "9999-12-31", "0001-01-01", "2024", "2024-02",
    "2024-", "2024-W05", "2003---15", "UN-FEB-2018", "31/12/2024", "12/31/24", "20240201",
    "2024-02-01T25:61", "2024-02-01T10:00:00+99:99", "1e5", "-2024-01-01", "+2024-01-01",
    "2024-02-01 and later", "45000", "UNK", "today", "2024–02–01", "٢٠٢٤-٠١-٠١", "1800-01-01",
    "2199-01-01", "2099-12-31", "1900-01-01",
)  # fmt: skip
TOML = (
    "", "nan", "inf", "-inf", "-1", "0", "1e308", "1" * 5000, "999999999999", "2147483648", "true",
    "[]", "{}", '""', '"\\u0000"', '"a\\u0000b"', '"../../.."', '"/"', "1979-05-27",
    "0001-01-01", "9999-12-31", "07:32:00", '["", ""]', "[1, 2]", "[[[[]]]]", "[" * 2000, '"é"',
    '"' + "x" * 5000 + '"', "'''\n'''", '{ a = 1 }', '["%Y"]', '["%d"]', '["%Q"]', '["("]',
    '["%y%m%d"]', '["%d/%m/%Y", "%m/%d/%Y"]', '"latest"', '"edc"', '"sdtm"', '"adam"', '"EX"',
    '"unlimited"', "3650", "1", "0.5", "100000", "1e-300", "99999999999999999999",
)  # fmt: skip


def field(random: Random) -> str:
    """A field of a listing: a hostile text, a date that is none, or a huge one."""
    kind = random.random()
    if kind < 0.04:
        return random.choice("x,é=") * random.choice([40_000, 200_000, 1_500_000])
    return random.choice(DATES if kind < 0.35 else TEXTS)


def column(random: Random, height: int) -> pl.Series:
    """A column of some type that a listing should not have, or of extreme values."""
    return random.choice(_COLUMNS)(random, height)


Make = Callable[[Random, int], pl.Series]


def _of(values: Sequence[object], kind: pl.DataType | type[pl.DataType]) -> Make:
    def make(random: Random, height: int) -> pl.Series:
        return pl.Series([random.choice(values) for _ in range(height)], dtype=kind, strict=False)

    return make


def _ticks(values: Sequence[int], *kinds: pl.DataType | type[pl.DataType]) -> Make:
    """One value all through, as the number of days or ticks that a date or moment is made of."""

    def make(random: Random, height: int) -> pl.Series:
        numbers = pl.Series([random.choice(values)] * height, dtype=pl.Int64)
        kind = random.choice(kinds)
        return (numbers.cast(pl.Int32) if kind == pl.Date else numbers).cast(kind)

    return make


def _fields(random: Random, height: int) -> pl.Series:
    return pl.Series([field(random) for _ in range(height)], dtype=pl.String)


_NAN, _INF = float("nan"), float("inf")
_MOMENTS = (datetime(1, 1, 1), datetime(2024, 1, 1), datetime(9999, 12, 31, 23, 59))  # noqa: DTZ001 - listings have no zone
_COLUMNS: tuple[Make, ...] = (
    _of([None], pl.Null),
    _of([True, False, None], pl.Boolean),
    _of([-(2**63), 2**63 - 1, 0, None], pl.Int64),
    _of([2**64 - 1, 0, 5], pl.UInt64),
    _of([2**127 - 1, -(2**127), 0], pl.Int128),
    _of([_NAN, _INF, -_INF, -0.0, 1e308, 5e-324, 2.0**53, None], pl.Float64),
    _of([_NAN, 16777217.0, None], pl.Float32),
    _of([date(1, 1, 1), date(9999, 12, 31), None], pl.Date),
    _ticks([-(2**31), 2**31 - 1, 0], pl.Date),
    _ticks([-(2**63), 2**63 - 1, 0], *(pl.Datetime(unit) for unit in ("ms", "us", "ns"))),
    _ticks([0, 86_399_999_999_999], pl.Time),
    _of(_MOMENTS, pl.Datetime("us")),
    _of(_MOMENTS[1:2], pl.Datetime("us", "Asia/Tokyo")),
    _of([timedelta(days=1), timedelta(days=-1)], pl.Duration("us")),
    _of([Decimal("1.5"), Decimal("-99999999.99"), None], pl.Decimal(38, 10)),
    _of([b"\xff\0", b""], pl.Binary),
    _of([["a"], [], None], pl.List(pl.String)),
    _of([{"a": 1}, None], pl.Struct({"a": pl.Int64})),
    _of(["a", "b", None], pl.Categorical),
    _of(["a", "b", None], pl.Enum(["a", "b"])),
    _fields,
)
