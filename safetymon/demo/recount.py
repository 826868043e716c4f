"""Count the finished listings again and compare every count with what was published.

Counts rows of text by plain loops, so that it stands apart from how the listings were made and
from how safetymon counts.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from safetymon.demo import published
from safetymon.demo.rows import Row

LAG = timedelta(30)
INFUSIONAL = timedelta(3)
_IVIG = "OCTAGAM 10%"

Placed = tuple[str, Row, bool]
"""A counted event: the cell it belongs to (period and drug), its row, whether infusional."""


def verify(subjects: list[Row], infusions: list[Row], events: list[Row], tee: list[Row]) -> None:
    """Compare the listings with the published counts.

    Raises:
        ValueError: naming the first count that differs.
    """
    for arm, count in published.RANDOMISED.items():
        _same(f"randomised to {arm}", sum(row["ARM"] == arm for row in subjects), count)
    cycles = sum(row["DRUG"] == _IVIG for row in infusions)
    _same("IVIg infusion cycles", cycles, published.IVIG_CYCLES)
    for column, count in published.SUBJECTS.items():
        treated = {r["SUBJECT"] for r in infusions if _in_column(column, r["PERIOD"], r["DRUG"])}
        _same(f"subjects, {column}", len(treated), count)
    placed = list(_placed({row["SUBJECT"] for row in subjects}, infusions, events))
    _verify_overview(placed, {(r["SUBJECT"], r["AE_NO"]) for r in tee if r["DECISION"] == "Y"})
    _verify_terms(placed)


def _verify_overview(placed: list[Placed], confirmed: set[tuple[str, str]]) -> None:
    def thromboembolic(event: Placed) -> bool:
        return (event[1]["SUBJECT"], event[1]["AE_NO"]) in confirmed

    tests: dict[str, Callable[[Placed], bool]] = {
        "TEAE": lambda _: True,
        "Infusional TEAE": lambda event: event[2],
        "Serious TEAE": lambda event: event[1]["SERIOUS"] == "Y",
        "Related TEAE": _related,
        "TEAE leading to discontinuation": lambda event: event[1]["ACTION"] == "drug withdrawn",
        "TEE": thromboembolic,
        "Related TEE": lambda event: thromboembolic(event) and _related(event),
        "HTR": lambda event: "aemoly" in event[1]["PREFERRED_TERM"],
        "Death": lambda event: event[1]["OUTCOME"] == "fatal",
    }
    for category, columns in published.OVERVIEW.items():
        for column, numbers in columns.items():
            rows = [e[1] for e in placed if e[0] in _CELLS[column] and tests[category](e)]
            found = (len({row["SUBJECT"] for row in rows}), len(rows))
            _same(f"{category}, {column}", found, numbers)


def _verify_terms(placed: list[Placed]) -> None:
    ivig = [event for event in placed if event[0] in _CELLS[published.ALL_IVIG]]
    for name, listed, rows in (
        ("related", published.RELATED_TERMS, [e[1] for e in ivig if _related(e)]),
        ("within 72 h", published.TERMS_WITHIN_72_H, [e[1] for e in ivig if e[2]]),
    ):
        found = _subjects_by_term(rows)
        for term in sorted({*found, *listed}):
            others = min(found[term], published.UNLISTED_TERM_LIMIT)
            _same(f"{name}: {term}", found[term], listed.get(term, others))
    for term, columns in published.NON_SERIOUS_TERMS.items():
        for column, count in columns.items():
            mine = [e[1] for e in placed if e[0] in _CELLS[column] and e[1]["SERIOUS"] == "N"]
            _same(f"non-serious: {term}, {column}", _subjects_by_term(mine)[term], count)


def _placed(known: set[str], infusions: list[Row], events: list[Row]) -> Iterator[Placed]:
    """The treatment-emergent events of the accepted rows; a partial onset is any day it allows."""
    spans, seen = _spans(infusions), set()
    for row in events:
        key, onset = (row["SUBJECT"], row["AE_NO"]), _possible_days(row["ONSET"])
        if onset is None or key[0] not in known or key in seen:
            continue
        seen.add(key)
        first, last = onset
        windows = [s for s in spans[key[0]] if s.start <= last and first <= s.window_end]
        if len(windows) > 1:
            raise ValueError("demo: a partial onset date fits two treatments")
        for span in windows:
            infused = first == last and any(a <= first <= b + INFUSIONAL for a, b in span.cycles)
            yield span.cell, row, infused


@dataclass
class _Span:
    """Consecutive cycles of one drug in one period, and the last day of their emergent window."""

    cell: str
    cycles: list[tuple[date, date]]
    window_end: date = date.max

    @property
    def start(self) -> date:
        return self.cycles[0][0]


def _spans(infusions: list[Row]) -> dict[str, list[_Span]]:
    spans: dict[str, list[_Span]] = {}
    for row in sorted(infusions, key=lambda row: (row["SUBJECT"], row["START"])):
        cell = f"{row['PERIOD']} {row['DRUG']}"
        own = spans.setdefault(row["SUBJECT"], [])
        if not own or own[-1].cell != cell:
            own.append(_Span(cell, []))
        own[-1].cycles.append((date.fromisoformat(row["START"]), date.fromisoformat(row["END"])))
    for own in spans.values():
        for span in own:
            span.window_end = span.cycles[-1][1] + LAG
        for span, following in pairwise(own):
            span.window_end = min(span.window_end, following.start - timedelta(1))
    return spans


def _possible_days(text: str) -> tuple[date, date] | None:
    """The first and last day an onset as recorded allows; None if it is no date."""
    parts = [int(part) for part in text.split("-")]
    year, month, day = (*parts, 0, 0)[:3]
    try:
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or monthrange(year, month or 12)[1])
    except ValueError:
        return None
    return first, last


_CELLS = {
    published.FIRST_IVIG: {f"First {_IVIG}"},
    published.FIRST_PLACEBO: {"First PLACEBO"},
    published.ALL_IVIG: {f"First {_IVIG}", f"Extension {_IVIG}"},
}


def _in_column(column: str, period: str, drug: str) -> bool:
    return f"{period} {drug}" in _CELLS[column]


def _related(event: Placed) -> bool:
    return event[1]["CAUSALITY"] in ("probable", "possible")


def _subjects_by_term(rows: Iterable[Row]) -> Counter[str]:
    pairs = {(row["SUBJECT"], row["PREFERRED_TERM"]) for row in rows}
    return Counter(term for _, term in pairs)


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ValueError(f"demo: {what}: the listings have {found}, published is {wanted}")
