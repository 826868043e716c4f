"""What a table of the page is: numbers already turned into the text that stands there. Pure.

A table's number belongs to its kind, whatever a report leaves out, so a kind has the same number in
the open and in the closed report, and at every look.
"""

from collections.abc import Iterator
from enum import IntEnum, auto
from itertools import zip_longest
from typing import Literal, NamedTuple

from safetymon.domain import ESTIMANDS, Estimand, Results
from safetymon.report import wording

Kind = Literal["text", "words", "number", "badge", "code"]
"""How a column's cells are set; `words` are sentences, `badge` a verdict or severity."""
Choice = Literal["", "topic", "pt", "soc", "rule"]
"""What a reader can choose, here and in the charts: all else then shows that only."""


class Number(IntEnum):
    """The kinds of table in the order of the page, from which they have their numbers."""

    SIGNALS = auto()
    TURNED = auto()
    CHANGES = auto()
    REDEFINED = auto()
    EDITED = auto()
    HISTORY = auto()
    PATH = auto()
    STRIP = auto()
    SCREEN = auto()
    CARDS = auto()
    OVERVIEW = auto()
    TOPICS = auto()
    COMPARISONS = auto()
    INCIDENCE = auto()
    MEAN = auto()
    SEVERITY = auto()
    PTS = auto()
    SOCS = auto()
    LISTING = auto()
    PROFILE = auto()
    GROUPS = auto()
    FINDINGS = auto()
    LAGS = auto()
    INPUTS = auto()
    REJECTED = auto()


class Column(NamedTuple):
    """One column: what its head says, and how its cells are set."""

    title: str
    kind: Kind = "number"


class Block(NamedTuple):
    """Rows under a heading of their own, or under none.

    `note` stands below the heading. `details` are sentences below the rows, one each; `anchors`
    the places on the page that the first cells lead to, "" for none. Both are as long as `rows`,
    or empty. `topic` is the topic that the rows are of, if they are of one.
    """

    rows: list[list[str]]
    heading: str = ""
    note: str = ""
    details: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    topic: str = ""

    @property
    def lines(self) -> Iterator[tuple[list[str], str, str]]:
        """Each row with its detail and its anchor."""
        return zip_longest(self.rows, self.details, self.anchors, fillvalue="")  # type: ignore[arg-type]  # no row is filled: none is shorter


class Table(NamedTuple):
    """A table of texts. `spans` is a row of heads above the columns: (title, columns below it).

    `rows_are` says what the first cells name, where a reader can choose it. `part` tells tables of
    one kind apart: that of a rule is its place in `evidence_view`, that of an estimand its place
    among the estimands; 0 where there is but one.
    """

    number: Number
    caption: str
    columns: list[Column]
    blocks: list[Block]
    spans: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    rows_are: Choice = ""
    part: int = 0

    @property
    def label(self) -> str:
        """The number as it is told, for instance 6 or, of a part, 7.2."""
        return f"{self.number}.{self.part}" if self.part else f"{self.number}"

    @property
    def classes(self) -> list[str]:
        """How the cells of each column are set; a page has thousands of numbers: a short name."""
        return ["n" if column.kind == "number" else column.kind for column in self.columns]


class Panel(NamedTuple):
    """A table for one estimand, of which a reader sees one at a time."""

    estimand: Estimand
    title: str
    table: Table


def part_of(estimand: Estimand) -> int:
    """Which part of its kind the table of an estimand is."""
    return ESTIMANDS.index(estimand) + 1


def caption(results: Results, title: str) -> str:
    """A table's title with the data it rests on."""
    return f"{title}. Data up to {wording.day(results.cut.cutoff)}."
