"""results.json: its schema, its order, its determinism."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from safetymon.domain import ESTIMANDS, Scope
from safetymon.report import results_json as module
from safetymon.report.results_json import outline
from tests.report_fixture import HOSTILE, json_text, results

SCHEMA = json.loads(
    (Path(module.__file__).parent / "results.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
INCIDENCE_KEYS = [
    "term", "level", "estimand", "adjudicated", "group", "subjects", "at_risk", "percent",
    "ci_low", "ci_high", "events", "person_years", "rate_per_100py", "rate_low", "rate_high",
    "first_person_years", "first_rate_per_100py", "first_rate_low", "first_rate_high",
    "per_100_administrations",
]  # fmt: skip


def document(scope: Scope = "closed", *, hostile: bool = False) -> dict[str, Any]:
    return json.loads(json_text(results(scope, hostile=hostile)))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["closed", "open"])
@pytest.mark.parametrize("hostile", [True, False])
def test_the_document_is_valid(scope: Scope, hostile: bool) -> None:
    VALIDATOR.validate(document(scope, hostile=hostile))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("groups", 0, "arm"), "A"),  # a key the format does not have
        (("incidence", 0, "level"), "hlt"),
        (("incidence", 0, "adjudicated"), True),  # "Any event" is never adjudicated
        (("incidence", 0, "percent"), 101),
        (("signals", 0, "verdict"), "safe"),
        (("cut", "cutoff"), "04/11/2019"),
        (("format",), "safetymon/results/2"),
    ],
)
def test_the_schema_refuses(path: tuple[str | int, ...], value: object) -> None:
    made = document()
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(made)


@pytest.mark.parametrize("table", ["groups", "incidence", "signals"])
def test_the_schema_refuses_a_treatment_group_in_an_open_document(table: str) -> None:
    made = document("open")
    key = "name" if table == "groups" else "group"
    made[table][0][key] = "All IVIg"
    assert not VALIDATOR.is_valid(made)


def test_the_schema_refuses_a_comparison_in_an_open_document() -> None:
    made = document("open")
    made["comparisons"] = document()["comparisons"][:1]
    assert not VALIDATOR.is_valid(made)


def test_keys_stand_in_the_order_of_the_format() -> None:
    made = document()
    assert list(made) == [
        "format", "scope", "study", "cut", "look", "confidence", "groups", "incidence",
        "comparisons", "signals", "evidence", "sensitivity", "screen", "cards", "curves",
        "severity", "lags", "enrolment", "findings", "overview", "changes", "history", "rejected",
        "basis", "unmasks",
    ]  # fmt: skip
    assert list(made["incidence"][0]) == INCIDENCE_KEYS
    assert list(made["groups"][0]) == [
        "name", "treatment", "periods", "subjects", "person_years", "administrations",
    ]  # fmt: skip
    assert list(made["cut"]["inputs"][0]) == ["path", "sha256", "rows", "accepted", "rejected"]


def test_the_numbers_are_the_frames_numbers() -> None:
    source = results()
    assert document()["incidence"] == source.incidence.select(INCIDENCE_KEYS).to_dicts()
    assert document()["groups"] == source.groups.rename({"group": "name"}).to_dicts()


def test_zeros_are_in() -> None:
    estimands = {row["estimand"] for row in document()["incidence"] if row["subjects"] == 0}
    assert estimands == set(ESTIMANDS)


def test_topics_are_given_adjudicated_and_not_others_neither() -> None:
    for row in document()["incidence"]:
        assert isinstance(row["adjudicated"], bool) == (row["level"] == "topic")


def test_a_comparison_is_named_by_term_level_estimand_and_groups() -> None:
    rows = document()["comparisons"]
    keys = [tuple(row[k] for k in ("term", "level", "estimand", "group", "reference"))
            for row in rows]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert all("adjudicated" not in row for row in rows)


def test_nan_and_infinity_become_null() -> None:
    made = results()
    broken = made.incidence.with_columns(
        rate_high=pl.lit(float("inf")), rate_low=pl.lit(float("nan"))
    )
    text = json_text(replace(made, incidence=broken))
    row = json.loads(text, parse_constant=pytest.fail)["incidence"][0]
    assert row["rate_high"] is None
    assert row["rate_low"] is None


def test_paths_are_names_only() -> None:
    made = document()
    assert [file["path"] for file in made["cut"]["inputs"]] == [
        "subjects.csv", "infusions.csv", "adverse_events.csv",
    ]  # fmt: skip


def test_equal_results_give_equal_bytes() -> None:
    assert json_text(results.__wrapped__(seed=4)) == json_text(results.__wrapped__(seed=4))


def test_every_row_stands_on_its_own_line_whatever_its_term_holds() -> None:
    made = results(hostile=True)
    lines = json_text(made).split("\n")
    rows = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"term"')]
    terms = {row["term"] for row in rows}
    assert set(HOSTILE) <= terms
    assert len(rows) > made.incidence.height


def test_the_outline_is_the_document_without_its_long_part() -> None:
    text = json_text(results(hostile=True))
    whole = json.loads(text)
    assert outline(text) == {key: whole[key] for key in ("cut", "look", "groups", "signals")}


@pytest.mark.parametrize("text", ["", "{}", '{\n"cut": {"id'])
def test_another_text_has_no_outline(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - index, substring and JSON errors are all one
        outline(text)
