"""The listing of events as data for the page's script: words once, rows as their numbers. Pure.

A page holds at most about `MOST_EVENTS` events, always all those of a subject, so that a profile is
whole; who is left to the CSV, the page says.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from safetymon.domain import ALL_SUBJECTS, Cases, Results
from safetymon.report import view
from safetymon.schema import COUNTS
from safetymon.signals.transitions import STANDING

MOST_EVENTS = 2000
# The onset as recorded only where it is not the onset.
_PARTIAL = (
    pl.when(pl.col("onset").cast(pl.String) != pl.col("onset_recorded").fill_null(""))
    .then(pl.col("onset_recorded").fill_null("nothing"))
    .alias("partial")
)
_NOT_SHOWN = ("onset_recorded", "end_recorded", "fatal", "withdrawn")
EXPOSURE = ("subject", "period", "treatment", "start", "last_dose", "risk_end")
PEOPLE = ("subject", "arm", "randomised", "left", "died")

Json = dict[str, Any]


class _Words:
    """The words of a listing, each once, and cells as their numbers; yes and no are 1 and 0."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def one(self, word: str | None) -> int | None:
        return None if word is None else self.places.setdefault(word, len(self.places))

    def rows(self, frame: pl.DataFrame) -> list[tuple[object, ...]]:
        """Column by column: a call a cell would cost four times as much."""
        return list(zip(*(self._column(column) for column in frame.get_columns()), strict=True))

    def _column(self, column: pl.Series) -> list[Any]:
        if column.dtype == pl.List:
            return [[self.one(word) for word in words] for words in column.to_list()]
        if column.dtype == pl.Boolean:
            return column.cast(pl.Int8).to_list()
        if column.dtype not in (pl.String, pl.Date):
            return column.to_list()
        places = self.places
        return [
            None if word is None else places.setdefault(word, len(places))
            for word in column.cast(pl.String).to_list()
        ]


def embedded(results: Results) -> Json | None:
    """What the page's script lists: fields, rows of numbers, and the words they stand for."""
    if results.cases is None:
        return None
    whole = results.cases
    shown = _shown(whole, results.signals)
    listing = _of(whole.listing, shown).with_columns(_PARTIAL).drop(_NOT_SHOWN)
    words = _Words()
    made: Json = {
        "fields": listing.columns,
        "events": words.rows(listing),
        "exposure": words.rows(_of(whole.ledger, shown).select(EXPOSURE)),
        "people": words.rows(_of(whole.subjects, shown).select(PEOPLE)),
        "rules": words.rows(whole.rules),
        "groups": [words.one(name) for name in results.groups["group"]],
        "treatments": [words.one(name) for name in view.treatments(results.groups, whole.ledger)],
        "conservative": whole.conservative,
        "everybody": ALL_SUBJECTS,
        "cutoff": words.one(results.cut.cutoff.isoformat()),
        "all": {"events": whole.listing.height, "subjects": whole.subjects.height},
    }
    return made | {"words": list(words.places)}


def left_out(results: Results, data: Json | None) -> tuple[int, int]:
    """How many events, of how many subjects, only the CSV holds."""
    if results.cases is None or data is None:
        return 0, 0
    subjects = results.cases.subjects.height - len(data["people"])
    return results.cases.listing.height - len(data["events"]), subjects


def _of(frame: pl.DataFrame, shown: Sequence[str] | None) -> pl.DataFrame:
    return frame if shown is None else frame.filter(pl.col("subject").is_in(shown))


def _shown(cases: Cases, signals: pl.DataFrame) -> list[str] | None:
    """Whose events the page holds; None: everybody's.

    First those with an event of a rule whose signal stands, then with a serious or fatal event,
    then of a topic, then all others; among equals by subject.
    """
    listing = cases.listing
    if listing.height <= MOST_EVENTS:
        return None
    urgent = (
        (_of_standing_rules(cases, signals), 8),
        (pl.col("serious") | pl.col("fatal").fill_null(value=False), 4),
        (pl.col("topics").list.len() > 0, 2),
    )
    weight = sum((condition.any().fill_null(value=False) * n for condition, n in urgent), pl.lit(0))
    by_subject = listing.group_by("subject").agg(weight.alias("weight"), pl.len().alias("n"))
    ordered = by_subject.sort("weight", "subject", descending=[True, False])
    return ordered.filter(pl.col("n").cum_sum() <= MOST_EVENTS)["subject"].to_list()


def _of_standing_rules(cases: Cases, signals: pl.DataFrame) -> pl.Expr:
    """Whether an event counts for a rule whose signal stands; unrecorded counts as it did."""
    standing = set(signals.filter(pl.col("verdict").is_in(list(STANDING)))["rule"].to_list())
    rules = cases.rules.filter(pl.col("rule").is_in(list(standing))).rows(named=True)
    counts = [
        pl.col("topics" if rule["adjudicated"] else "topics_by_terms").list.contains(rule["topic"])
        & COUNTS[rule["estimand"]].fill_null(cases.conservative)
        for rule in rules
    ]
    return _any(counts)


def _any(conditions: Iterable[pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(value=False), *conditions)
