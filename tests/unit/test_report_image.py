"""Charts as pictures: found in the page, own ids each, no script left on paper."""

import json
import re

from safetymon.report import image, page
from tests.report_fixture import HOSTILE, results

PAGE = page.render(results(hostile=True), "window.vegaEmbed = 1;")
SMALL = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"a": 1, "b": HOSTILE[1]}]},
    "mark": {"type": "bar", "clip": True},
    "title": {"text": "T", "subtitle": "below"},
    "encoding": {"x": {"field": "a", "type": "quantitative"},
                 "y": {"field": "b", "type": "nominal"}},
}  # fmt: skip


def figure(key: str) -> str:
    inert = json.dumps(SMALL).replace("<", "\\u003c")
    return (
        f'<figure class="chart" id="figure-{key}"><div class="canvas"><p>note</p></div>'
        f'<script type="application/json">{inert}</script></figure>'
    )


def test_every_figure_of_a_page_has_its_specification() -> None:
    found = image.specs(PAGE)
    assert list(found) == re.findall(r'id="figure-([\w-]+)"', PAGE)
    assert all("$schema" in spec for spec in found.values())


def test_a_picture_stands_where_a_script_would_draw() -> None:
    made = image.static(figure("one"))
    assert re.search(r'<div class="canvas"><noscript><svg .*</svg></noscript></div>', made, re.S)
    assert "<p>note</p>" not in made


def test_hostile_texts_stay_texts_in_a_picture() -> None:
    made = image.static(figure("one"))
    assert "<img" not in made
    assert "&lt;img" in made or "&lt;/script" in made


def test_pictures_of_one_page_share_no_id() -> None:
    made = image.static(figure("one") + figure("two"))
    ids = re.findall(r'\bid="([^"]+)"', made)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r"url\(#([^)]+)\)", made))
    assert used
    assert used <= set(ids)


def test_paper_has_pictures_and_no_script() -> None:
    made = image.paper(figure("one") + "<script>run()</script><noscript>off</noscript>")
    assert "<svg" in made
    assert "<script" not in made
    assert "noscript" not in made


def test_a_picture_alone_is_marked_and_on_white() -> None:
    made = image.alone(SMALL, "CLOSED · S1")
    assert "CLOSED · S1" in made
    assert "below" in made
    assert 'fill="white"' in made


def test_a_title_made_by_an_expression_is_marked_too() -> None:
    spec = SMALL | {"title": {"text": "T", "subtitle": {"expr": "'below'"}}}
    made = image.alone(spec, "OPEN · S1")
    assert "OPEN · S1" in made
    assert "below" in made


def test_a_picture_is_a_png() -> None:
    assert image.png(image.svg(SMALL)).startswith(b"\x89PNG")
