"""Dispositions: a person's word about a case with nothing to approve, and its correction after the case was closed."""

from __future__ import annotations

from typing import Any

from shared.bus.outbox import Outbox
from shared.contracts.approval import ApprovalStatus
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.disposition import Disposition, DispositionName, DispositionRequest
from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import Conflict
from shared.investigation import report
from shared.investigation.approval_rows import LockedApproval, lock
from shared.investigation.approvals import Approvals
from shared.investigation.decision import BENIGN
from shared.investigation.disposition_rows import record
from shared.investigation.moves import move
from shared.investigation.repository import InvestigationRepository
from shared.knowledge.pattern_rows import contradict, drift
from shared.stores.postgres import Connection, Postgres


class Dispositions:
    """Takes what people make of cases. Whether a person may say it is the API's question."""

    def __init__(self, postgres: Postgres, outbox: Outbox, approvals: Approvals) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._approvals = approvals
        self._repository = InvestigationRepository(postgres)

    async def record(
        self,
        tenant_id: str,
        investigation_id: str,
        request: DispositionRequest,
        *,
        decided_by: str,
        permissions: list[str],
    ) -> Disposition:
        """Answer the case's request, or correct what was made of a closed case: the later word counts, the earlier
        ones stay. An escalation keeps the case waiting for the next reviewer.

        Raises NotFound; Conflict for a case that asks for something else or that changed since it was read.
        """
        async with self._postgres.unit_of_work(tenant_id):
            state = await self._repository.load(tenant_id, investigation_id)
            _check_version(state, request)
            waits = state.state is InvestigationState.AWAITING_HUMAN
            if not waits and state.state is not InvestigationState.CLOSED:
                raise Conflict(_asks_for_none(state))
            async with self._postgres.transaction(tenant_id) as connection:
                if waits:
                    locked = await lock(connection, tenant_id, state.case_facts.approval_id)
                    said = await _answer(await locked.still_open(), request, decided_by, permissions)
                else:
                    said = await self._correct(connection, state, request, decided_by, permissions)
                if said.disposition is DispositionName.TRUE_POSITIVE:
                    await distrust(connection, state)
        self._outbox.notify()
        if waits and said.disposition is not DispositionName.ESCALATE:
            await self._approvals.wake(locked.waiting)
        return said

    async def _correct(
        self,
        connection: Connection,
        state: GraphState,
        request: DispositionRequest,
        decided_by: str,
        permissions: list[str],
    ) -> Disposition:
        if request.disposition is DispositionName.ESCALATE:
            raise Conflict(f"investigation {state.investigation_id} is closed: reopen it, then escalate it")
        said = await record(
            connection,
            request,
            tenant_id=state.tenant_id,
            investigation_id=state.investigation_id,
            decided_by=decided_by,
        )
        after = state.with_facts(disposition=said.disposition)
        messages = [
            report.disposition_recorded(after, said, earlier=state.case_facts.disposition, permissions=permissions),
            report.incident_stored(after, said.decided_at),
        ]
        await self._repository.advance(
            move(
                state,
                after,
                step=f"dispose:{said.disposition_id}",
                agent=decided_by,
                to=InvestigationState.CLOSED,
                reason=f"{said.disposition} ({said.reason})",
                messages=messages,
                actor_type=ActorType.HUMAN,
            )
        )
        return said


async def distrust(connection: Connection, state: GraphState) -> None:
    """A person found an attack: what would have dismissed it is trusted less."""
    match = state.case_facts.fp_match
    if match or state.classification in BENIGN:
        await drift(connection, state.tenant_id, state.alert_title)  # first, as it locks all of the rule's in order
    if match:
        await contradict(connection, state.tenant_id, match.pattern_id)


def _check_version(state: GraphState, request: DispositionRequest) -> None:
    if request.version is not None and request.version != state.version:
        raise Conflict(
            f"investigation {state.investigation_id} is at version {state.version} and you read version "
            f"{request.version}; read it again, then decide"
        )


def _asks_for_none(state: GraphState) -> str:
    if state.state is InvestigationState.FAILED:
        return f"investigation {state.investigation_id} failed: reopen it, then say what it was"
    return f"investigation {state.investigation_id} is {state.state}: it asks for no disposition yet"


async def _answer(
    locked: LockedApproval, request: DispositionRequest, decided_by: str, permissions: list[str]
) -> Disposition:
    approval = locked.approval
    if approval.actions:
        raise Conflict(
            f"investigation {approval.investigation_id} asks about {len(approval.actions)} action(s): answer "
            f"POST /approvals/{approval.approval_id}; once it is closed, say what it was"
        )
    said = await record(
        locked.connection,
        request,
        tenant_id=approval.tenant_id,
        investigation_id=approval.investigation_id,
        approval_id=approval.approval_id,
        decided_by=decided_by,
    )
    context: dict[str, Any] = said.model_dump(mode="json", include={"decided_by", "disposition", "reason", "comment"})
    await locked.report(locked.event(AuditEventType.FEEDBACK_RECORDED, context, by=decided_by, permissions=permissions))
    if said.disposition is DispositionName.ESCALATE:
        await locked.escalate(reason=said.reason, by=decided_by)
    else:
        await locked.answer(ApprovalStatus.DISPOSED, decided_by=decided_by, comment=request.comment)
    return said
