"""Undoes disguises of text before it is matched (spec/llm §3.1): look-alike letters, invisible characters, encodings.

The result is for matching only; what goes to a model is never decoded. Every step is linear in the text.
"""

from __future__ import annotations

import base64
import binascii
import html
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import re2

# Cyrillic and Greek letters that look like Latin ones (after case folding), and curly quotes.
_LOOK_ALIKES = str.maketrans(
    "авеѕіјкмнорстухѵԁԛԝһӏαβεικνορτυχγη’‘ʼ“”‐‑–—",  # noqa: RUF001 - look-alikes are what this is about
    "abesijkmhopctyxvdqwhlabeiknoptuxyn'''\"\"----",
)
_ENCODED = re2.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,16});|(?:%[0-9a-fA-F]{2})+|\\u[0-9a-fA-F]{4}|\\[nrt\"/]"
)
_CONTROL = re2.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_BASE64 = re2.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_BLANK_ESCAPES = {"\\n": " ", "\\r": " ", "\\t": " ", '\\"': '"', "\\/": "/"}
_READABLE_SHARE = 0.9  # of a decoded run's characters; less is a binary, not text


@dataclass(frozen=True)
class Revealed:
    """Text without disguise; ``offsets[i]`` is where character i came from."""

    text: str
    offsets: Sequence[int]


def reveal(text: str) -> Revealed:
    """Decode once, then fold every character to plain lower-case Latin where it has such a form."""
    if text.isascii() and not _CONTROL.search(text) and not _ENCODED.search(text):
        return Revealed(text.lower(), range(len(text)))  # the usual case: nothing can hide here
    characters: list[str] = []
    offsets: list[int] = []
    for decoded, offset in _decoded(text):
        for character in unicodedata.normalize("NFKD", decoded):
            category = unicodedata.category(character)
            if category in {"Cf", "Mn", "Me"}:  # zero-width, bidi controls, accents
                continue
            plain = " " if category[0] in "ZC" else character.casefold().translate(_LOOK_ALIKES)
            if plain == " " and characters and characters[-1] == " ":
                continue
            characters.append(plain)
            offsets.append(offset)
    lengths = [len(part) for part in characters]
    spread = tuple(offset for offset, length in zip(offsets, lengths, strict=True) for _ in range(length))
    return Revealed("".join(characters), spread)


def base64_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """Readable text inside base64 runs of 24 and more characters, one level deep, with the run's start and end."""
    for run in _BASE64.finditer(text):
        try:
            body = run.group().rstrip("=").replace("-", "+").replace("_", "/")
            raw = base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            continue  # not base64: a long word, and matched as such
        # PowerShell's encoded commands are UTF-16: every second byte of Latin text is zero.
        encoding = "utf-16-le" if raw[1:20:2].count(0) > 4 else "utf-8"
        decoded = raw.decode(encoding, errors="replace")
        readable = sum(character.isprintable() or character.isspace() for character in decoded)
        if "\ufffd" not in decoded[:-1] and readable >= _READABLE_SHARE * len(decoded):
            yield run.start(), run.end(), decoded


def _decoded(text: str) -> Iterator[tuple[str, int]]:
    """The text in pieces with their offsets: single characters, and what entities and escapes stand for."""
    done = 0
    for found in _ENCODED.finditer(text):
        yield from ((text[place], place) for place in range(done, found.start()))
        yield _decode(found.group()), found.start()
        done = found.end()
    yield from ((text[place], place) for place in range(done, len(text)))


def _decode(encoded: str) -> str:
    if encoded[0] == "&":
        return html.unescape(encoded)
    if encoded[0] == "%":
        return unquote(encoded)
    if encoded[1] == "u":
        return chr(int(encoded[2:], 16))
    return _BLANK_ESCAPES[encoded]
