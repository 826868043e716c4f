"""What changed between two cuts: compared by the store, counted for each scope, told in both."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from safetymon import changes, demonstration, monitor, schema
from safetymon.domain import ChangedPart
from safetymon.report.lead import lead
from safetymon.store import Store, opened
from tests.tables import frame

NOW = datetime(2024, 1, 1, tzinfo=UTC)
FIRST, SECOND = date(2018, 6, 1), date(2018, 12, 1)
EVENTS_BEFORE = """
subject | key | pt       | onset_recorded | onset_low  | serious | related | severity
001     | 1   | Headache | 2020-01-05     | 2020-01-05 | N       | Y       | mild
001     | 2   | Nausea   | 2020-01-06     | 2020-01-06 | Y       |         | severe
002     | 1   | Rash     | 2020-01-07     | 2020-01-07 | N       | N       | grade 2
002     | 2   | Rash     | 2020-01-08     | 2020-01-08 | N       | N       | mild
003     | 1   | Chills   |                |            | N       | N       |
"""
EVENTS_NOW = """
subject | key | pt       | onset_recorded | onset_low  | serious | related | severity
001     | 1   | Headache | 2020-01-05     | 2020-01-05 | Y       | N       | moderate  # upgraded
001     | 2   | Vomiting | 2020-01-04     | 2020-01-04 |         | Y       | mild      # recoded
002     | 1   | Rash     | 2020-01        | 2020-01-01 | N       | N       | grade 3   # no degree
003     | 1   | Chills   | 2020-01-09     | 2020-01-09 | N       | N       |           # dated
003     | 2   | Pyrexia  | 2020-02-01     | 2020-02-01 | N       | N       |           # new
"""
EXPOSURE_BEFORE = """
subject | period | treatment | start      | end
001     | First  | IVIg      | 2020-01-01 |
002     | First  | Placebo   | 2020-01-01 | 2020-01-10
"""
EXPOSURE_NOW = """
subject | period | treatment | start      | end
001     | First  | IVIg      | 2020-01-01 | 2020-01-20   # has ended
002     | First  | IVIg      | 2020-01-01 | 2020-01-10   # what was taken is corrected
003     | First  | Placebo   | 2020-01-05 | 2020-01-10   # new
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path, "S", NOW) as made:
        yield made


def drawn(events: str, exposure: str, adjudication: str, arms: str) -> dict[ChangedPart, Any]:
    return {
        "subjects": frame(arms, schema.SUBJECTS),
        "exposure": frame(exposure, schema.EXPOSURE),
        "events": frame(events, schema.EVENTS),
        "adjudication": frame(adjudication, schema.ADJUDICATION),
    }


BEFORE = drawn(EVENTS_BEFORE, EXPOSURE_BEFORE, "subject | key | topic | decision\n001 | 1 | x | Y",
               "subject | arm | left\n001 | A |\n002 | B |")  # fmt: skip
AFTER = drawn(EVENTS_NOW, EXPOSURE_NOW,
              "subject | key | topic | decision\n001 | 1 | x | N\n001 | 2 | y | Y",
              "subject | arm | left\n001 | A | 2020-02-01\n002 | A |\n003 | B |")  # fmt: skip


def test_every_changed_cell_of_an_event_is_told_with_its_direction(store: Store) -> None:
    found = store.edits(BEFORE, AFTER).filter(part="event")
    told = found.select("subject", "key", "change", "column", "before", "now", "move").rows()
    assert sorted(told, key=str) == sorted(
        [
            ("001", "1", "edited", "serious", "no", "yes", "yes"),
            ("001", "1", "edited", "related", "yes", "no", "no"),
            ("001", "1", "edited", "severity", "mild", "moderate", "worse"),
            ("001", "2", "edited", "preferred term", "Nausea", "Vomiting", None),
            ("001", "2", "edited", "onset", "2020-01-06", "2020-01-04", "earlier"),
            ("001", "2", "edited", "serious", "yes", "not recorded", "not recorded"),
            ("001", "2", "edited", "related", "not recorded", "yes", "yes"),
            ("001", "2", "edited", "severity", "severe", "mild", "milder"),
            ("002", "1", "edited", "onset", "2020-01-07", "2020-01", "earlier"),
            ("002", "1", "edited", "severity", "grade 2", "grade 3", None),
            ("002", "2", "deleted", None, None, None, None),
            ("003", "1", "edited", "onset", None, "2020-01-09", None),
            ("003", "2", "new", None, None, None, None),
        ],
        key=str,
    )


def test_subjects_exposure_and_adjudication_are_compared_too(store: Store) -> None:
    found = store.edits(BEFORE, AFTER).filter(pl.col("part") != "event")
    told = found.select("part", "change", "subject", "about", "column", "before", "now").rows()
    assert sorted(told, key=str) == sorted(
        [
            ("subject", "edited", "001", None, "left", None, "2020-02-01"),
            ("subject", "edited", "002", None, "arm", "B", "A"),
            ("subject", "new", "003", None, None, None, None),
            ("exposure", "edited", "001", "IVIg", "last day", None, "2020-01-20"),
            ("exposure", "new", "002", "IVIg", None, None, "2020-01-10"),
            ("exposure", "deleted", "002", "Placebo", None, "2020-01-10", None),
            ("exposure", "new", "003", "Placebo", None, None, "2020-01-10"),
            ("adjudication", "edited", "001", "x", "x", "yes", "no"),
            ("adjudication", "new", "001", "y", "y", None, "yes"),
        ],
        key=str,
    )


def test_nothing_has_changed_between_equal_cuts(store: Store) -> None:
    assert store.edits(AFTER, AFTER).is_empty()
    empty = {part: rows.clear() for part, rows in AFTER.items()}
    assert store.edits(empty, empty).is_empty()
    assert set(store.edits(empty, AFTER)["change"]) == {"new"}


def test_the_open_counts_know_neither_exposure_nor_arm(store: Store) -> None:
    edits = store.edits(BEFORE, AFTER)
    closed, pooled = changes.counts(edits, "closed"), changes.counts(edits, "open")
    left_out = closed.join(pooled, on=closed.columns, how="anti", nulls_equal=True)
    assert set(left_out.select("part", "column").rows()) == {
        ("exposure", None), ("exposure", "last day"), ("subject", "arm"),
    }  # fmt: skip
    assert pooled.filter(part="event", change="new").select("records", "subjects").row(0) == (1, 1)


def test_a_treatment_corrected_in_the_data_changes_no_open_count(store: Store) -> None:
    swapped = {**AFTER, "exposure": AFTER["exposure"].with_columns(treatment=pl.lit("IVIg"))}
    one, other = (changes.counts(store.edits(BEFORE, now), "open") for now in (AFTER, swapped))
    assert one.equals(other)


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> tuple[monitor.LookDone, monitor.LookDone]:
    """The demonstration at two cut-offs; in between, an old event was upgraded to serious, another
    deleted, and two definitions changed, one of them of a group."""
    folder = tmp_path_factory.mktemp("changes")
    study = demonstration.unpack(folder)
    one = monitor.look(study, NOW, "t", FIRST, folder)
    listing = study.parent / "listings" / "adverse_events.csv"
    head, first, second, *rest = listing.read_text(encoding="utf-8").splitlines(keepends=True)
    listing.write_text(head + first.replace(",N,", ",Y,", 1) + "".join(rest), encoding="utf-8")
    assert second.startswith("PD-001,2,")
    text = study.read_text(encoding="utf-8").replace("lag_days = 30", "lag_days = 31")
    group = 'name = "All IVIg"\ntreatment = "IVIg"'
    text = text.replace(group, f'{group}\nperiods = ["First", "Extension"]')
    study.write_text(text, encoding="utf-8")
    return one, monitor.look(study, NOW, "t", SECOND, folder)


def document(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report.parent / "results.json").read_text(encoding="utf-8"))
    return found


def test_the_first_look_has_no_changes(looks: tuple[monitor.LookDone, monitor.LookDone]) -> None:
    for report in (looks[0].closed_report, looks[0].open_report):
        assert document(report)["changes"] == {"since": None, "data": [], "definitions": []}
        assert "This is the first look" in report.read_text(encoding="utf-8")


def test_both_reports_tell_what_changed(looks: tuple[monitor.LookDone, monitor.LookDone]) -> None:
    closed, pooled = (document(r) for r in (looks[1].closed_report, looks[1].open_report))
    for told in (closed, pooled):
        kinds = {(c["part"], c["change"], c["column"], c["move"]): c["records"]
                 for c in told["changes"]["data"]}  # fmt: skip
        assert told["changes"]["since"] == 1
        assert kinds["event", "edited", "serious", "yes"] == 1
        assert kinds["event", "deleted", None, None] == 1
        assert kinds["subject", "new", None, None] == 20
    keys = [d["definition"] for d in closed["changes"]["definitions"]]
    assert keys == ["[emergent] lag_days", "[[group]] 'All IVIg' periods"]
    assert [d["definition"] for d in pooled["changes"]["definitions"]] == ["[emergent] lag_days"]


def test_the_history_leads_to_the_verdicts_of_this_look(
    looks: tuple[monitor.LookDone, monitor.LookDone],
) -> None:
    for report in (looks[1].closed_report, looks[1].open_report):
        told = document(report)
        now = {run["rule"]: run["verdict"] for run in told["history"] if run["last_look"] == 2}
        assert now == {signal["rule"]: signal["verdict"] for signal in told["signals"]}
        assert sum(run["looks"] for run in told["history"]) == 2 * len(told["signals"])
        before = {run["rule"]: run["verdict"] for run in told["history"] if run["first_look"] == 1}
        earlier = looks[0].closed.signals.select("rule", "verdict").rows()
        assert before.items() <= dict(earlier).items()


def test_only_the_closed_tree_has_records(
    looks: tuple[monitor.LookDone, monitor.LookDone],
) -> None:
    tables = {path.name for path in (looks[1].closed_report.parent / "tables").iterdir()}
    assert {"listing.csv", "edits.csv", "rejected.csv"} <= tables
    folder = looks[1].open_report.parent
    assert not {"listing.csv", "edits.csv", "rejected.csv"} & {
        path.name for path in (folder / "tables").iterdir()
    }
    for path in folder.rglob("*.*"):
        assert "PD-0" not in path.read_text(encoding="utf-8"), path.name


def test_the_listing_has_every_event_that_is_counted(
    looks: tuple[monitor.LookDone, monitor.LookDone],
) -> None:
    results = looks[1].closed
    assert results.cases is not None
    events = results.cases.listing.filter("emergent").explode("groups")
    wanted = results.incidence.filter(
        pl.col("subjects") > 0, pl.col("adjudicated").fill_null(value=True)
    )
    for row in wanted.iter_rows(named=True):
        of_level = {
            "any": pl.lit(value=True),
            "topic": pl.col("topics").list.contains(row["term"]),
            "soc": pl.col("soc") == row["term"],
            "pt": pl.col("pt") == row["term"],
        }[row["level"]]
        mine = events.filter(of_level, schema.COUNTS[row["estimand"]], groups=row["group"])
        assert (mine["subject"].n_unique(), mine.height) == (row["subjects"], row["events"]), row


def test_an_open_signal_says_what_the_look_before_had(
    looks: tuple[monitor.LookDone, monitor.LookDone],
) -> None:
    """The path of today, read at the cut-off of the look before, says what that look said."""
    rule = "Thromboembolism, pooled: against 1%"
    (before,) = looks[0].open.signals.filter(rule=rule).rows(named=True)
    (alert,) = (one for one in lead(looks[1].open).alerts if one.rule == rule)
    assert before["value"] < looks[1].open.signals.filter(rule=rule)["value"].item()
    assert f"(at the look before {before['value']:.0f} of " in alert.text
