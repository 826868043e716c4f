"""The exported page without JavaScript: its charts are there as pictures, its tables as ever."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from safetymon.report import image
from tests.report_fixture import results, write

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("static")
    report = write(results(), root).report
    file = root / "static.html"
    file.write_text(image.static(report.read_text(encoding="utf-8")), encoding="utf-8")
    return file


def test_without_javascript_every_chart_is_a_picture(browser: Browser, page: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(page.as_uri())
    figures = opened.locator("figure.chart")
    assert figures.count() == len(image.specs(page.read_text(encoding="utf-8"))) > 10
    for place in range(figures.count()):
        picture = figures.nth(place).locator(".canvas svg")
        assert picture.count() == 1
        assert picture.locator("path").count() > 3
    box = opened.locator("#figure-topics svg").bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert opened.locator("table:visible").count() > 5
    assert asked == [page.as_uri()]
    context.close()


def test_with_javascript_the_charts_are_drawn_and_no_picture_is_shown(
    browser: Browser, page: Path
) -> None:
    context = browser.new_context()
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(page.as_uri())
    opened.locator("#figure-topics").scroll_into_view_if_needed()
    opened.wait_for_selector("#figure-topics .canvas svg .mark-symbol path", state="attached")
    assert opened.locator("#figure-topics .canvas svg").count() == 1
    assert opened.locator("noscript svg").count() == 0
    assert complaints == []
    context.close()
