"""docs/results.md describes results.json: every key of the schema, and no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
SCHEMA = json.loads(
    (ROOT / "safetymon" / "report" / "results.schema.json").read_text(encoding="utf-8")
)
OBJECTS: dict[str, dict[str, Any]] = {
    "Document": SCHEMA,
    **{name: SCHEMA["properties"][name] for name in ("study", "cut", "look")},
    **SCHEMA["$defs"],
}


def section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/results.md has no section {name}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """The keys in the first column of the section's table, in their order."""
    rows = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    return [key for row in rows for key in re.findall(r"`([^`]+)`", row)]


def test_every_object_of_the_format_has_its_section_and_no_other_has() -> None:
    assert re.findall(r"^## (.+)$", DOCUMENT, re.MULTILINE) == [
        "Document", "study", "cut", "input", "look", "group", "incidence", "comparison", "signal",
        "evidence", "sensitivity", "screen", "card", "curve",
        "severity", "lag", "enrolment", "finding", "overview", "changes", "change", "redefined",
        "run", "rejected", "basis", "method",
    ]  # fmt: skip
    assert set(OBJECTS) == set(re.findall(r"^## (.+)$", DOCUMENT, re.MULTILINE))


@pytest.mark.parametrize("name", OBJECTS)
def test_every_key_is_documented_in_its_order(name: str) -> None:
    assert first_cells(section(name)) == list(OBJECTS[name]["properties"])


@pytest.mark.parametrize("name", OBJECTS)
def test_every_word_that_a_key_can_hold_is_documented(name: str) -> None:
    text = section(name)
    text += "".join(section(other) for other in re.findall(r"as in \[(\w+)\]", text))
    for key, value in OBJECTS[name]["properties"].items():
        for word in value.get("enum", []):
            assert word is None or f"`{word}`" in text, f"{key}: {word}"


def test_every_link_leads_to_a_section() -> None:
    for anchor in re.findall(r"\]\(#([a-z]+)\)", DOCUMENT):
        assert anchor in OBJECTS


def test_the_format_has_its_name() -> None:
    assert f"`{SCHEMA['properties']['format']['const']}`" in DOCUMENT
