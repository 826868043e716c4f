"""Terms that would like to be more than text, from the listing to a real browser: text."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from safetymon.cli import run
from tests import hostile_study

pytestmark = pytest.mark.browser

WATCH = """
window.ran = [];
window.alert = window.confirm = window.prompt = text => { window.ran.push(String(text)); };
document.addEventListener("securitypolicyviolation",
  event => window.ran.push("policy: " + event.violatedDirective));
"""
TEXT = """() => [
  document.body.innerText,
  ...Array.from(document.querySelectorAll("svg text, svg title, option, [title], [aria-label]"),
    one => [one.textContent, one.getAttribute("title"), one.getAttribute("aria-label")].join(" ")),
].join("\\n")"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = hostile_study.unpack(tmp_path_factory.mktemp("hostile"))
    assert run(["run", str(study)]) == 0
    return study.parent / "reports" / "PRODERM-DEMO"


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_no_term_runs_asks_or_turns_the_line_round(
    scope: str, reports: Path, browser: Browser
) -> None:
    for file in sorted((reports / scope).rglob("*.html")):
        requests, complaints = [], []
        context = browser.new_context()
        context.set_offline(True)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("request", lambda request, to=requests: to.append(request.url))
        page.on("console", lambda message, to=complaints: to.append(message.text))
        page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
        page.on("dialog", lambda dialog, to=complaints: to.append(dialog.message))
        page.goto(file.as_uri())
        if file.name == "report.html":
            page.wait_for_selector("html[data-charts=drawn]", state="attached")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.wait_for_timeout(200)
        text = page.evaluate(TEXT)
        assert page.evaluate("window.ran") == []
        assert complaints == []
        assert requests == [file.as_uri()]
        assert page.locator("img, body script[src], iframe, object, embed").count() == 0
        assert not set(text) & set(hostile_study.SHOWN)
        if file.name == "report.html" and scope == "closed":
            for shown in (*hostile_study.SHOWN.values(), *hostile_study.TERMS[:4]):
                assert shown in text
        context.close()
