"""The approval gate: people's answers, about exactly the actions that were shown, once, in time (design §4)."""

from __future__ import annotations

import logging

from shared.bus.outbox import Outbox
from shared.contracts.action import Action, actions_hash
from shared.contracts.approval import Approval, ApprovalDecision, ApprovalStatus
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.disposition import Disposition
from shared.errors import AccessDenied, Conflict
from shared.investigation.approval_rows import LockedApproval, lock
from shared.investigation.disposition_rows import of_approval
from shared.investigation.grants import Answer, answer_of
from shared.investigation.waking import Waiting, Wake
from shared.stores.postgres import Postgres

APPROVAL_EVENT = "approval"

logger = logging.getLogger(__name__)


class Approvals:
    """Takes and resolves answers. Whether a person's roles allow one is the API's question."""

    def __init__(self, postgres: Postgres, outbox: Outbox, wake: Wake) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._wake = wake

    async def decide(
        self, tenant_id: str, approval_id: str, decision: ApprovalDecision, *, decided_by: str, permissions: list[str]
    ) -> Approval:
        """Record an answer and wake the investigation; what two persons must grant stays pending after the first.

        Raises NotFound; InvalidInput for positions that do not fit; AccessDenied for who asked or sent the alert, and
        for a second grant by the first person; Conflict (late, second, other actions, nothing to approve).
        """
        async with self._postgres.transaction(tenant_id) as connection:
            locked = await (await lock(connection, tenant_id, approval_id)).still_open()
            answer = answer_of(locked.approval, decision)
            if answer.granted and _lacks_second(locked, answer, decided_by):
                await locked.grant_first(answer, decided_by=decided_by)
                status, ended = ApprovalStatus.GRANTED, "pending_approval"
            else:
                status, ended = await _final(locked, answer, decided_by, decision.comment), "success"
            await locked.report(
                locked.event(
                    AuditEventType.named(
                        f"approval.{ApprovalStatus.GRANTED if answer.granted else ApprovalStatus.DENIED}"
                    ),
                    {
                        "approver": decided_by,
                        "channel": "api",
                        "latency_seconds": locked.waited_seconds,
                        "comment": decision.comment,
                        "status": status,
                        "granted": _named(answer.granted),
                        "denied": _named(answer.denied),
                        "actions_hash": decision.actions_hash,
                    },
                    by=decided_by,
                    permissions=permissions,
                    outcome={"outcome_status": ended, "approval_received_from": decided_by},
                )
            )
            approval = (await lock(connection, tenant_id, approval_id)).approval
        self._outbox.notify()
        if approval.status is not ApprovalStatus.PENDING:
            await self.wake(locked.waiting)
        return approval

    async def resolve(self, tenant_id: str, approval_id: str) -> Approval:
        """The approval as it stands. A pending one whose time is over becomes timed out here, and only here; that of a
        critical alert goes to the next reviewer first.
        """
        async with self._postgres.transaction(tenant_id) as connection:
            locked = await lock(connection, tenant_id, approval_id)
            if locked.approval.status is ApprovalStatus.PENDING and locked.expired:
                if locked.goes_on:
                    return (await locked.escalate(reason="nobody answered in time")).approval
                await locked.answer(ApprovalStatus.TIMED_OUT)
                locked = await lock(connection, tenant_id, approval_id)
        return locked.approval

    async def disposition(self, approval: Approval) -> Disposition:
        """The answer to an approval whose status is disposed."""
        async with self._postgres.transaction(approval.tenant_id) as connection:
            return await of_approval(connection, approval)

    async def wake(self, waiting: Waiting) -> bool:
        """Wake one investigation. Its answer is recorded, so a failure fails nobody: the next sweep wakes it again."""
        try:
            await self._wake(waiting)
        except Exception:  # the platform's client raises the bare class
            logger.warning("Investigation %s could not be woken yet.", waiting.investigation_id, exc_info=True)
            return False
        return True


async def _final(locked: LockedApproval, answer: Answer, decided_by: str, comment: str) -> ApprovalStatus:
    if not answer.granted:
        await locked.answer(ApprovalStatus.DENIED, decided_by=decided_by, comment=comment)
        return ApprovalStatus.DENIED
    await locked.grant(answer, decided_by=decided_by, comment=comment)
    return ApprovalStatus.PARTLY_GRANTED if answer.denied else ApprovalStatus.GRANTED


def _lacks_second(locked: LockedApproval, answer: Answer, decided_by: str) -> bool:
    """Whether this grant is the first of two. Raises AccessDenied, Conflict for one that this person may not give."""
    approval = locked.approval
    if decided_by in locked.submitted_by:
        raise AccessDenied(
            f"You sent the alert that approval {approval.approval_id} is about; another senior analyst or admin may "
            "grant it."
        )
    if decided_by == approval.requested_by:
        raise AccessDenied(
            f"You asked for approval {approval.approval_id} yourself; another senior analyst or admin may grant it."
        )
    if approval.persons_for(answer.granted) == 1:
        return False
    if approval.first_granted_by is None:
        return True
    if approval.first_granted_by == decided_by:
        raise AccessDenied(
            f"You granted approval {approval.approval_id} already, and its targets are protected: a second senior "
            "analyst or admin must grant the same actions."
        )
    if approval.first_granted_hash != actions_hash(answer.granted):
        raise Conflict(
            f"{approval.first_granted_by} granted other actions of approval {approval.approval_id}; both of you must "
            "grant the same ones. Grant those, or deny"
        )
    return False


def _named(actions: list[Action]) -> list[str]:
    return [f"{action.action} {action.target}"[:256] for action in actions]
