"""What a look says first, in the order a reader needs it. Pure."""

from collections import Counter
from typing import NamedTuple

import polars as pl

from safetymon.domain import Changes, Results, Verdict
from safetymon.report import evidence_tables, record_tables, sentences, view, wording
from safetymon.report.wording import VERDICT_ORDER, Row, plural

ALERT_ENDINGS: dict[Verdict, str] = {
    "raised": "",
    "open": " (raised at look {})",
    "cleared": " (cleared since look {})",
}
WITHOUT_SIGNAL: dict[Verdict, tuple[str, str]] = {
    "cleared": ("signal is cleared", "signals are cleared"),
    "no signal": ("finds none", "find none"),
    "too little data": ("has too little data", "have too little data"),
    "no events": ("has no events yet", "have no events yet"),
    "not applicable": ("is not applicable", "are not applicable"),
}
"""What the first sentence says of one such rule, and of several."""
ONLY: dict[Verdict, str] = {
    "raised": "newly raises a signal",
    "open": "raised a signal earlier, which is still open",
    "cleared": "raised a signal earlier, which is cleared",
    "no signal": "finds no signal",
    "too little data": "has too little data to find a signal",
    "no events": "has no events yet",
    "not applicable": "is not applicable",
}
"""What the first sentence says where there is one rule."""
GRAVE = {
    "fatal": "new fatal event record",
    "serious": "new serious event record",
    "withdrawn": "new discontinuation record",
}
"""Columns of the listing that a board asks for, and what a new record of each is called."""
MOST_NAMED = 5
"""Newly flagged terms and changed definitions that are named; their tables have more."""
FIRST_LOOK = "There is no earlier look to compare with."


class Alert(NamedTuple):
    """A rule that a reader must see first, and what it found; `tags` say what goes with it."""

    verdict: Verdict
    rule: str
    text: str
    tags: tuple[str, ...] = ()


class Lead(NamedTuple):
    """The first sentences: verdicts in all, deaths and serious events, the data, what is new."""

    verdict: str
    gravest: str
    trust: str
    new: str
    alerts: tuple[Alert, ...]
    topics: tuple[str, ...]


def lead(results: Results) -> Lead:
    """What this look says, as sentences."""
    group = wording.foremost(results)
    where = "" if results.scope == "open" or group is None else f"in {group}: "
    rows = wording.headline_rows(results, "related")
    return Lead(
        verdict=verdict_sentence(results.signals, pooled=results.scope == "open"),
        gravest=gravest(results),
        trust=trust(results),
        new=news(results),
        alerts=alerts(results),
        topics=tuple(where + wording.incidence(row) for row in rows),
    )


def verdict_sentence(signals: pl.DataFrame, *, pooled: bool = False) -> str:
    """How many rules gave what. No signal is never said to mean that a treatment is harmless.

    An open report knows the `pooled` rules only, and says so.
    """
    rule = "pooled rule" if pooled else "rule"
    verdicts = signals["verdict"].to_list()
    if not verdicts:
        return (
            f"No {'pooled ' if pooled else ''}signal rule is defined, so nothing was tested "
            "against a limit: the numbers below describe, they do not decide."
        )
    if len(verdicts) == 1:
        return f"The only {rule} {ONLY[verdicts[0]]}."
    return f"{_signal_count(verdicts, rule)}{_others(verdicts)}."


def _signal_count(verdicts: list[str], rule: str) -> str:
    new, standing = verdicts.count("raised"), verdicts.count("open")
    rules = plural(len(verdicts), rule)
    if not new and not standing:
        return f"No signal is raised by the {rules}"
    now = f"{new} newly {_verb(new, 'raises', 'raise')} a signal"
    earlier = f"{standing} raised earlier {_verb(standing, 'is', 'are')} still open"
    told = [now if new else "none newly raises a signal", *([earlier] if standing else [])]
    return f"Of the {rules}, {'; '.join(told)}"


def _others(verdicts: list[str]) -> str:
    """The rules without a signal: too little data, no events and no signal are three answers."""
    if set(verdicts) == {"no signal"}:
        return ""
    counts = [(verdicts.count(verdict), *words) for verdict, words in WITHOUT_SIGNAL.items()]
    told = [f"{n} {_verb(n, one, many)}" for n, one, many in counts if n]
    return f"; {wording.listing(told)}" if told else ""


def _verb(n: int, one: str, many: str) -> str:
    return one if n == 1 else many


def gravest(results: Results) -> str:
    """How many subjects had a fatal event, and how many a serious one, group by group."""
    ledger = results.cases.ledger if results.cases else None
    overlap = " (the groups overlap)" if view.overlaps(results.groups, ledger) else ""
    fatal, serious = (
        _by_group(results.overview.filter(kind=kind).rows(named=True), results, overlap)
        for kind in ("fatal", "serious")
    )
    return f"Subjects with a fatal event: {fatal}. With a serious event: {serious}."


def _by_group(rows: list[Row], results: Results, overlap: str) -> str:
    """`3 of 52 First period; 14 of 95 Overall`; none, not told of all, not recorded at all."""
    if not any(row["at_risk"] for row in rows):
        return "nobody at risk"
    if all(row["subjects"] is None for row in rows):
        return "not recorded"
    names = {row["group"]: f" {row['group']}" if results.scope != "open" else "" for row in rows}
    counts = [f"{r['subjects']:,} of {r['at_risk']:,}{names[r['group']]}" for r in rows]
    said = f"{'; '.join(counts)}{overlap}" if any(row["subjects"] for row in rows) else "none"
    return f"{said} (of some events it is not recorded)" if any(r["untold"] for r in rows) else said


def trust(results: Results) -> str:
    """What the data lost on the way, and how much there is to say about them."""
    rows = sum(file.rows for file in results.cut.inputs)
    rejected = sum(file.rejected for file in results.cut.inputs)
    others = Counter(f.severity for f in results.findings if f.check != "rejected rows")
    found = [plural(others[kind], f"other {kind}") for kind in ("error", "warning") if others[kind]]
    told = [f"{rejected:,} of {plural(rows, 'row')} rejected", *found]
    return f"Data: {'; '.join(told)}."


def news(results: Results) -> str:
    """What is new since the look before: verdicts that turned, new flags, data, definitions."""
    before = results.changes.since
    if before is None:
        return FIRST_LOOK
    judged, more = _judged(results), [*_graver(results), *_changed(results.changes)]
    if not judged + more:
        return f"Nothing is new since look {before}: no event record, no verdict."
    still = [] if judged or results.signals.is_empty() else ["no verdict has turned"]
    return f"New since look {before}: {'; '.join([*judged, *more, *still])}."


def _judged(results: Results) -> list[str]:
    """Verdicts that turned, with the reason, and terms that the screen newly flags."""
    before = record_tables.verdicts_before(results)
    now = results.signals.filter(pl.col("since_look") == results.look.number)
    turned = Counter(
        (row["verdict"], _turn(before.get(row["rule"]), row["verdict"]), row["reason"])
        for row in now.rows(named=True)
    )
    flags = list(dict.fromkeys(evidence_tables.newly_flagged(results)["term"].to_list()))
    parts = [
        f"{plural(n, 'rule')} {turn}{f' ({reason})' if reason else ''}"
        for (_, turn, reason), n in sorted(turned.items(), key=_urgency)
    ]
    if doubted := results.signals.filter(verdict="open", against=1).height:
        parts.append(f"{plural(doubted, 'open signal')} spoken against for the first time")
    if flags:
        terms = plural(len(flags), "preferred term")
        parts.append(f"{terms} newly flagged by the screen ({wording.named(flags, MOST_NAMED)})")
    return parts


def _turn(before: str | None, verdict: str) -> str:
    """A rule that can tell now has not cleared a signal: it says where it comes from."""
    if before is None or verdict in ALERT_ENDINGS:
        return f"now {verdict}"
    return f"from {before} to {verdict}"


def _urgency(turned: tuple[tuple[str, str, str | None], int]) -> tuple[int, str, str]:
    (verdict, turn, reason), _ = turned
    return VERDICT_ORDER.index(verdict), turn, reason or ""


def _changed(changes: Changes) -> list[str]:
    """Event records that came, went or were edited, and definitions that are others now."""
    counts = changes.counts.filter(part="event")
    told = [
        _of(row["records"], f"{change} event record", row["subjects"])
        for change in ("new", "deleted")
        for row in counts.filter(change=change).rows(named=True)
    ]
    if counts.filter(change="edited").height:
        told.append("earlier event records edited")
    if keys := list(dict.fromkeys(map(_defined, changes.redefined["definition"]))):
        told.append(f"changed definitions: {wording.named(keys, MOST_NAMED)}")
    return told


def _graver(results: Results) -> list[str]:
    """New treatment-emergent records, as recorded fatal, serious or the end of treatment.

    For the board only: an open report has nothing record by record.
    """
    if results.cases is None:
        return []
    new = results.cases.listing.filter("is_new", "emergent")
    found = ((words, new.filter(column)["subject"]) for column, words in GRAVE.items())
    return [
        _of(len(subjects), words, subjects.n_unique()) for words, subjects in found if len(subjects)
    ]


def _of(records: int, noun: str, subjects: int) -> str:
    return f"{plural(records, noun)}, of {plural(subjects, 'subject')}"


def _defined(key: str) -> str:
    """A rule, group or topic is one definition, however many keys of it have changed."""
    return key.rsplit(" ", 1)[0] if key.startswith("[[") else key


def alerts(results: Results) -> tuple[Alert, ...]:
    """One sentence a signal that is raised, open or cleared."""
    last, past = sentences.last_rows(results.evidence), _past_rows(results)
    rows = results.signals.rows(named=True)
    return tuple(
        Alert(
            wanted,
            row["rule"],
            _sentence(row, last.get(row["rule"]), past.get(row["rule"])),
            _tags(row),
        )
        for wanted in ALERT_ENDINGS
        for row in rows
        if row["verdict"] == wanted
    )


def _past_rows(results: Results) -> dict[str, Row]:
    """The last row of each rule's path up to the cut-off of the look before."""
    until = results.changes.until
    if until is None:
        return {}
    return sentences.last_rows(results.evidence.filter(pl.col("date") <= until))


def _sentence(row: Row, last: Row | None, past: Row | None) -> str:
    ending = ALERT_ENDINGS[row["verdict"]].format(row["since_look"])
    return f"{sentences.told(row, last, past).rstrip('.')}{ending}."


def _tags(row: Row) -> tuple[str, ...]:
    """What moved a verdict that turned since the look before, and what goes with it."""
    reason = row["reason"]
    return (*([reason] if reason and reason != "first look" else []), *sentences.cautions(row))
