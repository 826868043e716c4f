"""Recorded dates, partial or whole, as the range of days they allow. Pure Polars.

ISO 8601 is always read, with its partial forms (`2014-02`, `2014`, `2003---15`) and its times,
which are cut off. A strptime format of the study file is read likewise with its partial forms:
`%d-%b-%Y` also reads `UN-FEB-2018`, `FEB-2018` and `2018`.
"""

import re
from collections.abc import Sequence

import polars as pl

from safetymon.errors import UsageError

ISO = "%Y-%m-%d"
_UNKNOWN = r"U[NK]{1,6}|NK|ND|X{2,4}|0{2,4}|\?{2,4}"
_DASHES = "|-{1,4}"  # ISO 8601 as CDISC uses it: 2003---15
_WHOLLY_UNKNOWN = r"(?i)^(?P<year>U[NK]{1,6}|UNKNOWN|NK|\.)$"
_BARE_YEAR = r"^(?P<year>(?:19|20)\d{2})$"
_TIME = r"(?:[T ][-\d:.,+zapm ]*)?$"
_MONTHS = (
    "JAN(?:UARY)?", "FEB(?:RUARY)?", "MAR(?:CH)?", "APR(?:IL)?", "MAY", "JUNE?", "JULY?",
    "AUG(?:UST)?", "SEPT?(?:EMBER)?", "OCT(?:OBER)?", "NOV(?:EMBER)?", "DEC(?:EMBER)?",
)  # fmt: skip
_MONTH_NUMBER = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
_NAMED = rf"(?P<month>{'|'.join(_MONTHS)}|{_UNKNOWN})"
_PATTERN = {
    "%Y": rf"(?P<year>(?:19|20)\d{{2}}|{_UNKNOWN}DASHES)",
    "%y": rf"(?P<short>\d{{2}}|{_UNKNOWN})",
    "%m": rf"(?P<month>DIGITS|{_UNKNOWN}DASHES)",
    "%b": _NAMED,
    "%B": _NAMED,
    "%d": rf"(?P<day>DIGITS|{_UNKNOWN}DASHES)",
}


def ranges(frame: pl.DataFrame, columns: Sequence[str], formats: Sequence[str]) -> pl.DataFrame:
    """Adds to `frame`, for each of its text columns named: `X_low`, `X_high` and `X_bad`.

    Low and high are the first and the last day that the text allows, null where it says nothing
    of the year. Bad is true where there is text that no format reads, or a day that never was.
    Rows keep their order. A two-digit year is read as POSIX does: 69 to 99 are 19xx.

    Raises:
        UsageError: A format cannot be used, or two formats read one text as different days.
    """
    texts = pl.concat([frame[name] for name in columns]).drop_nulls().unique()
    known = _readings(texts, list(dict.fromkeys((ISO, *formats))))
    for name in columns:
        table = known.rename({"low": f"{name}_low", "high": f"{name}_high", "known": f"{name}_bad"})
        frame = frame.join(table, left_on=name, right_on="text", how="left", maintain_order="left")
    bad = [pl.col(f"{n}_bad").is_null() & pl.col(n).is_not_null() for n in columns]
    return frame.with_columns(b.alias(f"{n}_bad") for n, b in zip(columns, bad, strict=True))


def as_imputed(frame: pl.DataFrame, name: str, flag: str) -> pl.DataFrame:
    """Undoes an ADaM imputation: the recorded text and its range, as its flag column tells.

    Flag D: the day was imputed, so month and year are known; M: only the year; Y: nothing.
    """
    low, high = pl.col(f"{name}_low"), pl.col(f"{name}_high")
    by = pl.col(flag).str.to_uppercase()
    return frame.with_columns(
        pl.when(by == "D").then(low.dt.to_string("%Y-%m"))
        .when(by == "M").then(low.dt.to_string("%Y"))
        .when(by == "Y").then(None).otherwise(name).alias(name),
        pl.when(by == "D").then(low.dt.month_start())
        .when(by == "M").then(low.dt.truncate("1y"))
        .when(by == "Y").then(None).otherwise(low).alias(f"{name}_low"),
        pl.when(by == "D").then(high.dt.month_end())
        .when(by == "M").then(high.dt.truncate("1y").dt.offset_by("1y").dt.offset_by("-1d"))
        .when(by == "Y").then(None).otherwise(high).alias(f"{name}_high"),
    )  # fmt: skip


def _readings(texts: pl.Series, formats: Sequence[str]) -> pl.DataFrame:
    """One row a text that can be read: `text`, `low`, `high`, `known` (true)."""
    patterns = [pattern for form in formats for pattern in _patterns(form)]
    patterns += [_BARE_YEAR, _WHOLLY_UNKNOWN]
    frame = texts.alias("text").to_frame().lazy()
    found = pl.concat([_parts(frame, pattern) for pattern in dict.fromkeys(patterns)])
    read = _days(_numbers(found)).unique().collect(engine="in-memory")
    ambiguous = read.height - read["text"].n_unique()
    if ambiguous:
        raise UsageError(
            f"[data] date_formats: {ambiguous} dates mean different days under "
            f"{', '.join(formats)}; keep the one format that the listings use"
        )
    return read.with_columns(known=pl.lit(value=True))


def _parts(texts: pl.LazyFrame, pattern: str) -> pl.LazyFrame:
    """The texts that match, and the parts of the pattern as text, null where it has none."""
    groups = set(re.findall(r"\?P<(\w+)>", pattern))
    part = pl.col("parts").struct
    named = [
        (part.field(name) if name in groups else pl.lit(None, pl.String)).alias(name)
        for name in ("year", "short", "month", "day")
    ]
    split = texts.with_columns(pl.col("text").str.extract_groups(pattern).alias("parts"))
    return split.select("text", *named).filter(
        pl.any_horizontal(pl.col("year", "short").is_not_null())
    )


def _numbers(parts: pl.LazyFrame) -> pl.LazyFrame:
    """`text` and its `year`, `month` and `day` as numbers, null where unknown (also written 00)."""
    year, short, day, month = (_number(name) for name in ("year", "short", "day", "month"))
    whole = pl.when(short < 69).then(short + 2000).otherwise(short + 1900)
    named = pl.col("month").str.head(3).str.to_uppercase()
    by_name = named.replace_strict(_MONTH_NUMBER, default=None, return_dtype=pl.Int32)
    return parts.select(
        "text",
        pl.coalesce(year, whole).alias("year"),
        pl.coalesce(month, by_name).alias("month"),
        day.alias("day"),
    )


def _number(name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Int32, strict=False)
    return number if name == "short" else pl.when(number != 0).then(number)


def _days(numbers: pl.LazyFrame) -> pl.LazyFrame:
    """`text`, `low`, `high`; without the texts that name a day that never was."""
    year, month, day = pl.col("year"), pl.col("month"), pl.col("day")
    last_month = _date(year, month.fill_null(12), pl.lit(1)).dt.month_end()
    last_day = _date(year, month.fill_null(12), day)
    ranged = numbers.with_columns(
        _date(year, month.fill_null(1), day.fill_null(1)).alias("low"),
        pl.when(day.is_null()).then(last_month).otherwise(last_day).alias("high"),
    )
    exists = pl.col("low").is_not_null() & pl.col("high").is_not_null()
    return ranged.filter(year.is_null() | exists).select("text", "low", "high")


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """A date; null if there never was such a day."""
    return pl.format("{}-{}-{}", year, month, day).str.to_date("%Y-%m-%d", strict=False)


def _tokens(form: str) -> list[str]:
    """Directives and the marks between them, up to where a time begins."""
    date = re.split(r"[T ]*%[HIMSpfzZ]", form, maxsplit=1)[0]
    return [token for token in re.split(r"(%.)", date) if token]


def _without_day(tokens: list[str]) -> list[str]:
    """`%d-%b-%Y` -> `%b-%Y`: without the day and the mark that sets it apart."""
    if "%d" not in tokens:
        return tokens
    at = tokens.index("%d")
    before, after = tokens[:at], tokens[at + 1 :]
    if after and not after[0].startswith("%"):
        return before + after[1:]
    return (
        before[:-1] if before and not before[-1].startswith("%") and not after else before + after
    )


def _patterns(form: str) -> tuple[str, str]:
    """The expressions that read a whole date of this format, and one without its day."""
    tokens = _tokens(form)
    unusable = [token for token in tokens if token.startswith("%") and token not in _PATTERN]
    if unusable or not {"%Y", "%y"} & set(tokens):
        raise UsageError(
            f"[data] date_formats: '{form}' cannot be used; write it with %d, %m or %b, and %Y"
        )
    # Without marks between them, only two digits each tell day and month apart; ISO asks for two.
    tight = form == ISO or all(token.startswith("%") for token in tokens)
    digits, dashes = (r"\d{2}" if tight else r"\d{1,2}"), (_DASHES if form == ISO else "")
    return _pattern(tokens, digits, dashes), _pattern(_without_day(tokens), digits, dashes)


def _pattern(tokens: list[str], digits: str, dashes: str) -> str:
    body = "".join(_PATTERN.get(token, re.escape(token)) for token in tokens)
    return f"(?i)^{body.replace('DIGITS', digits).replace('DASHES', dashes)}{_TIME}"
