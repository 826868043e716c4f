"""What a table of the page is: numbers already turned into the text that stands there. Pure.

A table's number belongs to its kind, so Table 2 is Table 2 in the open and in the closed report.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from safetymon.domain import Estimand, Results
from safetymon.report import wording

Kind = Literal["text", "words", "number", "badge", "code"]
"""How a column's cells are set; `words` are sentences, `badge` a verdict or severity."""
Choice = Literal["", "topic", "pt", "soc", "rule"]
"""What a reader can choose, here and in the charts: all else then shows that only."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what its head says, and how its cells are set."""

    title: str
    kind: Kind = "number"


@dataclass(frozen=True, slots=True)
class Block:
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


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts. `spans` is a row of heads above the columns: (title, columns below it).

    `rows_are` says what the first cells name, where a reader can choose it.
    """

    number: int
    caption: str
    columns: list[Column]
    blocks: list[Block]
    spans: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    rows_are: Choice = ""

    @property
    def classes(self) -> list[str]:
        """How the cells of each column are set; a page has thousands of numbers: a short name."""
        return ["n" if column.kind == "number" else column.kind for column in self.columns]


@dataclass(frozen=True, slots=True)
class Panel:
    """A table for one estimand, of which a reader sees one at a time."""

    estimand: Estimand
    title: str
    table: Table


def caption(results: Results, title: str) -> str:
    """A table's title with the data it rests on."""
    return f"{title}. Data up to {wording.day(results.cut.cutoff)}."
