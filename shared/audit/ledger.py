"""The audit ledger in PostgreSQL: appends each event once to its tenant's chain and reads records back.

The caller must hand in events that may be repeated with the same ``audit_id``; repeats change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from shared.audit.chain import ZERO_HASH, CanonicalEvent, Link, check_event, genesis, link
from shared.audit.event import utc_timestamp
from shared.contracts.audit import AuditEvent, AuditRecord
from shared.contracts.listing import Listed, Listing, listed
from shared.errors import NotFound
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_name("ledger.sql"))


@dataclass(frozen=True, slots=True)
class AppendReport:
    """What became of a batch: events chained, repeats ignored, messages kept aside as no audit events."""

    appended: int
    duplicates: int
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilters:
    """Which records to read; None means any. ``since`` is inclusive, ``until`` exclusive, both by the event's time."""

    investigation_id: str | None = None
    event_type: str | None = None
    actor_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditLedger:
    """One chain per tenant. Two writers at once are safe: the second waits for the tenant's row lock."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def append(self, events: Sequence[AuditEvent]) -> AppendReport:
        """Chain events, one transaction per tenant, in the order given.

        Raises InvalidInput (nothing of the batch is written) and StoreUnavailable (append the batch again).
        """
        checked = [check_event(event) for event in events]
        appended = 0
        by_tenant = sorted(checked, key=lambda event: event.tenant_id)  # stable: a tenant's order stays
        for tenant_id, group in groupby(by_tenant, key=lambda event: event.tenant_id):
            async with self._postgres.transaction(tenant_id) as connection:
                appended += await _append_to_chain(connection, tenant_id, list(group))
        return AppendReport(appended=appended, duplicates=len(events) - appended)

    async def records(self, tenant_id: str, filters: RecordFilters, listing: Listing) -> Listed[AuditRecord]:
        """Records by their place in the chain; the key of a row is its sequence number."""
        statement = "oldest_records" if listing.ascending else "newest_records"
        (place,) = listing.after or (None,)
        parameters = asdict(filters) | {"tenant_id": tenant_id, "place": place, "limit": listing.look_ahead}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL[statement], parameters)).fetchall()
        return listed([_record(row) for row in rows], listing, lambda record: (record.sequence_number,))

    async def record(self, tenant_id: str, audit_id: str) -> AuditRecord:
        """One record. Raises NotFound when this tenant has none of that id."""
        parameters = {"tenant_id": tenant_id, "audit_id": audit_id}
        async with self._postgres.transaction(tenant_id) as connection:
            row = await (await connection.execute(_SQL["one_record"], parameters)).fetchone()
        if row is None:
            raise NotFound(f"audit record {audit_id} does not exist in this tenant")
        return _record(row)

    async def of_investigation(self, tenant_id: str, investigation_id: str) -> list[AuditRecord]:
        """Every record of one investigation, oldest first."""
        parameters = {"tenant_id": tenant_id, "investigation_id": investigation_id}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["records_of_investigation"], parameters)).fetchall()
        return [_record(row) for row in rows]


async def _append_to_chain(connection: Connection, tenant_id: str, events: list[CanonicalEvent]) -> int:
    """1. Lock the chain. 2. Begin it if it is new. 3. Leave out what it holds. 4. Link. 5. Store and move the head."""
    tenant = {"tenant_id": tenant_id}
    await connection.execute(_SQL["become_the_writer"])  # to the end of this transaction; no other query may write here
    await connection.execute(_SQL["open_chain"], tenant)
    head = await (await connection.execute(_SQL["lock_chain"], tenant)).fetchone()
    sequence, previous = (head["last_sequence"], head["last_hash"]) if head else (-1, ZERO_HASH)

    known = await connection.execute(_SQL["known_ids"], tenant | {"audit_ids": [event.audit_id for event in events]})
    seen = {row["audit_id"] for row in await known.fetchall()}
    fresh = list({event.audit_id: event for event in reversed(events) if event.audit_id not in seen}.values())[::-1]
    if not fresh:
        return 0

    links: list[Link] = []
    ingested_at = utc_timestamp()
    for event in fresh if sequence >= 0 else [genesis(tenant_id), *fresh]:
        sequence += 1
        links.append(link(event, sequence_number=sequence, previous_hash=previous, ingested_at=ingested_at))
        previous = links[-1].record_hash

    await connection.execute(
        _SQL["append_records"],
        {
            "canonical": [item.canonical for item in links],
            "hashes": [item.record_hash for item in links],
            "times": [item.occurred_at for item in links],
        },
    )
    moved = {"last_sequence": sequence, "last_hash": previous, "last_timestamp": links[-1].occurred_at}
    await connection.execute(_SQL["move_head"], tenant | moved)
    return len(fresh)


def _record(row: dict[str, Any]) -> AuditRecord:
    record = json.loads(row["canonical"]) | {"record_hash": row["record_hash"]}
    return AuditRecord.from_stored(record, where=f"audit_records {record.get('audit_id')}")
