"""What changed between two cuts: the store's comparison and plain loops agree, on any two cuts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon import changes, schema
from safetymon.domain import ChangedPart
from safetymon.store import Store, opened

Row = dict[str, Any]
NAMES = {
    "pt": "preferred term", "onset_recorded": "onset", "severity": "severity",
    "outcome": "outcome", "serious": "serious", "related": "related", "fatal": "fatal",
    "withdrawn": "led to discontinuation",
}  # fmt: skip
FLAGS = ("serious", "related", "fatal", "withdrawn")
DAYS = (None, date(2020, 1, 1), date(2020, 1, 2))
maybe = st.sampled_from([None, True, False])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("edits"), "S", datetime(2024, 1, 1, tzinfo=UTC)) as made:
        yield made


@st.composite
def records(draw: st.DrawFn) -> list[Row]:
    keys = draw(st.sets(st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from(["a", "b"]))))
    return [
        {
            "subject": subject, "key": key, "pt": draw(st.sampled_from(["Headache", "Rash"])),
            "severity": draw(st.sampled_from([None, "mild", "severe", "grade 2"])),
            "outcome": draw(st.sampled_from([None, "recovered"])),
            "onset_low": (day := draw(st.sampled_from(DAYS))),
            "onset_recorded": day.isoformat() if day else None,
            **{name: draw(maybe) for name in FLAGS},
        }
        for subject, key in sorted(keys)
    ]  # fmt: skip


def plain(before: list[Row], now: list[Row]) -> set[tuple[Any, ...]]:
    """(subject, key, change, column) of everything that differs."""
    old = {(row["subject"], row["key"]): row for row in before}
    new = {(row["subject"], row["key"]): row for row in now}
    found: set[tuple[Any, ...]] = {(*at, "new", None) for at in new if at not in old}
    found |= {(*at, "deleted", None) for at in old if at not in new}
    for at in old.keys() & new.keys():
        found |= {(*at, "edited", told) for name, told in NAMES.items()
                  if old[at][name] != new[at][name]}  # fmt: skip
    return found


def parts(rows: list[Row]) -> dict[ChangedPart, pl.DataFrame]:
    return {"events": pl.DataFrame(rows, schema=schema.EVENTS)}


@given(records(), records())
@settings(max_examples=40, deadline=None)
def test_the_store_finds_what_plain_loops_find(
    store: Store, before: list[Row], now: list[Row]
) -> None:
    found = store.edits(parts(before), parts(now))
    told = found.select("subject", "key", "change", "column").rows()
    assert len(told) == len(set(told))
    assert set(told) == plain(before, now)
    counts = changes.counts(found, "closed")
    assert counts["records"].sum() == len(told)


@given(records(), records())
@settings(max_examples=40, deadline=None)
def test_the_way_back_undoes_every_change(store: Store, before: list[Row], now: list[Row]) -> None:
    there, back = store.edits(parts(before), parts(now)), store.edits(parts(now), parts(before))
    turned = {"new": "deleted", "deleted": "new", "edited": "edited"}
    columns = ("subject", "key", "change", "column", "before", "now")
    assert sorted(there.select(columns).rows(), key=str) == sorted(
        (
            (subject, key, turned[change], column, after, earlier)
            for subject, key, change, column, earlier, after in back.select(columns).rows()
        ),
        key=str,
    )
