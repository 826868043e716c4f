"""What a reader of the numbers must know about how they came about, as findings. Pure.

Counts only, never who. What depends on who took what is for the closed report.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from safetymon.domain import Finding, Group, Severity


def latest_date(recorded: pl.DataFrame, today: date) -> date:
    """The latest recorded day that is not in the future; today where there is none.

    A mistyped year carries the end of the data neither along nor to today. `recorded` as
    `schema.RECORDED`.
    """
    day = recorded.filter(pl.col("day") <= today)["day"].max()
    return day if isinstance(day, date) else today


def future(recorded: pl.DataFrame, today: date) -> list[Finding]:
    """The dates that lay in the future when the listings were read: what they date counts nowhere.

    The text names the day, so that it stays true of an extract that is looked at again later.
    """
    ahead = recorded.filter(pl.col("day") > today)
    if ahead.is_empty():
        return []
    counts = sorted(ahead.group_by("what").agg(pl.col("count").sum()).rows())
    total = sum(n for _, n in counts)
    listed = ", ".join(f"{what} {n}" for what, n in counts)
    text = (
        f"{total} dates lie after {today:%d %b %Y}, when the listings were read ({listed}); what "
        "they date counts nowhere until then: correct them at the source"
    )
    return [Finding("date in the future", "error", total, text)]


def comparisons(members: pl.DataFrame, groups: Sequence[Group]) -> list[Finding]:
    """Comparisons of groups that were not at risk at the same time, or share subjects.

    `members` has one row a group and episode: group, subject, start, until.
    """
    pairs = [(group.name, group.reference) for group in groups if group.reference]
    if not pairs:
        return []
    sides = {
        name: (first, last, set(subjects))
        for name, first, last, subjects in members.group_by("group")
        .agg(pl.col("start").min(), pl.col("until").max(), pl.col("subject").unique())
        .rows()
    }
    both = [pair for pair in pairs if sides.keys() >= set(pair)]
    return [
        finding
        for group, reference in both
        for finding in _between(group, sides[group], reference, sides[reference])
    ]


_Side = tuple[date, date, set[str]]


def _between(group: str, one: _Side, reference: str, other: _Side) -> list[Finding]:
    found = []
    if one[0] > other[1] or other[0] > one[1]:
        text = (
            f"group '{group}' ({one[0]:%d %b %Y} to {one[1]:%d %b %Y}) and its reference "
            f"'{reference}' ({other[0]:%d %b %Y} to {other[1]:%d %b %Y}) were never at risk at the "
            "same time; what changed between those times is part of their comparison"
        )
        found.append(Finding("comparison not concurrent", "warning", 1, text, "closed"))
    if shared := len(one[2] & other[2]):
        text = (
            f"{shared} subjects are in group '{group}' and in its reference '{reference}', one "
            "after the other; the comparison takes the two groups as independent"
        )
        found.append(Finding("subjects on both sides", "warning", shared, text, "closed"))
    return found


def rules_off(topics: Sequence[str]) -> list[Finding]:
    """Topics whose built-in rules went off because the study file has rules of its own."""
    if not topics:
        return []
    what = "topic" if len(topics) == 1 else "topics"
    text = (
        f"no rule watches the {what} {', '.join(topics)}: the study file has rules of its own, so "
        'the built-in ones are off; give each a rule, or write defaults = "always" under [evidence]'
    )
    return [Finding("topic without a rule", "warning", len(topics), text, "closed")]


def pooled_only(
    ledger: pl.DataFrame, pooled: pl.DataFrame, placed: pl.DataFrame, pooled_placed: pl.DataFrame
) -> list[Finding]:
    """What the open report counts and no treatment does: between two treatments of one period.

    Blind to treatment, a change of treatment is no boundary. Where it took longer than the lag, the
    days between are at risk in the open report, and an event in them counts there.

    Args:
        ledger: The treatment ledger (`derive.ledger`).
        pooled: The ledger made without treatments.
        placed: The events as attributed to the one (`derive.attributed`).
        pooled_placed: The same, attributed to the other.
    """
    days = int(pooled["days_at_risk"].sum()) - int(ledger["days_at_risk"].sum())
    keys = ["subject", "key"]
    counted = pooled_placed.filter("emergent").select(keys)
    events = counted.join(placed.filter("emergent"), on=keys, how="anti").height
    if not days and not events:
        return []
    text = (
        f"the open report counts {events} events and {days} days at risk that are of no treatment: "
        "it cannot see a change of treatment within a period, nor that it took longer than the lag"
    )
    severity: Severity = "warning" if events else "info"
    return [Finding("only in the open report", severity, events, text, "closed")]


def one_treatment(periods: Sequence[tuple[str, str, int]]) -> list[Finding]:
    """The periods in which everybody took the same, as `derive.taken_by_all` tells them.

    The open report names no treatment, but whoever knows the protocol knows that of such a period.
    """
    return [
        Finding(
            "one treatment in the open report",
            "info",
            subjects,
            f"in the period '{period}' everybody took {treatment} ({subjects} subjects): for "
            "whoever knows the protocol, what the open report shows of that time is what this "
            "treatment did; think of it before handing it out",
            "closed",
        )
        for period, treatment, subjects in periods
    ]


def emergence(attributed: pl.DataFrame, events: pl.DataFrame, moved: int) -> list[Finding]:
    """What a reader must know about how events were dated and attributed; counts only."""
    flagged = attributed.filter(pl.col("emergent_flag").is_not_null())
    differ = flagged.filter(pl.col("emergent_flag") != pl.col("derived")).height
    unclear = attributed.filter((pl.col("choices") > 1) & pl.col("emergent")).height
    untreated = len(events) - len(attributed)
    rows: list[tuple[str, Severity, int, str]] = [
        ("partial onset", "info", moved,
         "{} subjects would be counted differently under the other rule for partial onset dates"),
        ("partial onset in two windows", "warning", unclear,
         "{} emergent events have a partial onset that fits more than one treatment window"),
        ("emergent flag disagrees", "warning", differ,
         "{} events have a recorded treatment-emergent flag that differs from the derived one"),
        ("event without treatment", "warning", untreated,
         "{} events are of subjects without any recorded treatment; they count nowhere"),
    ]  # fmt: skip
    return [Finding(check, severity, n, text.format(n)) for check, severity, n, text in rows if n]
