"""What a notice says to whom. Pure.

The board learns that a closed report awaits it, and nothing of what it says. Operations learns that
looks are made, late or failed, or that data are stale; what it is told of a look is the same, byte
for byte, whether or not the look raised a signal.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from safetymon.service.settings import OperationsKind

Audience = Literal["board", "operations"]
Kind = Literal["new signal", "test"] | OperationsKind

_HEADLINE: dict[Kind, str] = {
    "new signal": "a closed report awaits you",
    "look made": "look made",
    "failed": "look failed",
    "late": "look late",
    "data stale": "data stale",
    "test": "this is a test",
}
_TEXT: dict[Kind, str] = {
    "new signal": "Study {study}, {look}: a closed report awaits you.",
    "look made": "Study {study}: {look}, due {due}, was made.",
    "failed": (
        "Study {study}: the look due {due} failed. The service's log says why; "
        "`safetymon status` shows how the study stands."
    ),
    "late": "Study {study}: {look}, due {due}, was made late.",
    "data stale": (
        "Study {study}: the look due {due} found stale data. Ask for a current extract; "
        "no news in old data is not good news."
    ),
    "test": "This is a test, sent by hand: notices to {audience} arrive here. No look was made.",
}

_NAME: dict[Audience, str] = {"board": "the board", "operations": "operations"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one audience. `due` is when the look was due, with its time zone.

    `look` is its number; None where there was none to number (failed, data stale, test).
    """

    audience: Audience
    kind: Kind
    study: str
    look: int | None
    due: datetime

    def __post_init__(self) -> None:
        """The wall between the audiences: a signal is the board's news, and only a signal is."""
        if self.kind not in _TEXT:  # as a damaged file may have it
            raise ValueError(f"there is no notice {self.kind!r}")
        for_board = self.kind == "new signal"
        if self.kind != "test" and (self.audience == "board") != for_board:
            raise ValueError(f"{self.kind!r} is not for {self.audience}")
        if self.look is None and self.kind not in ("failed", "data stale", "test"):
            raise ValueError(f"{self.kind!r} has a look")
        if self.due.tzinfo is None:
            raise ValueError("due needs a time zone")

    @property
    def reference(self) -> str:
        """What makes it the same notice again: operations' by due time, the board's by look too.

        Not the board's by look alone: a store that was restored gives its number to another look.
        """
        due = _instant(self.due)
        which = f"{self.look}, {due}" if self.audience == "board" else due
        said = "\n".join((self.audience, self.kind, self.study, which))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """The subject line: no look number, so that mail threads by study."""
        return f"safetymon: {self.study}: {_HEADLINE[self.kind]}"

    @property
    def body(self) -> str:
        """The text, and a reference by which a notice sent twice can be told."""
        look, due = f"look {self.look}", _instant(self.due)
        text = _TEXT[self.kind].format(
            study=self.study, look=look, due=due, audience=_NAME[self.audience]
        )
        return f"{text}\nReference {self.reference}"


def of_look(
    study: str, look: int, due: datetime, *, late: bool, newly_raised: bool
) -> tuple[Notice, ...]:
    """The notices of a look that was made: operations first, always one; then perhaps the board."""
    told = Notice("operations", "late" if late else "look made", study, look, due)
    return (told, Notice("board", "new signal", study, look, due)) if newly_raised else (told,)


def _instant(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
