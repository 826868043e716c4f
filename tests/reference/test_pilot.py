"""CDISC Pilot 01: every row of CSR table 14-5.01, from ADaM and from SDTM alone."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from safetymon import monitor
from tests.reference.csr_14_5_01 import TABLE
from tests.trials import pilot_adam, pilot_sdtm

GROUPS = ("Placebo", "Xanomeline low", "Xanomeline high")
LEVELS = {"ANY": "any", "SOC": "soc", "PT": "pt"}
LINES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
DERIVED = '[emergent]\nflag = "derive"\npartial_onset = "first-day"\nlag_days = "unlimited"\n'
EXPOSURE = '[report]\nperson_time = "on treatment"\ndays_per_year = 365.24\n'

Results = dict[str, Any]


def results(study: Path) -> Results:
    done = monitor.look(study, datetime(2024, 1, 1, tzinfo=UTC), "tester")
    closed = done.closed_report.parent / "results.json"
    return json.loads(closed.read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # JSON


@pytest.fixture(scope="module")
def adam(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return results(pilot_adam(tmp_path_factory.mktemp("adam"), EXPOSURE))


def cells(found: Results) -> dict[tuple[str, str, str], Results]:
    return {
        (row["level"], row["term"].upper(), row["group"]): row
        for row in found["incidence"]
        if row["estimand"] == "all" and row["level"] != "topic"
    }


def published(line: list[str]) -> tuple[str, str, list[list[str]], list[str]]:
    level, term, *columns, p = line
    name = "ANY EVENT" if level == "ANY" else term
    return LEVELS[level], name, [column.split() for column in columns], p.split()


def test_the_denominators_are_the_published_ones(adam: Results) -> None:
    assert [(g["name"], g["subjects"]) for g in adam["groups"]] == [
        ("Placebo", 86), ("Xanomeline low", 84), ("Xanomeline high", 84),
    ]  # fmt: skip


def test_exposure_is_the_published_one(adam: Results) -> None:
    # Published with 365.24 days a year: 35.1002, 22.7741, 22.8589 person-years.
    years = [g["person_years"] for g in adam["groups"]]
    assert years == pytest.approx([35.1002, 22.7741, 22.8589], abs=5e-5)


def test_all_254_rows_are_there() -> None:
    assert len(LINES) == 254


def test_every_row_has_the_published_subjects_percent_and_events(adam: Results) -> None:
    table = cells(adam)
    for line in LINES:
        level, term, columns, _ = published(line)
        for group, expected in zip(GROUPS, columns, strict=True):
            row = table[level, term, group]
            shown = [str(row["subjects"]), f"{row['percent']:.1f}", str(row["events"])]
            assert shown == expected, f"{term}, {group}"


def test_there_is_no_row_that_is_not_published(adam: Results) -> None:
    expected = {published(line)[:2] for line in LINES}
    assert {(level, term) for level, term, _ in cells(adam)} == expected


def fisher(p: float, subjects: list[int]) -> str:
    if not any(subjects):
        return "-"
    text = f"{p:.3f}" if p <= 0.99 else ">.99"
    return f"{text}*" if p < 0.15 else text


def test_every_row_has_the_published_fisher_p(adam: Results) -> None:
    table = cells(adam)
    compared = {
        (row["level"], row["term"].upper(), row["group"]): row["fisher_p"]
        for row in adam["comparisons"]
        if row["estimand"] == "all" and row["level"] != "topic"
    }
    for line in LINES:
        level, term, _, expected = published(line)
        shown = [
            fisher(compared[level, term, group],
                   [table[level, term, g]["subjects"] for g in (group, "Placebo")])
            for group in GROUPS[1:]
        ]  # fmt: skip
        assert shown == expected, term


def test_sdtm_alone_gives_the_same_subjects_with_emergence_derived(tmp_path: Path) -> None:
    found = results(pilot_sdtm(tmp_path, DERIVED))
    assert [g["subjects"] for g in found["groups"]] == [86, 84, 84]
    table = cells(found)
    for line in LINES:
        level, term, columns, _ = published(line)
        counted = [table[level, term, group]["subjects"] for group in GROUPS]
        assert counted == [int(column[0]) for column in columns], term


def test_our_emergence_agrees_with_the_recorded_flag(adam: Results, tmp_path: Path) -> None:
    derived = results(pilot_adam(tmp_path, DERIVED))
    ours, recorded = cells(derived), cells(adam)
    assert {k: v["subjects"] for k, v in ours.items()} == {
        k: v["subjects"] for k, v in recorded.items()
    }
