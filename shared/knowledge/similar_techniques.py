"""Techniques that an alert's words speak of, for alerts that name none: by the words of the techniques' own names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import cache

from shared.contracts.taxonomy import Technique, techniques
from shared.knowledge.sparse import tokens

SPREAD = 2  # other words between those of a name, at most
MOST = 5


def similar_techniques(text: str, tactics: Collection[str]) -> list[Technique]:
    """At most five current techniques whose names the text says, in whatever order of their words, the longest names
    first. Of an alert that names tactics, only techniques of one of them.

    A name of one word says too little: half of all alerts speak of a user's `execution`.
    """
    said = list(tokens(text))
    places: dict[str, list[int]] = {}
    for place, word in enumerate(said):
        places.setdefault(word, []).append(place)
    found = [
        (words, technique)
        for words, technique in _names()
        if (not tactics or not set(tactics).isdisjoint(technique.tactics)) and _says(places, words)
    ]
    return [technique for _, technique in sorted(found, key=lambda each: (-len(each[0]), each[1].id))[:MOST]]


def _says(places: dict[str, list[int]], words: Sequence[str]) -> bool:
    """Whether all the words stand close together."""
    if not all(word in places for word in words):
        return False
    reach = len(words) + SPREAD

    def follows(word: str, first: int) -> bool:
        here = places[word]
        at = bisect_left(here, first)
        return at < len(here) and here[at] < first + reach

    return any(all(follows(word, first) for word in words) for one in words for first in places[one])


@cache
def _names() -> list[tuple[Sequence[str], Technique]]:
    current = (technique for technique in techniques().values() if technique.status == "current")
    named = ((sorted(set(tokens(technique.name))), technique) for technique in current)
    return [(words, technique) for words, technique in named if len(words) > 1]
