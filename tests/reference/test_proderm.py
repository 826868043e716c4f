"""ProDERM's published numbers, read from the demonstration's results.json and its page.

Source: Aggarwal et al., Arthritis Res Ther 2024;26:27 (doi 10.1186/s13075-023-03232-2), Table 1;
preferred terms from the US label (octagamus.net, drug-related, more than 5%).
"""

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from safetymon import demonstration, monitor
from safetymon.monitor import LookDone

IVIG, PLACEBO, ALL = "First period, IVIg", "First period, placebo", "All IVIg"

# term, estimand -> (subjects, events) in the first period on IVIg, on placebo, and overall on IVIg
TABLE_1 = {
    ("Any event", "all"): ((42, 196), (28, 135), (84, 545)),
    ("Any event", "related"): ((30, 113), (11, 38), (62, 282)),
    ("Any event", "serious"): ((3, 5), (2, 4), (14, 22)),
    ("thromboembolism", "all"): ((1, 2), (0, 0), (6, 8)),
    ("thromboembolism", "related"): ((0, 0), (0, 0), (5, 6)),
}
RELATED_TERMS = {
    "Headache": 40, "Pyrexia": 18, "Nausea": 15, "Vomiting": 8, "Chills": 7,
    "Musculoskeletal pain": 7, "Blood pressure increased": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> LookDone:
    study = demonstration.unpack(tmp_path_factory.mktemp("demo"))
    return monitor.look(study, datetime(2024, 1, 1, tzinfo=UTC), "tester")


@pytest.fixture(scope="module")
def results(done: LookDone) -> dict[str, Any]:
    path = done.closed_report.parent / "results.json"
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # JSON


@pytest.fixture(scope="module")
def page(done: LookDone) -> str:
    """The words of the closed page, without markup, scripts or repeated blanks."""
    text = done.closed_report.read_text(encoding="utf-8")
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def cell(results: dict[str, Any], term: str, estimand: str, group: str) -> dict[str, Any]:
    (row,) = [
        row
        for row in results["incidence"]
        if (row["term"], row["estimand"], row["group"]) == (term, estimand, group)
        and row["adjudicated"] is not False
    ]
    return row  # type: ignore[no-any-return]  # JSON


def test_what_was_taken_is_not_what_was_randomised(results: dict[str, Any]) -> None:
    assert [(g["name"], g["subjects"]) for g in results["groups"]] == [
        (IVIG, 52), (PLACEBO, 48), (ALL, 95),
    ]  # fmt: skip


def test_cycles(results: dict[str, Any]) -> None:
    assert {g["name"]: g["administrations"] for g in results["groups"]}[ALL] == 664


@pytest.mark.parametrize(("term", "estimand"), TABLE_1)
def test_table_1(results: dict[str, Any], term: str, estimand: str) -> None:
    for group, (subjects, events) in zip(
        (IVIG, PLACEBO, ALL), TABLE_1[term, estimand], strict=True
    ):
        row = cell(results, term, estimand, group)
        assert (row["subjects"], row["events"]) == (subjects, events)


@pytest.mark.parametrize("term", RELATED_TERMS)
def test_related_preferred_terms(results: dict[str, Any], term: str) -> None:
    assert cell(results, term, "related", ALL)["subjects"] == RELATED_TERMS[term]


@pytest.mark.parametrize(
    ("topic", "percent"), [("headache", "42.1"), ("pyrexia", "18.9"), ("nausea", "15.8")]
)
def test_related_topics(results: dict[str, Any], topic: str, percent: str) -> None:
    row = cell(results, topic, "related", ALL)
    assert f"{row['percent']:.1f}" == percent
    assert row["subjects"] == RELATED_TERMS[topic.capitalize()]


def test_one_event_is_thromboembolic_by_adjudication_only(results: dict[str, Any]) -> None:
    by_term = [
        row
        for row in results["incidence"]
        if (row["term"], row["estimand"], row["group"], row["adjudicated"])
        == ("thromboembolism", "related", ALL, False)
    ]
    assert [(row["subjects"], row["events"]) for row in by_term] == [(4, 5)]


def test_rows_are_accepted_or_rejected(results: dict[str, Any]) -> None:
    inputs = {i["path"]: i for i in results["cut"]["inputs"]}
    assert all(i["rows"] == i["accepted"] + i["rejected"] for i in inputs.values())
    assert inputs["adverse_events.csv"]["rejected"] == 3


@pytest.mark.parametrize(
    "said",
    [
        "SYNTHETIC",
        "65.3% any related event in 62 of 95 subjects, 282 events",
        "42.1% related headache in 40 of 95 subjects",
        "18.9% related pyrexia in 18 of 95 subjects",
        "15.8% related nausea in 15 of 95 subjects",
        "5.3% related thromboembolism in 5 of 95 subjects, 6 events",
    ],
)
def test_the_page_says_it(page: str, said: str) -> None:
    assert said.lower() in re.sub("<[^>]*>", "", page).lower()


def test_the_open_page_knows_no_treatment(done: LookDone) -> None:
    folder = done.open_report.parent
    for path in (*folder.rglob("*"), folder.parent / "index.html"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").lower()
            without_title = text.replace("ivig in dermatomyositis", "")
            for word in ("placebo", "ivig", "octagam", "first period"):
                assert word not in without_title, f"{word} in {path.name}"


def test_the_demonstration_says_that_it_is_synthetic(done: LookDone) -> None:
    assert "SYNTHETIC" in done.open_report.read_text(encoding="utf-8")
    listing = Path(demonstration.__file__).parent / "demo" / "listings" / "subjects.csv"
    rows = listing.read_text(encoding="utf-8").splitlines()
    assert all(row.endswith(",synthetic") for row in rows[1:])
