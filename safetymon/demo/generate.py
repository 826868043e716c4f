"""Make the demo trial's listings: a synthetic trial with ProDERM's published counts.

Run by hand, ``python -m safetymon.demo.generate [OUT_DIR]``; without a folder the committed
listings beside this module are written again. The same bytes every time. No patient is real, and
none resembles a real one: only the counts in ``published`` are ProDERM's.

What the listings reproduce exactly: every count in ``published``, the supplement's related serious
events and discontinuations, 95 subjects (47 + 48), 5 early switchers, 664 IVIg cycles.

What they cannot: ClinicalTrials.gov gives 17 subjects with a non-serious pyrexia on IVIg, but the
label gives 18 with a related pyrexia, and none of the nine related serious events is a pyrexia.
The demo has 19, the label's count within 72 h of an infusion.

How the published categories are read here: treatment-emergent is an onset from the first infusion
of a treatment in a period up to 30 days after its last infusion day and before the next treatment
or period starts; infusional is a complete onset date from the first day of a cycle to 3 days
after its last day; related is a causality of probable or possible; leading to discontinuation is
the action "drug withdrawn"; thromboembolic is what the adjudication confirms.
"""

import csv
import sys
from io import StringIO
from pathlib import Path

from safetymon.demo.allocate import allocated
from safetymon.demo.dating import dated
from safetymon.demo.recount import verify
from safetymon.demo.roster import subjects
from safetymon.demo.rows import (
    Row,
    adjudication_rows,
    event_rows,
    infusion_rows,
    numbered,
    subject_rows,
)

LISTINGS = Path(__file__).parent / "listings"


def listings() -> dict[str, str]:
    """Return file name -> text of the four listings.

    Raises:
        ValueError: if a published count is not met; the message names it.
    """
    people = subjects()
    events = numbered(dated(people, allocated(people)))
    tables = (
        subject_rows(people),
        infusion_rows(people),
        event_rows(events),
        adjudication_rows(events),
    )
    verify(*tables)
    names = ("subjects.csv", "infusions.csv", "adverse_events.csv", "adjudication.csv")
    return {name: _csv(rows) for name, rows in zip(names, tables, strict=True)}


def write(folder: Path) -> None:
    """Write the four listings into a folder, replacing what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in listings().items():
        (folder / name).write_bytes(text.encode())


def _csv(rows: list[Row]) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else LISTINGS)
