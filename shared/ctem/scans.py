"""Stores what scans found: in batches, each one transaction with its events; what a full scan missed is resolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.exposure import ExposureStatus
from shared.ctem.finding import Tool
from shared.ctem.life import TOLD, Change, Kept, decide, rate_of, regressed
from shared.ctem.scoring import Scored
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

TOPIC = "ctem.normalized"
SERVICE = "ctem-normaliser"
LOCK = 0x6374656D  # the room of the advisory locks of tenants
RESOLVED_AT_ONCE = 500

_SQL = statements(Path(__file__).with_suffix(".sql"))


@dataclass(slots=True, kw_only=True)
class Scan:
    """One report under way. ``at`` is when the scanner ran; the same report has the same. ``scope`` names what a full
    scan was of; it is empty for one that does not show everything, which resolves nothing.
    """

    tenant_id: str
    tool: Tool
    at: datetime
    scope: str = ""
    seen: Counter[int] = field(default_factory=Counter)  # by exposure key, as a number: there may be millions
    changes: Counter[Change] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Decided:
    change: Change
    before: Kept | None
    after: Kept
    found: Scored

    @property
    def is_rewritten(self) -> bool:
        """Whether more than the times and the count of a stored row changes."""
        return self.change in TOLD or (self.before is not None and self.before.digest != self.after.digest)

    @property
    def exposure(self) -> dict[str, Any]:
        """As it is stored and published."""
        deadline = self.after.sla_deadline.isoformat()
        return self.found.exposure.__dict__ | {"status": self.after.status.value, "sla_deadline": deadline}

    @property
    def details(self) -> dict[str, Any]:
        """With what this report says about the one before."""
        if not regressed(self.before, self.found):
            return self.found.details
        before = self.before.rate.as_json() if self.before and self.before.rate else None
        return self.found.details | {"regression": {"before": before}}


class Scans:
    """The writer of exposures. Each method raises StoreUnavailable; repeating one changes nothing more."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def record(self, scan: Scan, batch: Sequence[Scored]) -> None:
        """Store a batch of a scan's findings, and count in ``scan`` what it changed."""
        newest: dict[str, Scored] = {}
        for found in batch:
            key = found.exposure.exposure_key
            scan.seen[int(key, 16)] += 1
            other = newest.get(key)
            if other is None or (other.is_open, other.digest) < (found.is_open, found.digest):
                newest[key] = found
        async with self._postgres.transaction(scan.tenant_id) as connection:
            await connection.execute(_SQL["lock"], {"room": LOCK, "tenant_id": scan.tenant_id})
            kept = await _kept(connection, scan.tenant_id, list(newest))
            decided = _decided(scan, newest, kept)
            await _write(connection, scan, [one for one in decided if one.is_rewritten])
            seen = [one for one in decided if one.change is Change.SEEN and not one.is_rewritten]
            await _see_again(connection, scan, seen)
            await _tell(connection, scan.tenant_id, [one for one in decided if one.change in TOLD])
        scan.changes.update(one.change for one in decided)
        self._outbox.notify()

    async def finish(self, scan: Scan) -> None:
        """Resolve what a full scan of ``scan.scope`` has not shown; nothing without a scope."""
        while scan.scope:
            asked = {"at": scan.at, "tool": scan.tool.value, "scope": scan.scope, "limit": RESOLVED_AT_ONCE}
            async with self._postgres.transaction(scan.tenant_id) as connection:
                await connection.execute(_SQL["lock"], {"room": LOCK, "tenant_id": scan.tenant_id})
                rows = await (
                    await connection.execute(_SQL["resolve_unseen"], {"tenant_id": scan.tenant_id, **asked})
                ).fetchall()
                await _tell_resolved(connection, scan, rows)
            scan.changes[Change.RESOLVED] += len(rows)
            self._outbox.notify()
            if len(rows) < RESOLVED_AT_ONCE:
                return


def _decided(scan: Scan, newest: dict[str, Scored], kept: dict[str, Kept]) -> list[_Decided]:
    now, made = datetime.now(UTC), list[_Decided]()
    for key, found in newest.items():
        before = kept.get(key)
        change, after = decide(before, found, at=scan.at, now=now, occurrences=scan.seen[int(key, 16)])
        made.append(_Decided(change, before, after, found))
    return made


async def _kept(connection: Connection, tenant_id: str, keys: list[str]) -> dict[str, Kept]:
    cursor = await connection.execute(_SQL["kept"], {"tenant_id": tenant_id, "keys": keys})
    return {row["exposure_key"]: _kept_row(row) for row in await cursor.fetchall()}


def _kept_row(row: dict[str, Any]) -> Kept:
    """A row of the release before has neither digest nor deadline: its next scan counts as a change and sets both."""
    return Kept(
        status=ExposureStatus(row["status"]),
        severity=row["severity"],
        digest=bytes(row["digest"] or b""),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        occurrences=row["occurrences"],
        clock_started_at=row["clock_started_at"],
        sla_deadline=row["sla_deadline"] or row["clock_started_at"],
        resolved_at=row["resolved_at"],
        reopened=row["reopened"],
        rate=rate_of({"rate": row["rate"]}),
    )


async def _write(connection: Connection, scan: Scan, rows: list[_Decided]) -> None:
    if not rows:
        return
    exposures, kept = [row.found.exposure for row in rows], [row.after for row in rows]
    await connection.execute(
        _SQL["write"],
        {
            "tenant_id": scan.tenant_id,
            "scope": scan.scope,
            "exposure_keys": [one.exposure_key for one in exposures],
            "asset_ids": [one.asset_id for one in exposures],
            "asset_names": [row.found.asset_name for row in rows],
            "asset_zones": [one.asset_zone for one in exposures],
            "severities": [one.severity for one in exposures],
            "statuses": [one.status.value for one in kept],
            "ctem_scores": [one.ctem_score for one in exposures],
            "source_tools": [one.source_tool for one in exposures],
            "exposures": [orjson.dumps(row.exposure).decode() for row in rows],
            "detailed": [orjson.dumps(row.details).decode() for row in rows],
            "digests": [one.digest for one in kept],
            "first_seens": [one.first_seen for one in kept],
            "last_seens": [one.last_seen for one in kept],
            "counts": [one.occurrences for one in kept],
            "clocks": [one.clock_started_at for one in kept],
            "deadlines": [one.sla_deadline for one in kept],
            "resolved_ats": [one.resolved_at for one in kept],
            "reopeneds": [one.reopened for one in kept],
        },
    )


async def _see_again(connection: Connection, scan: Scan, rows: list[_Decided]) -> None:
    if rows:
        await connection.execute(
            _SQL["seen_again"],
            {
                "tenant_id": scan.tenant_id,
                "scope": scan.scope,
                "exposure_keys": [row.found.exposure.exposure_key for row in rows],
                "first_seens": [row.after.first_seen for row in rows],
                "last_seens": [row.after.last_seen for row in rows],
                "counts": [row.after.occurrences for row in rows],
            },
        )


async def _tell(connection: Connection, tenant_id: str, rows: list[_Decided]) -> None:
    """One message for each exposure, one record for the batch: a chain cannot hold one for each of a million."""
    if not rows:
        return
    messages = [
        OutboxMessage(topic=TOPIC, key=row.found.exposure.exposure_key, value=orjson.dumps(row.exposure))
        for row in rows
    ]
    scores = [
        {
            "exposure_key": row.found.exposure.exposure_key,
            "change": row.change.value,
            "severity_before": row.before.severity if row.before else "",
            "severity": row.found.exposure.severity,
            "consequence": row.found.exposure.physical_consequence,
        }
        for row in rows
    ]
    context = {"source_tool": rows[0].found.exposure.source_tool, "exposures": scores}
    messages.append(exposure_event(tenant_id, AuditEventType.CTEM_EXPOSURE_SCORED, context))
    await put(connection, tenant_id, "", messages)


async def _tell_resolved(connection: Connection, scan: Scan, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    messages = []
    for row in rows:
        exposure = row["exposure"] | {"status": ExposureStatus.CLOSED.value}
        messages.append(OutboxMessage(topic=TOPIC, key=exposure["exposure_key"], value=orjson.dumps(exposure)))
    context = {
        "source_tool": scan.tool.value,
        "scope": scan.scope,
        "scanned_at": scan.at.isoformat(),
        "exposure_keys": [row["exposure"]["exposure_key"] for row in rows],
    }
    messages.append(exposure_event(scan.tenant_id, AuditEventType.CTEM_EXPOSURE_RESOLVED, context))
    await put(connection, scan.tenant_id, "", messages)


def exposure_event(tenant_id: str, event_type: AuditEventType, context: dict[str, Any]) -> OutboxMessage:
    """An audit event of the normaliser, as it waits in the outbox."""
    return audit_message(
        audit_event(
            tenant_id=tenant_id,
            event_type=event_type,
            actor_type="system",
            actor_id=SERVICE,
            source_service=SERVICE,
            context=context,
            outcome={"outcome_status": "success"},
        )
    )
