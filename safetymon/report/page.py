"""One look as one HTML file that opens anywhere: no request, no eval, no script but ours.

Terms come from the data and are hostile input: the template escapes every text, and JSON inside
the page holds no `<`, so nothing in it can end a script or start one.
"""

import json
import os
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from safetymon.domain import Results
from safetymon.report import (
    bundle,
    course_tables,
    evidence_tables,
    evidence_view,
    listing_data,
    record_tables,
    signal_tables,
    term_tables,
    topic_tables,
    view,
    wording,
)
from safetymon.report.figures import figures
from safetymon.report.footers import Footers
from safetymon.report.lead import lead
from safetymon.report.marks import unchecked
from safetymon.report.table import Number
from safetymon.visible import visible

TEMPLATES = Path(__file__).parent / "templates"
_CONTROLS = ("\\u00", "\\b", "\\f")
"""How JSON writes control characters, and seldom something else."""


def render(results: Results, vega: str) -> str:
    """The page of one scope's finite results, complete. `vega` is the Vega library as a script."""
    scripts = [vega, *(source(name) for name in _own_scripts(results))]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            results=results,
            policy=policy(scripts),
            style=style(),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - Vega's and our own
            **_content(results),
        )
    )


@unchecked
def _content(results: Results) -> dict[str, object]:
    """What the template shows, section by section."""
    return {
        **_verdicts(results),
        **_records(results),
        "footers": Footers(results),
        "lead": lead(results),
        "treated": wording.treated(results),
        "tiles": _tiles(results),
        "foremost": wording.foremost(results),
        "screened": evidence_tables.screened(results),
        "topics": topic_tables.topics(results),
        "comparisons": topic_tables.comparisons(results),
        "socs": term_tables.terms(results, "soc"),
        "pts": term_tables.terms(results, "pt"),
        "groups": view.groups(results),
        "overlaps": view.overlaps(results.groups, results.cases.ledger if results.cases else None),
        "findings": view.findings(results),
        "inputs": view.inputs(results),
        "estimands": wording.ESTIMAND_TITLES,
        "figures": figures(results),
        "topic_names": list(dict.fromkeys(results.incidence.filter(level="topic")["term"])),
        "incidence_curves": course_tables.curves(results, "incidence"),
        "mean_curves": course_tables.curves(results, "mean"),
        "severities": course_tables.severity(results),
        "lags": course_tables.lags(results),
        "freshness": wording.freshness(results),
    }


def _own_scripts(results: Results) -> list[str]:
    """Our own scripts, in the order in which they run; the listing's only where there is one."""
    listing = ["listing.js"] if results.cases else []
    return [*listing, "tables.js", "boot.js"]


def _records(results: Results) -> dict[str, object]:
    """What changed, the overview, who they are, and what was rejected."""
    listing = listing_data.embedded(results)
    return {
        "changed": record_tables.changes(results),
        "redefined": record_tables.redefined(results),
        "turned": record_tables.turned(results),
        "flagged": record_tables.flagged(results),
        "edited": record_tables.edited(results),
        "history": record_tables.history(results),
        "overview": record_tables.overview(results),
        "rejected": record_tables.rejected(results),
        "listing": listing,
        "left_out": listing_data.left_out(results, listing),
    }


def _verdicts(results: Results) -> dict[str, object]:
    """The rules: their table, and for those that weigh evidence a card and a strip to lead to."""
    paths, strips = evidence_view.paths(results), evidence_view.strips(results)
    anchors = strips.anchors | paths.anchors
    return {
        "signals": signal_tables.signals(results, anchors),
        "verdict_meanings": signal_tables.meanings(results.signals),
        "anchors": anchors,
        "cards": signal_tables.cards(results),
        "paths": paths,
        "strips": strips,
    }


def _tiles(results: Results) -> list[dict[str, str]]:
    """The key numbers: related events in the foremost group, any first, then a topic each."""
    return [
        {
            "percent": f"{wording.percent(row['subjects'], row['at_risk'])}%",
            "sentence": wording.incidence(row, with_share=False),
        }
        for row in wording.headline_rows(results, "related")
    ]


def script_json(value: object) -> Markup:
    """JSON that may stand inside a `<script>`: whatever its texts hold, they cannot end it."""
    text = _json(value)
    if any(control in text for control in _CONTROLS):
        text = _json(_shown(value))
    safe = visible(text).replace("<", "\\u003c")
    safe = safe.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Markup(safe)  # noqa: S704 - made inert on the line above


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _shown(value: object) -> object:
    """The value with its texts made visible: JSON writes controls as escapes, which act later."""
    match value:
        case str():
            return visible(value)
        case dict():
            return {visible(str(key)): _shown(one) for key, one in value.items()}
        case list() | tuple():
            return [_shown(one) for one in value]
        case _:
            return value


def policy(scripts: list[str]) -> str:
    """The content security policy under which only these scripts run, and nothing is fetched."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'"
    )


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def _compiled() -> FileSystemBytecodeCache | None:
    """Compiled templates, kept between looks; Jinja keys them by the template's own text."""
    folder = bundle.private_folder(os.environ)
    # The name tells how templates are compiled: it changes with the options of `environment`.
    return FileSystemBytecodeCache(str(folder), "visible-%s") if folder else None


def _finished(value: object) -> object:
    """What an expression of a template becomes before it is escaped; markup is our own."""
    return visible(value) if type(value) is str else value


def cells(row: Sequence[str], kinds: Sequence[str]) -> Markup:
    """The cells of a table's row behind its first, each set as the kind of its column.

    A page has ten thousand of them. They are escaped a row at a time, parted by a control
    character that no visible text holds: three times as fast as an expression each.
    """
    texts = escape("\x1f".join(map(visible, row[1:]))).split("\x1f")
    return Markup("".join(map(_cell, texts, kinds[1:])))  # noqa: S704 - escaped on the line above


def _cell(text: str, kind: str) -> str:
    if kind == "badge":
        return f'<td><span class="badge {text.replace(" ", "-")}">{text}</span></td>'
    return f'<td class="{kind}">{text}</td>'


@cache
def environment() -> Environment:
    """The templates, every value escaped, an unknown name an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_finished,
        bytecode_cache=_compiled(),
    )
    made.globals["numbers"] = Number
    made.filters |= {
        "day": wording.day,
        "moment": wording.moment,
        "incidence": wording.incidence,
        "file_name": wording.file_name,
        "script_json": script_json,
        "cells": cells,
    }
    return made


def style() -> Markup:
    """The look of a page, on a screen and on paper."""
    return Markup(source("style.css") + source("tables.css") + source("print.css"))  # noqa: S704 - our own files


@cache
def source(name: str) -> str:
    """The text of one of our own templates, script or style."""
    return (TEMPLATES / name).read_text(encoding="utf-8")
