"""Indicators in free text, for alerts whose entities are missing or unreadable. Attackers write this text: it meets RE2
and linear scanners only, in its first SCAN_LIMIT characters, as far as the alert's Allowance goes.

1. URLs are taken out.
2. Then paths, registry keys and accounts.
3. Hosts are those that are named as such.
4. What is left is read for addresses, names, hashes and numbers.
5. What stands there in another encoding is searched the same way; what it names says so in ``decoded_from``.
What 1, 2 and 5 took is blank for the next, so that a domain in a path is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from shared.parsing.allowance import Allowance
from shared.parsing.collection import SCATTERED, Collection
from shared.parsing.encoded import find_base64, find_percent_encoded
from shared.parsing.hosts import find_hosts
from shared.parsing.paths import find_paths
from shared.parsing.pieces import pieces
from shared.parsing.sighting import Piece, Sighting, Span
from shared.parsing.urls import find_urls
from shared.parsing.value import MAX_CHARACTERS, clean
from shared.parsing.words import find_words

SCAN_LIMIT = 1_048_576  # characters
BYTES_A_MICROSECOND = 50  # of decoded text, about
PER_TEXT = 6  # microseconds of the allowance that the shortest text costs; a payload of thousands stays in bounds
type Step = Callable[[bytes, Piece, Allowance], Iterator[Span]]
STEPS: tuple[Step, ...] = (find_urls, find_paths, find_hosts, find_words)

# Typography that ends or joins words; a zero-width character inside a name would hide it.
_QUOTES = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\u3010\u3011"
_SPACES = (
    "\u00a0\u2003\u2009\u202f\u3000\u2014\u2026\u2022\u00b7\u30fb\u3001\u3002\uff0c\uff1b\uff1a\uff08\uff09\u2192\u2190"
)
_TYPOGRAPHY = {
    **dict.fromkeys(_QUOTES, '"'),
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys("\u2013\u2010\u2011\u2212", "-"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    "\uff0e": ".",
    "\uff20": "@",
}


def find_indicators(text: str, found: Collection, *, where: str, allowance: Allowance | None = None) -> None:
    """Add every indicator of ``text`` to ``found``, with confidence 0.6. What was not searched is a loss on the record.

    The texts of one alert share one ``allowance``; a text without one has its own.
    """
    if text.isalpha() and "DOT" not in text:
        return  # a word: payloads are full of them
    if len(text) > SCAN_LIMIT:
        found.lose(where, f"{len(text)} characters, only the first {SCAN_LIMIT} were searched for indicators")
    allowance = allowance or Allowance()
    allowance.words -= PER_TEXT
    if allowance.words <= 0 or found.full:
        found.lose(where, f"{len(text)} characters were not searched for indicators")
        return
    data = _bytes(text[:SCAN_LIMIT])
    _search(data, found, where, allowance)
    for decoded in chain(find_base64(data), find_percent_encoded(data)):
        allowance.words -= PER_TEXT + len(decoded.text) // BYTES_A_MICROSECOND
        if allowance.words <= 0:
            found.lose(where, f"{len(decoded.text)} characters in {decoded.encoding} were not searched for indicators")
            return
        _search(_bytes(decoded.text), found, where, allowance, decoded.encoding)


def _search(data: bytes, found: Collection, where: str, allowance: Allowance, encoding: str = "") -> None:
    parts: list[Piece] = []
    for start, end, after in pieces(data):
        parts.append((start, end))
        if after > end:
            found.lose(where, f"{after - end} bytes at {end} were not searched, nothing divides them")
    for step in STEPS:
        spans = chain.from_iterable(step(data, piece, allowance) for piece in parts)
        taken = _take(spans, len(data), found, where, encoding)
        if taken and step in (find_urls, find_paths):
            data = _blank(data, [(span.start, span.end) for span in taken])
        if step is find_urls and b"%" in data:
            data = _blank(data, [(piece.start, piece.end) for piece in find_percent_encoded(data)])


def _bytes(text: str) -> bytes:
    if text.isascii():
        return text.encode()
    for character, plain in _TYPOGRAPHY.items():
        if character in text:
            text = text.replace(character, plain)
    return text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8 form


def _take(spans: Iterator[Span], size: int, found: Collection, where: str, encoding: str) -> list[Span]:
    """Keep what one step sees, and say where it stopped before the end; gives the spans that it took."""
    taken: list[Span] = []
    for span in spans:
        if span.end is None or found.full:
            found.lose(where, f"only the first {span.start} of {size} bytes were searched closely for indicators")
            break
        for sighting in span.seen:
            _keep(sighting, found, where, encoding)
        taken.append(span)
    return taken


def _keep(sighting: Sighting, found: Collection, where: str, encoding: str) -> None:
    value = clean(sighting.value)
    if len(sighting.value) > MAX_CHARACTERS:
        found.lose(where, f"{sighting.kind} of {len(sighting.value)} characters or more, cut to {MAX_CHARACTERS}")
    if value:
        properties = {name: clean(held) for name, held in (sighting.properties or {}).items()}
        if encoding:
            properties["decoded_from"] = encoding
        found.add(sighting.kind, value, properties, pointer=where, confidence=SCATTERED)


def _blank(data: bytes, taken: list[tuple[int, int | None]]) -> bytes:
    """The text with spaces where something was taken out."""
    blank = bytearray(data)
    for start, end in taken:
        blank[start:end] = b" " * len(blank[start:end])
    return bytes(blank)
