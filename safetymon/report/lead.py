"""What a look says first, in the order a reader needs it. Pure."""

from collections import Counter
from dataclasses import dataclass

import polars as pl

from safetymon.domain import Changes, Results, Verdict
from safetymon.report import evidence_tables, sentences, wording
from safetymon.report.wording import VERDICT_ORDER, Row, plural

ALERT_ENDINGS: dict[Verdict, str] = {
    "raised": "",
    "open": " (raised at look {})",
    "cleared": " (cleared since look {})",
}
WITHOUT_SIGNAL: dict[Verdict, tuple[str, str]] = {
    "cleared": ("is cleared", "are cleared"),
    "no signal": ("finds none", "find none"),
    "too little data": ("has too little data", "have too little data"),
    "no events": ("has no events yet", "have no events yet"),
    "not applicable": ("cannot be worked out", "cannot be worked out"),
}
"""What the first sentence says of one such rule, and of several."""
ONLY: dict[Verdict, str] = {
    "raised": "newly raises a signal",
    "open": "raised a signal earlier, which is still open",
    "cleared": "raised a signal earlier, which is cleared",
    "no signal": "finds no signal",
    "too little data": "has too little data to find a signal",
    "no events": "has no events yet",
    "not applicable": "cannot be worked out",
}
"""What the first sentence says where there is one rule."""
GRAVEST = {"fatal": "Subjects with a fatal event", "serious": "With a serious event"}
"""Kinds of the overview that a board asks for first."""
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
    """The first sentences: verdicts in all, deaths and serious events, what is new, then alerts."""

    verdict: str
    gravest: str
    new: str
    alerts: tuple[Alert, ...]
    topics: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, one sentence after the other."""
        return (
            self.verdict,
            self.gravest,
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
        gravest=gravest(results),
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
    if len(verdicts) == 1:
        return f"The only rule {ONLY[verdicts[0]]}."
    return f"{_signal_count(verdicts)}{_others(verdicts)}."


def _signal_count(verdicts: list[str]) -> str:
    new, standing = verdicts.count("raised"), verdicts.count("open")
    rules = plural(len(verdicts), "rule")
    if not new and not standing:
        return f"No signal is raised by the {rules}"
    now = f"{new} newly {_verb(new, 'raises', 'raise')} a signal"
    earlier = f"{standing} raised earlier {_verb(standing, 'is', 'are')} still open"
    told = [now if new else "none newly raises a signal", *([earlier] if standing else [])]
    return f"Of the {rules}, {'; '.join(told)}"


def _others(verdicts: list[str]) -> str:
    """The rules without a signal: too little data, no events and no signal are three answers."""
    counts = [(verdicts.count(verdict), *words) for verdict, words in WITHOUT_SIGNAL.items()]
    told = [f"{n} {_verb(n, one, many)}" for n, one, many in counts if n]
    return f"; {wording.listing(told)}" if told else ""


def _verb(n: int, one: str, many: str) -> str:
    return one if n == 1 else many


def gravest(results: Results) -> str:
    """How many subjects had a fatal event, and how many a serious one, group by group."""
    told = (
        f"{words}: {_by_group(results.overview.filter(kind=kind).rows(named=True), results)}."
        for kind, words in GRAVEST.items()
    )
    return " ".join(told)


def _by_group(rows: list[Row], results: Results) -> str:
    """`3 of 52 First period; 14 of 95 Overall`; none, not told of all, not recorded at all."""
    if all(row["subjects"] is None for row in rows):
        return "not recorded"
    names = {row["group"]: f" {row['group']}" if results.scope != "open" else "" for row in rows}
    counts = [f"{r['subjects']:,} of {r['at_risk']:,}{names[r['group']]}" for r in rows]
    said = "; ".join(counts) if any(row["subjects"] for row in rows) else "none"
    return f"{said} (of some events it is not recorded)" if any(r["untold"] for r in rows) else said


def news(results: Results) -> str:
    """What is new since the look before: verdicts that turned, new flags, data, definitions."""
    before = results.changes.since
    if before is None:
        return FIRST_LOOK
    judged, more = _judged(results), _changed(results.changes)
    if judged or results.signals.is_empty():  # no rule: nothing that could have turned
        return f"New since look {before}: {'; '.join([*judged, *more])}."
    return "; ".join([f"No verdict has turned since look {before}", *more]) + "."


def _judged(results: Results) -> list[str]:
    """Verdicts that turned, with the reason, and terms that the screen newly flags."""
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
    return parts


def _changed(changes: Changes) -> list[str]:
    """Event records that came, went or were edited, and definitions that are others now."""
    counts = changes.counts.filter(part="event")
    told = [_records(counts.filter(change="new"), "new")]
    if (gone := counts.filter(change="deleted")).height:
        told.append(_records(gone, "deleted"))
    if counts.filter(change="edited").height:
        told.append("earlier records edited")
    if n := changes.redefined.height:
        told.append(f"{plural(n, 'definition')} changed")
    return told


def _records(counts: pl.DataFrame, change: str) -> str:
    if counts.is_empty():
        return f"no {change} event record"
    (row,) = counts.rows(named=True)
    events = plural(row["records"], f"{change} event record")
    return f"{events}, of {plural(row['subjects'], 'subject')}"


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
