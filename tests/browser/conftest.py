"""A Chromium for the tests of the page: the one that is installed, offline."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from safetymon.domain import Scope
from tests.report_fixture import results, write

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
WATCH = """
document.addEventListener("securitypolicyviolation",
  event => console.error("policy violation: " + event.violatedDirective));
"""
UNDRAWN = 'Object.defineProperty(window, "vegaEmbed", {value: () => new Promise(() => {})});'
"""Charts that wait for ever: drawing them all takes five times as long as the rest of the page."""


@dataclass
class Opened:
    """A page, and everything it asked for or complained of while it was open."""

    page: Tab
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., AbstractContextManager[Opened]]


def installed() -> str | None:
    """Where the installed Chromium is; None without one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The installed Chromium; without one the tests are skipped, or fail where one is required."""
    found = installed()
    if found is None:
        missing = "no Chromium is installed, so the page was not tried in a browser"
        if os.environ.get("SAFETYMON_REQUIRE_BROWSER") == "1":
            pytest.fail(f"SAFETYMON_REQUIRE_BROWSER=1, but {missing}")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield running
        running.close()


@pytest.fixture
def opened(browser: Browser) -> Open:
    """Opens a file offline, at its top or `at` an anchor; a page that complains fails the test.

    `charts` draws them, and waits for all of those of a report; else none is drawn, for what is
    not about charts.
    """

    @contextmanager
    def go(
        file: Path, width: int = 1280, height: int = 800, *, at: str = "", charts: bool = False,
        script: str = "",
        **options: Any,  # noqa: ANN401 - Playwright's context options
    ) -> Iterator[Opened]:  # fmt: skip
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_offline(True)
        context.add_init_script(WATCH + script + ("" if charts else UNDRAWN))
        made = Opened(context.new_page())
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.on("console", lambda message: made.complaints.append(message.text))
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on("dialog", lambda dialog: made.complaints.append(dialog.message))
        made.page.goto(file.as_uri() + at)
        if charts and file.name == "report.html":
            made.page.wait_for_selector("html[data-charts=drawn]", state="attached")
        yield made
        assert made.complaints == []
        context.close()

    return go


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[Scope, Path]:
    """The folders of two reports of a study whose terms would like to be more than text."""
    root = tmp_path_factory.mktemp("reports")
    scopes: tuple[Scope, ...] = ("closed", "open")
    return {scope: write(results(scope, hostile=True), root).folder for scope in scopes}
