"""The overview, what changed since the look before, the verdicts so far, rejected rows. Pure."""

from collections.abc import Iterable
from datetime import date

import polars as pl

from safetymon.domain import Results
from safetymon.report import wording
from safetymon.report.evidence_tables import newly_flagged
from safetymon.report.signal_tables import ranked
from safetymon.report.table import Block, Column, Number, Table, caption
from safetymon.report.wording import NONE, Row

KINDS = {
    "all": "Any event", "related": "Related", "serious": "Serious",
    "related serious": "Related serious", "led to discontinuation": "Led to discontinuation",
    "fatal": "Fatal",
}  # fmt: skip
NOT_RECORDED = "not recorded"
ALWAYS = {
    ("subject", "new"): "Subjects newly treated",
    ("event", "new"): "New event records",
    ("event", "deleted"): "Event records deleted",
}
"""What is told even where there is none: no new events is news."""
WHOLE = ALWAYS | {
    ("subject", "deleted"): "Treated subjects no longer in the data",
    ("exposure", "new"): "New exposure",
    ("exposure", "deleted"): "Exposure deleted",
    ("exposure", "edited"): "Last day of exposure changed",
}
EDITED = {
    ("serious", "yes"): "Upgraded to serious",
    ("serious", "no"): "No longer serious",
    ("fatal", "yes"): "Now fatal",
    ("fatal", "no"): "No longer fatal",
    ("related", "yes"): "Now related",
    ("related", "no"): "No longer related",
    ("led to discontinuation", "yes"): "Now led to discontinuation",
    ("led to discontinuation", "no"): "No longer led to discontinuation",
    ("severity", "worse"): "Severity raised",
    ("severity", "milder"): "Severity lowered",
    ("preferred term", None): "Recoded to another preferred term",
    ("onset", "earlier"): "Onset moved earlier",
    ("onset", "later"): "Onset moved later",
}
ADJUDICATED = {"new": "Newly adjudicated", "deleted": "Adjudication withdrawn",
               "edited": "Adjudication changed"}  # fmt: skip
MOST_EDITS = 200
"""Edited records that the page shows; the CSV has all."""
MOST_FLAGGED = 10
"""Newly flagged terms that are named, for each pair of groups; the screen has the others."""
MOST_LOOKS = 24
"""Looks that the history shows, the latest; the earlier ones are in the CSV, and it says so."""


def overview(results: Results) -> Table:
    """Kinds of event by group; what the listing does not hold is not recorded."""
    rows = results.overview.rows(named=True)
    groups = results.groups.select("group", "subjects").rows()
    cells = {(row["kind"], row["group"]): row for row in rows}
    interval = wording.interval_title(results.confidence)
    columns = [Column("Treatment-emergent events", "text")]
    columns += [Column("Subjects (events)"), Column("%"), Column(interval)] * len(groups)
    body = [
        [title, *(text for group, _ in groups for text in _overview(cells[kind, group]))]
        for kind, title in KINDS.items()
    ]
    return Table(
        number=Number.OVERVIEW,
        caption=caption(results, "Overview: subjects with at least one event, by group"),
        columns=columns,
        blocks=[Block(body)],
        spans=(("", 1), *((f"{name}, N\u00a0=\u00a0{n:,}", 3) for name, n in groups)),
        notes=tuple(_untold(rows)),
    )


def _overview(row: Row) -> tuple[str, str, str]:
    if row["subjects"] is None:
        return NOT_RECORDED, NONE, NONE
    counted = f"{row['subjects']:,} ({row['events']:,})"
    share = wording.percent(row["subjects"], row["at_risk"])
    return counted, share, wording.interval(row["ci_low"], row["ci_high"])


def _untold(rows: list[Row]) -> Iterable[str]:
    for row in rows:
        if row["untold"]:
            yield (
                f"{KINDS[row['kind']]}, {row['group']}: {wording.plural(row['untold'], 'event')} "
                "without a record of it, counted as no."
            )


def changes(results: Results) -> Table | None:
    """What changed in the data since the look before; None at the first look."""
    if results.changes.since is None:
        return None
    found = results.changes.counts.rows(named=True)
    missing = [
        {"part": part, "change": change, "column": None, "move": None, "records": 0, "subjects": 0}
        for part, change in ALWAYS
        if not any((row["part"], row["change"]) == (part, change) for row in found)
    ]
    told = sorted((_order(row), _changed(row), row) for row in [*missing, *found])
    columns = [Column("What changed in the data", "text"), Column("Records"), Column("Subjects")]
    rows = [[text, f"{row['records']:,}", f"{row['subjects']:,}"] for _, text, row in told]
    title = f"Data since look {results.changes.since}"
    return Table(Number.CHANGES, caption(results, title), columns, [Block(rows)])


def _order(row: Row) -> int:
    """New and deleted first, then edits in the order of `EDITED`, then all others."""
    whole, edits = list(WHOLE), list(EDITED)
    if (row["part"], row["change"]) in whole:
        return whole.index((row["part"], row["change"]))
    key = row["column"], row["move"]
    return len(whole) + (edits.index(key) if key in edits else len(edits))


def _changed(row: Row) -> str:
    """A kind of change in words."""
    if row["part"] == "adjudication":
        decided = f": {row['move']}" if row["move"] else ""
        return f"{ADJUDICATED[row['change']]}, {row['column']}{decided}"
    if (row["part"], row["change"]) in WHOLE:
        return WHOLE[row["part"], row["change"]]
    if (row["column"], row["move"]) in EDITED:
        return EDITED[row["column"], row["move"]]
    column = f"{row['column'][0].upper()}{row['column'][1:]}"
    of = " of a subject" if row["part"] == "subject" else ""
    now = f", now {row['move']}" if row["move"] else ""
    return f"{column}{of} changed{now}"


def edited(results: Results) -> Table | None:
    """The records that were edited or deleted, for the board only; None: none were."""
    if results.cases is None:
        return None
    rows = results.cases.edits.filter(pl.col("change") != "new")
    if rows.is_empty():
        return None
    columns = [
        Column("Subject", "text"), Column("Record", "text"), Column("What it is", "text"),
        Column("Change", "text"), Column("Before", "words"), Column("Now", "words"),
    ]  # fmt: skip
    shown = [_edit(row) for row in rows.head(MOST_EDITS).iter_rows(named=True)]
    rest = rows.height - len(shown)
    notes = (f"{rest:,} more are in tables/edits.csv.",) if rest > 0 else ()
    title = f"Records edited or deleted since look {results.changes.since}"
    return Table(Number.EDITED, caption(results, title), columns, [Block(shown)], notes=notes)


def _edit(row: Row) -> list[str]:
    what = row["column"] if row["change"] == "edited" else f"{row['part']} {row['change']}"
    what = "adjudicated" if row["part"] == "adjudication" else what
    return [row["subject"], row["key"] or NONE, row["about"] or NONE, what,
            row["before"] or NONE, row["now"] or NONE]  # fmt: skip


def redefined(results: Results) -> Table | None:
    """The keys of the study file that changed; None where none did."""
    if results.changes.redefined.is_empty():
        return None
    columns = [Column("Key of the study file", "text"), Column("Before", "words"),
               Column("Now", "words")]  # fmt: skip
    rows = [
        [key, before or NONE, now or NONE] for key, before, now in results.changes.redefined.rows()
    ]
    title = f"Definitions changed since look {results.changes.since}"
    return Table(Number.REDEFINED, caption(results, title), columns, [Block(rows)])


def turned(results: Results) -> Table | None:
    """The verdicts that turned at this look, and what moved each; None: none did."""
    number, before = results.look.number, verdicts_before(results)
    rows = [
        [row["rule"], before.get(row["rule"], NONE), row["verdict"], row["reason"] or NONE]
        for row in ranked(results.signals)
        if row["since_look"] == number or (row["verdict"] == "open" and row["against"] == 1)
    ]
    if results.changes.since is None or not rows:
        return None
    columns = [Column("Rule", "text"), Column("Before", "badge"), Column("Now", "badge"),
               Column("What moved it", "text")]  # fmt: skip
    title = f"Verdicts that turned since look {results.changes.since}"
    return Table(Number.TURNED, caption(results, title), columns, [Block(rows)], rows_are="rule")


def verdicts_before(results: Results) -> dict[str, str]:
    """Each rule's verdict before this look's, of those that had one."""
    past = results.history.filter(pl.col("last_look") != results.look.number)
    return dict(past.select("rule", "verdict").rows())


def flagged(results: Results) -> list[str]:
    """The terms that the screen flags since this look, a sentence a pair of groups."""
    if results.changes.since is None:
        return []
    pairs: dict[tuple[str, str], list[str]] = {}
    for row in newly_flagged(results).rows(named=True):
        pairs.setdefault((row["group"], row["reference"]), []).append(row["term"])
    return [
        f"Newly flagged by the screen, {group} against {reference} (Table {Number.SCREEN}): "
        f"{wording.named(terms, MOST_FLAGGED)}."
        for (group, reference), terms in pairs.items()
    ]


def history(results: Results) -> Table | None:
    """Every rule's verdict at each look at which one turned, and now; None: no rule."""
    if results.history.is_empty():
        return None
    runs = results.history.sort("first_cutoff", "first_look").rows(named=True)
    now = (results.cut.cutoff, results.look.number)
    looks = sorted({(row["first_cutoff"], row["first_look"]) for row in runs} | {now})
    shown = looks[-MOST_LOOKS:]
    columns = [Column("Rule", "text"), *(Column(_look(*look), "badge") for look in shown)]
    by_rule: dict[str, list[Row]] = {}
    for row in runs:
        by_rule.setdefault(row["rule"], []).append(row)
    order = dict.fromkeys([*(row["rule"] for row in ranked(results.signals)), *sorted(by_rule)])
    rows = [
        [rule, *(_verdict(by_rule[rule], look) for look in shown)]
        for rule in order
        if rule in by_rule
    ]
    notes = ["The looks at which a verdict turned, and this one; between two of them none did."]
    if len(looks) > len(shown):
        notes.append(f"{len(looks) - len(shown)} earlier ones are in tables/history.csv.")
    title = "Verdicts over the looks"
    return Table(Number.HISTORY, caption(results, title), columns, [Block(rows)],
                 notes=tuple(notes), rows_are="rule")  # fmt: skip


def _look(cutoff: date, number: int) -> str:
    return f"Look {number}, {wording.day(cutoff)}"


def _verdict(runs: list[Row], look: tuple[date, int]) -> str:
    """The verdict of the run that a look lies in; a rule that was not there yet has none."""
    begun = [row for row in runs if (row["first_cutoff"], row["first_look"]) <= look]
    ended = begun and (begun[-1]["last_cutoff"], begun[-1]["last_look"]) < look
    return NONE if not begun or (ended and begun[-1] is runs[-1]) else str(begun[-1]["verdict"])


def rejected(results: Results) -> Table | None:
    """Input rows that were rejected, by the rule they broke; None: none were."""
    if results.rejected.is_empty():
        return None
    columns = [Column("File", "text"), Column("Rule it broke", "text"), Column("Column", "text"),
               Column("Rows")]  # fmt: skip
    rows = [
        [wording.file_name(row["file"]), row["rule"], row["column"] or NONE, f"{row['rows']:,}"]
        for row in results.rejected.rows(named=True)
    ]
    where = " Which rows they are is in tables/rejected.csv." if results.cases else ""
    note = f"A rejected row counts nowhere.{where}"
    title = "Rejected rows"
    return Table(Number.REJECTED, caption(results, title), columns, [Block(rows)], notes=(note,))
