"""Every number that stands in a table of the page is that of results.json, rounded, and no other.

The page is read as a reader has it: text in cells. A number agrees if it is the document's within
half a unit of its last digit. A table that is new to the page fails here until it is compared too.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from safetymon import demonstration, monitor
from safetymon.report.table import Number as Kind

NOW = datetime(2024, 1, 1, tzinfo=UTC)
Row = dict[str, Any]
Number = float | None
TOKEN = re.compile(r"[<>]? ?[+−]?\d[\d,]*(?:\.\d+)?(?: × 10[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|n\.e\.")
POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
UNCOMPARED = {
    Kind.CARDS, Kind.CHANGES, Kind.REDEFINED, Kind.TURNED, Kind.HISTORY, Kind.EDITED,
    Kind.LISTING, Kind.PROFILE,
}  # fmt: skip
"""Rule cards (none made here), changes (first look), verdicts, and what our script fills."""
TITLES = {
    "All events": "all", "Related events": "related", "Serious events": "serious",
    "Related serious events": "related serious",
}  # fmt: skip
KINDS = {"Any event": "all", "Related": "related", "Serious": "serious",
         "Related serious": "related serious"}  # fmt: skip


@dataclass
class Read:
    """A table as read: its caption, its rows of texts, each row under which heading."""

    caption: str = ""
    heads: list[list[str]] = field(default_factory=list)
    rows: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def number(self) -> int:
        return int(re.findall(r"\d+", self.caption)[0])

    @property
    def title(self) -> str:
        return self.caption.split(". ", 1)[1]

    @property
    def estimand(self) -> str:
        return TITLES[self.title.split(":")[0]]


class Reader(HTMLParser):
    """The tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Read] = []
        self.cells: list[str] = []
        self.into: list[str] | None = None
        self.head = self.detail = self.heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "table":
            self.tables.append(Read())
            self.under = ""
        elif tag in ("thead", "tbody"):
            self.head, self.under = tag == "thead", ""
        elif tag == "tr":
            self.cells, kind = [], told.get("class") or ""
            self.detail, self.heading = "detail" in kind, "heading" in kind
        elif tag in ("th", "td", "caption"):
            self.into = []

    def handle_data(self, data: str) -> None:
        if self.into is not None:
            self.into.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self.into or []).strip()
        if tag == "caption":
            self.tables[-1].caption, self.into = text, None
        elif tag in ("th", "td") and self.into is not None:
            self.cells.append(text)
            self.into = None
        elif tag == "tr" and self.cells:
            self._row()

    def _row(self) -> None:
        if self.head:
            self.tables[-1].heads.append(self.cells)
        elif self.heading:
            self.under = self.cells[0]
        elif not self.detail:
            self.tables[-1].rows.append((self.under, self.cells))


@pytest.fixture(scope="module", params=["closed", "open"])
def look(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Read], Row]:
    """The tables of the demonstration's report, and its results.json."""
    root = tmp_path_factory.mktemp("demo")
    done = monitor.look(demonstration.unpack(root), NOW, "a", out=root)
    page: Path = done.closed_report if request.param == "closed" else done.open_report
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    document: Row = json.loads((page.parent / "results.json").read_text(encoding="utf-8"))
    return reader.tables, document


def agrees(text: str, value: Number) -> bool:
    """Whether a number as shown is the document's."""
    if text == "n.e.":
        return value is None
    if value is None:
        return False
    shown = text.replace(",", "").replace("−", "-").replace("+", "").replace(" ", "")
    if shown[0] in "<>":
        return value < float(shown[1:]) if shown[0] == "<" else value > float(shown[1:])
    digits, _, power = shown.partition("×10")
    unit = 10.0 ** -len(digits.partition(".")[2]) * 10.0 ** int((power or "0").translate(POWERS))
    number = float(digits) * 10.0 ** int((power or "0").translate(POWERS))
    return abs(number - value) <= unit / 2 * (1 + 1e-9)


def same(cells: list[str], values: list[Number], where: str) -> None:
    told = [token.strip() for cell in cells for token in TOKEN.findall(cell)]
    assert len(told) == len(values), f"{where}: {told} {values}"
    for text, value in zip(told, values, strict=True):
        assert agrees(text, value), f"{where}: {text} is not {value}"


def span(low: Number, high: Number) -> list[Number]:
    return [None] if low is None and high is None else [low, high]


def e_value(log_e: Number) -> list[Number]:
    return [] if log_e is None else [math.exp(log_e)]


class Document:
    """The rows of results.json by what a table's row is about."""

    def __init__(self, document: Row) -> None:
        self.groups = {g["name"]: g for g in document["groups"]}
        self.incidence = {
            (r["level"], r["term"], r["estimand"], r["adjudicated"], r["group"]): r
            for r in document["incidence"]
        }
        self.comparisons = {
            (r["level"], r["term"], r["estimand"], r["group"], r["reference"]): r
            for r in document["comparisons"]
        }
        self.whole = document

    def topic(self, heading: str, estimand: str, group: str) -> Row:
        term, _, how = heading.partition(", ")
        level, adjudicated = ("any", None) if term == "Any event" else ("topic", how[:5] != "terms")
        return self.incidence[level, term, estimand, adjudicated, group]

    def pair(self, level: str, term: str, estimand: str, heading: str) -> Row:
        group, reference = heading.split(" against ")
        return self.comparisons[level, term, estimand, group, reference]


def topics(table: Read, known: Document) -> None:
    for heading, (group, *cells) in table.rows:
        row = known.topic(heading, table.estimand, group)
        values = [row["subjects"], row["at_risk"], row["percent"],
                  *span(row["ci_low"], row["ci_high"]), row["events"],
                  row["rate_per_100py"], *span(row["rate_low"], row["rate_high"]),
                  row["first_rate_per_100py"], *span(row["first_rate_low"], row["first_rate_high"]),
                  row["per_100_administrations"]]  # fmt: skip
        same(cells, values, f"{table.caption} {heading} {group}")


def comparisons(table: Read, known: Document) -> None:
    for heading, (term, *cells) in table.rows:
        level = "any" if term == "Any event" else "topic"
        row = known.pair(level, term, table.estimand, heading)
        values = [
            row["risk_difference"], *span(row["rd_low"], row["rd_high"]),
            row["risk_ratio"], *span(row["rr_low"], row["rr_high"]),
            row["odds_ratio"], *span(row["or_low"], row["or_high"]),
            row["rate_ratio"], *span(row["rate_ratio_low"], row["rate_ratio_high"]),
            row["fisher_p"],
        ]  # fmt: skip
        same(cells, values, f"{table.caption} {term}")


def terms(table: Read, known: Document) -> None:
    level = "soc" if table.number == Kind.SOCS else "pt"
    pairs = {(g, r) for _, _, _, g, r in known.comparisons}
    for _, (term, *cells) in table.rows:
        values: list[Number] = []
        for group in known.groups:
            row = known.incidence[level, term, table.estimand, None, group]
            values += [row["subjects"], row["percent"], row["events"]]
        for group, reference in pairs:
            row = known.comparisons[level, term, table.estimand, group, reference]
            values += [
                row["risk_difference"],
                *span(row["rd_low"], row["rd_high"]),
                row["fisher_p"],
            ]
        same(cells, values, f"{table.caption} {term}")


def sizes(table: Read, known: Document) -> None:
    for _, (group, *cells) in table.rows:
        row = known.groups[group]
        values = [row["subjects"], row["person_years"], row["administrations"]]
        same(cells[-3:], values, table.caption)


def overview(table: Read, known: Document) -> None:
    rows = defaultdict(dict)
    for row in known.whole["overview"]:
        rows[row["kind"].lower()][row["group"]] = row
    for _, (kind, *cells) in table.rows:
        values: list[Number] = []
        for row in rows[KINDS.get(kind, kind).lower()].values():
            values += [row["subjects"], row["events"], row["percent"],
                       *span(row["ci_low"], row["ci_high"])]  # fmt: skip
        same(cells, values, f"{table.caption} {kind}")


PATH: dict[str, Callable[[Row], list[Number]]] = {
    "Subjects counted": lambda row: [row["of"]], "First events": lambda row: [row["of"]],
    "With event": lambda row: [row["count"]], "On treatment": lambda row: [row["count"]],
    "Expected share": lambda row: [row["expected"]], "Boundary": lambda row: [row["limit"]],
    "Information fraction": lambda row: [row["fraction"]],
    "Alpha spent": lambda row: [row["spent"]], "E‑value": lambda row: e_value(row["log_e"]),
}  # fmt: skip


def paths(table: Read, known: Document) -> None:
    rule = table.title.split(": evidence day by day")[0]
    rows = {row["date"]: row for row in known.whole["evidence"] if row["rule"] == rule}
    for _, (day, *cells) in table.rows:
        row = rows[f"{datetime.strptime(day, '%d %b %Y').date()}"]  # noqa: DTZ007 - a day has no zone
        for head, cell in zip(table.heads[-1][1:], cells, strict=True):
            same([cell], PATH[head](row), f"{table.caption} {day} {head}")


def strips(table: Read, known: Document) -> None:
    rule = re.split(r": \d+ of \d+ subjects with an event", table.title)[0]
    rows = [row for row in known.whole["sensitivity"] if row["rule"] == rule]
    for (_, (risk, *cells)), row in zip(table.rows, rows, strict=True):
        assert agrees(risk.split("%")[0], 100 * row["background"])
        same(cells, [row["limit"], row["chance"], *e_value(row["log_e"])], table.caption)


def screen(table: Read, known: Document) -> None:
    rows = {(r["term"], f"{r['group']} against {r['reference']}"): r for r in known.whole["screen"]}
    for heading, (term, *cells) in table.rows:
        row = rows[term, heading]
        since = [row["since_look"]] if row["flagged"] else []
        counts: list[Number] = [row["events"], row["treated_events"]]
        same([*cells[:2], *cells[3:]], [*counts, *e_value(row["log_e"]), *since], table.caption)
        bound = cells[2].replace("≥", "").replace(">", "").strip()
        assert agrees(bound, row["p"]) or (cells[2] != bound and row["p"] >= float(bound)), term


def curves(table: Read, known: Document) -> None:
    kind = "incidence" if table.number == Kind.INCIDENCE else "mean"
    rows = [r for r in known.whole["curves"]
            if r["kind"] == kind and r["estimand"] == table.estimand]  # fmt: skip
    days = [int(head.removeprefix("Day ").replace(",", "")) for head in table.heads[-1][1:]]
    for term, (group, *cells) in table.rows:
        steps = [r for r in rows if (r["term"], r["group"]) == (term, group)]
        for day, cell in zip(days, cells, strict=True):
            last = max((r for r in steps if r["day"] <= day), key=lambda r: r["day"])
            if cell == "n.e.":
                assert max(r["day"] for r in steps) < day or last["value"] is None
            else:
                same([cell], [last["value"], *span(last["low"], last["high"])], table.caption)


def severities(table: Read, known: Document) -> None:
    rows = {
        (r["term"], r["group"], r["severity"]): r
        for r in known.whole["severity"] if r["estimand"] == table.estimand
    }  # fmt: skip
    for term, (group, at_risk, *cells) in table.rows:
        for head, cell in zip(table.heads[-1][2:], cells, strict=True):
            row = rows[term, group, head.lower()]
            same([at_risk, cell], [row["at_risk"], row["subjects"], row["percent"]], table.caption)


def lags(table: Read, known: Document) -> None:
    for (_, (group, *cells)), row in zip(table.rows, known.whole["lags"], strict=True):
        assert group == row["group"]
        values = [row[name] for name in ("events", "dated", "before", "median", "q25", "q75",
                                         "q10", "q90", "longest")]  # fmt: skip
        same(cells, values, table.caption)


def signals(table: Read, known: Document) -> None:
    rows = {row["rule"]: row for row in known.whole["signals"]}
    for _, (rule, *cells) in table.rows:
        row = rows[rule]
        values = [row["since_look"], row["looks"]]
        values += [row[name] for name in ("value", "limit", "e_value") if row[name] is not None]
        same([*cells[2:4], *cells[5:8]], values, f"{table.caption} {rule}")


def findings(table: Read, known: Document) -> None:
    told = sorted((check, int(count.replace(",", ""))) for _, (check, _, count, _) in table.rows)
    assert told == sorted((f["check"], f["count"]) for f in known.whole["findings"])


def inputs(table: Read, known: Document) -> None:
    for (_, cells), file in zip(table.rows, known.whole["cut"]["inputs"], strict=True):
        same(cells[1:4], [file["rows"], file["accepted"], file["rejected"]], table.caption)
        assert cells[4] == file["sha256"]


def rejected(table: Read, known: Document) -> None:
    for (_, cells), row in zip(table.rows, known.whole["rejected"], strict=True):
        same(cells[-1:], [row["rows"]], table.caption)


COMPARED: dict[int, Callable[[Read, Document], None]] = {
    Kind.SIGNALS: signals, Kind.PATH: paths, Kind.STRIP: strips, Kind.SCREEN: screen,
    Kind.OVERVIEW: overview, Kind.TOPICS: topics, Kind.COMPARISONS: comparisons,
    Kind.INCIDENCE: curves, Kind.MEAN: curves, Kind.SEVERITY: severities,
    Kind.PTS: terms, Kind.SOCS: terms, Kind.GROUPS: sizes, Kind.FINDINGS: findings,
    Kind.LAGS: lags, Kind.INPUTS: inputs, Kind.REJECTED: rejected,
}  # fmt: skip


def numbers(tables: list[Read]) -> Iterator[int]:
    yield from (table.number for table in tables)


def test_every_number_of_every_table_is_that_of_the_document(
    look: tuple[list[Read], Row],
) -> None:
    tables, document = look
    known = Document(document)
    assert set(numbers(tables)) <= set(COMPARED) | UNCOMPARED
    compared = [table for table in tables if table.number in COMPARED]
    assert sum(len(table.rows) for table in compared) > 300
    for table in compared:
        COMPARED[table.number](table, known)


def test_no_table_is_left_out_of_the_comparison(look: tuple[list[Read], Row]) -> None:
    tables, document = look
    closed_only = {Kind.COMPARISONS, Kind.SCREEN} if document["scope"] == "open" else set[int]()
    assert set(COMPARED) - closed_only <= set(numbers(tables))


@pytest.mark.parametrize(
    ("text", "value", "so"),
    [("80.8", 80.769, True), ("80.7", 80.769, False), ("1,325.2", 1325.231, True),
     ("−9.0", -9.04, True), ("9.0", -9.04, False), ("<0.001", 0.0002, True),
     ("<0.001", 0.002, False), ("n.e.", None, True), ("n.e.", 1.0, False), ("1", None, False),
     ("1.0 × 10⁶¹", 1.04e61, True), ("1.0 × 10⁶¹", 1.4e61, False)],
)  # fmt: skip
def test_a_wrong_number_would_be_seen(text: str, value: Number, so: bool) -> None:
    assert agrees(text, value) is so
