"""A small look keeps to one processor, and leaves everything as it was."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from safetymon import processors
from safetymon.processors import SMALL, one_if_small

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="this system does not place threads, or has one processor",
)


@contextmanager
def _another_thread() -> Iterator[int]:
    """A thread that waits; its number."""
    known, ended = threading.Event(), threading.Event()

    def wait() -> None:
        known.set()
        ended.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    known.wait()
    try:
        yield thread.native_id or 0
    finally:
        ended.set()
        thread.join()


def test_every_thread_is_on_the_processor_of_this_one_and_back_afterwards() -> None:
    allowed = os.sched_getaffinity(0)
    with _another_thread() as older:
        with one_if_small(SMALL):
            (only,) = os.sched_getaffinity(0)
            assert only in allowed
            assert os.sched_getaffinity(older) == {only}
            with _another_thread() as younger:
                assert os.sched_getaffinity(younger) == {only}
        assert os.sched_getaffinity(older) == allowed
    assert os.sched_getaffinity(0) == allowed


def test_a_thread_that_had_its_own_processor_is_back_there() -> None:
    own = {max(os.sched_getaffinity(0))}
    with _another_thread() as older:
        os.sched_setaffinity(older, own)
        with one_if_small(1):
            pass
        assert os.sched_getaffinity(older) == own


def test_a_large_look_stays_where_it_is() -> None:
    allowed = os.sched_getaffinity(0)
    with one_if_small(SMALL + 1):
        assert os.sched_getaffinity(0) == allowed


def test_of_two_looks_at_once_the_first_decides_and_the_second_leaves_nothing_behind() -> None:
    allowed = os.sched_getaffinity(0)
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(one_if_small(1))
        second.enter_context(one_if_small(1))
        assert len(os.sched_getaffinity(0)) == 1
        first.close()
        assert os.sched_getaffinity(0) == allowed
    assert os.sched_getaffinity(0) == allowed
    with one_if_small(1):
        assert len(os.sched_getaffinity(0)) == 1


def test_a_look_that_fails_leaves_no_thread_behind() -> None:
    allowed = os.sched_getaffinity(0)
    with pytest.raises(ZeroDivisionError), one_if_small(1):
        raise ZeroDivisionError
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_where_the_system_says_or_allows_nothing_the_look_is_made_all_the_same(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    allowed = os.sched_getaffinity(0)
    for refused in ("sched_setaffinity", "sched_getaffinity", "read_text"):
        with monkeypatch.context() as patched:
            of = processors.Path if refused == "read_text" else processors.os
            patched.setattr(of, refused, refuse)
            with one_if_small(1):
                patched.undo()
                assert os.sched_getaffinity(0) == allowed
    with one_if_small(1):
        assert len(os.sched_getaffinity(0)) == 1  # nothing was left held


def test_on_a_system_that_places_no_threads_the_look_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    monkeypatch.delattr(processors.os, "sched_setaffinity")
    monkeypatch.delattr(processors.os, "sched_getaffinity")
    with one_if_small(1):
        made.append("look")
    assert made
