"""One look as one HTML file that opens anywhere: no request, no eval, no script but ours.

Terms come from the data and are hostile input: the template escapes every text, and JSON inside
the page holds no `<`, so nothing in it can end a script or start one.
"""

import json
import os
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from safetymon.domain import Results
from safetymon.report import (
    bundle,
    charts,
    evidence_charts,
    evidence_tables,
    evidence_view,
    signal_tables,
    term_tables,
    topic_tables,
    view,
    wording,
)
from safetymon.report.lead import lead
from safetymon.report.marks import Spec, unchecked

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart on the page: where it stands, its specification, the words below it."""

    key: str
    spec: Markup
    description: str


def render(results: Results, vega: str) -> str:
    """The page of one scope's finite results, complete. `vega` is the Vega library as a script."""
    boot = source("boot.js")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            results=results,
            policy=policy([vega, boot]),
            style=Markup(source("style.css")),  # noqa: S704 - our own file
            scripts=[Markup(vega), Markup(boot)],  # noqa: S704 - Vega's library and our own file
            **_content(results),
        )
    )


@unchecked
def _content(results: Results) -> dict[str, object]:
    """What the template shows, section by section."""
    return {
        **_verdicts(results),
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
        "overlaps": view.overlaps(results.groups),
        "findings": view.findings(results),
        "inputs": view.inputs(results),
        "estimands": wording.ESTIMAND_TITLES,
        "figures": _figures(results),
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
            "sentence": wording.incidence(row),
        }
        for row in wording.headline_rows(results, "related")
    ]


def _figures(results: Results) -> dict[str, list[Figure]]:
    cutoff, groups, confidence = results.cut.cutoff, results.groups, results.confidence
    steps = charts.calendar_steps(results.calendar, groups, cutoff)
    topics = charts.topic_dots(results.incidence, groups, cutoff, confidence)
    differences = charts.difference_dots(results.comparisons, groups, cutoff, confidence)
    terms = charts.term_dots(results.incidence, groups, cutoff, confidence)
    return {
        "topics": _figure("topics", topics),
        "differences": _figure("differences", differences),
        "calendar": _numbered("calendar", steps),
        "screen": _numbered("screen", evidence_charts.screen_charts(results.screen, cutoff)),
        "terms": _figure("terms", terms),
    }


def _numbered(key: str, specs: list[Spec]) -> list[Figure]:
    return [figure for i, spec in enumerate(specs) for figure in _figure(f"{key}-{i}", spec)]


def _figure(key: str, spec: Spec | None) -> list[Figure]:
    return [Figure(key, script_json(spec), spec["description"])] if spec else []


def script_json(value: object) -> Markup:
    """JSON that may stand inside a `<script>`: whatever its texts hold, they cannot end it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Markup(safe)  # noqa: S704 - made inert on the line above


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
    return FileSystemBytecodeCache(str(folder), "template-%s") if folder else None


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
        bytecode_cache=_compiled(),
    )
    made.filters |= {
        "day": wording.day,
        "moment": wording.moment,
        "incidence": wording.incidence,
        "file_name": wording.file_name,
        "script_json": script_json,
    }
    return made


@cache
def source(name: str) -> str:
    """The text of one of our own templates, script or style."""
    return (TEMPLATES / name).read_text(encoding="utf-8")
