"""What a look says may change only with the version: `verify` makes old looks again by it."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetymon import __version__, demonstration, monitor

VERSION = "0.2.1"
TOLD = {
    "closed": "59127621422e5085c597b080a56c1de39bd4afe97677b7f3a6f8b7c5f94fc5e2",
    "open": "5e00b99dc63463f8d23ddd28adc93f01dcb0c8f5c271c0fef3d4c475b2c1c748",
}
"""Digests of what the demonstration's first look says in that version.

Something else is said now? If that is right: raise the version in `safetymon/__init__.py` and
pyproject.toml, say in docs/operations.md what became different, and replace both here.
"""


def rounded(value: Any) -> Any:  # noqa: ANN401 - JSON
    """To six digits: processors differ in the last ones."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return [rounded(one) for one in value]
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return value


def digest(report: Path) -> str:
    said = json.loads((report.parent / "results.json").read_text(encoding="utf-8"))
    del said["look"]["versions"]
    return sha256(json.dumps(rounded(said), sort_keys=True).encode()).hexdigest()


def test_the_demonstration_says_what_it_said_in_this_version(tmp_path: Path) -> None:
    study = demonstration.unpack(tmp_path)
    done = monitor.look(study, datetime(2024, 1, 1, tzinfo=UTC), "tester")
    found = {"closed": digest(done.closed_report), "open": digest(done.open_report)}
    assert (__version__, found) == (VERSION, TOLD)
