"""The page as text: its policy, its inertness, its order, and what the open one never says."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Results, Scope
from safetymon.report import page
from safetymon.report.results_json import finite
from safetymon.report.table import Number
from tests import evidence_fixture
from tests.evidence_fixture import POOLED
from tests.report_fixture import HOSTILE, results, schema_frame

OWN_SCRIPTS = ["listing.js", "tables.js", "boot.js"]
VEGA = "window.vegaEmbed = function () { return 1 < 2 && 'a'; };"


class Reader(HTMLParser):
    """Elements in document order, and the raw text of every script."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self.scripts[-1][1] == "":
            self.scripts[-1] = (self.scripts[-1][0], data)
        else:
            self.text.append(data)


def read(made: Results) -> tuple[str, Reader]:
    html = page.render(made, VEGA)
    reader = Reader()
    reader.feed(html)
    return html, reader


CLOSED, CLOSED_READER = read(results(hostile=True))
OPEN, OPEN_READER = read(results("open", hostile=True))


@pytest.mark.parametrize("reader", [CLOSED_READER, OPEN_READER], ids=["closed", "open"])
def test_only_our_own_scripts_and_vega_may_run(reader: Reader) -> None:
    policy = next(attrs["content"] or "" for _, attrs in reader.elements if "http-equiv" in attrs)
    running = [text for kind, text in reader.scripts if kind is None]
    hashes = [b64encode(sha256(text.encode()).digest()).decode() for text in running]
    assert running[0] == VEGA
    own = ["tables.js", "boot.js"] if reader is OPEN_READER else OWN_SCRIPTS
    assert running[1:] == [page.source(name) for name in own]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    assert policy == (
        f"default-src 'none'; script-src {allowed}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
    )


@pytest.mark.parametrize("reader", [CLOSED_READER, OPEN_READER], ids=["closed", "open"])
def test_the_policy_stands_before_everything_it_governs(reader: Reader) -> None:
    tags = [tag for tag, _ in reader.elements]
    policy = next(i for i, (_, attrs) in enumerate(reader.elements) if "http-equiv" in attrs)
    assert policy < min(tags.index("style"), tags.index("script"))


@pytest.mark.parametrize("reader", [CLOSED_READER, OPEN_READER], ids=["closed", "open"])
def test_nothing_is_fetched_and_no_handler_is_inline(reader: Reader) -> None:
    for tag, attrs in reader.elements:
        assert not {"src", "srcset", "action", "background", "poster"} & set(attrs), tag
        assert not [name for name in attrs if name.startswith("on")], tag
        if "href" in attrs:
            assert (attrs["href"] or "").startswith("#") or attrs["href"] == "results.json"


@pytest.mark.parametrize("reader", [CLOSED_READER, OPEN_READER], ids=["closed", "open"])
def test_hostile_terms_start_no_element_and_end_no_script(reader: Reader) -> None:
    assert not [tag for tag, _ in reader.elements if tag == "img"]
    for kind, text in reader.scripts:
        if kind == "application/json":
            assert "<" not in text
            assert "\u2028" not in text
            json.loads(text)


def test_hostile_terms_are_told_as_they_are() -> None:
    shown = "".join(CLOSED_READER.text)
    assert all(term in shown for term in HOSTILE)


def test_a_template_in_a_term_is_not_run() -> None:
    assert "{{ 7*7 }}" in unescape(CLOSED)


def test_script_json_comes_back_as_it_was() -> None:
    value = {"term": list(HOSTILE)}
    assert json.loads(page.script_json(value)) == value


def test_script_json_refuses_what_json_cannot_hold() -> None:
    with pytest.raises(ValueError, match="JSON"):
        page.script_json({"value": float("nan")})


def test_nan_in_the_frames_does_not_reach_the_page() -> None:
    made = results()
    broken = made.incidence.with_columns(
        ci_high=pl.lit(float("nan")), rate_high=pl.lit(float("inf"))
    )
    html = page.render(finite(replace(made, incidence=broken)), VEGA)
    assert not re.search(r"\b(nan|inf|infinity)\b", html.lower())


def test_the_open_page_names_no_treatment_and_no_group() -> None:
    assert not re.search(
        r"ivig|placebo|first period", OPEN.replace(results().study.title, ""), re.I
    )


def test_the_open_page_has_no_place_for_a_treatment() -> None:
    assert "Treatment</th>" in CLOSED
    assert "Treatment</th>" not in OPEN
    assert 'id="differences"' not in OPEN


@pytest.mark.parametrize(
    ("html", "label"), [(CLOSED, "CLOSED"), (OPEN, "OPEN")], ids=["closed", "open"]
)
def test_the_label_stands_first_and_on_every_printed_page(html: str, label: str) -> None:
    body = html[html.index("<body") :]
    assert body.index(f'<p class="label"><b>{label}</b>') < body.index("<h1>")
    assert re.search(rf'<p class="print-label"[^>]*>{label} · PRODERM-DEMO · look 3', body)
    assert f"<title>{label} · " in html


def test_a_reader_without_javascript_is_sent_to_the_tables() -> None:
    assert re.search(r"<noscript>.*Every number they draw is in the tables.*</noscript>", CLOSED)


def test_synthetic_data_is_said_on_page_and_printout() -> None:
    assert CLOSED.count("SYNTHETIC DATA") == 2
    real = replace(results(), study=results().study.model_copy(update={"synthetic": False}))
    assert "SYNTHETIC DATA" not in page.render(real, VEGA)


def test_the_page_answers_in_order() -> None:
    anchors = [
        attrs["id"] for tag, attrs in CLOSED_READER.elements if tag == "section" and "id" in attrs
    ]
    assert anchors == [
        "look", "signals", "changes", "evidence", "backgrounds", "screen", "overview", "topics",
        "differences", "course", "severity", "timelines", "calendar", "terms", "who", "groups",
        "data", "definitions", "methods", "provenance",
    ]  # fmt: skip
    links = re.findall(r'<li><a href="#([a-z]+)"', CLOSED)
    assert links == anchors


def test_the_contents_of_the_open_page_have_no_dead_link() -> None:
    anchors = {attrs.get("id") for _, attrs in OPEN_READER.elements}
    links = {attrs["href"] for tag, attrs in OPEN_READER.elements if tag == "a"}
    assert {(link or "")[1:] for link in links if (link or "").startswith("#")} <= anchors


@pytest.mark.parametrize("reader", [CLOSED_READER, OPEN_READER], ids=["closed", "open"])
def test_no_id_stands_twice(reader: Reader) -> None:
    ids = [attrs["id"] for _, attrs in reader.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("reader", [CLOSED_READER, OPEN_READER], ids=["closed", "open"])
def test_every_table_has_a_caption_and_every_head_a_scope(reader: Reader) -> None:
    tags = [tag for tag, _ in reader.elements]
    assert tags.count("table") == tags.count("caption") > 10
    assert all("scope" in attrs for tag, attrs in reader.elements if tag == "th")


def test_without_a_rule_the_page_says_so() -> None:
    html = page.render(results(rules=False), VEGA)
    assert "No signal rule is defined for this report." in html
    assert "nothing was tested against a limit" in html


def test_without_a_rule_that_weighs_evidence_the_page_says_so() -> None:
    html = page.render(results("open", rules=False), VEGA)
    assert "No rule of this report has evidence that builds up over time." in html
    assert 'id="backgrounds"' not in html
    assert 'href="#backgrounds"' not in html


def test_without_a_screen_the_closed_page_says_why_and_the_open_one_never_speaks_of_it() -> None:
    none = replace(results(), screen=schema_frame({}, schema.SCREEN))
    html = page.render(none, VEGA)
    assert "No screen was made." in html
    assert "planned_subjects and window_days in [evidence]" in html
    assert 'id="screen"' not in OPEN
    assert "No screen was made." not in OPEN


def test_the_screen_says_that_false_discoveries_are_held_over_the_whole_trial() -> None:
    assert "A false discovery rate of 10% (screen_q in [evidence] of the study file)" in CLOSED
    assert "held over the whole trial" in CLOSED


def test_a_pooled_rule_is_called_a_trigger_in_both_reports() -> None:
    for html in (CLOSED, OPEN):
        assert html.count("A trigger to unblind, not evidence of harm") == 3  # first, table, card
        assert "pooled subjects cannot tell a treatment" in html


def test_a_limit_is_called_no_evidence_wherever_it_speaks() -> None:
    limits = results().signals.filter(method="incidence")
    first = limits.filter(pl.col("verdict").is_in(["raised", "open"])).height
    said = CLOSED.count("Not valid evidence over repeated looks")
    assert said == limits.height + first


def test_rule_cards_stand_in_the_page_only_once_something_was_simulated() -> None:
    assert "Rule cards" not in CLOSED
    simulated = replace(results(), cards=evidence_fixture.cards(evidence_fixture.AGAINST))
    html = page.render(simulated, VEGA)
    assert "<h2>Rule cards</h2>" in html
    assert "Simulated over the whole trial" in html


def captions(html: str) -> list[tuple[str, str]]:
    """(number, title) of every table, from top to bottom."""
    return re.findall(r"<b>Table ([\d.]+)\.</b> (.*?)(?: Data up to [^<]*)?</span>", html)


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_tables_are_numbered_as_they_come_and_each_has_a_number_of_its_own(scope: Scope) -> None:
    made = results(scope)
    html = page.render(replace(made, cards=evidence_fixture.cards(POOLED)), VEGA)
    numbers = [tuple(map(int, label.split("."))) for label, _ in captions(html)]
    assert numbers == sorted(set(numbers))
    told = {number for number, *_ in numbers}
    missing = {Number.SCREEN, Number.COMPARISONS, Number.LISTING, Number.PROFILE, Number.EDITED}
    assert set(Number) - told == (missing if scope == "open" else set())


def test_what_stands_in_both_reports_has_the_same_number_in_both() -> None:
    of_rules = (f"{Number.PATH}.", f"{Number.STRIP}.")  # its own rules
    closed, opened = dict(captions(CLOSED)), dict(captions(OPEN))
    shared = {label for label in opened if not label.startswith(of_rules)}
    assert len(shared) > 25
    assert {label: opened[label] for label in shared} == {label: closed[label] for label in shared}


def test_every_table_that_is_referred_to_is_there() -> None:
    for html in (CLOSED, OPEN):
        labels = {label for label, _ in captions(html)}
        text = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
        referred = set(re.findall(r"Table (\d+(?:\.\d+)?)", text))
        there = labels | {label.split(".")[0] for label in labels}
        assert referred <= there


def test_signals_lead_to_their_evidence() -> None:
    links = {attrs["href"] for tag, attrs in CLOSED_READER.elements if tag == "a"}
    cards = {attrs["id"] for tag, attrs in CLOSED_READER.elements if tag == "article"}
    assert cards == {*(f"path-{i}" for i in (1, 2, 3)), *(f"strip-{i}" for i in (1, 2, 3))}
    led_to = {(link or "")[1:] for link in links} & cards
    assert led_to == {"path-1", "path-2", "path-3", "strip-3"}  # a rule's path before its strip


@pytest.mark.parametrize(("rules", "chosen"), [(8, False), (9, True), (30, True)])
def test_more_than_eight_rules_are_chosen_from_a_list(rules: int, chosen: bool) -> None:
    signals, evidence = evidence_fixture.many(rules)
    html = page.render(replace(results(), signals=signals, evidence=evidence), VEGA)
    assert ('<div class="cards paths" data-choose>' in html) == chosen
    assert html.count('<option value="path-') == (min(rules, 24) if chosen else 0)
    left = "6 more rules are in Table 1 and in tables/evidence.csv."
    assert (left in html) == (rules == 30)


def test_hostile_rules_and_groups_are_text() -> None:
    hostile = [pl.lit(HOSTILE[1]).alias(name) for name in ("topic", "group", "text", "reason")]
    rename = pl.lit(HOSTILE[0]) + pl.col("rule")
    made = results()
    html, reader = read(
        replace(
            made,
            signals=made.signals.with_columns(*hostile, rule=rename),
            evidence=made.evidence.with_columns(rule=rename),
            sensitivity=made.sensitivity.with_columns(rule=rename),
            screen=made.screen.with_columns(group=pl.lit(HOSTILE[1]), term=pl.lit(HOSTILE[3])),
            cards=evidence_fixture.cards(HOSTILE[3]),
        )
    )
    assert not [tag for tag, _ in reader.elements if tag == "img"]
    assert len([kind for kind, _ in reader.scripts if kind is None]) == 1 + len(OWN_SCRIPTS)
    assert all("<" not in text for kind, text in reader.scripts if kind == "application/json")
    assert "&lt;script&gt;alert(1)" in html


def test_a_look_at_a_study_without_events_is_a_page() -> None:
    made = results()
    nothing = made.incidence.filter(pl.col("level").is_in(["any", "topic"])).with_columns(
        subjects=pl.lit(0), events=pl.lit(0), percent=pl.lit(0.0)
    )
    empty = replace(
        made,
        incidence=nothing,
        comparisons=schema_frame({}, schema.COMPARISONS),
        calendar=schema_frame({}, schema.CALENDAR),
        findings=(),
    )
    html = page.render(empty, VEGA)
    assert "No related events in any group." in html
    assert "No check found anything to report." in html


def test_the_same_results_give_the_same_page() -> None:
    assert page.render(results(hostile=True), VEGA) == CLOSED


def test_the_provenance_says_how_to_make_the_report_again() -> None:
    assert "safetymon run study.toml --cutoff 2019-11-04" in CLOSED
    assert results().look.definitions_sha256 in CLOSED
    assert all(file.sha256 in CLOSED for file in results().cut.inputs)
    assert "/trial/listings" not in CLOSED
