"""What acts unseen is shown; every other text stays what it is."""

import pytest

from safetymon.visible import line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202e25 fo 3", "⟨U+202E⟩25 fo 3"),  # read from right to left: 3 of 52
        ("\x1b[2Jgone", "⟨U+001B⟩[2Jgone"),  # clears a terminal
        ("\u2066a\u2069", "⟨U+2066⟩a⟨U+2069⟩"),
        ("a\0b\x9b", "a⟨U+0000⟩b⟨U+009B⟩"),
        ("\ufeffHead\u200bache", "⟨U+FEFF⟩Head⟨U+200B⟩ache"),
    ],
)
def test_what_acts_is_shown_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["Headache", "Übelkeit", "頭痛", "صداع", "a\tb\nc", "5\xa0mg", "👩‍⚕️", "<b>", ""]
)
def test_every_other_text_stays(text: str) -> None:
    assert visible(text) == text


def test_a_line_is_one_line_and_not_too_long() -> None:
    assert line("a\nb\r\n\tc\u2028d") == "a b c d"
    cut = line(f"study.toml: {'x' * 5000}; correct it", longest=300)
    assert len(cut) == 300
    assert cut.startswith("study.toml: xxx")
    assert cut.endswith("xxx; correct it")
