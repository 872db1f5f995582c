"""AuditService (seed §10): takes `audit.events`, answers queries, builds evidence packages, verifies chains."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shared.audit.chain import check_event
from shared.audit.evidence import evidence_package
from shared.audit.ledger import AppendReport, AuditLedger, RecordFilters
from shared.audit.rolling import continue_passes, verify_newest
from shared.audit.verification import verify_chain
from shared.contracts.audit import AuditEvent, AuditRecord, ChainVerification, EvidencePackage
from shared.contracts.case_file import CaseFile
from shared.contracts.listing import Listed, Listing
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput
from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from shared.telemetry import log_fields

LEVELS = {"warning": logging.WARNING, "critical": logging.CRITICAL}
VERIFY_MOST = 20_000  # records of one call: seconds, so that it ends before its caller gives up

_SQL = statements(Path(__file__).with_name("ledger.sql"))

log = logging.getLogger(__name__)


class AuditService:
    """Everything about the audit chain. Reads are bound to the one tenant that the caller names."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._ledger = AuditLedger(postgres)

    async def append_messages(self, messages: Sequence[bytes]) -> AppendReport:
        """Chain a batch of `audit.events`; what is no audit event is kept in ``audit_rejected`` with the reason.

        Raises StoreUnavailable: deliver the batch again, nothing is doubled.
        """
        events, rejected = [], 0
        for message in messages:
            try:
                events.append((message, AuditEvent.from_json(message)))
            except InvalidInput as error:
                await self._keep_rejected(message, error)
                rejected += 1
        try:
            report = await self._ledger.append([event for _, event in events])
        except InvalidInput:
            return await self._append_without_the_impossible(events, rejected)
        for _, event in events:
            _log_for_operators(event)
        return replace(report, rejected=rejected)

    async def _append_without_the_impossible(
        self, events: list[tuple[bytes, AuditEvent]], rejected: int
    ) -> AppendReport:
        """After the ledger has refused the batch whole: find out which event it was."""
        possible = []
        for message, event in events:
            try:
                check_event(event)
            except InvalidInput as error:
                await self._keep_rejected(message, error)
            else:
                possible.append(event)
        report = await self._ledger.append(possible)
        for event in possible:
            _log_for_operators(event)
        return replace(report, rejected=rejected + len(events) - len(possible))

    async def records(self, tenant_id: str, filters: RecordFilters, listing: Listing) -> Listed[AuditRecord]:
        """See AuditLedger.records."""
        return await self._ledger.records(tenant_id, filters, listing)

    async def record(self, tenant_id: str, audit_id: str) -> AuditRecord:
        """See AuditLedger.record."""
        return await self._ledger.record(tenant_id, audit_id)

    async def evidence_package(self, tenant_id: str, case: CaseFile, *, generated_by: str) -> EvidencePackage:
        """Everything about one investigation, with the chain checked from its first record to its last."""
        events = await self._ledger.of_investigation(tenant_id, case.investigation_id)
        first, last = (events[0].sequence_number, events[-1].sequence_number) if events else (0, None)
        return evidence_package(
            generated_by=generated_by,
            case=case,
            events=events,
            verification=await self.verify(tenant_id, first, last, most=None),
        )

    async def verify(
        self, tenant_id: str, from_sequence: int = 0, to_sequence: int | None = None, *, most: int | None = VERIFY_MOST
    ) -> ChainVerification:
        """Check a stretch of a tenant's chain, by default its beginning, and log the run (see verify_chain)."""
        return await verify_chain(self._postgres, tenant_id, from_sequence, to_sequence, most=most)

    async def verify_recent(self) -> list[ChainVerification]:
        """Check the newest records of every tenant's chain, as a timer does every five minutes."""
        return await verify_newest(self._postgres)

    async def verify_whole(self) -> list[ChainVerification]:
        """Go on with the pass over every record of every chain, for some minutes at most (see rolling.py)."""
        return await continue_passes(self._postgres)

    async def _keep_rejected(self, message: bytes, error: InvalidInput) -> None:
        log.error("A message of audit.events is no audit event and is kept in audit_rejected: %s", error)
        parameters = {
            "original_sha256": hashlib.sha256(message).hexdigest(),
            "original": message,
            "error_type": type(error).__name__,
            "reason": str(error),
        }
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            await connection.execute(_SQL["keep_rejected"], parameters)


def _log_for_operators(event: AuditEvent) -> None:
    """Log what operators are alerted to; a batch that is delivered again is logged again."""
    if event.severity in LEVELS:
        log.log(
            LEVELS[event.severity],
            "%s in tenant %s by %s",
            event.event_type,
            event.tenant_id,
            event.actor_id,
            extra=log_fields(event.event_type, tenant_id=event.tenant_id, investigation_id=event.investigation_id),
        )
