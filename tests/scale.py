"""Large trials, printed: how long a look takes, how large its page is, how soon it shows a chart.

`make scale`, with an installed Chromium. The studies are synthetic: an EDC export with two
treatments, so many subjects and preferred terms, and ten events a subject.
"""

import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from playwright.sync_api import sync_playwright

from safetymon import monitor
from tests.browser.conftest import NAMES, OPTIONS, installed

EVENTS_A_SUBJECT: Final = 10
START: Final = date(2020, 1, 6)
STUDY: Final = """
[study]
id = "SCALE"
title = "A large synthetic trial"
synthetic = true

[data]
folder = "."
standard = "edc"

[data.columns.subjects]
subject = "SUBJECT"
arm = "ARM"

[data.columns.exposure]
subject = "SUBJECT"
treatment = "DRUG"
start = "START"
end = "END"

[data.columns.events]
subject = "SUBJECT"
key = "AE_NO"
pt = "PT"
soc = "SOC"
onset = "ONSET"
serious = "SERIOUS"
related = "RELATED"
severity = "SEVERITY"
reported = "REPORTED"

[treatments.Active]
from = ["A"]

[treatments.Control]
from = ["C"]
reference = true

[[group]]
name = "Active"
treatment = "Active"
reference = "Control"

[[group]]
name = "Control"
treatment = "Control"

[evidence]
planned_subjects = {subjects}
window_days = 180
"""


class Goal(NamedTuple):
    """What a study of so many subjects and terms promises."""

    subjects: int
    terms: int
    seconds: float  # from opening the page to its first chart
    megabytes: float


GOALS: Final = (Goal(5_000, 200, 2.0, 12.0), Goal(50_000, 200, 4.0, 12.0))


def study(folder: Path, goal: Goal) -> Path:
    """Writes the listings and the study file, which it returns."""
    rng = np.random.default_rng(1)
    n, count = goal.subjects, goal.subjects * EVENTS_A_SUBJECT
    names = np.array([f"S{number:06d}" for number in range(n)])
    entry = rng.integers(0, 540, n)
    drug = np.where(rng.random(n) < 0.5, "A", "C")
    dated = pl.DataFrame({"SUBJECT": names, "ARM": drug, "entry": entry})
    first = pl.lit(START) + pl.duration(days="entry")
    dated.select("SUBJECT", "ARM").write_csv(folder / "subjects.csv")
    dated.select(
        "SUBJECT", pl.col("ARM").alias("DRUG"), first.alias("START"),
        (first + pl.duration(days=179)).alias("END"),
    ).write_csv(folder / "exposure.csv")  # fmt: skip
    who = np.sort(rng.integers(0, n, count))
    onset = entry[who] + rng.integers(0, 180, count)
    term = (rng.random(count) ** 2 * goal.terms).astype(int)
    events(names[who], onset, term, rng).write_csv(folder / "events.csv")
    path = folder / "study.toml"
    path.write_text(STUDY.format(subjects=n), encoding="utf-8")
    return path


def events(
    who: npt.NDArray[np.str_],
    onset: npt.NDArray[np.int64],
    term: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """One row an event; the first terms are those of the built-in topics."""
    known = ("Headache", "Nausea", "Pyrexia", "Deep vein thrombosis")
    pts = np.array([*known, *(f"Term {number:03d}" for number in range(len(known), 10_000))])
    count = who.size
    day = pl.Series("onset", onset)
    first = pl.lit(START) + pl.duration(days="onset")
    return pl.DataFrame(
        {
            "SUBJECT": who, "AE_NO": np.arange(count), "PT": pts[term],
            "SOC": np.char.add("Class ", (term % 20).astype(str)), "onset": day,
            "SERIOUS": np.where(rng.random(count) < 0.02, "Y", "N"),
            "RELATED": np.where(rng.random(count) < 0.3, "Y", "N"),
            "SEVERITY": rng.choice(["mild", "moderate", "severe"], count, p=[0.6, 0.3, 0.1]),
            "lag": rng.integers(0, 30, count),
        }
    ).select(
        "SUBJECT", "AE_NO", "PT", "SOC", first.alias("ONSET"), "SERIOUS", "RELATED", "SEVERITY",
        (first + pl.duration(days="lag")).alias("REPORTED"),
    )  # fmt: skip


def first_chart(page_file: Path) -> tuple[float, float]:
    """Seconds from opening a page offline to its first chart, and to its last."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(page_file.as_uri())
        page.wait_for_selector("html[data-charts=drawn]", state="attached", timeout=120_000)
        first = page.evaluate(
            "performance.getEntriesByName('safetymon:first-chart')[0].startTime / 1000"
        )
        last = page.evaluate("performance.now() / 1000")
        browser.close()
    return first, last


def measured(goal: Goal) -> bool:
    """Prints the figures of one study; whether it keeps its goals."""
    with tempfile.TemporaryDirectory() as folder:
        path = study(Path(folder), goal)
        start = time.perf_counter()
        done = monitor.look(path, datetime.now(UTC), "scale")
        look = time.perf_counter() - start
        kept = True
        for report in (done.closed_report, done.open_report):
            size = report.stat().st_size / 1e6
            first, last = first_chart(report)
            kept &= first <= goal.seconds and size <= goal.megabytes
            print(
                f"{goal.subjects:>6,} subjects, {goal.terms} terms, {report.parts[-3]:<6} "
                f"look {look:5.1f} s, page {size:4.1f} MB (goal {goal.megabytes:g}), "
                f"first chart {first:4.1f} s (goal {goal.seconds:g}), all {last:4.1f} s"
            )
    return kept


def main() -> int:
    if installed() is None:
        print(f"needs a Chromium: none of {', '.join(NAMES)} is installed")
        return 1
    kept = [measured(goal) for goal in GOALS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
