"""Text of the data as it may be shown: nothing in it acts. Pure.

An event term can hold what a terminal obeys (ESC) or what reorders the text around it (U+202E, a
right-to-left override), so that "3 of 52" is read as something else. Such characters are shown by
their number; all others, of any script, stay what they are. So do tabs and line breaks.
"""

import re

_ACTING = re.compile(
    "["
    "\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction
    "\u200b\u2060\ufeff"  # nothing to be seen
    "]"
)


def visible(text: str) -> str:
    """The text with every character shown that would act unseen."""
    return text if text.isprintable() else _ACTING.sub(_shown, text)


def line(text: str, longest: int = 1000) -> str:
    """The text as one line of a terminal or a log; one longer than `longest` loses its middle."""
    one = visible(" ".join(text.split()))
    if len(one) <= longest:
        return one
    return f"{one[: 2 * longest // 3]} … {one[-longest // 3 + 3 :]}"


def _shown(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"
