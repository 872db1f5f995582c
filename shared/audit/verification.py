"""Reads a stretch of a tenant's chain, lets the verifier judge it and logs the run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from psycopg.types.json import Jsonb

from shared.audit.verifier import ChainVerifier, StoredRecord
from shared.contracts.audit import ChainVerification
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

BATCH = 1000  # records held in memory at once
ERROR_LIMIT = 100  # a chain rewritten from the start breaks everywhere: the first hundred say it

EMPTY = -1  # the last sequence number of a chain without records
ZERO_HASH = "0" * 64

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


async def verify_chain(
    postgres: Postgres,
    tenant_id: str,
    from_sequence: int = 0,
    to_sequence: int | None = None,
    *,
    verification_type: VerificationType = "on_demand",
) -> ChainVerification:
    """Check records ``from_sequence`` to ``to_sequence`` inclusive; None means to the end, compared with the head."""
    if from_sequence < 0 or (to_sequence is not None and to_sequence < from_sequence):
        raise InvalidInput("verify", got=f"{from_sequence} to {to_sequence}", expected="0 <= from <= to")
    started = time.perf_counter()
    async with postgres.transaction(tenant_id) as connection:
        verification = await _verify(connection, tenant_id, from_sequence, to_sequence)
        parameters = verification.model_dump() | {
            "verification_type": verification_type,
            "errors": Jsonb(verification.errors),
            "duration_ms": (time.perf_counter() - started) * 1000,
        }
        await connection.execute(_SQL["log_verification"], parameters)
    return verification


async def verify_newest(postgres: Postgres, *, newest: int) -> list[ChainVerification]:
    """Check the ``newest`` records of every tenant's chain; the broken ones are logged as critical."""
    async with postgres.transaction(EVERY_TENANT) as connection:
        heads = await (await connection.execute(_SQL["heads"])).fetchall()
    found = []
    for head in heads:
        first = max(0, head["last_sequence"] - newest + 1)
        checked = await verify_chain(postgres, head["tenant_id"], first, verification_type="continuous")
        tell_operators(checked, LogAction.AUDIT_CHAIN_BROKEN)
        found.append(checked)
    return found


def tell_operators(checked: ChainVerification, action: LogAction) -> None:
    """Log a broken chain as critical, under the action that an alert waits for."""
    if not checked.chain_valid:
        log.critical(
            "The audit chain of tenant %s is broken: %s",
            checked.tenant_id,
            "; ".join(checked.errors),
            extra=log_fields(action, tenant_id=checked.tenant_id),
        )


async def _verify(connection: Connection, tenant_id: str, first: int, wanted: int | None) -> ChainVerification:
    ends = await (await connection.execute(_SQL["chain_ends"], {"tenant_id": tenant_id})).fetchone()
    head, head_hash, highest = (
        (ends["last_sequence"], ends["last_hash"], ends["highest"]) if ends else (EMPTY, ZERO_HASH, EMPTY)
    )
    # Records appended after this moment are left for the next run, so that head and records belong together.
    end = max(head, highest)
    last = end if wanted is None else min(wanted, end)
    if first > max(last, 0):
        raise InvalidInput("verify.from", got=first, expected=f"at most {max(last, 0)}, where the chain ends")

    # One record more than asked: the link into the stretch is checked too.
    verifier = ChainVerifier(tenant_id, next_sequence=max(first - 1, 0))
    findings = _Findings()
    checked = 0
    while rows := await _batch(connection, tenant_id, verifier.next_sequence, last):
        findings.add(await asyncio.to_thread(_check, verifier, rows))  # hashing must not keep all else waiting
        checked += sum(row.sequence_number >= first for row in rows)
    if last == end:
        findings.add(verifier.finish(last_sequence=head, last_hash=head_hash))
    elif verifier.next_sequence != last + 1:
        findings.add([f"gap: records {verifier.next_sequence} to {last} are missing"])
    errors = findings.all()
    return ChainVerification(
        tenant_id=tenant_id,
        chain_valid=not errors,
        records_checked=checked,
        from_sequence=first,
        to_sequence=last,
        errors=errors,
    )


def _check(verifier: ChainVerifier, rows: list[StoredRecord]) -> list[str]:
    return [sentence for row in rows for sentence in verifier.check(row)]


async def _batch(connection: Connection, tenant_id: str, first: int, last: int) -> list[StoredRecord]:
    parameters = {"tenant_id": tenant_id, "first": first, "last": last, "limit": BATCH}
    rows = await (await connection.execute(_SQL["stretch"], parameters)).fetchall()
    return [StoredRecord(**row) for row in rows]
