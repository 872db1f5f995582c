"""What a valid answer may not hold before people and later steps read it: our instructions, markup, invented names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import re2

from shared.gateway.evidence import map_strings, strings_of
from shared.gateway.redaction import RedactionMap, deanonymise_text

PASSAGE = 60  # letters: a dozen words, more than anybody writes of the instructions by chance
_NO_LETTER = re2.compile(r"[^\pL\d]+")
# A tag, a comment, a picture or a link: what a browser or a chat window would act on.
_MARKUP = re2.compile(r"<[/!?A-Za-z]|\]\(")
_AS_TEXT = str.maketrans({"<": "\u2039", ">": "\u203a"})  # the quotation marks that look like them


def repeats_instructions(value: Any, instructions: Sequence[str]) -> bool:
    """True when an answer holds a passage of what the model was instructed with, however it is cut and set."""
    answer = _letters("".join(text for _, text in strings_of(value, "")))
    return any(passage in answer for text in instructions for passage in _passages(_letters(text)))


def for_people(value: Any, redactions: RedactionMap) -> tuple[Any, list[str]]:
    """The answer with originals in place of placeholders and markup made plain text, and one flag for each change.

    A placeholder that stands for nothing becomes `[unknown]`. A string that is one placeholder and nothing else is
    a name, such as an action's target: it comes back exactly as the alert spells it, markup and all.
    """
    unknown: list[str] = []
    marked: list[str] = []

    def change(text: str) -> str:
        restored, missing = deanonymise_text(text, redactions)
        unknown.extend(missing)
        # Last, because an original can hold markup or complete what stands around it.
        if redactions.original(text) is None and _MARKUP.search(restored):
            marked.append(text)
            return restored.translate(_AS_TEXT).replace("](", "] (")
        return restored

    changed = map_strings(value, change)
    flags = [f"unknown_placeholder: {name}" for name in dict.fromkeys(unknown)]
    return changed, [*flags, *([f"markup_removed: {len(marked)} text(s)"] if marked else [])]


def _letters(text: str) -> str:
    letters: str = _NO_LETTER.sub("", text)
    return letters.casefold()


def _passages(text: str) -> Iterator[str]:
    """Passages that overlap, so that a repeated PASSAGE and a third always holds one whole."""
    for start in range(0, len(text) - PASSAGE + 1, PASSAGE // 3):
        yield text[start : start + PASSAGE]
