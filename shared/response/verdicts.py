"""The verdict of a closed case as a comment on its Sentinel incident, for tenants whose workspace is named."""

from __future__ import annotations

from collections.abc import Collection

from shared.bus.outbox import put
from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.action import ActionName, ActionStatus
from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId
from shared.response.live import LiveActions
from shared.response.report import action_event
from shared.response.stored_actions import StoredAction, record
from shared.stores.postgres import Postgres


class ClosedCase(Contract):
    """What a message of `knowledge.incident.stored` says of a case; without ``verdict`` there is nothing to write."""

    tenant_id: TenantId
    investigation_id: str
    alert_id: str = ""
    verdict: str = ""


class VerdictComments:
    """Has each case's verdict written once. The text is code's own, so nobody need approve it."""

    def __init__(self, postgres: Postgres, producer: Producer, live: LiveActions, tenants: Collection[str]) -> None:
        self._postgres = postgres
        self._producer = producer
        self._live = live
        self._tenants = tenants

    async def process(self, message: Received) -> None:
        """One message of `knowledge.incident.stored`; poison goes to the dead letters. Raises Retryable."""
        await handled(self._producer, message, self._write)

    async def _write(self, value: bytes) -> None:
        case = ClosedCase.from_json(value)
        if not case.verdict or case.tenant_id not in self._tenants:
            return
        comment = StoredAction(
            action_id=f"{case.investigation_id}:verdict",
            investigation_id=case.investigation_id,
            alert_id=case.alert_id,
            tenant_id=case.tenant_id,
            action=ActionName.ADD_COMMENT,
            target=case.alert_id,
            parameters={"text": case.verdict},
            approved_by="",
        )
        status = ActionStatus.PENDING if self._live.connector(comment) else ActionStatus.DRY_RUN
        detail = f"{'will' if status is ActionStatus.PENDING else 'dry run: would'} write the verdict on the incident"
        comment = comment.model_copy(update={"status": status, "detail": detail})
        async with self._postgres.transaction(case.tenant_id) as connection:
            if await record(connection, comment):
                event = action_event(comment, status, detail)
                await put(connection, case.tenant_id, case.investigation_id, [event])
        if status is ActionStatus.PENDING:
            await self._live.carry_out(case.tenant_id, comment.action_id)
