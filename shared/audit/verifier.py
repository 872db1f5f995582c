"""Checks a tenant's chain and shares no code with its writer: own canonical form, own hash, own link and gap checks.

Form checked: JSON (RFC 8259), keys sorted by code point, compact, UTF-8; SHA-256 (FIPS 180-4), lower-case hex.
The caller must feed records in the order of their sequence numbers. A tail cut shows in the head, which it must give.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_TIMES = {"occurred_at": "timestamp", "ingested_at": "ingested_at"}  # column -> hashed field
_ZERO_UUID = "00000000-0000-0000-0000-000000000000"

# A number as it was written: 1.0 and 1.00 are equal values and different texts. Nothing else in JSON becomes a tuple.
_Number = tuple[str]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One row as found: the hashed text, the stored hash, and the columns beside it as JSON text."""

    sequence_number: int
    canonical: str
    record_hash: str
    columns: str


@dataclass(slots=True)
class ChainVerifier:
    """Walks one tenant's records from ``next_sequence``; ``previous_hash`` is None where the walk starts mid-chain."""

    tenant_id: str
    next_sequence: int = 0
    previous_hash: str | None = None

    def check(self, record: StoredRecord) -> Iterator[str]:
        """Yield what is wrong with the next record, each as one sentence; nothing when it is sound."""
        number = record.sequence_number
        if number != self.next_sequence:
            yield f"gap: records {self.next_sequence} to {number - 1} are missing"
        if hashlib.sha256(record.canonical.encode()).hexdigest() != record.record_hash:
            yield f"record {number}: its content does not match its hash"
        try:
            yield from self._check_text(record)
        except (RecursionError, InvalidOperation):  # raised inside, it would keep every other record unchecked
            yield f"record {number}: it cannot be read, it is nested too deeply or holds a number out of range"
        self.next_sequence = number + 1
        self.previous_hash = record.record_hash

    def finish(self, *, last_sequence: int, last_hash: str) -> Iterator[str]:
        """After the newest record: compare with the head that the writer remembers."""
        if self.next_sequence != last_sequence + 1:
            yield f"the chain should end at record {last_sequence}, it ends at {self.next_sequence - 1}"
        elif self.previous_hash is not None and self.previous_hash != last_hash:
            yield f"record {last_sequence}: its hash is not the one that the chain's head remembers"

    def _check_text(self, record: StoredRecord) -> Iterator[str]:
        number, fields = record.sequence_number, _parse(record.canonical)
        if fields is None or _compact(fields) != record.canonical:
            yield f"record {number}: the hashed text is not in canonical form"
        else:
            yield from self._check_place(number, fields, gap=number != self.next_sequence)
            yield from _check_columns(number, fields, record.columns)

    def _check_place(self, number: int, fields: dict[str, Any], *, gap: bool) -> Iterator[str]:
        if fields.get("sequence_number") != (str(number),):
            yield f"record {number}: it was hashed for another place in the chain"
        if fields.get("tenant_id") != self.tenant_id:
            yield f"record {number}: it was hashed for another tenant"
        if number == 0:
            first = (fields.get("event_type"), fields.get("audit_id"), fields.get("previous_hash"))
            if first != ("system.genesis", _ZERO_UUID, "0" * 64):
                yield "record 0: it is no genesis record"
        elif not gap and self.previous_hash is not None and fields.get("previous_hash") != self.previous_hash:
            yield f"record {number}: it does not continue record {number - 1}"


def _check_columns(number: int, hashed: dict[str, Any], columns: str) -> Iterator[str]:
    for name, stored in (_parse(columns) or {}).items():
        if name in _TIMES:
            moment = _moment(stored)
            same = moment is not None and moment == _moment(hashed.get(_TIMES[name]))
        else:
            same = name in hashed and (stored == hashed[name] or _values(stored) == _values(hashed[name]))
        if not same:
            yield f"record {number}: column {name} differs from the hashed text"


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _parse(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, parse_float=_as_written, parse_int=_as_written)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _as_written(text: str) -> _Number:
    return (text,)


def _values(value: Any) -> Any:
    """The same with numbers by their value, for PostgreSQL writes some in another way."""
    match value:
        case dict():
            return {key: _values(item) for key, item in value.items()}
        case list():
            return [_values(item) for item in value]
        case (text,):
            return Decimal(text)
    return value


def _compact(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is dict:
        return "{" + ",".join([f"{_name(key)}:{_compact(value[key])}" for key in sorted(value)]) + "}"
    if kind is list:
        return "[" + ",".join(map(_compact, value)) + "]"
    if kind is tuple:
        return str(value[0])
    return _WORDS.get(value, "")  # NaN and infinity: never equal to the stored text


_WORDS = {None: "null", True: "true", False: "false"}
_SPECIAL = re.compile(r'["\\\x00-\x1f]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _quoted(text: str) -> str:
    return f'"{text}"' if _SPECIAL.search(text) is None else f'"{_SPECIAL.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}"


_name = lru_cache(maxsize=1_000)(_quoted)  # the same names stand in every record
