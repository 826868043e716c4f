"""The charts in a real browser: what is in sight is drawn first, and what is chosen is followed."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from safetymon.domain import Scope
from tests.browser.conftest import Open
from tests.report_fixture import results, write

pytestmark = pytest.mark.browser

HEARD = """
window.heard = [];
document.addEventListener("safetymon:select", event => window.heard.push(event.detail));
"""
DRAWN = """
window.order = [];
const look = node => {
  const figure = node.nodeName === "svg" && node.closest("figure.chart");
  if (figure) { window.order.push(figure.id); }
};
new MutationObserver(changes => changes.forEach(one => one.addedNodes.forEach(look)))
  .observe(document, {childList: true, subtree: true});
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two reports and the index of the closed ones, written once."""
    root = tmp_path_factory.mktemp("charts")
    scopes: tuple[Scope, ...] = ("closed", "open")
    reports = {scope: write(results(scope), root).folder / "report.html" for scope in scopes}
    return {**reports, "index": root / "closed" / "index.html"}


def faint(page: Page, figure: str) -> int:
    """Marks of a chart that step back because something else is chosen."""
    return page.locator(f"#{figure} .role-mark path[opacity='0.12']").count()


def choose_topic(page: Page, topic: str) -> None:
    page.get_by_label("Topic", exact=True).select_option(topic)


def test_a_click_on_a_mark_chooses_its_topic_everywhere(
    opened: Open, files: dict[str, Path]
) -> None:
    with opened(files["closed"], charts=True, script=HEARD) as made:
        page = made.page
        assert not page.locator(".showing").is_visible()
        page.locator("#figure-topics .mark-symbol.role-mark path").first.click()
        page.locator(".showing:visible").wait_for(timeout=2000)
        (told,) = page.evaluate("window.heard")
        assert told["kind"] == "topic"
        assert page.locator(".showing b").text_content() == told["value"]
        assert page.locator("#choose-topic").input_value() == told["value"]
        visible = page.locator("figure.chart[data-value]:visible")
        assert visible.count() == 3  # two curves, and the calendar
        values = visible.evaluate_all("all => all.map(e => e.dataset.value)")
        assert set(values) == {told["value"]}
        page.wait_for_function("document.querySelectorAll("
                               "\"#figure-severity path[opacity='0.12']\").length > 0")  # fmt: skip
        assert faint(page, "figure-topics") > 0
        assert faint(page, "figure-terms") == 0  # another kind: not filtered


def test_a_label_of_a_term_can_be_clicked_and_clicked_again(
    opened: Open, files: dict[str, Path]
) -> None:
    with opened(files["closed"], charts=True, script=HEARD) as made:
        page = made.page
        label = page.locator("#figure-terms .role-axis-label text", has_text="Headache").first
        label.click()
        label.click()
        assert page.evaluate("window.heard") == [
            {"kind": "pt", "value": "Headache"},
            {"kind": None, "value": None},
        ]
        assert not page.locator(".showing").is_visible()


def test_a_subject_is_chosen_on_its_time_line(opened: Open, files: dict[str, Path]) -> None:
    with opened(files["closed"], charts=True, script=HEARD) as made:
        page = made.page
        subject = results().cases.listing["subject"][0][:2]  # type: ignore[union-attr]  # closed
        label = page.locator("#figure-swimmer .role-axis-label text", has_text=subject).first
        subject = label.text_content()
        label.click()
        assert page.evaluate("window.heard[0]") == {"kind": "subject", "value": subject}


def test_the_keyboard_chooses_and_clears(opened: Open, files: dict[str, Path]) -> None:
    with opened(files["closed"]) as made:
        page = made.page
        page.focus("#choose-topic")
        page.keyboard.press("ArrowDown")
        page.locator(".showing:visible").wait_for(timeout=2000)
        page.get_by_role("button", name="✕ clear").focus()
        page.keyboard.press("Enter")
        assert not page.locator(".showing").is_visible()
        choose_topic(page, "nausea")
        page.keyboard.press("Escape")
        assert not page.locator(".showing").is_visible()
        assert page.locator("#choose-topic").input_value() == ""
        assert page.locator("figure.chart.unchosen").count() == 0


def test_what_a_table_chooses_the_charts_follow(opened: Open, files: dict[str, Path]) -> None:
    with opened(files["open"], charts=True) as made:
        page = made.page
        page.evaluate(
            """document.dispatchEvent(new CustomEvent("safetymon:select",
               {detail: {kind: "topic", value: "pyrexia"}}))"""
        )
        page.wait_for_function("document.querySelectorAll("
                               "\"#figure-topics path[opacity='0.12']\").length > 0")  # fmt: skip
        assert page.locator(".showing b").text_content() == "pyrexia"


def test_a_curve_that_comes_back_is_as_wide_as_before(opened: Open, files: dict[str, Path]) -> None:
    with opened(files["closed"], charts=True) as made:
        page = made.page
        svg = page.locator("#figure-course-0 svg")
        before = svg.bounding_box()
        choose_topic(page, "nausea")
        assert not svg.is_visible()
        page.set_viewport_size({"width": 1281, "height": 800})
        choose_topic(page, "")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.wait_for_timeout(300)
        assert svg.bounding_box() == before


def test_the_charts_in_sight_are_drawn_first(opened: Open, files: dict[str, Path]) -> None:
    with opened(files["closed"], at="#terms", charts=True, script=DRAWN) as made:
        order = made.page.evaluate("window.order")
        assert order.index("figure-terms") < order.index("figure-path-1")
        marks = "performance.getEntriesByName('safetymon:first-chart').length"
        assert made.page.evaluate(marks) == 1


def test_numbers_at_risk_stand_below_the_curve_of_their_group(
    opened: Open, files: dict[str, Path]
) -> None:
    made = results().curves.filter(
        kind="incidence", term="headache", estimand="all", group="All IVIg"
    )
    told = dict(made.select("day", "at_risk").rows())
    with opened(files["closed"], charts=True) as made:
        page = made.page
        texts = page.locator("#figure-course-2 .mark-text text").all_text_contents()
        assert "Subjects without an event so far" in texts
        assert {f"{told[0]:,}", f"{told[56]:,}"} <= set(texts)


@pytest.mark.parametrize("width", [1280, 390])
def test_panels_fill_the_figure_and_do_not_leave_it(
    width: int, opened: Open, files: dict[str, Path]
) -> None:
    with opened(files["closed"], width, charts=True) as made:
        page = made.page
        for name in ("topics", "terms"):
            canvas = page.locator(f"#figure-{name} .canvas").bounding_box()
            svg = page.locator(f"#figure-{name} svg").bounding_box()
            assert canvas is not None
            assert svg is not None
            assert 0.85 * canvas["width"] <= svg["width"] <= canvas["width"] + 1


@pytest.mark.parametrize("name", ["closed", "open", "index"])
def test_axe_finds_nothing_serious(name: str, opened: Open, files: dict[str, Path]) -> None:
    # In the dark only contrast differs, which has its own test.
    with opened(files[name], charts=True) as made:
        found = Axe().run(made.page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [
            (one["id"], one["impact"], [node["target"] for node in one["nodes"]][:5])
            for one in found
            if one["impact"] in ("serious", "critical")
        ] == []
