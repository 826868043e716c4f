"""The report in a real browser: it draws, fetches nothing, obeys its policy, tells the truth."""

import json
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from safetymon.domain import ESTIMANDS, Scope
from tests import evidence_fixture
from tests.browser.conftest import Open
from tests.report_fixture import HOSTILE, results, write

pytestmark = pytest.mark.browser

SCOPES: tuple[Scope, ...] = ("closed", "open")
SIZES = [(1280, 800), (390, 844)]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_chart_is_drawn_within_the_screen_and_nothing_is_asked_for(
    scope: Scope, width: int, height: int, opened: Open, reports: dict[Scope, Path]
) -> None:
    file = reports[scope] / "report.html"
    with opened(file, width, height, charts=True) as made:
        figures = made.page.locator("figure.chart").all()
        assert len(figures) == {"closed": 28, "open": 22}[scope]
        for figure in figures:
            svg = figure.locator("svg")
            assert figure.locator("svg .role-mark path[d]").count() > 0
            assert svg.get_attribute("viewBox")
            box = svg.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
        assert made.page.evaluate("document.documentElement.scrollWidth") == width
        made.page.wait_for_timeout(200)  # whatever still comes after the charts
        assert made.requests == [file.as_uri()]


@pytest.mark.parametrize("scope", SCOPES)
def test_the_first_screen_says_what_matters(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports[scope] / "report.html") as made:
        for place in (
            ".label",
            ".synthetic",
            "h1",
            ".facts",
            ".lead",
            ".gravest",
            ".new",
            ".alerts",
        ):
            box = made.page.locator(place).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 800, place


@pytest.mark.parametrize("scope", SCOPES)
def test_a_phone_shows_the_label_and_the_first_sentences(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports[scope] / "report.html", 390, 844) as made:
        for place in (".label", "h1", ".facts", ".lead", ".new", ".alerts li"):
            box = made.page.locator(place).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 844, place


def test_choosing_events_switches_tables_and_charts(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html", charts=True) as made:
        for estimand in ("related serious", "serious", "related", "all"):
            made.page.check(f"input[value='{estimand}']")
            kind = estimand.replace(" ", "-")
            shown = made.page.locator(".panel:visible")
            assert shown.count() == made.page.locator(f".panel.{kind}").count() == 7
            assert made.page.locator(f".panel.{kind}:visible").count() == 7
            title = made.page.locator("#figure-topics .role-title-text").first
            title.get_by_text(f"· {estimand} events").wait_for(timeout=2000)


def test_the_choice_is_made_with_the_keyboard(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["closed"] / "report.html") as made:
        made.page.focus("#show-all")
        made.page.keyboard.press("ArrowDown")
        assert made.page.is_checked("#show-related")
        assert made.page.locator("#table-topics .panel.related").is_visible()


def half_up(value: float, digits: str = "0.1") -> str:
    """A second implementation of the page's rounding, on the number's decimal digits."""
    return str(Decimal(repr(value)).quantize(Decimal(digits), ROUND_HALF_UP))


def topic_rows(document: dict[str, Any], estimand: str) -> set[tuple[str, ...]]:
    """(group, n/N, percent, events) of any event and the topics, from results.json."""
    return {
        (
            row["group"],
            f"{row['subjects']}/{row['at_risk']}",
            half_up(row["percent"]),
            str(row["events"]),
        )
        for row in document["incidence"]
        if row["level"] in ("any", "topic") and row["estimand"] == estimand
    }


@pytest.mark.parametrize("scope", SCOPES)
def test_the_topics_on_the_page_are_those_of_results_json(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports[scope] / "results.json").read_text(encoding="utf-8"))
    with opened(reports[scope] / "report.html") as made:
        for estimand in ESTIMANDS:
            rows = made.page.locator(f"#table-topics .{estimand.replace(' ', '-')} tbody tr")
            cells = rows.evaluate_all(
                "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
            )
            shown = {(c[0], c[1], c[2], c[4]) for c in cells if len(c) > 1}
            assert shown == topic_rows(document, estimand)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_terms_on_the_page_are_those_of_results_json(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports[scope] / "results.json").read_text(encoding="utf-8"))
    groups = [group["name"] for group in document["groups"]]
    with opened(reports[scope] / "report.html") as made:
        for estimand in ESTIMANDS:
            rows = made.page.locator(f"#table-pts .{estimand.replace(' ', '-')} tbody tr")
            shown = rows.evaluate_all(
                "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
            )
            told = {
                (c[0], group, c[1 + 2 * i], c[2 + 2 * i])
                for c in shown
                for i, group in enumerate(groups)
            }
            numbers = {
                (r["term"], r["group"], f"{r['subjects']} ({half_up(r['percent'])})",
                 str(r["events"]))
                for r in document["incidence"]
                if r["level"] == "pt" and r["estimand"] == estimand
            }  # fmt: skip
            assert told <= numbers
            silent = numbers - told
            assert all(subjects == "0 (0.0)" for _, _, subjects, _ in silent)


def test_hostile_terms_are_text_in_table_and_tooltip(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html", charts=True) as made:
        shown = made.page.locator("#table-pts .all th[scope=row]").all_text_contents()
        assert set(HOSTILE) <= set(shown)
        labels = "".join(made.page.locator("#figure-terms svg text").all_text_contents())
        assert "</script><img src=x onerro…" in labels
        tooltip, told = made.page.locator("#vg-tooltip-element"), set[str]()
        for point in made.page.locator("#figure-terms .mark-symbol.role-mark path").all():
            point.hover(force=True)  # nothing moves any more
            told.add(tooltip.text_content() or "")
        assert any(HOSTILE[1] in text for text in told)
        assert made.page.locator("#vg-tooltip-element script, #vg-tooltip-element img").count() == 0


def test_a_tooltip_tells_the_numbers_of_a_point(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["closed"] / "report.html", charts=True) as made:
        made.page.locator("#figure-topics .mark-symbol.role-mark path").first.hover()
        tooltip = made.page.locator("#vg-tooltip-element.visible")
        tooltip.wait_for(timeout=2000)
        keys = tooltip.locator("td.key").all_text_contents()
        assert keys == [
            "Term",
            "Group",
            "Subjects",
            "Percent of subjects",
            "95% interval",
            "Events",
        ]


def test_a_step_of_a_path_tells_its_e_value(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["closed"] / "report.html", charts=True) as made:
        points = made.page.locator("#figure-path-1 .mark-symbol.role-mark path").all()
        points[1].hover(force=True)
        tooltip = made.page.locator("#vg-tooltip-element.visible")
        tooltip.wait_for(timeout=2000)
        keys = tooltip.locator("td.key").all_text_contents()
        assert keys == ["Day", "Count", "Boundary", "Alpha spent", "E-value"]


@pytest.mark.parametrize("scope", SCOPES)
def test_the_evidence_on_the_page_is_that_of_results_json(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports[scope] / "results.json").read_text(encoding="utf-8"))
    weighed = {signal["rule"] for signal in document["signals"]} & {
        row["rule"] for row in document["evidence"]
    }
    with opened(reports[scope] / "report.html") as made:
        cards = made.page.locator(".paths article").all()
        assert {card.get_attribute("aria-label") for card in cards} == weighed
        for card in cards:
            path = [
                row for row in document["evidence"]
                if row["rule"] == card.get_attribute("aria-label")
            ]  # fmt: skip
            shown = card.locator("tbody tr").first.locator("td").all_text_contents()
            last = path[-1]
            assert {f"{last['count']}", f"{last['of']:.0f}"} <= set(shown)
            assert f"{last['limit']:.0f}" in shown
            assert f"{last['spent']:.5f}" in shown


def test_the_verdicts_on_the_page_are_those_of_results_json(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports["closed"] / "results.json").read_text(encoding="utf-8"))
    with opened(reports["closed"] / "report.html") as made:
        rows = made.page.locator("#signals tbody tr:not(.detail)").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        told = {(c[0], c[1], c[2], c[3], c[4], c[5]) for c in rows}
        assert told == {
            (s["rule"], s["verdict"], s["group"], str(s["since_look"]), str(s["looks"]),
             s["reason"] or "–")
            for s in document["signals"]
        }  # fmt: skip


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of twelve rules that weigh evidence."""
    signals, evidence = evidence_fixture.many(12)
    made = replace(results(), signals=signals, evidence=evidence)
    return write(made, tmp_path_factory.mktemp("many")).folder / "report.html"


def test_many_rules_are_shown_one_at_a_time_and_all_are_drawn(opened: Open, many: Path) -> None:
    with opened(many, charts=True) as made:
        articles = made.page.locator(".paths article")
        shown = articles.evaluate_all("all => all.filter(e => e.checkVisibility("
                                      "{visibilityProperty: true})).map(e => e.id)")  # fmt: skip
        assert shown == ["path-1"]
        made.page.get_by_label("Rule", exact=True).select_option("path-7")
        assert made.page.locator("#path-7").is_visible()
        assert not made.page.locator("#path-1").is_visible()
        widths = made.page.locator(".paths svg").evaluate_all("all => all.map(e => e.clientWidth)")
        assert len(widths) == 12
        assert len(set(widths)) == 1


def test_a_link_to_a_rule_that_is_not_shown_shows_it(opened: Open, many: Path) -> None:
    with opened(many) as made:
        made.page.get_by_role("link", name="Rule 11").focus()
        made.page.keyboard.press("Enter")
        assert made.page.locator("#path-11").is_visible()
        assert not made.page.locator("#path-1").is_visible()
        assert made.page.locator(".paths select").input_value() == "path-11"


def test_a_printout_and_a_page_without_javascript_hold_every_rule(opened: Open, many: Path) -> None:
    with opened(many) as made:
        made.page.emulate_media(media="print")
        assert all(card.is_visible() for card in made.page.locator(".paths article").all())
        assert not made.page.locator(".chooser").is_visible()
    with opened(many, java_script_enabled=False) as made:
        assert all(card.is_visible() for card in made.page.locator(".paths article").all())
        assert not made.page.locator(".chooser").is_visible()


def test_charts_fit_after_the_window_was_narrowed(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["closed"] / "report.html", charts=True) as made:
        made.page.set_viewport_size({"width": 500, "height": 800})
        made.page.wait_for_timeout(300)
        box = made.page.locator("#figure-topics svg").bounding_box()
        assert box is not None
        assert box["width"] <= 500
        assert made.page.evaluate("document.documentElement.scrollWidth") == 500


def test_without_javascript_every_number_is_still_there(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html", java_script_enabled=False) as made:
        # Not <noscript>: a browser told to run no script still parses as if it could.
        notes = made.page.locator("figure.chart .canvas").all_text_contents()
        assert len(notes) == 28
        assert all("The numbers of this one are in Table" in note for note in notes)
        assert made.page.locator("#table-topics .panel.all").is_visible()
        made.page.check("#show-serious")
        assert made.page.locator("#table-topics .panel.serious").is_visible()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_printed_page_carries_its_label_and_every_table(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports[scope] / "report.html") as made:
        made.page.emulate_media(media="print")
        label = made.page.locator(".print-label")
        assert label.is_visible()
        assert label.evaluate("e => getComputedStyle(e).position") == "fixed"  # on every page
        assert (label.text_content() or "").startswith(scope.upper())
        hidden = made.page.locator(".panel").evaluate_all(
            "all => all.filter(e => getComputedStyle(e).display === 'none').length"
        )
        assert hidden == 0


CONTRAST = """
() => {
  const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const ratio = e => {
    const style = getComputedStyle(e);
    const ink = rgb(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = [...document.querySelectorAll("body *")].filter(e =>
    e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
  return texts.map(e => [ratio(e), e.tagName + "." + e.getAttribute("class")]);
}
"""


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(
    scope: Scope, scheme: str, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports[scope] / "report.html", color_scheme=scheme, charts=True) as made:
        found = made.page.evaluate(CONTRAST)
        assert len(found) > 100
        assert [text for ratio, text in found if ratio < 4.5] == []  # WCAG 2.2, level AA


@pytest.mark.parametrize("scope", SCOPES)
def test_the_index_leads_to_the_report(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports[scope].parent / "index.html", charts=True) as made:
        made.page.get_by_role("link", name="0003-2019-11-04").click()
        made.page.wait_for_selector("html[data-charts=drawn]", state="attached")
        assert made.page.title().startswith(scope.upper())
