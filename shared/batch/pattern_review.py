"""People and patterns: a draft comes into force by two different persons after its backtest, and can be revoked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.access.identity import Identity
from shared.access.permissions import permissions_of
from shared.audit.event import audit_event, utc_timestamp
from shared.audit.producer import audit_message
from shared.batch.pattern_drafts import CaseHistory
from shared.batch.pattern_rules import Backtest, backtest
from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.batch import FPPattern, FPPatternStatus
from shared.errors import Conflict, NotFound
from shared.knowledge import pattern_rows
from shared.knowledge.pattern_approval import IN_FORCE, LONGEST, check, means_the_same
from shared.stores.postgres import Connection, Postgres

BACKTEST_DAYS = timedelta(days=90)
TOPIC = "knowledge.fp.approved"


class PatternReview:
    """Whether somebody may review is the API's question. Each method raises NotFound, StoreUnavailable."""

    def __init__(self, postgres: Postgres, outbox: Outbox, cases: CaseHistory) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._cases = cases

    async def drafts(self, tenant_id: str) -> list[FPPattern]:
        """What waits for people, the oldest first."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await pattern_rows.to_review(connection, tenant_id)

    async def backtest(self, tenant_id: str, pattern_id: str) -> Backtest:
        """What the pattern would have closed of the last 90 days."""
        async with self._postgres.transaction(tenant_id) as connection:
            pattern = await pattern_rows.read(connection, tenant_id, pattern_id, lock=False)
        return await self._backtest(pattern)

    async def load(self, pattern: FPPattern, by: Identity) -> FPPattern:
        """A pattern that a person wrote, with that person's approval; it waits for another's, who loads the same one or
        approves it. A changed one begins anew.

        Raises InvalidInput for one that may not be, Conflict as approve does or when another tenant has the id.
        """
        check(pattern, datetime.now(UTC))
        await self._demand_unblocked(pattern)
        async with self._postgres.transaction(by.tenant_id) as connection:
            try:
                before = await pattern_rows.read(connection, by.tenant_id, pattern.pattern_id, lock=True)
            except NotFound:
                before = None
            draft = _draft(pattern, before)
            if before is None:
                await _add(connection, draft, by)
            elif means_the_same(before, pattern):
                if before.status in IN_FORCE:
                    raise Conflict(f"pattern {pattern.pattern_id} is in force already")
                draft = before if before.status is FPPatternStatus.PENDING_REVIEW else draft
            approved = await _approve(connection, draft, by)
        self._outbox.notify()
        return approved

    async def approve(self, pattern_id: str, by: Identity) -> FPPattern:
        """One of two approvals; with the second the pattern is in force, for 90 days unless it says a day itself.

        Raises Conflict for what is no draft, for a second approval of one person, and with a backtest that blocks it.
        """
        async with self._postgres.transaction(by.tenant_id) as connection:
            found = await pattern_rows.read(connection, by.tenant_id, pattern_id, lock=False)
        await self._demand_unblocked(found)
        async with self._changing(pattern_id, by) as (connection, pattern):
            if pattern.status is not FPPatternStatus.PENDING_REVIEW:
                raise Conflict(f"pattern {pattern_id} is {pattern.status}: only a draft can be approved")
            if not means_the_same(pattern, found):
                raise Conflict(f"pattern {pattern_id} was changed meanwhile: read it again")
            return await _approve(connection, pattern, by)

    async def reject(self, pattern_id: str, reason: str, by: Identity) -> None:
        """Put a draft aside. Raises Conflict for what is no draft."""
        async with self._changing(pattern_id, by) as (connection, pattern):
            if pattern.status is not FPPatternStatus.PENDING_REVIEW:
                raise Conflict(f"pattern {pattern_id} is {pattern.status}: only a draft can be rejected")
            changed = _with(pattern, status=FPPatternStatus.DEPRECATED, reason=f"rejected: {reason}")
            await _replace(connection, changed, [_event(AuditEventType.FP_PATTERN_REVOKED, changed, by)])

    async def revoke(self, pattern_id: str, reason: str, by: Identity) -> FPPattern:
        """Take a pattern out of force, on every instance at once; one that is revoked stays so.

        Raises Conflict for a pattern that was never in force.
        """
        async with self._changing(pattern_id, by) as (connection, pattern):
            if pattern.status is FPPatternStatus.REVOKED:
                return pattern
            if pattern.status not in IN_FORCE:
                raise Conflict(f"pattern {pattern_id} is {pattern.status}: only one in force can be revoked")
            changed = _with(pattern, status=FPPatternStatus.REVOKED, reason=f"revoked: {reason}")
            await _replace(connection, changed, [_event(AuditEventType.FP_PATTERN_REVOKED, changed, by)])
        return changed

    async def _backtest(self, pattern: FPPattern) -> Backtest:
        tenant_id, since = pattern.scope_tenant_id, datetime.now(UTC) - BACKTEST_DAYS
        name = "" if pattern.alert_name_regex else pattern.alert_name
        alerts = await self._cases.count(tenant_id, since=since)
        history = self._cases.history(tenant_id, alert_name=name, since=since)
        return await backtest(pattern, history, alerts=alerts)

    async def _demand_unblocked(self, pattern: FPPattern) -> None:
        if why := (await self._backtest(pattern)).blocked:
            raise Conflict(f"pattern {pattern.pattern_id} cannot be approved: {why}")

    @asynccontextmanager
    async def _changing(self, pattern_id: str, by: Identity) -> AsyncIterator[tuple[Connection, FPPattern]]:
        async with self._postgres.transaction(by.tenant_id) as connection:
            yield connection, await pattern_rows.read(connection, by.tenant_id, pattern_id, lock=True)
        self._outbox.notify()


async def _add(connection: Connection, draft: FPPattern, by: Identity) -> None:
    if not await pattern_rows.add(connection, draft):
        raise Conflict(f"the pattern id {draft.pattern_id!r} is taken; choose another one")
    await put(connection, by.tenant_id, draft.pattern_id, [_event(AuditEventType.FP_PATTERN_CREATED, draft, by)])


async def _approve(connection: Connection, pattern: FPPattern, by: Identity) -> FPPattern:
    """One approval more. Raises Conflict for a second one of the same person."""
    if pattern.approved_by_1 == by.subject:
        raise Conflict(f"you have approved pattern {pattern.pattern_id} already; another person must as well")
    approved = _approved(pattern, by)
    messages = [_event(AuditEventType.FP_PATTERN_APPROVED, approved, by)]
    if approved.status in IN_FORCE:
        messages.append(_event(AuditEventType.FP_PATTERN_ACTIVATED, approved, by))
        messages.append(OutboxMessage(topic=TOPIC, key=approved.pattern_id, value=approved.to_json()))
    await _replace(connection, approved, messages)
    return approved


def _approved(pattern: FPPattern, by: Identity) -> FPPattern:
    if pattern.approved_by_1 is None:
        return _with(pattern, approved_by_1=by.subject)
    now = datetime.now(UTC)
    return _with(
        pattern,
        approved_by=by.subject,
        approved_by_2=by.subject,
        status=FPPatternStatus.ACTIVE,
        approval_date=utc_timestamp(now),
        expiry_date=pattern.expiry_date or utc_timestamp(now + LONGEST),
    )


def _draft(pattern: FPPattern, before: FPPattern | None) -> FPPattern:
    """What a person loads, without whatever the file says of approvals and of attacks under its rule."""
    nobody = ("approved_by", "approved_by_1", "approved_by_2", "approval_date", "reaffirmed_by", "reaffirmed_date")
    created = before.created_at if before else utc_timestamp()
    return _with(
        pattern,
        **dict.fromkeys(nobody),
        status=FPPatternStatus.PENDING_REVIEW,
        false_positive_count=0,
        drifting_until=before.drifting_until if before else "",
        created_at=created,
    )


def _with(pattern: FPPattern, **changes: Any) -> FPPattern:
    return pattern.model_copy(update={**changes, "updated_at": utc_timestamp()})


async def _replace(connection: Connection, pattern: FPPattern, messages: list[OutboxMessage]) -> None:
    await pattern_rows.change(connection, pattern)
    await put(connection, pattern.scope_tenant_id, pattern.pattern_id, messages)


def _event(event_type: AuditEventType, pattern: FPPattern, by: Identity) -> OutboxMessage:
    named = {"pattern_id", "alert_name", "status", "reason", "approved_by_1", "approved_by_2", "expiry_date"}
    return audit_message(
        audit_event(
            tenant_id=by.tenant_id,
            event_type=event_type,
            actor_type="human",
            actor_id=by.subject,
            actor_permissions=permissions_of(by),
            severity="warning",
            context=pattern.model_dump(mode="json", include=named),
            outcome={"outcome_status": "success"},
            source_service="api",
        )
    )
