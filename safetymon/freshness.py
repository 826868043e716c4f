"""Whether data are stale or have shrunk, so that this is never read as "no new events". Pure.

What they are held to is the last look whose data had lost nothing: a loss that was looked at once
is still one at the next look.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from safetymon.domain import STALE, Finding, InputFile
from safetymon.errors import DataRefusedError
from safetymon.study import Freshness

Check = Literal["older", "fewer", "gone", "unchanged", "lagging"]
CHECKS: Final[Mapping[Check, str]] = {
    "older": f"{STALE}: older than before",
    "fewer": f"{STALE}: rows are missing",
    "gone": f"{STALE}: subjects are missing",
    "unchanged": f"{STALE}: unchanged",
    "lagging": f"{STALE}: lagging behind",
}
"""Key of `[freshness]` -> the finding's check."""
LOSSES: Final = (CHECKS["older"], CHECKS["fewer"], CHECKS["gone"])
"""The checks that say that data were lost."""


class Data(NamedTuple):
    """What one look was made of: the latest date in its listings, its files, its subjects."""

    until: date
    inputs: tuple[InputFile, ...]
    subjects: frozenset[str]


class Before(NamedTuple):
    """The look that data are held to, by its number, and its data."""

    look: int
    data: Data


def findings(
    settings: Freshness, data: Data, before: Before | None, unchanged_since: datetime | None,
    now: datetime,
) -> tuple[Finding, ...]:  # fmt: skip
    """In what way the data are stale; nothing in it depends on who took what.

    Args:
        settings: What is too much.
        data: The data to look at.
        before: What they are held to; None: nothing yet.
        unchanged_since: When these very files were first read; None: never before.
        now: When the look is made.

    Raises:
        DataRefusedError: They are, in a way that the settings refuse.
    """
    found: tuple[Found, ...] = (
        *(_losses(settings, data, before) if before else ()),
        *_standstill(settings, data, unchanged_since, now),
    )
    for check, _, text in found:
        if getattr(settings, check) == "block":
            raise DataRefusedError(
                f"{CHECKS[check]}: {text}; have the export repeated, or, if it is right, set "
                f'{check} = "banner" under [freshness] to look all the same, marked'
            )
    return tuple(Finding(CHECKS[check], "error", n, f"{text}.") for check, n, text in found)


Found = tuple[Check, int, str]


def _losses(settings: Freshness, data: Data, before: Before) -> Iterator[Found]:
    """What the earlier look had and these data have not."""
    earlier, look = before.data, f"look {before.look}"
    if data.until < earlier.until:
        days = (earlier.until - data.until).days
        yield "older", days, (
            f"the latest date in the data is {_day(data.until)}, at {look} it was "
            f"{_day(earlier.until)}"
        )  # fmt: skip
    fallen = list(_fallen(earlier.inputs, data.inputs, settings.max_fall_percent))
    if fallen:
        limit = f"limit {settings.max_fall_percent:g}%"
        yield "fewer", len(fallen), f"{'; '.join(fallen)} at {look} ({limit})"
    gone = len(earlier.subjects - data.subjects)
    if gone > settings.max_gone:
        yield "gone", gone, f"{gone} of {len(earlier.subjects)} subjects of {look} are not there"


def _fallen(
    earlier: tuple[InputFile, ...], now: tuple[InputFile, ...], limit: float
) -> Iterator[str]:
    files = {file.role: file for file in now}
    for file in earlier:
        rows = files[file.role].rows if file.role in files else 0
        if (file.rows - rows) * 100 > limit * file.rows:
            yield f"{file.path} has {rows} rows, {file.rows}"


def _standstill(
    settings: Freshness, data: Data, unchanged_since: datetime | None, now: datetime
) -> Iterator[Found]:
    """What should have moved since and has not."""
    if unchanged_since and (days := (now - unchanged_since).days) > settings.max_unchanged_days:
        limit = f"limit {settings.max_unchanged_days}"
        since = _day(unchanged_since.date())
        yield "unchanged", days, f"no file has changed since {since}: {days} days ({limit})"
    limit_days = settings.max_lag_days
    if limit_days is not None and (days := (now.date() - data.until).days) > limit_days:
        yield "lagging", days, (
            f"the latest date in the data is {_day(data.until)}: {days} days ago "
            f"(limit {limit_days})"
        )  # fmt: skip


def _day(day: date) -> str:
    return f"{day:%d %b %Y}"
