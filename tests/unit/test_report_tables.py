"""The tables of the page: what is shown, in which order, and what is left to the CSV."""

from dataclasses import replace

import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Estimand, Results, Scope, Verdict
from safetymon.report import (
    evidence_tables,
    evidence_view,
    signal_tables,
    term_tables,
    topic_tables,
    view,
    wording,
)
from safetymon.report.table import Block, Number, Panel, Table
from tests import evidence_fixture
from tests.evidence_fixture import AGAINST, POOLED
from tests.report_fixture import (
    ALL_IVIG,
    FIRST_IVIG,
    FIRST_PLACEBO,
    HOSTILE,
    results,
    schema_frame,
)


def one(frame: pl.DataFrame, **key: object) -> wording.Row:
    found = frame.filter(**key)
    assert found.height == 1
    return found.row(0, named=True)


def panel(panels: list[Panel], estimand: Estimand) -> Table:
    return next(p.table for p in panels if p.estimand == estimand)


def block(table: Table, heading: str) -> Block:
    return next(b for b in table.blocks if b.heading == heading)


@pytest.mark.parametrize("estimand", ["all", "related", "serious", "related serious"])
def test_a_topic_row_shows_the_frames_numbers(estimand: Estimand) -> None:
    made = results()
    cells = {r[0]: r for r in block(panel(topic_tables.topics(made), estimand), "headache").rows}
    for group in (FIRST_IVIG, FIRST_PLACEBO, ALL_IVIG):
        row = one(made.incidence, term="headache", adjudicated=True, estimand=estimand, group=group)
        assert cells[group][:5] == [
            group,
            f"{row['subjects']}/{row['at_risk']}",
            f"{row['percent']:.1f}",
            f"{row['ci_low']:.1f} to {row['ci_high']:.1f}",
            str(row["events"]),
        ]
        assert cells[group][5:] == [
            f"{row['rate_per_100py']:.1f}",
            f"{row['rate_low']:.1f} to {row['rate_high']:.1f}",
            f"{row['first_rate_per_100py']:.1f}",
            f"{row['first_rate_low']:.1f} to {row['first_rate_high']:.1f}",
            f"{row['per_100_administrations']:.1f}",
        ]


def test_a_topic_stands_twice_only_where_adjudication_changed_it() -> None:
    headings = [b.heading for b in panel(topic_tables.topics(results()), "all").blocks]
    assert headings == [
        "Any event", "headache", "pyrexia", "nausea",
        "thromboembolism, adjudicated", "thromboembolism, terms alone",
    ]  # fmt: skip


def test_a_listing_without_administrations_has_no_column_for_them() -> None:
    made = results()
    without = made.incidence.with_columns(per_100_administrations=pl.lit(None, dtype=pl.Float64))
    table = panel(topic_tables.topics(replace(made, incidence=without)), "all")
    assert "administrations" not in [column.title for column in table.columns]
    assert {len(row) for b in table.blocks for row in b.rows} == {len(table.columns)}


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_every_row_is_as_wide_as_its_head(scope: Scope) -> None:
    made = results(scope)
    panels = [
        *topic_tables.topics(made),
        *topic_tables.comparisons(made),
        *term_tables.terms(made, "soc"),
        *term_tables.terms(made, "pt"),
    ]
    cards = [*evidence_view.paths(made).shown, *evidence_view.strips(made).shown]
    screen = evidence_tables.screened(made)
    tables = [
        signal_tables.signals(made, {}), view.groups(made), view.findings(made), view.inputs(made),
        *(card.table for card in cards), *([screen] if screen else []),
    ]  # fmt: skip
    for table in [*tables, *(p.table for p in panels)]:
        widths = {len(row) for b in table.blocks for row in b.rows}
        assert widths <= {len(table.columns)}
        if table.spans:
            assert sum(width for _, width in table.spans) == len(table.columns)


def test_a_comparison_row_shows_the_frames_numbers() -> None:
    made = results()
    table = panel(topic_tables.comparisons(made), "related")
    cells = next(row for row in table.blocks[0].rows if row[0] == "pyrexia")
    row = one(made.comparisons, term="pyrexia", adjudicated=True, estimand="related")
    assert table.blocks[0].heading == f"{FIRST_IVIG} against {FIRST_PLACEBO}"
    assert cells == [
        "pyrexia",
        wording.signed(row["risk_difference"]),
        wording.interval(row["rd_low"], row["rd_high"]),
        wording.number(row["risk_ratio"], 2),
        wording.interval(row["rr_low"], row["rr_high"], 2),
        wording.number(row["odds_ratio"], 2),
        wording.interval(row["or_low"], row["or_high"], 2),
        wording.number(row["rate_ratio"], 2),
        wording.interval(row["rate_ratio_low"], row["rate_ratio_high"], 2),
        wording.p_value(row["fisher_p"]),
    ]


def test_without_a_reference_there_is_no_comparison() -> None:
    made = replace(results(), comparisons=schema_frame({}, schema.COMPARISONS))
    assert topic_tables.comparisons(made) == []


@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_an_intervals_column_is_headed_by_its_level(confidence: float) -> None:
    made = replace(results(), confidence=confidence)
    title = f"{100 * confidence:g}% interval"
    for panels, times in (
        (topic_tables.topics(made), 3),
        (topic_tables.comparisons(made), 4),
        (term_tables.terms(made, "pt"), 1),
    ):
        heads = [column.title for column in panels[0].table.columns]
        assert heads.count(title) == times
        assert "Interval" not in heads


def test_terms_are_told_by_subjects_and_events_and_difference() -> None:
    made = results()
    table = panel(term_tables.terms(made, "pt"), "all")
    cells = next(row for row in table.blocks[0].rows if row[0] == "Chills")
    expected = []
    for group in (FIRST_IVIG, FIRST_PLACEBO, ALL_IVIG):
        row = one(made.incidence, term="Chills", estimand="all", group=group)
        expected += [f"{row['subjects']} ({row['percent']:.1f})", str(row["events"])]
    pair = one(made.comparisons, term="Chills", estimand="all")
    expected += [
        wording.signed(pair["risk_difference"]),
        wording.interval(pair["rd_low"], pair["rd_high"]),
        wording.p_value(pair["fisher_p"]),
    ]
    assert cells[1:] == expected


def test_terms_without_an_event_are_counted_not_listed() -> None:
    made = results()
    counted = made.incidence.filter(level="pt", estimand="serious")
    had = counted.filter(pl.col("subjects") > 0)["term"].unique()
    table = panel(term_tables.terms(made, "pt"), "serious")
    assert {row[0] for row in table.blocks[0].rows} == set(had)
    zero = counted["term"].n_unique() - len(had)
    assert table.notes[0].startswith(f"{zero} terms without serious events in any group")


def test_a_term_that_only_the_smaller_group_had_is_not_buried() -> None:
    rows = [
        {"term": "Common", "group": "IVIg", "percent": 10.0, "events": 50},
        {"term": "Common", "group": "Placebo", "percent": 0.0, "events": 0},
        {"term": "Only placebo", "group": "IVIg", "percent": 0.0, "events": 0},
        {"term": "Only placebo", "group": "Placebo", "percent": 20.0, "events": 3},
    ]
    assert term_tables.most_frequent(rows) == ["Only placebo", "Common"]


def test_a_long_table_says_what_is_left_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(term_tables, "MOST_ROWS", 10)
    made = results()
    had = made.incidence.filter(pl.col("subjects") > 0, level="pt", estimand="all")
    rest = had["term"].n_unique() - 10
    table = panel(term_tables.terms(made, "pt"), "all")
    assert len(table.blocks[0].rows) == 10
    assert table.notes[0] == (
        f"The 10 most frequent are shown; {rest} more are in tables/incidence.csv."
    )


def test_a_look_without_any_event_says_so() -> None:
    made = results()
    nothing = made.incidence.filter(pl.col("level") != "pt")
    table = panel(term_tables.terms(replace(made, incidence=nothing), "pt"), "related")
    assert table.blocks[0].rows == []
    assert table.notes == ("No related events in any group.",)


def test_hostile_terms_are_shown_as_they_are() -> None:
    table = panel(term_tables.terms(results(hostile=True), "pt"), "all")
    assert set(HOSTILE) <= {row[0] for row in table.blocks[0].rows}


def signal_rows(made: Results) -> list[list[str]]:
    return signal_tables.signals(made, {}).blocks[0].rows


def test_signals_come_the_most_urgent_first_and_what_cannot_tell_before_no_signal() -> None:
    rows = signal_rows(results())
    assert [row[1] for row in rows] == [
        "raised", "raised", "raised", "open", "too little data", "not applicable", "no signal",
        "no signal",
    ]  # fmt: skip
    assert rows[0][7] == "3%"
    assert rows[4][6] == "–"


def test_a_signal_is_told_with_its_history_and_evidence() -> None:
    row = next(row for row in signal_rows(results()) if row[0] == AGAINST)
    assert row == [
        AGAINST, "raised", ALL_IVIG, "3", "1", "new data", "5 subjects", "4 subjects", "29.5",
        "19 Feb 2018",
    ]  # fmt: skip


def test_below_each_signal_stands_what_it_found_and_what_it_is_not() -> None:
    (block,) = signal_tables.signals(results(), {AGAINST: "path-1"}).blocks
    details = {row[0]: detail for row, detail in zip(block.rows, block.details, strict=True)}
    anchors = {row[0]: anchor for row, anchor in zip(block.rows, block.anchors, strict=True)}
    assert details[AGAINST].endswith("One subject fewer would clear it.")
    assert "a background that was assumed too low" in details[POOLED]
    limits = [text for rule, text in details.items() if rule.endswith("by incidence")]
    assert all(text.endswith("Not valid evidence over repeated looks.") for text in limits)
    assert len(limits) == 4
    assert anchors == {rule: "path-1" if rule == AGAINST else "" for rule in details}


@pytest.mark.parametrize(
    ("method", "value", "shown"),
    [
        ("incidence", 6.316, "6.3%"),
        ("subjects", 5.0, "5 subjects"),
        ("subjects", 2.5, "2.5 subjects"),
        ("background", 1.0, "1 subject"),
        ("ecl", 21.0, "21 events"),
        ("difference", -1.25, "−1.2 points"),
        ("ratio", 0.9242, "0.92 ×"),
        ("incidence", None, "–"),
    ],
)
def test_a_rules_value_has_the_unit_of_its_method(
    method: str, value: float | None, shown: str
) -> None:
    made = results()
    signals = made.signals.head(1).with_columns(
        method=pl.lit(method), value=pl.lit(value, dtype=pl.Float64)
    )
    assert signal_rows(replace(made, signals=signals))[0][6] == shown


def test_only_verdicts_that_some_rule_has_are_explained() -> None:
    given = [verdict for verdict, _ in signal_tables.meanings(results().signals)]
    assert given == ["raised", "open", "too little data", "not applicable", "no signal"]


def test_every_verdict_has_a_place_and_a_meaning() -> None:
    verdicts = set(Verdict.__args__)  # type: ignore[attr-defined]  # a Literal has its values
    assert set(wording.VERDICT_ORDER) == verdicts
    assert [verdict for verdict, _ in signal_tables.VERDICT_MEANINGS] == list(wording.VERDICT_ORDER)


def test_without_a_simulation_there_is_no_rule_card() -> None:
    assert signal_tables.cards(results()) is None


def test_a_rule_card_tells_trials_and_monte_carlo_error() -> None:
    rule = results().signals["rule"][1]
    made = replace(results(), cards=evidence_fixture.cards(rule))
    table = signal_tables.cards(made)
    assert table is not None
    assert table.number is Number.CARDS
    assert table.notes[0].startswith("Simulated over the whole trial")
    simulated, other = table.blocks
    assert simulated.heading == f"{rule} (by number of subjects)"
    assert simulated.note == "95 subjects entering over 1007 days, as observed"
    assert simulated.rows == [
        ["no harm", "1", "2,000", "24.4", "1.0", "–", "–"],
        ["risk x2", "2", "2,000", "85.0", "0.8", "210", "61"],
    ]
    assert (other.heading, other.note, other.rows) == (
        "Headache, all events: First period, IVIg against its reference",
        "Not simulated: no plan.",
        [],
    )


def test_beside_a_rule_stands_how_often_it_would_be_false() -> None:
    rule = results().signals["rule"][1]
    made = replace(results(), cards=evidence_fixture.cards(rule))
    (block,) = signal_tables.signals(made, {}).blocks
    told = [row[0] for row, text in zip(block.rows, block.details, strict=True)
            if "Simulated" in text]  # fmt: skip
    assert told == [rule]
    assert block.details[0].endswith(
        "Simulated over the whole trial: without harm, a false signal in 24.4% of 2,000 trials "
        "(Monte-Carlo error 1.0 points; Table 10)."
    )


Kinds = tuple[str, str | None, list[str]]


def _groups(*rows: Kinds) -> pl.DataFrame:
    data = [
        {"group": name, "treatment": treatment, "periods": periods, "subjects": 10}
        for name, treatment, periods in rows
    ]
    return pl.DataFrame(data, schema={k: schema.GROUPS[k] for k in data[0]})


@pytest.mark.parametrize(
    ("rows", "overlapping"),
    [
        ([("A1", "A", ["1"]), ("All A", "A", [])], True),
        ([("A1", "A", ["1"]), ("A12", "A", ["1", "2"])], True),
        ([("A1", "A", ["1"]), ("Total", None, [])], True),
        ([("A1", "A", ["1"]), ("A2", "A", ["2"])], False),
        ([("A", "A", []), ("B", "B", [])], False),
    ],
)
def test_overlapping_columns_are_named(rows: list[Kinds], overlapping: bool) -> None:
    text = view.overlaps(_groups(*rows), None)
    assert text.startswith("Columns overlap; do not add them") == overlapping
    assert "do not add" in text


def test_a_single_column_overlaps_nothing() -> None:
    assert view.overlaps(_groups(("All subjects", None, [])), None) == ""


@pytest.mark.parametrize(("second", "warned"), [("001", True), ("002", False)])
def test_columns_are_said_to_share_subjects_only_where_they_do(second: str, warned: bool) -> None:
    ledger = pl.DataFrame(
        {"subject": ["001", second], "period": ["1", "1"], "treatment": ["A", "B"]}
    )
    text = view.overlaps(_groups(("A", "A", []), ("B", "B", ["1"])), ledger)
    assert text.startswith("A subject who took both treatments") == warned
    assert bool(text) == warned


def test_the_open_groups_table_has_no_treatment() -> None:
    titles = [column.title for column in view.groups(results("open")).columns]
    assert titles == ["Group", "Subjects", "Person-years", "Administrations"]


def test_findings_come_the_gravest_first() -> None:
    severities = [row[1] for row in view.findings(results()).blocks[0].rows]
    assert severities == ["error", "warning", "info"]


def test_files_are_told_with_their_rows() -> None:
    assert view.inputs(results()).blocks[0].rows[2][:4] == ["adverse_events.csv", "951", "948", "3"]


def test_a_treatment_has_its_place_whatever_else_was_taken() -> None:
    groups = pl.DataFrame({"treatment": ["IVIg", "Placebo", "IVIg", None]})
    taken = pl.DataFrame({"treatment": ["Rescue", "Placebo", "Other", "Placebo"]})
    assert view.treatments(groups, taken) == ["Placebo", "Other", "Rescue"]
    both = pl.concat([taken, pl.DataFrame({"treatment": ["IVIg"]})])
    assert view.treatments(groups, both) == ["IVIg", "Placebo", "Other", "Rescue"]
