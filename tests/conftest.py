"""Branches are counted where it is cheap: slow tests would take half their time again."""

import sys

import pytest

sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # as the command line has it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") or item.get_closest_marker("browser"):
            item.add_marker("no_cover")
