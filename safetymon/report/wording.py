"""Numbers as words: the sentences and number formats that page and command line share. Pure.

Rounding happens here and nowhere earlier. A missing number is "n.e." (not estimable), never blank.
"""

import math
from datetime import date, datetime
from typing import Any

import polars as pl

from safetymon.domain import ANY_EVENT, Estimand, Results

Row = dict[str, Any]
"""One row of a frame by column name; `schema` says what each column holds."""

NOT_ESTIMABLE = "n.e."
NONE = "–"
"""Stands where a rule or method has no such number."""
E_VALUE = "E\u2011value"
"""The head of a column of e-values; its hyphen does not break."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
VERDICT_ORDER = (
    "raised", "open", "cleared", "too little data", "no events", "not applicable", "no signal",
)  # fmt: skip
"""The most urgent first; what cannot tell stands before what found nothing."""
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
ESTIMAND_TITLES: dict[Estimand, str] = {
    "all": "All events",
    "related": "Related events",
    "serious": "Serious events",
    "related serious": "Related serious events",
}


def percent(subjects: int, at_risk: int) -> str:
    """Percent to one decimal, exact halves up (1 of 16 is 6.3, as in SAS); nobody at risk: n.e."""
    if at_risk == 0:
        return NOT_ESTIMABLE
    tenths = (2000 * subjects + at_risk) // (2 * at_risk)
    return f"{tenths // 10}.{tenths % 10}"


def number(value: float | None, digits: int = 1) -> str:
    """A number with a real minus sign and thousands apart; null, NaN and infinity are n.e."""
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    rounded = round(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0
    return f"{rounded:,.{digits}f}".replace("-", "−")


def count(value: int | None) -> str:
    """A count with thousands apart; null is not recorded."""
    return "not recorded" if value is None else f"{value:,}"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """`low to high`; an end without a number is n.e."""
    if low is None and high is None:
        return NOT_ESTIMABLE
    return f"{number(low, digits)} to {number(high, digits)}"


def signed(value: float | None, digits: int = 1) -> str:
    """A difference with its sign."""
    text = number(value, digits)
    return f"+{text}" if value is not None and round(value, digits) > 0 else text


def p_value(value: float | None) -> str:
    """A p value to three decimals, never shown as 0 or 1."""
    if value is None or not math.isfinite(value):
        return NOT_ESTIMABLE
    if value < 0.001:
        return "<0.001"
    return ">0.999" if value > 0.999 else f"{value:.3f}"


def fixed(value: float | None, digits: int) -> str:
    """A number that a method may not have, with so many decimals."""
    return NONE if value is None else number(value, digits)


def whole(value: float) -> str:
    """A count that a weighted denominator may make fractional: 95, 61.4."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def background(risk: float) -> str:
    """A risk as a percentage, as the study file gives it: 1%, 0.5%."""
    return f"{100 * risk:g}%"


def e_value(log_e: float | None) -> str:
    """An e-value from its natural logarithm: three digits, and from 100,000 on 1.6 × 10⁵."""
    if log_e is None or not math.isfinite(log_e):
        return NONE
    tens = log_e / math.log(10)
    if tens < -3:
        return "<0.001"
    if tens < 5:
        return f"{math.exp(log_e):,.{max(0, 2 - math.floor(tens))}f}"
    power = math.floor(tens + 0.002177)  # log10(10 / 9.95): 9.96 × 10⁵ is shown as 1.0 × 10⁶
    return f"{10 ** (tens - power):.1f} × 10{str(power).translate(SUPERSCRIPT)}"


def interval_title(confidence: float) -> str:
    """`95% interval`."""
    return f"{100 * confidence:g}% interval"


def day(value: date) -> str:
    """A date nobody can misread: 05 Mar 2026."""
    return f"{value.day:02d} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """A date and time of day, with the zone's offset where it is known: 05 Mar 2026 07:30 UTC."""
    return f"{day(value)} {value:%H:%M} {value:%Z}".rstrip()


def freshness(results: Results) -> str:
    """How old the data were when the report was made: `12 days`."""
    days = (results.look.run_at.date() - results.cut.cutoff).days
    return plural(days, "day")


def file_name(path: str) -> str:
    """The last part of a path: a folder's name may say who runs the trial, or where."""
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def plural(n: int, noun: str) -> str:
    """`1 subject`, `2 subjects`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listing(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def named(items: list[str], most: int) -> str:
    """The first `most` items by name, and how many more there are."""
    more = [f"{len(items) - most:,} more"] if len(items) > most else []
    return ", ".join([*items[:most], *more])


def phrase(term: str, estimand: str) -> str:
    """The subject of a sentence: `related headache`, `headache`, `any serious event`."""
    kind = "" if estimand == "all" else f"{estimand} "
    return f"any {kind}event" if term == ANY_EVENT else f"{kind}{term}"


def incidence(row: Row, *, with_share: bool = True) -> str:
    """`related headache in 40 of 95 subjects (42.1%), 130 events`, or without the percentage."""
    shown = percent(row["subjects"], row["at_risk"])
    share = f" ({shown}%)" if with_share and shown != NOT_ESTIMABLE else ""
    return (
        f"{phrase(row['term'], row['estimand'])} in {row['subjects']:,} of "
        f"{plural(row['at_risk'], 'subject')}{share}, {plural(row['events'], 'event')}"
    )


def foremost(results: Results) -> str | None:
    """The group the first sentences speak of: the widest that is nobody's reference.

    The first of them on a tie; if every group is a reference, the widest; None without groups.
    """
    sizes = dict(results.groups.select("group", "subjects").rows())
    references = set(results.comparisons["reference"].to_list())
    candidates = [group for group in sizes if group not in references] or list(sizes)
    return max(candidates, key=lambda group: sizes[group], default=None)


def headline_rows(results: Results, estimand: Estimand) -> list[Row]:
    """Any event, then each topic (adjudicated), in the foremost group."""
    kept = results.incidence.filter(
        pl.col("level").is_in(["any", "topic"]),
        pl.col("adjudicated").fill_null(value=True),
        pl.col("estimand") == estimand,
        pl.col("group") == foremost(results),
    )
    rows = kept.rows(named=True)
    return [r for r in rows if r["level"] == "any"] + [r for r in rows if r["level"] == "topic"]


def treated(results: Results) -> str:
    """How many took what, group by group: groups may overlap, so they are never added."""
    rows = results.groups.select("group", "subjects").rows()
    if results.scope == "open" or len(rows) == 1:
        return plural(sum(n for _, n in rows), "subject")
    return "; ".join(f"{n:,} {name}" for name, n in rows)
