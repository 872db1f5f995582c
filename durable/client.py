"""The durable client as the triggers use it: start once, and events that may come too late."""

import azure.durable_functions as df

from durable.investigation.messages import Case
from shared.bootstrap import services
from shared.contracts.alert import SeverityLevel
from shared.investigation.approvals import APPROVAL_EVENT
from shared.investigation.waking import Waiting, Wake

_FINISHED = frozenset(
    {
        df.OrchestrationRuntimeStatus.Completed,
        df.OrchestrationRuntimeStatus.Failed,
        df.OrchestrationRuntimeStatus.Terminated,
        df.OrchestrationRuntimeStatus.Canceled,
    }
)


async def start_once(client: df.DurableOrchestrationClient, case: Waiting) -> bool:
    """Start the case's orchestration unless it exists, finished or not: an alert is investigated once. True if so."""
    status = await client.get_status(case.orchestration_id)
    if status.runtime_status is not None:
        return False
    payload = Case(
        tenant_id=case.tenant_id,
        investigation_id=case.investigation_id,
        llm_wait_seconds=services().settings.llm.wait_seconds,
        severity=SeverityLevel(case.severity) if case.severity else None,
        opened_at=case.opened_at,
    )
    await client.start_new("investigate", case.orchestration_id, payload.model_dump(mode="json"))
    return True


async def raise_event(client: df.DurableOrchestrationClient, instance_id: str, event: str) -> None:
    """Send an event without data; to an orchestration that is finished or gone it says nothing."""
    try:
        await client.raise_event(instance_id, event)
    except Exception:  # the SDK raises the bare class for every refusal
        status = await client.get_status(instance_id)
        if status.runtime_status is not None and status.runtime_status not in _FINISHED:
            raise


def as_wake(client: df.DurableOrchestrationClient) -> Wake:
    """Has a case's orchestration look at its approval: one that has not begun, or that got lost, begins."""

    async def wake(case: Waiting) -> None:
        if not await start_once(client, case):
            await raise_event(client, case.orchestration_id, APPROVAL_EVENT)

    return wake
