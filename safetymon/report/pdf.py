"""A report's page as PDF, printed by an installed Chromium: offline, without scripts, unprofiled.

What is printed is the copy of the page that holds its charts as pictures, so that the printout
depends on no script and no timing. The look of paper is `templates/print.css`.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from safetymon.errors import UsageError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 300
"""After which a printout is given up."""
_OPTIONS = (
    "--headless=new", "--disable-gpu", "--disable-extensions", "--disable-sync", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage", "--disable-breakpad", "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


def browser() -> str:
    """The installed Chromium.

    Raises:
        UsageError: There is none.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise UsageError(
            "--pdf: no Chromium is installed, and it prints the report; install the package "
            "chromium, or open report.html in any browser and print it"
        )
    return found


def pdf(page: str) -> bytes:
    """The page, printed; `page` holds its charts as pictures and no script (`image.paper`).

    Raises:
        UsageError: No Chromium is installed, or it does not print.
    """
    command = browser()
    with tempfile.TemporaryDirectory(prefix="safetymon-") as folder:  # made with mode 0700
        source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        _run([
            command, *_OPTIONS, *_as_root(), f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={printed}", source.as_uri(),
        ])  # fmt: skip
        if not printed.exists():
            raise UsageError("--pdf: Chromium made no file; print report.html from a browser")
        return printed.read_bytes()


def _as_root() -> list[str]:
    """Chromium refuses to start as root with its sandbox; the page runs no script either way."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def _run(command: list[str]) -> None:
    # Keys and passwords stand in variables called SAFETYMON_…: they are not the browser's business.
    env = {name: v for name, v in os.environ.items() if not name.startswith("SAFETYMON_")}
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, env=env)  # noqa: S603 - the installed browser, our own options
    except (OSError, subprocess.TimeoutExpired):
        raise UsageError(
            "--pdf: Chromium did not finish; print report.html from a browser"
        ) from None
    if done.returncode:
        raise UsageError(
            f"--pdf: Chromium failed (code {done.returncode}); print report.html from a browser"
        )
