"""The charts of a report as pictures, made from the specifications that stand in its page.

Nothing is counted or drawn anew: a picture shows what the page's own script would draw first. The
library that draws carries Vega inside, so nothing is fetched. A chart costs about 0.2 s, which is
why a look does not make its pictures and an export does.
"""

import json
import re
from functools import lru_cache
from typing import Any

Spec = dict[str, Any]

WIDTH = 640
"""Pixels of a chart that would be as wide as its page."""
_FIGURE = re.compile(r'<figure\b[^>]*?\bid="figure-([\w-]+)"[^>]*>(.*?)</figure>', re.DOTALL)
_SPEC = re.compile(r'<script type="application/json"[^>]*>(.*?)</script>', re.DOTALL)
_CANVAS = re.compile(r'(<div class="canvas"[^>]*>)(.*?)(</div>)', re.DOTALL)
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
_NOSCRIPT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"|url\(#([^)]+)\)|href="#([^"]+)"')


def specs(page: str) -> dict[str, Spec]:
    """Key -> specification of every chart of a report's page, in the page's order."""
    found = ((key, _SPEC.search(inner)) for key, inner in _FIGURE.findall(page))
    return {key: json.loads(spec[1]) for key, spec in found if spec}


def svg(spec: Spec, mark: str = "") -> str:
    """A chart as SVG. `mark` is a line below its title, for a picture that leaves its page."""
    wanted = _marked(spec, mark) if mark else spec
    if wanted.get("width") == "container":
        wanted = wanted | {"width": WIDTH}
    return _drawn(json.dumps(wanted))


@lru_cache(maxsize=64)
def _drawn(spec: str) -> str:
    """A specification as SVG; kept, since PDF, page and picture may ask for the same one."""
    import vl_convert  # noqa: PLC0415 - loads a browser engine; only a picture needs it

    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])


def png(picture: str, scale: float = 2) -> bytes:
    """An SVG as PNG, `scale` times as fine as a screen."""
    import vl_convert  # noqa: PLC0415 - a browser engine, only for a picture

    return vl_convert.svg_to_png(picture, scale=scale)


def alone(spec: Spec, mark: str) -> str:
    """A chart as SVG that can stand anywhere: on white, and marked with what it belongs to."""
    config = spec.get("config", {}) | {"background": "white"}
    return svg({key: value for key, value in spec.items() if key != "background"}
               | {"config": config}, mark)  # fmt: skip


def static(page: str) -> str:
    """The page with each chart as a picture for a reader without JavaScript.

    Where a script may run, the pictures are not shown and the charts are drawn as ever.
    """
    return _pictured(page, "<noscript>{}</noscript>")


def paper(page: str) -> str:
    """The page to be printed: each chart as a picture, and no script at all."""
    return _SCRIPT.sub("", _NOSCRIPT.sub("", _pictured(page, "{}")))


def _pictured(page: str, frame: str) -> str:
    def pictured(figure: re.Match[str]) -> str:
        spec = _SPEC.search(figure[2])
        if spec is None:
            return figure[0]
        picture = frame.format(_own_ids(svg(json.loads(spec[1])), figure[1]))
        return _CANVAS.sub(lambda canvas: f"{canvas[1]}{picture}{canvas[3]}", figure[0], count=1)

    return _FIGURE.sub(pictured, page)


def _own_ids(picture: str, key: str) -> str:
    """Ids that no other picture of the page has: a clip must not cut another chart."""

    def renamed(found: re.Match[str]) -> str:
        name = next(name for name in found.groups() if name is not None)
        return found[0].replace(name, f"{key}-{name}")

    return _ID.sub(renamed, picture)


def _marked(spec: Spec, mark: str) -> Spec:
    """The chart with a line more below its title."""
    title = spec.get("title", {})
    whole: Spec = title if isinstance(title, dict) else {"text": title}
    below = whole.get("subtitle", [])
    lines = [below] if isinstance(below, str) else below
    if isinstance(lines, dict):  # an expression gives the line: ours is put beside it
        lines = {"expr": f"[{lines['expr']}, {json.dumps(mark)}]"}
    else:
        lines = [*lines, mark]
    return spec | {"title": {"text": "", **whole, "subtitle": lines}}
