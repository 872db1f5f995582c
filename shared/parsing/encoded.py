"""What a text says in another encoding: commands in base64, as PowerShell's -EncodedCommand takes them in UTF-16 and
shells pipe them in UTF-8, and percent-encoded URLs (RFC 3986 §2.1). One level, in bounded pieces.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from shared.parsing.bytewise import bytewise

MAX_PIECES = 10  # encoded pieces of one text
MAX_ENCODED = 16_384  # bytes of one; commands stay far below
MAX_URL = 6_144  # bytes, of which percent-encoding takes three for one character
SHORTEST = 20  # characters of base64: an address of a web site takes more
PRINTABLE = 0.95  # of what is taken for text; other bytes pass for letters by chance

_BASE64 = bytewise(rf"[0-9A-Za-z+/]{{{SHORTEST},{1_000}}}(?:[0-9A-Za-z+/]{{1,{1_000}}})*={{0,2}}")
_URL = bytewise(r"(?i:h(?:tt|xx)ps?%3a%2f%2f)[0-9A-Za-z%._~+-]+")


class Decoded(NamedTuple):
    """Start and end in the text, in bytes; what stands there; how it was encoded."""

    start: int
    end: int
    text: str
    encoding: str


def find_base64(data: bytes) -> Iterator[Decoded]:
    """Each piece of base64 that decodes to text."""
    for count, match in enumerate(_BASE64.finditer(data)):
        if count == MAX_PIECES:
            return
        text = _text_in(match.group()[:MAX_ENCODED])
        if text:
            yield Decoded(match.start(), match.end(), text, "base64")


def find_percent_encoded(data: bytes) -> Iterator[Decoded]:
    """Each URL whose ``://`` is percent-encoded, decoded once."""
    for count, match in enumerate(_URL.finditer(data)):
        if count == MAX_PIECES:
            return
        url = unquote_to_bytes(match.group()[:MAX_URL]).decode("utf-8", "replace")
        yield Decoded(match.start(), match.end(), url, "percent-encoding")


def decoded_command(command: str) -> str:
    """The text of the base64 pieces of a command line, one a line; "" when it has none."""
    return "\n".join(found.text for found in find_base64(command.encode("utf-8", "replace")))


def _text_in(encoded: bytes) -> str:
    """The text that base64 stands for, "" for other bytes, such as a digest or a long name."""
    stripped = encoded.rstrip(b"=")
    whole = stripped[: len(stripped) - (len(stripped) % 4 == 1)]
    try:
        raw = base64.b64decode(whole + b"=" * (-len(whole) % 4), validate=True)
    except binascii.Error:
        return ""
    wide = len(raw) > 3 and raw[1::2].count(0) > 0.8 * len(raw[1::2])
    try:
        text = raw[: len(raw) // 2 * 2].decode("utf-16-le") if wide else raw.decode()
    except UnicodeDecodeError:
        return ""
    printable = sum(character.isprintable() or character in "\t\r\n" for character in text)
    telling = any(mark in text for mark in " .:/\\")  # a word alone says nothing, and most words are valid base64
    return text if telling and printable >= PRINTABLE * len(text) else ""
