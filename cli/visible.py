"""Text from outside, shown on a terminal without being obeyed: nothing in it moves the cursor, changes colours,
reverses the reading order or passes for markup.
"""

from __future__ import annotations

from rich.text import Text

ESCAPED = "reverse"  # so that an escape is not taken for the same characters written out
HEX_WIDTH = 16  # bytes of one line
SHOWN_BYTES = 4_096
MOST_ESCAPED = 0.25  # share of unprintable characters above which a hex dump says more


def visible(text: str, *, limit: int | None = None, lines: bool = False) -> Text:
    """``text`` with every unprintable character as an escape, cut to ``limit`` characters with the count of all.

    Line ends and tabs stay when ``lines`` are wanted. Bidirectional controls and zero-width characters are unprintable.
    """
    shown = Text()
    for character in text[:limit]:
        if character.isprintable() or (lines and character in "\n\t"):
            shown.append(character)
        else:
            shown.append(_escape(character), style=ESCAPED)
    if limit is not None and len(text) > limit:
        shown.append(f"… ({len(text):,} characters)", style="dim")
    return shown


def visible_bytes(value: bytes) -> Text:
    """The first bytes as text where they are text, else as a hex dump; says how many more there are."""
    head = value[:SHOWN_BYTES]
    text = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n")  # what is not UTF-8 becomes unprintable
    unprintable = sum(not (character.isprintable() or character in "\n\t") for character in text)
    is_text = unprintable <= MOST_ESCAPED * len(text)
    shown = visible(text, lines=True) if is_text else Text("\n".join(_hex_lines(head)))
    if len(value) > len(head):
        shown.append(f"\n… {len(value) - len(head):,} more bytes", style="dim")
    return shown


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as surrogateescape keeps it
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _hex_lines(value: bytes) -> list[str]:
    lines = []
    for start in range(0, len(value), HEX_WIDTH):
        piece = value[start : start + HEX_WIDTH]
        readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        lines.append(f"{start:08x}  {piece.hex(' '):{3 * HEX_WIDTH}} {readable}")
    return lines
