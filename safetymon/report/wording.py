"""Numbers as words: the sentences and number formats that page and command line share. Pure.

Rounding happens here and nowhere earlier. A missing number is "n.e." (not estimable), never blank.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from safetymon.domain import ANY_EVENT, Estimand, Results, Verdict

Row = dict[str, Any]
"""One row of a frame by column name; `schema` says what each column holds."""

NOT_ESTIMABLE = "n.e."
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ESTIMAND_TITLES: dict[Estimand, str] = {
    "all": "All events",
    "related": "Related events",
    "serious": "Serious events",
    "related serious": "Related serious events",
}
ALERT_ENDINGS: dict[Verdict, str] = {
    "raised": "",
    "open": " (raised at look {})",
    "cleared": " (cleared since look {})",
}
CANNOT_TELL = ("too little data", "no events", "not applicable")


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that a reader must see first, and what it found."""

    verdict: Verdict
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Lead:
    """What a look says, in the order a reader needs it: newly raised, still open, cleared."""

    data: str
    verdict: str
    alerts: tuple[Alert, ...]
    topics: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, one sentence after the other."""
        return (
            self.data,
            self.verdict,
            *(f"{alert.rule}: {alert.text}" for alert in self.alerts),
            *(f"{topic[0].upper()}{topic[1:]}." for topic in self.topics),
        )


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


def day(value: date) -> str:
    """A date nobody can misread: 05 Mar 2026."""
    return f"{value.day:02d} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """A date and time of day, with the zone's offset where it is known: 05 Mar 2026 07:30 UTC."""
    return f"{day(value)} {value:%H:%M} {value:%Z}".rstrip()


def file_name(path: str) -> str:
    """The last part of a path: a folder's name may say who runs the trial, or where."""
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def plural(n: int, noun: str) -> str:
    """`1 subject`, `2 subjects`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listing(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def phrase(term: str, estimand: str) -> str:
    """The subject of a sentence: `related headache`, `headache`, `any serious event`."""
    kind = "" if estimand == "all" else f"{estimand} "
    return f"any {kind}event" if term == ANY_EVENT else f"{kind}{term}"


def incidence(row: Row) -> str:
    """`related headache in 40 of 95 subjects (42.1%), 130 events`."""
    shown = percent(row["subjects"], row["at_risk"])
    share = "" if shown == NOT_ESTIMABLE else f" ({shown}%)"
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
    """Who the look is about, group by group: groups may overlap, so they are never added."""
    rows = results.groups.select("group", "subjects").rows()
    if results.scope == "open" or len(rows) == 1:
        return f"{plural(sum(n for _, n in rows), 'subject')} treated"
    return listing([f"{plural(n, 'subject')} in “{name}”" for name, n in rows])


def data_sentence(results: Results) -> str:
    """Which look of which data, and who was treated."""
    cutoff = day(results.cut.cutoff)
    return f"This is look {results.look.number}, of the data up to {cutoff}: {treated(results)}."


def verdict_sentence(signals: pl.DataFrame) -> str:
    """How many rules gave what. No signal is never said to mean that a treatment is harmless."""
    if signals.is_empty():
        return (
            "No signal rule is defined, so nothing was tested against a limit: "
            "the numbers below describe, they do not decide."
        )
    verdicts = signals["verdict"].to_list()
    unclear = sum(verdict in CANNOT_TELL for verdict in verdicts)
    return f"{_signal_count(verdicts)}{_unclear(unclear)}."


def _signal_count(verdicts: list[str]) -> str:
    new, standing = verdicts.count("raised"), verdicts.count("open")
    rules = plural(len(verdicts), "rule")
    if not new and not standing:
        return f"No signal is raised by the {rules}"
    now = (
        f"{new} newly {'raises' if new == 1 else 'raise'} a signal"
        if new
        else "none newly raises a signal"
    )
    earlier = f"{standing} raised earlier {'is' if standing == 1 else 'are'} still open"
    return f"Of {rules}, {now}{f'; {earlier}' if standing else ''}"


def _unclear(n: int) -> str:
    if not n:
        return ""
    return f"; {plural(n, 'rule')} could not be judged (too little data, no events, not applicable)"


def _alerts(signals: pl.DataFrame) -> tuple[Alert, ...]:
    rows = signals.select("verdict", "rule", "text", "since_look").rows()
    return tuple(
        Alert(wanted, rule, f"{text.rstrip('.')}{ending.format(since)}.")
        for wanted, ending in ALERT_ENDINGS.items()
        for verdict, rule, text, since in rows
        if verdict == wanted
    )


def lead(results: Results) -> Lead:
    """What this look says, as sentences."""
    group = foremost(results)
    where = "" if results.scope == "open" or group is None else f"in {group}: "
    return Lead(
        data=data_sentence(results),
        verdict=verdict_sentence(results.signals),
        alerts=_alerts(results.signals),
        topics=tuple(where + incidence(row) for row in headline_rows(results, "related")),
    )
