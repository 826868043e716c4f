"""The listing as data for the page, and the tables of what changed, as texts."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from safetymon.domain import Changes, Results
from safetymon.record_schema import HISTORY, REJECTED_COUNTS
from safetymon.report import listing_data, page, record_tables
from safetymon.report.table import Table
from tests.report_fixture import HOSTILE, results
from tests.tables import frame

CLOSED = results(hostile=True)
SHOWN = ("subject", "key", "pt", "soc", "topics", "groups", "treatment", "study_day", "severity",
         "serious", "related", "is_new")  # fmt: skip


def told(table: Table | None) -> list[list[str]]:
    assert table is not None
    return table.blocks[0].rows


def decoded(data: dict[str, Any], name: str) -> list[Any]:
    """One field of every event, as the page's script reads it."""
    place, words = data["fields"].index(name), data["words"]
    numbers = ("study_day", "emergent", "serious", "related", "is_new")

    def word(cell: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        if isinstance(cell, list):
            return [word(one) for one in cell]
        return cell if name in numbers or cell is None else words[cell]

    return [word(row[place]) for row in data["events"]]


def test_the_embedded_listing_reads_back_as_it_was() -> None:
    data = listing_data.embedded(CLOSED)
    assert data is not None
    assert CLOSED.cases is not None
    for name in SHOWN:
        assert decoded(data, name) == CLOSED.cases.listing[name].to_list(), name
    assert set(HOSTILE) <= set(data["words"])
    assert "<" not in page.script_json(data)
    assert json.loads(json.dumps(data))["words"] == data["words"]


def test_the_open_report_has_no_listing() -> None:
    assert listing_data.embedded(results("open")) is None
    assert listing_data.left_out(results("open"), None) == (0, 0)


def test_an_onset_as_recorded_stands_only_where_it_is_not_the_onset() -> None:
    assert CLOSED.cases is not None
    partial = CLOSED.cases.listing.with_columns(
        onset_recorded=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("2017"))
        .when(pl.int_range(pl.len()) > 1).then("onset_recorded")
    )  # fmt: skip
    made = replace(CLOSED, cases=replace(CLOSED.cases, listing=partial))
    data = listing_data.embedded(made)
    assert data is not None
    assert decoded(data, "partial")[:3] == ["2017", "nothing", None]


def test_a_large_study_embeds_whole_subjects_the_urgent_first() -> None:
    made = results(scale=6)
    assert made.cases is not None
    data = listing_data.embedded(made)
    assert data is not None
    embedded = pl.Series(decoded(data, "subject"))
    assert len(embedded) <= listing_data.MOST_EVENTS < made.cases.listing.height
    whole = made.cases.listing.filter(pl.col("subject").is_in(embedded.unique().implode()))
    assert whole.height == len(embedded)  # nobody's profile is cut
    events, subjects = listing_data.left_out(made, data)
    assert events == made.cases.listing.height - len(embedded)
    assert subjects == made.cases.subjects.height - embedded.n_unique()
    standing = made.signals.filter(pl.col("verdict").is_in(["raised", "open"]))["topic"].to_list()
    urgent = made.cases.listing.filter(
        "related", pl.col("topics").list.eval(pl.element().is_in(standing)).list.any()
    )
    first, shown = set(urgent["subject"]), set(embedded)
    assert first & shown
    assert shown <= first or first <= shown


def test_kinds_of_change_are_told_in_words_and_what_did_not_happen_too() -> None:
    nothing = replace(CLOSED, changes=replace(CLOSED.changes, counts=CLOSED.changes.counts.clear()))
    assert told(record_tables.changes(nothing)) == [
        ["Subjects newly treated", "0", "0"],
        ["New event records", "0", "0"],
        ["Event records deleted", "0", "0"],
    ]
    assert told(record_tables.changes(CLOSED)) == [
        ["Subjects newly treated", "4", "4"],
        ["New event records", "12", "9"],
        ["Event records deleted", "1", "1"],
        ["New exposure", "20", "11"],
        ["Upgraded to serious", "1", "1"],
        ["Recoded to another preferred term", "2", "2"],
        ["Newly adjudicated, thromboembolism: yes", "1", "1"],
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("event | edited | related | no", "No longer related"),
        ("event | edited | related | not recorded", "Related changed, now not recorded"),
        ("event | edited | onset | earlier", "Onset moved earlier"),
        ("event | edited | onset |", "Onset changed"),
        ("event | edited | outcome |", "Outcome changed"),
        ("subject | edited | died | recorded", "Died of a subject changed, now recorded"),
        ("exposure | deleted | |", "Exposure deleted"),
        ("adjudication | deleted | headache |", "Adjudication withdrawn, headache"),
    ],
)
def test_a_change_in_words(row: str, words: str) -> None:
    drawn = frame(f"part | change | column | move\n{row}").row(0, named=True)
    assert record_tables._changed(drawn) == words


def test_the_first_look_has_neither_changes_nor_turned_verdicts() -> None:
    first = replace(CLOSED, changes=Changes(None, None, CLOSED.changes.counts.clear(),
                                            CLOSED.changes.redefined.clear()))  # fmt: skip
    assert record_tables.changes(first) is None
    assert record_tables.turned(first) is None
    assert record_tables.redefined(first) is None
    assert "This is the first look" in page.render(first, "")


def test_a_verdict_that_turned_is_told_with_what_moved_it() -> None:
    rows = told(record_tables.turned(CLOSED))
    moved = {row[0]: row[1:] for row in rows}
    rule = "Thromboembolism, related events: All IVIg by incidence"
    assert moved[rule] == ["no events", "raised", "new data"]
    since = dict(CLOSED.signals.select("rule", "since_look").rows())
    assert all(since[row[0]] == 3 or row[2] == "open" for row in rows)


def _screened(made: Results, terms: int) -> Results:
    """The look with this many terms newly flagged in each of two pairs of groups."""
    rows = [
        made.screen.head(1).with_columns(
            term=pl.lit(f"T{i:02d}"), group=pl.lit(group), p=pl.lit(0.001 * (i + 1)),
            flagged=pl.lit(value=True), since_look=pl.lit(made.look.number, pl.Int64),
        )
        for group in ("A", "B") for i in range(terms)
    ]  # fmt: skip
    return replace(made, screen=pl.concat([made.screen, *rows]).select(made.screen.columns))


def test_terms_newly_flagged_are_named_with_their_groups_in_the_closed_report_only() -> None:
    (said,) = record_tables.flagged(results())
    pair = "First period, IVIg against First period, placebo"
    assert said == f"Newly flagged by the screen, {pair} (Table 9): Term 066."
    assert said in page.render(results(), "")
    assert record_tables.flagged(results("open")) == []
    assert "Newly flagged" not in page.render(results("open"), "")


def test_of_many_terms_newly_flagged_those_with_most_evidence_are_named() -> None:
    _, first, second = record_tables.flagged(_screened(results(), 12))
    assert first.endswith(": T00, T01, T02, T03, T04, T05, T06, T07, T08, T09, 2 more.")
    assert "A against" in first
    assert "B against" in second


def test_a_screen_that_newly_flags_nothing_says_so() -> None:
    quiet = replace(CLOSED, screen=CLOSED.screen.with_columns(since_look=pl.lit(2, pl.Int64)))
    none = "The screen newly flags no preferred term."
    assert none in page.render(quiet, "")
    assert none not in page.render(CLOSED, "")
    assert none not in page.render(replace(quiet, screen=quiet.screen.clear()), "")


def test_the_first_look_has_no_newly_flagged_term_to_name() -> None:
    first = replace(CLOSED, changes=replace(CLOSED.changes, since=None))
    assert record_tables.flagged(first) == []


RUNS = frame(
    """
    rule | verdict   | first_look | first_cutoff | last_look | last_cutoff | looks
    a    | no signal | 1          | 2020-01-01   | 5         | 2020-05-01  | 5
    a    | raised    | 6          | 2020-06-01   | 9         | 2020-09-01  | 4
    b    | open      | 3          | 2020-03-01   | 9         | 2020-09-01  | 7
    c    | raised    | 1          | 2020-01-01   | 4         | 2020-04-01  | 4
    """,
    HISTORY,
)


def test_the_history_has_a_column_for_each_look_at_which_a_verdict_turned() -> None:
    look = CLOSED.look._replace(number=9)
    cut = CLOSED.cut._replace(cutoff=date(2020, 9, 1))
    made = replace(CLOSED, history=RUNS, look=look, cut=cut)
    table = record_tables.history(made)
    assert table is not None
    assert [column.title for column in table.columns] == [
        "Rule", "Look 1, 01 Jan 2020", "Look 3, 01 Mar 2020", "Look 6, 01 Jun 2020",
        "Look 9, 01 Sep 2020",
    ]  # fmt: skip
    assert {row[0]: row[1:] for row in told(table)} == {
        "a": ["no signal", "no signal", "raised", "raised"],
        "b": ["–", "open", "open", "open"],
        "c": ["raised", "raised", "–", "–"],  # no look evaluated it any more
    }


def test_a_long_history_shows_the_latest_looks_and_says_so() -> None:
    rows = [("a", "raised" if i % 2 else "open", i, date(2020, 1, i), i, date(2020, 1, i), 1)
            for i in range(1, 31)]  # fmt: skip
    runs = pl.DataFrame(rows, schema=HISTORY, orient="row")
    look = CLOSED.look._replace(number=30)
    cut = CLOSED.cut._replace(cutoff=date(2020, 1, 30))
    table = record_tables.history(replace(CLOSED, history=runs, look=look, cut=cut))
    assert table is not None
    assert len(table.columns) == 25
    assert table.columns[1].title == "Look 7, 07 Jan 2020"
    assert "6 earlier ones are in tables/history.csv." in table.notes


def test_what_is_not_recorded_is_not_a_zero() -> None:
    rows = {row[0]: row[1:] for row in told(record_tables.overview(CLOSED))}
    assert set(rows["Fatal"][::3]) == {"not recorded"}
    assert rows["Led to discontinuation"][0] == "2 (3)"
    table = record_tables.overview(CLOSED)
    assert "1 event without a record of it, counted as no." in table.notes[0]


def test_rejected_rows_lead_to_the_table_of_the_closed_report_only() -> None:
    closed, pooled = (record_tables.rejected(made) for made in (CLOSED, results("open")))
    assert told(closed) == told(pooled)
    assert closed is not None
    assert pooled is not None
    assert "tables/rejected.csv" in closed.notes[0]
    assert "tables/rejected.csv" not in pooled.notes[0]
    none = replace(CLOSED, rejected=pl.DataFrame(schema=REJECTED_COUNTS))
    assert record_tables.rejected(none) is None


def test_edited_records_are_told_in_the_closed_report_only() -> None:
    rows = told(record_tables.edited(CLOSED))
    assert [row[3] for row in rows] == ["serious", "event deleted"]
    assert rows[0][4:] == ["no", "yes"]
    assert record_tables.edited(results("open")) is None
