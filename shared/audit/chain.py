"""One tenant's hash chain: pure functions (spec/security-and-audit §4). Hash: SHA-256 (FIPS 180-4).

Canonical form: JSON (RFC 8259), keys sorted by code point at every level, no spaces, non-ASCII unescaped, UTF-8.
The caller must store the canonical text as it is: PostgreSQL's jsonb would change some numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.audit.event import audit_event
from shared.contracts.audit import AuditEvent
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput

ZERO_HASH = "0" * 64
GENESIS_ID = str(UUID(int=0))
NAME_LIMIT = 256  # characters: with the tenant's 128 they must fit PostgreSQL's index row of 2,704 bytes
FIRST_YEAR, LAST_YEAR = 1970, 2999  # PostgreSQL and Python write other centuries differently


@dataclass(frozen=True, slots=True)
class CanonicalEvent:
    """An event that a chain can hold: the canonical text of each of its fields, which is checked and then hashed."""

    tenant_id: str
    audit_id: str
    occurred_at: datetime
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """A record ready to be stored: what is hashed, its hash, and when its event happened."""

    audit_id: str
    sequence_number: int
    canonical: str
    record_hash: str
    occurred_at: datetime


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Any) -> str:
    """The text that is hashed. Raises ValueError for what JSON or UTF-8 cannot carry (NaN, infinity, surrogates)."""
    text = _encode(value)
    text.encode()
    return text


def digest(text: str) -> str:
    """Lower-case hex SHA-256 of the text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def genesis(tenant_id: str) -> CanonicalEvent:
    """The event that opens a tenant's chain, at sequence 0 after 64 zeros."""
    return _canonical_event(
        audit_event(
            tenant_id=tenant_id,
            event_type=AuditEventType.SYSTEM_GENESIS,
            actor_id="audit",
            actor_type="system",
            source_service="audit",
            context={"tenant": tenant_id},
            decision={"decision_type": "genesis"},
            audit_id=GENESIS_ID,
        )
    )


def link(event: CanonicalEvent, *, sequence_number: int, previous_hash: str, ingested_at: str) -> Link:
    """Give an event its place in the chain."""
    place = {"sequence_number": sequence_number, "previous_hash": previous_hash, "ingested_at": ingested_at}
    fields = {**event.fields, **{name: canonical(value) for name, value in place.items()}}
    text = "{" + ",".join(f'"{name}":{fields[name]}' for name in sorted(fields)) + "}"
    return Link(event.audit_id, sequence_number, text, digest(text), event.occurred_at)


def check_event(event: AuditEvent) -> CanonicalEvent:
    """Refuse an event that no chain can hold. Raises InvalidInput."""
    _check_id(event.audit_id)
    if event.event_type == AuditEventType.SYSTEM_GENESIS:
        raise InvalidInput("AuditEvent.event_type", got=event.event_type, expected="no genesis: the ledger makes it")
    if event.tenant_id == EVERY_TENANT:
        raise InvalidInput("AuditEvent.tenant_id", got=event.tenant_id, expected="one tenant")
    _check_timestamp(event.timestamp)
    for name, value in (("actor_id", event.actor_id), ("investigation_id", event.investigation_id)):
        if len(value) > NAME_LIMIT:
            raise InvalidInput(f"AuditEvent.{name}", got=value, expected=f"at most {NAME_LIMIT} characters")
    try:
        checked = _canonical_event(event)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("AuditEvent", got=str(error), expected="what JSON in UTF-8 can carry") from error
    if any(_NUL.search(text) for text in checked.fields.values()):
        raise InvalidInput("AuditEvent", got="a NUL character", expected="text without U+0000")
    return checked


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it; after another backslash it is text


def _canonical_event(event: AuditEvent) -> CanonicalEvent:
    # Not in pydantic's JSON mode, which writes NaN as null.
    fields = {name: canonical(value) for name, value in event.model_dump().items()}
    return CanonicalEvent(event.tenant_id, event.audit_id, datetime.fromisoformat(event.timestamp), fields)


def _check_id(audit_id: str) -> None:
    try:
        valid = str(UUID(audit_id)) == audit_id and audit_id != GENESIS_ID
    except ValueError:
        valid = False
    if not valid:
        raise InvalidInput("AuditEvent.audit_id", got=audit_id, expected="a lower-case UUID that is not all zero")


def _check_timestamp(timestamp: str) -> None:
    expected = "ISO 8601 with an offset, e.g. 2026-11-23T06:00:00.000000Z"
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise InvalidInput("AuditEvent.timestamp", got=timestamp, expected=expected) from error
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidInput("AuditEvent.timestamp", got=timestamp, expected=expected)
