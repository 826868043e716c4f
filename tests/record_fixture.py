"""The records behind `report_fixture`: who they are, what changed, what was before."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import polars as pl

from safetymon.domain import Cases, Changes, Scope
from safetymon.record_schema import (
    ABOUT_RULES,
    CHANGES,
    EDITS,
    HISTORY,
    LISTING,
    OVERVIEW,
    REDEFINED,
    REJECTED_COUNTS,
)
from safetymon.schema import LEDGER, SUBJECTS

REJECTED = pl.DataFrame(
    [("adverse_events.csv", "event without a subject", "SUBJECT", 3)],
    schema=REJECTED_COUNTS,
    orient="row",
)


def overview(incidence: pl.DataFrame) -> pl.DataFrame:
    """One event in twenty led to discontinuation; whether one was fatal is not recorded."""
    shared = [name for name in OVERVIEW if name not in ("kind", "untold")]
    anything = incidence.filter(level="any").select(pl.col("estimand").alias("kind"), *shared)
    every = anything.filter(kind="all").to_dicts()
    stopped = [
        row | {"kind": "led to discontinuation", "subjects": 2, "events": 3, "untold": 1,
               "percent": 200 / row["at_risk"], "ci_low": 0.2, "ci_high": 9.1}
        for row in every
    ]  # fmt: skip
    fatal = [{"kind": "fatal", "group": r["group"], "at_risk": r["at_risk"]} for r in every]
    return pl.DataFrame([*anything.to_dicts(), *stopped, *fatal], schema=OVERVIEW)


def changes(look: int, scope: Scope) -> Changes:
    """Three looks have been made; the second brought events, an upgrade and a new lag."""
    rows = [
        ("adjudication", "new", "thromboembolism", "yes", 1, 1),
        ("event", "deleted", None, None, 1, 1),
        ("event", "edited", "preferred term", None, 2, 2),
        ("event", "edited", "serious", "yes", 1, 1),
        ("event", "new", None, None, 12, 9),
        ("subject", "new", None, None, 4, 4),
    ]
    if scope == "closed":
        rows.append(("exposure", "new", None, None, 20, 11))
    keys = [("[emergent] lag_days", "14", "30")]
    if scope == "closed":
        keys.append(("[[group]] 'All IVIg' periods", '["First"]', "[]"))
    return Changes(
        look - 1 or None,
        date(2018, 1, 1) if look > 1 else None,
        pl.DataFrame(rows, schema=CHANGES, orient="row"),
        pl.DataFrame(keys, schema=REDEFINED, orient="row"),
    )


def history(signals: pl.DataFrame, look: int, cutoff: date) -> pl.DataFrame:
    """Each rule had no signal until it came to what it says now."""
    rows = []
    for rule, verdict, since in signals.select("rule", "verdict", "since_look").rows():
        day = cutoff - timedelta(days=30 * (look - since))
        if since > 1:
            first = cutoff - timedelta(days=30 * (look - 1))
            before = cutoff - timedelta(days=30 * (look - since + 1))
            rows.append((rule, "no events", 1, first, since - 1, before, since - 1))
        rows.append((rule, verdict, since, day, look, cutoff, look - since + 1))
    return pl.DataFrame(rows, schema=HISTORY, orient="row")


def cases(
    events: pl.DataFrame,
    groups: Sequence[str],
    members: Callable[[str], range],
    topics: dict[str, tuple[str, ...]],
    start: date,
    signals: pl.DataFrame,
) -> Cases:
    """Every event of the trial as a record; the first period's groups tell the treatment."""
    rows = [
        _record(number, row, groups, members, topics, start)
        for number, row in enumerate(events.sort("subject", "day", "pt").rows(named=True))
    ]
    listing = pl.DataFrame(rows, schema=LISTING)
    who = listing["subject"].unique().sort().to_list()
    first = dict(listing.group_by("subject").agg(pl.col("onset").min()).rows())
    ledger = [
        {"subject": name, "period": "First", "treatment": "IVIg" if place % 2 else "Placebo",
         "start": first[name], "last_dose": first[name] + timedelta(days=100),
         "risk_end": first[name] + timedelta(days=130), "days_at_risk": 131,
         "days_on_treatment": 101, "administrations": 4}
        for place, name in enumerate(who)
    ]  # fmt: skip
    about = [
        (rule, topic, group, "related", True)
        for rule, topic, group in signals.select("rule", "topic", "group").rows()
    ]
    edits = [
        ("event", "edited", rows[0]["subject"], rows[0]["key"], rows[0]["pt"], "serious", "no",
         "yes", "yes"),
        ("event", "deleted", rows[1]["subject"], "99", "Headache", None, None, None, None),
    ]  # fmt: skip
    return Cases(
        listing=listing,
        ledger=pl.DataFrame(ledger, schema=LEDGER),
        subjects=pl.DataFrame([{"subject": name} for name in who], schema=SUBJECTS),
        edits=pl.DataFrame(edits, schema=EDITS, orient="row"),
        rules=pl.DataFrame(about, schema=ABOUT_RULES, orient="row"),
        rejected=pl.DataFrame(
            [("adverse_events.csv", 7, "event without a subject", "SUBJECT")],
            schema=["file", "row", "rule", "column"],
            orient="row",
        ),
        conservative=True,
    )


def _record(
    number: int,
    row: dict[str, object],
    groups: Sequence[str],
    members: Callable[[str], range],
    topics: dict[str, tuple[str, ...]],
    start: date,
) -> dict[str, object]:
    subject, day = row["subject"], row["day"]
    assert isinstance(subject, int)
    assert isinstance(day, int)
    onset = start + timedelta(days=day)
    adjudicated = [name for name, terms in topics.items() if row["pt"] in terms]
    alone = [name for name in adjudicated if row["pt"] != "Hypoaesthesia"]
    clot = "thromboembolism" in adjudicated
    return {
        "subject": f"S-{subject:04d}", "key": str(number), "term": str(row["pt"]).lower(),
        "pt": row["pt"], "soc": row["soc"], "topics": adjudicated, "topics_by_terms": alone,
        "treatment": "IVIg" if subject % 2 else "Placebo", "period": "First",
        "groups": [name for name in groups if subject in members(name)],
        "emergent": True, "study_day": day + 1, "onset": onset,
        "onset_recorded": onset.isoformat(), "end_recorded": None, "end": None,
        "severity": ("mild", "moderate", "severe")[number % 3], "serious": row["serious"],
        "related": row["related"], "outcome": "recovered", "action": "none", "fatal": None,
        "withdrawn": False, "adjudication": "thromboembolism: yes" if clot else None,
        "is_new": number % 50 == 0,
    }  # fmt: skip
