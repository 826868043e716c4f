"""What a look says first, in the order a reader needs it. Pure."""

from collections import Counter
from dataclasses import dataclass

import polars as pl

from safetymon.domain import Results, Verdict
from safetymon.report import evidence_tables, sentences, wording
from safetymon.report.wording import VERDICT_ORDER, Row, plural

ALERT_ENDINGS: dict[Verdict, str] = {
    "raised": "",
    "open": " (raised at look {})",
    "cleared": " (cleared since look {})",
}
CANNOT_TELL = ("too little data", "no events", "not applicable")
MOST_NAMED = 5
"""Newly flagged terms that are named first of all; what changed and the screen have more."""
FIRST_LOOK = "There is no earlier look to compare with."


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that a reader must see first, and what it found; `tags` say what goes with it."""

    verdict: Verdict
    rule: str
    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """The first sentences: verdicts in all, what is new, then newly raised, open, cleared."""

    verdict: str
    new: str
    alerts: tuple[Alert, ...]
    topics: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, one sentence after the other."""
        return (
            self.verdict,
            *([self.new] if self.new else []),
            *(f"{alert.rule}: {alert.text}" for alert in self.alerts),
            *(f"{topic[0].upper()}{topic[1:]}." for topic in self.topics),
        )


def lead(results: Results) -> Lead:
    """What this look says, as sentences."""
    group = wording.foremost(results)
    where = "" if results.scope == "open" or group is None else f"in {group}: "
    rows = wording.headline_rows(results, "related")
    return Lead(
        verdict=verdict_sentence(results.signals),
        new=news(results),
        alerts=alerts(results),
        topics=tuple(where + wording.incidence(row) for row in rows),
    )


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


def news(results: Results) -> str:
    """What is new since the look before: verdicts that turned, with the reason, and new flags."""
    before = results.changes.since
    if before is None:
        return FIRST_LOOK
    now = pl.col("since_look") == results.look.number
    turned = Counter(results.signals.filter(now).select("verdict", "reason").rows())
    flags = list(dict.fromkeys(evidence_tables.newly_flagged(results)["term"].to_list()))
    parts = [
        f"{plural(n, 'rule')} now {verdict}{f' ({reason})' if reason else ''}"
        for (verdict, reason), n in sorted(turned.items(), key=_urgency)
    ]
    if doubted := results.signals.filter(verdict="open", against=1).height:
        parts.append(f"{plural(doubted, 'open signal')} spoken against for the first time")
    if flags:
        terms = plural(len(flags), "preferred term")
        parts.append(f"{terms} newly flagged by the screen ({wording.named(flags, MOST_NAMED)})")
    if not parts:
        none = results.signals.is_empty()  # nothing that could have turned
        return "" if none else f"No verdict has turned since look {before}."
    return f"New since look {before}: {'; '.join(parts)}."


def _urgency(turned: tuple[tuple[str, str | None], int]) -> tuple[int, str]:
    (verdict, reason), _ = turned
    return VERDICT_ORDER.index(verdict), reason or ""


def alerts(results: Results) -> tuple[Alert, ...]:
    """One sentence a signal that is raised, open or cleared."""
    last = sentences.last_rows(results.evidence)
    rows = results.signals.rows(named=True)
    return tuple(
        Alert(wanted, row["rule"], _sentence(row, last.get(row["rule"])), _tags(row))
        for wanted in ALERT_ENDINGS
        for row in rows
        if row["verdict"] == wanted
    )


def _sentence(row: Row, last: Row | None) -> str:
    ending = ALERT_ENDINGS[row["verdict"]].format(row["since_look"])
    return f"{sentences.told(row, last).rstrip('.')}{ending}."


def _tags(row: Row) -> tuple[str, ...]:
    """What moved a verdict that turned since the look before, and what goes with it."""
    reason = row["reason"]
    return (*([reason] if reason and reason != "first look" else []), *sentences.cautions(row))
