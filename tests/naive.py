"""The second engine: the same definitions in plain loops, written to disagree.

Nothing of safetymon is imported. Exposure and events are lists of dicts with dates; a group is
(treatment, periods or none). Everything is one subject, one event, one comparison at a time.
"""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]
Groups = dict[str, tuple[str | None, tuple[str, ...]]]
ESTIMANDS = {
    "all": lambda _: True,
    "related": lambda e: e["related"],
    "serious": lambda e: e["serious"],
    "related serious": lambda e: e["related"] and e["serious"],
}


def windows(exposure: list[Row], cutoff: date, lag: int) -> dict[str, list[Row]]:
    """subject -> its treatment windows in order, with first and last day."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(exposure, key=lambda r: (r["subject"], r["start"], r["end"] or cutoff,
                                               r["period"], r["treatment"])):  # fmt: skip
        if row["start"] > cutoff:
            continue
        end = cutoff if row["end"] is None or row["end"] > cutoff else row["end"]
        mine = found[row["subject"]]
        same = mine and (mine[-1]["period"], mine[-1]["treatment"]) == (
            row["period"], row["treatment"],
        )  # fmt: skip
        if same:
            mine[-1]["last"] = max(mine[-1]["last"], end)
        else:
            mine.append({"period": row["period"], "treatment": row["treatment"],
                         "first": row["start"], "last": end})  # fmt: skip
    for mine in found.values():
        for i, window in enumerate(mine):
            window["until"] = window["last"] + timedelta(days=lag)
            if i + 1 < len(mine):
                window["until"] = min(window["until"], mine[i + 1]["first"] - timedelta(days=1))
            seen = max(min(window["until"], cutoff), window["last"])
            window["days"] = max(0, (min(seen, window["until"]) - window["first"]).days + 1)
    return dict(found)


def window_of(event: Row, mine: list[Row]) -> int | None:
    for i, window in enumerate(mine):
        if window["first"] <= event["onset"] <= window["until"]:
            return i
    return None


def is_in(window: Row, group: tuple[str | None, tuple[str, ...]]) -> bool:
    treatment, periods = group
    return window["treatment"] == treatment and (not periods or window["period"] in periods)


def count(
    exposure: list[Row], events: list[Row], groups: Groups, cutoff: date, lag: int
) -> dict[tuple[str, str, str], tuple[int, int, int, int, int]]:
    """(preferred term, estimand, group) -> subjects, at risk, events, days, days to first."""
    ledger = windows(exposure, cutoff, lag)
    result = {}
    terms = sorted(
        {e["pt"] for e in events if window_of(e, ledger.get(e["subject"], [])) is not None}
    )
    for term in terms:
        for estimand, counts in ESTIMANDS.items():
            for name, group in groups.items():
                result[term, estimand, name] = _cell(
                    ledger, [e for e in events if e["pt"] == term and counts(e)], group
                )
    return result


def _cell(
    ledger: dict[str, list[Row]], events: list[Row], group: tuple[str | None, tuple[str, ...]]
) -> tuple[int, int, int, int, int]:
    subjects = at_risk = n_events = days = first_days = 0
    for subject, mine in ledger.items():
        inside = [i for i, window in enumerate(mine) if is_in(window, group)]
        if not inside:
            continue
        at_risk += 1
        total = sum(mine[i]["days"] for i in inside)
        times = []
        for event in events:
            if event["subject"] != subject:
                continue
            i = window_of(event, mine)
            if i is None or i not in inside:
                continue
            before = sum(mine[j]["days"] for j in inside if j < i)
            day = (event["onset"] - mine[i]["first"]).days + 1
            times.append(before + min(day, mine[i]["days"]))
        subjects += bool(times)
        n_events += len(times)
        days += total
        first_days += min(times) if times else total
    return subjects, at_risk, n_events, days, first_days
