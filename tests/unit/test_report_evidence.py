"""The evidence on the page: the rows that decided, and no others, in table and chart."""

import math
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Results
from safetymon.report import evidence_charts, evidence_tables, evidence_view, wording
from safetymon.report.marks import Spec
from safetymon.report.table import Number, Table
from tests import evidence_fixture
from tests.evidence_fixture import AGAINST, POOLED, STRIP_ONLY, WALK
from tests.report_fixture import CUTOFF, results, schema_frame

CLOSED = results()


def drawn(spec: Spec) -> list[dict[str, Any]]:
    """The points, each with the place of its line: of a path, 0 the count and 1 its boundary."""
    shared = spec["layer"][-1].get("encoding", {}) | spec["layer"][0].get("encoding", {})
    labels = shared["color"]["scale"]["domain"]
    rows: list[dict[str, Any]] = spec["datasets"]["rows"]
    return [row | {"place": labels.index(row["label"])} for row in rows]


def cells(table: Table) -> list[list[str]]:
    return table.blocks[0].rows


def path_of(rule: str) -> pl.DataFrame:
    return CLOSED.evidence.filter(rule=rule)


def test_a_background_path_can_be_recomputed_by_hand() -> None:
    table = evidence_tables.path(CLOSED, AGAINST, "background", 1)
    assert [column.title for column in table.columns] == [
        "Date", "Subjects counted", "With event", "Boundary", "Alpha spent", wording.E_VALUE,
    ]  # fmt: skip
    assert cells(table) == [
        ["31 Dec 2018", "95", "5", "4", "0.04750", "12.8"],  # the last day
        ["17 Sep 2018", "80", "5", "4", "0.04000", "14.9"],
        ["16 Apr 2018", "58", "4", "3", "0.02900", "9.21"],
        ["19 Feb 2018", "50", "3", "3, reached", "0.02500", "4.95"],
        ["28 Aug 2017", "25", "2", "3", "0.01250", "3.16"],
        ["15 May 2017", "10", "1", "2", "0.00500", "1.82"],
    ]
    assert table.notes[-1] == (
        "89 more days, earlier or without a new event, are in tables/evidence.csv."
    )


def test_a_walk_shows_every_event_day_up_to_the_most() -> None:
    table = evidence_tables.path(CLOSED, WALK, "ecl", 1)
    assert [column.title for column in table.columns] == [
        "Date", "First events", "On treatment", "Expected share", "Information fraction",
        "Boundary", "Alpha spent", wording.E_VALUE,
    ]  # fmt: skip
    assert cells(table)[0] == [
        "17 Sep 2018", "40", "20", "0.4800", "0.8000", "25", "0.04000", "1,565",
    ]  # fmt: skip
    assert [row[1] for row in cells(table)] == [str(n) for n in range(40, 10, -1)]
    assert table.notes[-1].startswith("10 more days")


def test_a_short_path_leaves_nothing_to_the_file() -> None:
    made = replace(CLOSED, evidence=path_of(WALK).head(3))
    table = evidence_tables.path(made, WALK, "ecl", 1)
    assert len(cells(table)) == 3
    assert len(table.notes) == 1


def test_one_day_left_out_is_one_day() -> None:
    made = replace(CLOSED, evidence=path_of(WALK).head(31))
    assert evidence_tables.path(made, WALK, "ecl", 1).notes[-1].startswith("One more day is in")


@pytest.mark.parametrize(
    ("method", "frame", "last", "titles"),
    [
        (
            "poisson",
            evidence_fixture.poisson("rule"),
            ["02 Oct 2017", "45.00", "6", "3.000", "–", "403"],
            ["Date", "Person-years", "With event", "Expected", "Information fraction"],
        ),
        (
            "protocol",
            evidence_fixture.protocol("rule"),
            ["02 Oct 2017", "30", "3", "3", "0.60"],
            ["Date", "Of the first", "With event", "Boundary", "Expected"],
        ),
    ],
)
def test_every_method_has_its_own_columns(
    method: str, frame: pl.DataFrame, last: list[str], titles: list[str]
) -> None:
    table = evidence_tables.path(replace(CLOSED, evidence=frame), "rule", method, 1)
    assert cells(table)[0] == last
    assert [column.title for column in table.columns][:5] == titles


def test_before_the_protocol_asks_there_is_no_boundary() -> None:
    early = evidence_fixture.protocol("rule").head(5)
    table = evidence_tables.path(replace(CLOSED, evidence=early), "rule", "protocol", 1)
    assert cells(table) == [["10 Apr 2017", "5", "0", "none", "0.10"]]


@pytest.mark.parametrize("rule", [AGAINST, WALK, POOLED])
def test_chart_and_table_and_verdict_read_the_same_rows(rule: str) -> None:
    path = path_of(rule)
    signal = CLOSED.signals.filter(rule=rule).row(0, named=True)
    spec = evidence_charts.path_chart(path, signal["method"], CUTOFF)
    truth = {row["date"].isoformat(): row for row in path.rows(named=True)}
    for point in drawn(spec):
        assert point["n"] == truth[point["date"]][("count", "limit")[point["place"]]]
        assert point["evalue"] == wording.e_value(truth[point["date"]]["log_e"])
    last = {point["place"]: point["n"] for point in drawn(spec) if point["last"]}
    assert last == {0: signal["value"], 1: signal["limit"]}


@pytest.mark.parametrize("rule", [AGAINST, WALK])
def test_a_day_that_is_not_drawn_would_have_drawn_nothing(rule: str) -> None:
    path = path_of(rule)
    spec = evidence_charts.path_chart(path, "ecl", CUTOFF)
    for place, column in enumerate(("count", "limit")):
        points = {p["date"]: p["n"] for p in drawn(spec) if p["place"] == place}
        level = None
        for row in path.rows(named=True):
            level = points.get(row["date"].isoformat(), level)
            assert level == row[column]


def test_the_crossing_is_marked_on_its_day_and_once() -> None:
    spec = evidence_charts.path_chart(path_of(AGAINST), "background", CUTOFF)
    marked = [layer for layer in spec["layer"] if "data" in layer]
    values = [layer["data"]["values"] for layer in marked]
    assert values == [[{"date": "2018-02-19", "text": "reached 19 Feb 2018"}]] * 2
    signal = CLOSED.signals.filter(rule=AGAINST).row(0, named=True)
    assert signal["crossed_on"] == date(2018, 2, 19)


def test_a_path_that_never_crossed_marks_nothing() -> None:
    spec = evidence_charts.path_chart(path_of(WALK), "ecl", CUTOFF)
    assert len(spec["layer"]) == 1


def test_a_crossing_late_in_the_trial_is_named_to_its_left() -> None:
    late = path_of(AGAINST).with_columns(crossed=pl.col("of") >= 90)
    spec = evidence_charts.path_chart(late, "background", CUTOFF)
    assert spec["layer"][-1]["mark"]["align"] == "right"


def test_a_method_without_boundary_shows_what_was_expected() -> None:
    spec = evidence_charts.path_chart(evidence_fixture.poisson("rule"), "poisson", CUTOFF)
    labels = {point["label"] for point in drawn(spec)}
    assert labels == {"Subjects with an event: 6 in 45.0 person-years", "Expected: 3.0"}
    assert spec["title"]["text"] == "Count and number expected over time"


def test_no_boundary_is_drawn_before_there_is_one() -> None:
    spec = evidence_charts.path_chart(evidence_fixture.protocol("rule"), "protocol", CUTOFF)
    boundary = [point["date"] for point in drawn(spec) if point["place"] == 1]
    assert min(boundary) == "2017-05-15"


def test_a_strip_tells_every_background_and_marks_the_rules_own() -> None:
    table = evidence_tables.strip(CLOSED, AGAINST, 0.01, 1)
    assert cells(table) == [
        ["0.5%", "3", "<0.001", "199", "yes"],
        ["1% (this rule)", "4", "0.003", "29.5", "yes"],
        ["2%", "6", "0.042", "3.49", "no"],
        ["5%", "10", "0.518", "0.294", "no"],
    ]
    spec = evidence_charts.strip_chart(CLOSED.sensitivity.filter(rule=AGAINST), 0.01, CUTOFF)
    assert [row["percent"] for row in drawn(spec) if row["own"]] == [1.0]
    assert "ringed: this rule's background, 1%" in spec["title"]["subtitle"]


def test_the_rules_own_background_is_the_one_its_path_was_weighed_against() -> None:
    rows = CLOSED.sensitivity.filter(rule=AGAINST).rows(named=True)
    assert evidence_tables.own_background(path_of(AGAINST), rows) == 0.01
    assert evidence_tables.own_background(path_of(STRIP_ONLY), rows) is None
    nobody = path_of(AGAINST).tail(1).with_columns(of=pl.lit(0.0), expected=pl.lit(0.0))
    assert evidence_tables.own_background(nobody, rows) is None


def _strip(*crossed: bool) -> list[wording.Row]:
    return [
        {"subjects": 5, "of": 95, "background": p, "crossed": reached}
        for p, reached in zip((0.01, 0.02, 0.03), crossed, strict=True)
    ]


@pytest.mark.parametrize(
    ("crossed", "turns"),
    [
        ((True, True, False), "the boundary was reached at 1% and 2%, and not at 3%."),
        ((True, True, True), "the boundary was reached at every background shown, 1% to 3%."),
        ((False, False, False), "the boundary was not reached at any background shown, 1% to 3%."),
    ],
)
def test_a_sentence_says_where_the_answer_turns(crossed: tuple[bool, ...], turns: str) -> None:
    sentence = evidence_tables.turns(_strip(*crossed))
    assert sentence.lower().endswith(f"with 5 of 95 subjects with an event, {turns}")
    assert sentence.startswith("The answer turns on the background") == (len(set(crossed)) == 2)


def test_nobody_with_an_event_is_certain_under_any_background() -> None:
    assert evidence_tables.chance(1.0) == "1"


def test_cards_come_in_the_order_of_table_1() -> None:
    paths, strips = evidence_view.paths(CLOSED), evidence_view.strips(CLOSED)
    assert [card.rule for card in paths.shown] == [AGAINST, POOLED, WALK]
    assert [card.rule for card in strips.shown] == [AGAINST, POOLED, STRIP_ONLY]
    assert paths.anchors == {AGAINST: "path-1", POOLED: "path-2", WALK: "path-3"}


def test_the_tables_of_a_rule_are_the_same_part_of_their_kinds() -> None:
    paths, strips = (
        {card.rule: card.table.label for card in cards.shown}
        for cards in (evidence_view.paths(CLOSED), evidence_view.strips(CLOSED))
    )
    assert paths == {AGAINST: "7.1", POOLED: "7.2", WALK: "7.3"}
    assert strips == {AGAINST: "8.1", POOLED: "8.2", STRIP_ONLY: "8.4"}


def test_rules_that_decide_come_before_those_that_do_not_also_where_these_are_more_urgent() -> None:
    urgent = pl.when(rule=STRIP_ONLY).then(pl.lit("raised")).otherwise(pl.lit("no signal"))
    made = replace(CLOSED, signals=CLOSED.signals.with_columns(verdict=urgent))
    strips = evidence_view.strips(made).shown
    assert [card.rule for card in strips][-1] == STRIP_ONLY
    parts = [card.table.part for card in strips]
    assert parts == sorted(parts)


def test_a_card_says_what_a_reader_must_know() -> None:
    against, pooled, walk = evidence_view.paths(CLOSED).shown
    facts = dict(against.facts)
    assert facts["Since look"] == "3 (1 look in a row)"
    assert facts["What moved it"] == "new data"
    assert facts["Boundary reached"] == "19 Feb 2018"
    assert facts["Fragile"] == "yes: one subject fewer would clear it"
    assert dict(pooled.facts)["Fragile"] == "no"
    assert pooled.notes[0].startswith("A trigger to unblind, not evidence of harm: ")
    assert "Fragile" not in dict(walk.facts)
    assert walk.notes == ()


def test_a_strip_without_a_background_decides_nothing() -> None:
    strip = evidence_view.strips(CLOSED).shown[2]
    assert strip.notes == ("This rule has no background of its own and decides nothing.",)
    assert "this rule" not in str(strip.spec["title"])


def test_the_open_report_has_the_pooled_rules_only() -> None:
    made = results("open")
    assert [card.rule for card in evidence_view.paths(made).shown] == [POOLED]
    assert [card.rule for card in evidence_view.strips(made).shown] == [POOLED]
    assert evidence_tables.screened(made) is None
    assert evidence_charts.screen_charts(made.screen, CUTOFF) == []


def _many(rules: int) -> Results:
    signals, evidence = evidence_fixture.many(rules)
    return replace(CLOSED, signals=signals, evidence=evidence)


@pytest.mark.parametrize(
    ("rules", "shown", "left_out", "chosen"),
    [(8, 8, 0, False), (9, 9, 0, True), (30, 24, 6, True)],
)
def test_many_rules_are_shown_one_at_a_time_and_no_more_than_can_be_read(
    rules: int, shown: int, left_out: int, chosen: bool
) -> None:
    cards = evidence_view.paths(_many(rules))
    assert (len(cards.shown), cards.left_out, cards.chosen) == (shown, left_out, chosen)


def test_the_screen_comes_flagged_first_then_by_evidence() -> None:
    table = evidence_tables.screened(CLOSED)
    assert table is not None
    assert table.number is Number.SCREEN
    (block,) = table.blocks
    assert block.heading == "First period, IVIg against First period, placebo"
    assert [row[0] for row in block.rows[:3]] == ["Headache", "Term 066", "Migraine"]
    assert block.rows[0] == ["Headache", "2", "0", "0.00068", "1,500", "since look 2"]
    assert block.rows[1][5] == "since look 3"
    assert block.rows[2][3:] == ["0.054", "1.53", "no"]
    evidence = [float(row[4]) for row in block.rows[3:]]
    assert evidence == sorted(evidence, reverse=True)
    assert {row[3] for row in block.rows[3:]} == {">0.1"}


def test_a_long_screen_says_what_is_left_to_the_file() -> None:
    table = evidence_tables.screened(CLOSED)
    assert table is not None
    assert len(table.blocks[0].rows) == 30
    assert table.notes == (
        "First events are those while both groups were at risk.",
        "First period, IVIg against First period, placebo: 50 more terms in tables/screen.csv.",
    )


def test_a_term_is_drawn_at_its_e_value_and_flagged_ones_are_named() -> None:
    (spec,) = evidence_charts.screen_charts(CLOSED.screen, CUTOFF)
    truth = {row["term"]: row for row in CLOSED.screen.rows(named=True)}
    assert len(drawn(spec)) == CLOSED.screen.height
    for point in drawn(spec):
        assert point["events"] == truth[point["term"]]["events"]
        log_e = truth[point["term"]]["log_e"]
        assert point["n"] == pytest.approx(log_e / math.log(10), abs=0.0005)
    assert [p["term"] for p in drawn(spec) if p["named"]] == ["Headache", "Term 066"]


def test_a_screen_of_many_terms_draws_the_most_evident() -> None:
    names = ("Flagged", *(f"Term {number:04d}" for number in range(998)), "New")
    screen = evidence_fixture.screen(names, 3)
    (spec,) = evidence_charts.screen_charts(screen, CUTOFF)
    assert len(drawn(spec)) == 200
    assert {"Flagged", "New"} <= {point["term"] for point in drawn(spec)}
    assert "the 200 most evident of 1,000 preferred terms" in spec["title"]["subtitle"][0]


def test_each_pair_of_groups_has_its_own_screen() -> None:
    other = CLOSED.screen.with_columns(group=pl.lit("Second period, IVIg"))
    made = replace(CLOSED, screen=pl.concat([CLOSED.screen, other]))
    table = evidence_tables.screened(made)
    assert table is not None
    assert [len(block.rows) for block in table.blocks] == [30, 30]
    assert len(evidence_charts.screen_charts(made.screen, CUTOFF)) == 2


def test_without_a_screen_there_is_no_table() -> None:
    made = replace(CLOSED, screen=schema_frame({}, schema.SCREEN))
    assert evidence_tables.screened(made) is None
