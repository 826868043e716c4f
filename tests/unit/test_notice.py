"""Who is told what, word by word."""

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from safetymon.service.notice import Audience, Kind, Notice, of_look
from safetymon.service.settings import OperationsKind

DUE = datetime(2026, 11, 22, 6, tzinfo=UTC)


def test_the_board_learns_that_a_report_awaits_it_and_nothing_else() -> None:
    notice = Notice("board", "new signal", "ABC-1", 4, DUE)
    assert notice.title == "safetymon: ABC-1: a closed report awaits you"
    assert notice.body == (
        f"Study ABC-1, look 4: a closed report awaits you.\nReference {notice.reference}"
    )
    assert "signal" not in (notice.title + notice.body)


@pytest.mark.parametrize(
    ("kind", "look", "title", "text"),
    [
        ("look made", 4, "look made", "look 4, due 2026-11-22 06:00:00 UTC, was made."),
        ("late", 4, "look late", "look 4, due 2026-11-22 06:00:00 UTC, was made late."),
        ("failed", None, "look failed", "the look due 2026-11-22 06:00:00 UTC failed."),
        ("data stale", None, "data stale", "the look due 2026-11-22 06:00:00 UTC found stale data"),
    ],
)
def test_operations_learns_what_became_of_a_due_look(
    kind: OperationsKind, look: int | None, title: str, text: str
) -> None:
    notice = Notice("operations", kind, "ABC-1", look, DUE)
    assert notice.title == f"safetymon: ABC-1: {title}"
    assert notice.body.startswith(f"Study ABC-1: {text}")


def test_a_notice_says_when_in_utc_whatever_zone_it_was_due_in() -> None:
    tokyo = DUE.astimezone(timezone(timedelta(hours=9)))
    here, there = (Notice("operations", "look made", "ABC-1", 4, due) for due in (DUE, tokyo))
    assert (here.body, here.reference) == (there.body, there.reference)


def test_what_operations_is_told_of_a_look_does_not_depend_on_a_signal() -> None:
    for late in (False, True):
        (quiet,) = of_look("ABC-1", 4, DUE, late=late, newly_raised=False)
        loud, board = of_look("ABC-1", 4, DUE, late=late, newly_raised=True)
        assert (quiet.title, quiet.body, quiet.reference) == (loud.title, loud.body, loud.reference)
        assert (loud.audience, board.audience) == ("operations", "board")


def test_a_notice_is_the_same_again_by_due_time_and_for_the_board_by_look_too() -> None:
    later = DUE + timedelta(days=1)

    def same(audience: Audience, kind: Kind, look: int, due: datetime) -> bool:
        first = Notice(audience, kind, "ABC-1", 4, DUE)
        return Notice(audience, kind, "ABC-1", look, due).reference == first.reference

    assert same("board", "new signal", 4, DUE)
    assert not same("board", "new signal", 4, later)  # a store that was restored: another look 4
    assert not same("board", "new signal", 5, DUE)
    assert same("operations", "look made", 5, DUE)
    assert not same("operations", "look made", 4, later)


@pytest.mark.parametrize("kind", get_args(OperationsKind))
def test_the_board_is_told_only_of_signals(kind: OperationsKind) -> None:
    with pytest.raises(ValueError, match="is not for board"):
        Notice("board", kind, "ABC-1", 4, DUE)


def test_a_test_reaches_both_and_tells_nothing() -> None:
    board, operations = (Notice(a, "test", "monitor.toml", None, DUE) for a in get_args(Audience))
    assert board.title == operations.title == "safetymon: monitor.toml: this is a test"
    assert board.body.startswith("This is a test, sent by hand: notices to the board arrive here.")
    assert operations.body.startswith("This is a test, sent by hand: notices to operations arrive")


def test_operations_is_never_told_of_signals() -> None:
    with pytest.raises(ValueError, match="is not for operations"):
        Notice("operations", "new signal", "ABC-1", 4, DUE)


def test_a_look_that_was_made_has_a_number_and_a_due_time_has_a_zone() -> None:
    with pytest.raises(ValueError, match="'late' has a look"):
        Notice("operations", "late", "ABC-1", None, DUE)
    with pytest.raises(ValueError, match="time zone"):
        Notice("operations", "failed", "ABC-1", None, DUE.replace(tzinfo=None))
