"""Strangers' text cannot command the terminal, and is still readable."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from cli.visible import SHOWN_BYTES, visible, visible_bytes


def printed(text: Text) -> str:
    file = StringIO()
    Console(file=file, width=10_000, highlight=False).print(text, soft_wrap=True)
    return file.getvalue().removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Grüße, 日本", "plain, Grüße, 日本"),
        ("\x1b[31m\x9b\x00\n", "\\x1b[31m\\x9b\\x00\\x0a"),
        ("\u202egnp.exe\u200b", "\\u202egnp.exe\\u200b"),
        ("\ud800 \U000e0041", "\\ud800 \\U000e0041"),
        ("[red]x[/] :bomb:", "[red]x[/] :bomb:"),
    ],
)
def test_unprintable_characters_become_escapes_and_markup_stays_text(text: str, shown: str) -> None:
    assert printed(visible(text)) == shown


def test_long_text_is_cut_with_the_count_of_all() -> None:
    assert printed(visible("x" * 5_000, limit=3)) == "xxx… (5,000 characters)"
    assert printed(visible("xxx", limit=3)) == "xxx"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"one\r\n\ttwo", "one\n        two"),
        (b"caf\xc3\xa9 \xff mostly text", "café \\xff mostly text"),
        (b"\x00\x01AB", "00000000  00 01 41 42" + " " * 37 + " ..AB"),
        (b"", ""),
    ],
)
def test_bytes_are_shown_as_text_where_they_are_text(value: bytes, shown: str) -> None:
    assert printed(visible_bytes(value)) == shown


def test_more_bytes_than_fit_are_counted() -> None:
    assert printed(visible_bytes(b"x" * (SHOWN_BYTES + 1_000))).endswith("… 1,000 more bytes")


@given(value=st.binary(max_size=500), text=st.text(st.characters(exclude_categories=()), max_size=100))
def test_nothing_but_printable_characters_and_line_ends_is_ever_written(value: bytes, text: str) -> None:
    for shown in (visible_bytes(value), visible(text), visible(text, lines=True)):
        assert all(character.isprintable() or character == "\n" for character in printed(shown))
