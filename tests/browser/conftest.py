"""A Chromium for the tests of the page: the one that is installed, offline."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


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
