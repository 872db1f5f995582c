"""Text as a sparse vector of tokens that mean something to a SOC (design §8.14). It needs no model; Qdrant supplies the
inverse document frequency.

A name is a token as a whole and by its parts: `C:\\Temp\\run32.exe` is also `run32.exe` and `run32`, `T1003.001` also
`T1003`, `ws-7.corp.example` also `ws-7` and `corp.example`. So a later alert finds it by whichever form it has.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator

import re2

MAX_CHARACTERS = 20_000
MIN_TOKEN = 2
# Kept with every point: points of another version are found worse, and are made anew from PostgreSQL.
EMBEDDING = {"embedding_model_id": "aluskort-sparse-tokens", "embedding_dimensions": 0, "embedding_version": "2"}

_FANGS = (("[.]", "."), ("(.)", "."), ("[:]", ":"), ("[@]", "@"), ("hxxp", "http"))
_RUN = re2.compile(r"[\pL\pN_.:@/\\\-]+")
_TECHNIQUE = re2.compile(r"(aml\.)?t\d{4}(\.\d{3})")
_ADDRESS = re2.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(:\d+)?|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:]*")
_PLACES = re2.compile(r"[/\\:@]+")
_PARTS = re2.compile(r"[._\-]+")
# Endings of one word's forms. Crude, and the same for both sides: `reads`, `reading` and `read` are one token.
_ENDINGS = ("ations", "ation", "ings", "ing", "ions", "ion", "ies", "ed", "es", "s", "e", "y")
_SHORTEST_STEM = 4
_STOP = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "for", "from", "had", "has", "have", "in", "into",
    "is", "it", "its", "no", "not", "of", "on", "or", "that", "the", "their", "them", "then", "there", "these", "this",
    "to", "was", "were", "which", "will", "with",
})  # fmt: skip


def sparse_vector(text: str) -> dict[int, float]:
    """Token hash -> 1 + ln(count)."""
    counts = Counter(tokens(text))
    return {_index(token): 1 + math.log(count) for token, count in counts.items()}


def tokens(text: str) -> Iterator[str]:
    """The tokens of the first MAX_CHARACTERS, lower-cased, repeats included."""
    plain = text[:MAX_CHARACTERS].lower()
    for form, whole in _FANGS:
        plain = plain.replace(form, whole)
    for run in _RUN.findall(plain):
        for token in _of_run(run.strip("._:@/\\-")):
            if len(token) >= MIN_TOKEN and token not in _STOP:
                yield token


def _of_run(run: str) -> Iterator[str]:
    if run.isalpha():
        yield _stem(run)
        return
    yield run
    if address := _ADDRESS.fullmatch(run):
        if address[2]:
            yield address[1]
        return
    if technique := _TECHNIQUE.fullmatch(run):
        yield run.removesuffix(technique[2])
        return
    places = [place for place in _PLACES.split(run) if place]
    for place in places:
        if place != run:
            yield place
        yield from _of_name(place)


def _of_name(name: str) -> Iterator[str]:
    """A host without its domain, the domain, a file without its ending, and the words of any name; not the numbers in
    it, which say nothing alone.
    """
    first, _, rest = name.partition(".")
    if rest and not first.isalpha():
        yield first
    if "." in rest:
        yield rest
    for part in _PARTS.split(name):
        if part != name and part.isalpha():
            yield _stem(part)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def _index(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=4).digest())
