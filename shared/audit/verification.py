"""Reads a stretch of a tenant's chain, lets the verifier judge it and logs the run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from psycopg.types.json import Jsonb

from shared.audit.verifier import ChainVerifier, StoredRecord
from shared.contracts.audit import ChainVerification
from shared.errors import InvalidInput
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

BATCH = 500  # records held in memory at once
ERROR_LIMIT = 100  # a chain rewritten from the start breaks everywhere: the first hundred say it

EMPTY = -1  # the last sequence number of a chain without records

VerificationType = Literal["on_demand", "continuous", "daily_full"]

log = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_name("verification.sql"))


@dataclass(slots=True)
class _Findings:
    sentences: list[str] = field(default_factory=list)
    suppressed: int = 0

    def add(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            if len(self.sentences) < ERROR_LIMIT:
                self.sentences.append(sentence)
            else:
                self.suppressed += 1

    def all(self) -> list[str]:
        more = [f"{self.suppressed} more errors are not listed"] if self.suppressed else []
        return self.sentences + more


async def verify_chain(  # noqa: PLR0913 - which chain, what of it, how much at once, and what of it is kept
    postgres: Postgres,
    tenant_id: str,
    from_sequence: int = 0,
    to_sequence: int | None = None,
    *,
    verification_type: VerificationType = "on_demand",
    most: int | None = None,
    known_errors: list[str] | None = None,
) -> ChainVerification:
    """Check records ``from_sequence`` to ``to_sequence`` inclusive; None means to the end, compared with the head.

    Of more than ``most`` records the first are checked. The run is logged unless it found just the ``known_errors``.
    """
    if from_sequence < 0 or (to_sequence is not None and to_sequence < from_sequence):
        raise InvalidInput("verify", got=f"{from_sequence} to {to_sequence}", expected="0 <= from <= to")
    started = time.perf_counter()
    async with postgres.transaction(tenant_id) as connection:
        verification = await _verify(connection, tenant_id, from_sequence, to_sequence, most)
        if verification.errors != known_errors:
            parameters = verification.model_dump() | {
                "verification_type": verification_type,
                "errors": Jsonb(verification.errors),
                "duration_ms": (time.perf_counter() - started) * 1000,
            }
            await connection.execute(_SQL["log_verification"], parameters)
    return verification


def report_broken(checked: ChainVerification, action: LogAction) -> None:
    """Log a broken chain as critical, under the action that an alert waits for."""
    if not checked.chain_valid:
        log.critical(
            "The audit chain of tenant %s is broken: %s",
            checked.tenant_id,
            "; ".join(checked.errors),
            extra=log_fields(action, tenant_id=checked.tenant_id),
        )


async def _verify(
    connection: Connection, tenant_id: str, first: int, wanted: int | None, most: int | None
) -> ChainVerification:
    ends = await (await connection.execute(_SQL["chain_ends"], {"tenant_id": tenant_id})).fetchone()
    assert ends is not None  # max() gives a row always
    # Records appended after this moment are left for the next run, so that head and records belong together.
    end = max(ends["last_sequence"], ends["highest"])
    asked = end if wanted is None else min(wanted, end)
    last = asked if most is None else min(asked, first + most - 1)
    if first > max(asked, 0):
        raise InvalidInput("verify.from", got=first, expected=f"at most {max(asked, 0)}, where the chain ends")

    # One record more than asked: the link into the stretch is checked too.
    verifier = ChainVerifier(tenant_id, next_sequence=max(first - 1, 0))
    findings = _Findings()
    lost = _what_became_of_the_head(ends)
    findings.add(lost)
    checked = 0
    rows = await _batch(connection, tenant_id, verifier.next_sequence, last)
    while rows:
        # Hashing must not keep all else waiting; the next rows come meanwhile.
        sentences, following = await asyncio.gather(
            asyncio.to_thread(_check, verifier, rows), _batch(connection, tenant_id, rows[-1].sequence_number + 1, last)
        )
        findings.add(sentences)
        checked += sum(row.sequence_number >= first for row in rows)
        rows = following
    if last == end:
        findings.add(verifier.finish(last_sequence=ends["last_sequence"], last_hash=ends["last_hash"]))
    elif verifier.next_sequence != last + 1:
        findings.add([f"gap: records {verifier.next_sequence} to {last} are missing"])
    if verifier.previous_hash and not lost and first <= (ends["head_sequence"] or 0) + 1:
        head = {"head_sequence": verifier.next_sequence - 1, "head_hash": verifier.previous_hash}
        await connection.execute(_SQL["keep_head"], {"tenant_id": tenant_id, **head})
    errors = findings.all()
    return ChainVerification(
        tenant_id=tenant_id,
        chain_valid=not errors,
        records_checked=checked,
        from_sequence=first,
        to_sequence=last,
        next_sequence=last + 1 if last < asked else None,
        errors=errors,
    )


def _what_became_of_the_head(ends: Mapping[str, Any]) -> list[str]:
    """Whether the last record that an earlier check saw is there still; a chain is cut or rewritten up to its head."""
    number, highest, now = ends["head_sequence"], ends["highest"], ends["head_hash_now"]
    if number is None or now == ends["head_hash"]:
        return []
    seen = f"record {number} was there at the check of {ends['head_seen_at']:%Y-%m-%d %H:%M:%S %Z}"
    if highest == EMPTY:
        return [f"deleted: {seen}, the chain has no records now"]
    if highest < number:
        return [f"cut: {seen}, the chain now ends at record {highest}"]
    return [f"rewritten: {seen} with another hash than it has now"] if now else [f"removed: {seen}, it is missing now"]


def _check(verifier: ChainVerifier, rows: list[StoredRecord]) -> list[str]:
    return [sentence for row in rows for sentence in verifier.check(row)]


async def _batch(connection: Connection, tenant_id: str, first: int, last: int) -> list[StoredRecord]:
    parameters = {"tenant_id": tenant_id, "first": first, "last": last, "limit": BATCH}
    rows = await (await connection.execute(_SQL["stretch"], parameters)).fetchall()
    return [StoredRecord(**row) for row in rows]
