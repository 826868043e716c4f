"""Periods that a study's groups name and nobody was exposed in: mistyped, or not begun yet."""

import difflib
import re

import polars as pl

from safetymon.domain import Finding
from safetymon.errors import UsageError
from safetymon.study import Study

_ALIKE = 0.75  # share of letters in common; "Frist" and "First" have 0.8
_WORD = re.compile(r"\d+|[^\W\d_]+")
_SHORT = 3  # letters: a word that numbers a period ("II", "B") or stands for it ("OLE")


def findings(taken: pl.DataFrame, study: Study) -> list[Finding]:
    """A finding for each period of a group that nobody has been exposed in.

    Raises:
        UsageError: Such a name looks like a period of the data, and `[periods]` does not declare
            it: the group would stay empty for a slip of the pen.
    """
    known = sorted(taken["period"].unique())
    absent: dict[str, str] = {}  # and the first group that names it
    for one in study.group:
        for period in one.periods:
            if period not in known:
                absent.setdefault(period, one.name)
    for name, group in absent.items():
        meant = next((other for other in known if _is_like(name, other)), None)
        if meant is not None and not study.periods:
            raise UsageError(
                f"group '{group}': the data have no period '{name}'; did you mean '{meant}'? (if "
                "it is another one that has not begun, list both in [periods])"
            )
    return [_finding(name) for name in absent]


def _is_like(name: str, other: str) -> bool:
    """Whether a name is another one mistyped: not where a number or a short word tells them apart.

    "Period 1" and "Period 2" differ by less than many a mistype.
    """
    alike = difflib.SequenceMatcher(None, name.casefold(), other.casefold()).ratio() >= _ALIKE
    return alike and _marks(name) == _marks(other)


def _marks(name: str) -> list[str]:
    words: list[str] = _WORD.findall(name.casefold())
    return [word for word in words if len(word) <= _SHORT or word.isdigit()]


def _finding(name: str) -> Finding:
    # Closed: a period may be called after what is taken in it.
    text = f"nobody has been exposed in period '{name}', which a group names; it counts none"
    return Finding("period without exposure", "warning", 1, text, "closed")
