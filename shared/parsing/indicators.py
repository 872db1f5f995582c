"""Indicators in free text, for alerts whose entities are missing or unreadable. Attackers write this text: it meets
RE2 and linear scanners only, in its first SCAN_LIMIT characters, and as much of it is looked at closely as STEPS
allow.

1. URLs are taken out.  2. Then paths, registry keys and accounts.  3. Hosts are those that are named as such.  4.
What is left is read for addresses, names, hashes and numbers. What 1 and 2 took is blank for the next: a domain in a
path is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.parsing.collection import MAX_ENTITIES, SCATTERED, Collection
from shared.parsing.hosts import find_hosts
from shared.parsing.paths import find_paths
from shared.parsing.sighting import Sighting
from shared.parsing.urls import find_urls
from shared.parsing.value import MAX_CHARACTERS, clean
from shared.parsing.words import find_words

SCAN_LIMIT = 1_048_576  # characters
# How many places a step looks at, and the microseconds, about, that the last one may take: with these, no megabyte
# takes over 50 ms. What a step did not come to is a loss on the record.
STEPS = ((find_urls, 800), (find_paths, 800), (find_hosts, 1_500), (find_words, 20_000))

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


def find_indicators(text: str, found: Collection, *, where: str) -> None:
    """Add every indicator of ``text`` to ``found``, with confidence 0.6. What was not searched is a loss on the
    record.
    """
    if len(text) > SCAN_LIMIT:
        found.lose(where, f"{len(text)} characters, only the first {SCAN_LIMIT} were searched for indicators")
    data = _bytes(text[:SCAN_LIMIT])
    for step, limit in STEPS:
        taken = _take(step(data, limit), len(data), found, where)
        if taken and step in (find_urls, find_paths):
            data = _blank(data, taken)


def _bytes(text: str) -> bytes:
    if text.isascii():
        return text.encode()
    for character, plain in _TYPOGRAPHY.items():
        if character in text:
            text = text.replace(character, plain)
    return text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8 form


def _take(
    places: Iterator[tuple[int, int, list[Sighting]]], size: int, found: Collection, where: str
) -> list[tuple[int, int]]:
    """Keep what one step sees, and say where it stopped before the end; gives the places that it took."""
    taken = []
    for start, end, seen in places:
        if end < 0 or len(found) >= MAX_ENTITIES:
            found.lose(where, f"only the first {start} of {size} bytes were searched closely for indicators")
            break
        if not seen:
            found.lose(where, f"{end - start} bytes in one piece at {start} were not read to their end")
        for sighting in seen:
            _keep(sighting, found, where)
        taken.append((start, end))
    return taken


def _keep(sighting: Sighting, found: Collection, where: str) -> None:
    value = clean(sighting.value)
    if len(sighting.value) > MAX_CHARACTERS:
        found.lose(where, f"{sighting.kind} of {len(sighting.value)} characters or more, cut to {MAX_CHARACTERS}")
    if value:
        given = sighting.properties
        properties = {name: clean(held) for name, held in given.items()} if given else None
        found.add(sighting.kind, value, properties, confidence=SCATTERED)


def _blank(data: bytes, taken: list[tuple[int, int]]) -> bytes:
    """The text with spaces where something was taken out."""
    pieces: list[bytes] = []
    done = 0
    for start, end in taken:
        pieces += (data[done:start], b" " * (end - start))
        done = end
    return b"".join((*pieces, data[done:]))
