"""The demonstration, with adverse event terms that would like to be more than text."""

import csv
from pathlib import Path

from safetymon import demonstration

TERMS = (
    "<script>alert(1)</script>",
    '</script><img src=x onerror="alert(2)">',
    '"><svg onload=alert(3)>',
    "javascript:alert(4)",
    "<!--<script>",
    "{{ 7*7 }}{% raw %}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    "'quoted",
    "two\twords\nand lines",
    "\u202e3 of 99 subjects\u202c",
    "\u2066isolated",
    "a\u2028b",
    "\x1b[31mred",
)
SHOWN = {"\u202e": "⟨U+202E⟩", "\u2066": "⟨U+2066⟩", "\x1b": "⟨U+001B⟩"}
"""What acts unseen, and what is shown of it."""


def unpack(folder: Path) -> Path:
    """The study file. Each term is the preferred term, the words and the SOC of three events."""
    study = demonstration.unpack(folder)
    path = study.parent / "listings" / "adverse_events.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for i, term in enumerate(TERMS):
        for row in rows[3 * i : 3 * i + 3]:
            row |= {"TERM": term, "PREFERRED_TERM": term, "SOC": term}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with study.open("a", encoding="utf-8") as file:
        file.write(f'\n[[topic]]\nname = "<b>\\u202etopic"\nterms = ["{TERMS[0]}", "@SUM(A1)"]\n')
    return study
