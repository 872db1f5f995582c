"""Reading what strangers wrote: every field may be missing, of another type, or hostile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import re2

from shared.contracts.outside_text import storable_text
from shared.errors import InvalidInput

TITLE, NAME, TEXT, PROOF = 512, 1_024, 4_000, 1_000  # characters that are kept

_CVE = re2.compile(r"(?i)\bCVE-(\d{4}-\d{4,19})\b")
_CWE = re2.compile(r"(?i)\bCWE-0*(\d{1,5})\b")
_SPACES = re2.compile(r"\s+")
# What a model may have given away, or a request carried: it proves nothing more than its place does.
_SECRETS = re2.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|\b(?:sk|pk|ghp|gho|xox[abp])[-_][\w-]{12,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|\b(?:\d[ -]?){13,19}\b"
    r"|(?i:(?:bearer|basic|password|passwd|secret|token|api[_-]?key)\s*[:= ]\s*\S{6,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)


def text(value: Any, most: int = TEXT) -> str:
    """A text as every store takes it, cut; numbers are written out, all else is empty."""
    if isinstance(value, str):
        return storable_text(value[:most]).strip()
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def line(value: Any, most: int = TITLE) -> str:
    """A text on one line, for titles and names."""
    return str(_SPACES.sub(" ", text(value, most)))


def obj(value: Any) -> Mapping[str, Any]:
    """An object; empty for all else."""
    return value if isinstance(value, dict) else {}


def arr(value: Any) -> list[Any]:
    """A list; empty for all else."""
    return value if isinstance(value, list) else []


def need(row: Mapping[str, Any], *names: str, most: int = NAME) -> str:
    """The first of these fields that is not empty, on one line. Raises InvalidInput that names them."""
    for name in names:
        if found := line(row.get(name), most):
            return found
    raise InvalidInput(" or ".join(names), got="nothing", expected="a value")


def among[T](field: str, value: str, table: Mapping[str, T]) -> T:
    """The table's entry. Raises InvalidInput for a value that is not in it: nothing is mapped by guessing."""
    found = table.get(value.strip().upper())
    if found is None:
        raise InvalidInput(field, got=value, expected=f"one of {', '.join(table)}")
    return found


def number(value: Any, low: float, high: float) -> float | None:
    """A number within bounds; None when it is missing, textual or outside."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return found if low <= found <= high else None


def count(value: Any) -> int | None:
    """A whole number from 0 on; None for all else."""
    found = number(value, 0, 1e12)
    return int(found) if found is not None and found == int(found) else None


def flag(value: Any) -> bool:
    """True, also as a text."""
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes", "1"})


def moment(value: Any) -> datetime | None:
    """ISO 8601, or milliseconds since 1970; without a zone it is UTC. None for all else."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1_000, UTC)
        if not isinstance(value, str) or not value.strip():
            return None
        found = datetime.fromisoformat(_shortened(value.strip()))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def cves(*values: Any) -> tuple[str, ...]:
    """The CVEs that the texts name, each once."""
    return tuple(dict.fromkeys(f"CVE-{found}" for value in _texts(values) for found in _CVE.findall(value)))


def cwes(*values: Any) -> tuple[str, ...]:
    """The CWEs that the texts name, each once, without leading zeros."""
    return tuple(dict.fromkeys(f"CWE-{found}" for value in _texts(values) for found in _CWE.findall(value)))


def evidence(**parts: Any) -> dict[str, Any]:
    """What is kept of one proof: each text without addresses and credentials, and cut."""
    return {name: redacted(kept)[:PROOF] for name, value in parts.items() if (kept := text(value, TEXT))}


def redacted(value: str) -> str:
    """The text without e-mail addresses, card numbers and credentials."""
    return str(_SECRETS.sub("[redacted]", value))


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value[:TEXT]
        elif isinstance(value, (list, tuple)):
            yield from _texts(value)


def _shortened(value: str) -> str:
    """Python reads six digits of a second; Go writes nine."""
    head, dot, tail = value.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}{dot}{tail[: min(digits, 6)]}{tail[digits:]}" if dot else value
