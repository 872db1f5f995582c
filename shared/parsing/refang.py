"""Defanged forms of indicators, and how they are made whole: `hxxp[:]//evil[.]test`, `bob (at) evil dot test`.

The forms are fragments of RE2 patterns over UTF-8 bytes, so that a scanner takes a defanged name as one token, and only
such a token is made whole. They are those that reports use and that the peers in tests/benchmarks read.
"""

from __future__ import annotations

from typing import Any

from shared.parsing.bytewise import bytewise

_OPEN, _CLOSE = r"[\[({<]{1,2} ?", r" ?[\])}>]{1,2}"
_DOT_WORD, _AT_WORD = "(?:[Dd][Oo][Tt]|punkt|punto)", "(?:[Aa][Tt]|arroba)"
# In brackets, half in brackets, escaped, or as a word; `evilDOTtest` has a token of its own in the scanner.
_MARKED_DOT = (
    rf" ?{_OPEN}(?:\.|,|{_DOT_WORD}){_CLOSE} ?|[\[({{](?:\.|{_DOT_WORD})|(?:\.|{_DOT_WORD})[\])}}]"
    rf"|\\\.|\^\.|\[\]|-dot-| (?:dot|DOT) "
)
_MARKED_AT = rf" ?{_OPEN}(?:@|{_AT_WORD}){_CLOSE} ?"
_MARKED_COLON = r"\[:\]|\(:\)|\{:\}"

DOT = rf"(?:\.|{_MARKED_DOT})"
AT = rf"(?:@|{_MARKED_AT})"
COLON = rf"(?::|{_MARKED_COLON})"
_SLASHES = r"(?://+|\\/\\/|\\\\+|\[//\]|\(//\)|\[/\]\[/\]|__)"
SCHEME_END = rf"(?: ?(?:{COLON}|<:>) ?{_SLASHES}|\[://\]|\(://\)|\{{://\}}|__)"

_FORMS = bytewise(rf"{_MARKED_AT}|{_MARKED_COLON}|\[/\]|\\/|\[-\]|{_MARKED_DOT}")
# A token of these bytes alone has nothing to be made whole.
_PLAIN = bytes(range(0x30, 0x3B)) + bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + bytes(range(0x80, 0x100))
_PLAIN += b".-_@/%?=&+~#$!*;"

_COMMON = (
    (b"[.]", b"."),
    (b"(.)", b"."),
    (b"[dot]", b"."),
    (b"(dot)", b"."),
    (b"[@]", b"@"),
    (b"[at]", b"@"),
    (b"[:]", b":"),
)


def is_defanged(token: bytes) -> bool:
    """Whether the token holds any byte that only defanged forms have."""
    return bool(token.translate(None, _PLAIN)) or b"-dot-" in token


def refang(token: bytes) -> bytes:
    """The token with every defanged form made whole."""
    if b" " not in token:  # in the common forms, which are made whole the quick way, a space belongs to the mark
        for form, whole in _COMMON:
            token = token.replace(form, whole)
    return bytes(_FORMS.sub(_whole, token)) if is_defanged(token) else token


def _whole(match: Any) -> bytes:
    form = match.group().lower()
    for mark, whole in ((b"@", b"@"), (b"at", b"@"), (b"arroba", b"@"), (b":", b":"), (b"/", b"/")):
        if mark in form:
            return whole
    return b"-" if form == b"[-]" else b"."
