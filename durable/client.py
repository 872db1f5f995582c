"""The durable client as the triggers use it: start once, and events that may come too late."""

from typing import Any

import azure.durable_functions as df

from shared.investigation.approvals import APPROVAL_EVENT
from shared.investigation.waking import Wake

_FINISHED = frozenset(
    {
        df.OrchestrationRuntimeStatus.Completed,
        df.OrchestrationRuntimeStatus.Failed,
        df.OrchestrationRuntimeStatus.Terminated,
        df.OrchestrationRuntimeStatus.Canceled,
    }
)


async def start_once(
    client: df.DurableOrchestrationClient, name: str, instance_id: str, payload: dict[str, Any]
) -> None:
    """Start an orchestration unless one of this id exists, finished or not: an alert is investigated once."""
    status = await client.get_status(instance_id)
    if status.runtime_status is None:
        await client.start_new(name, instance_id, payload)


async def raise_event(client: df.DurableOrchestrationClient, instance_id: str, event: str) -> None:
    """Send an event without data; to an orchestration that is finished or gone it says nothing."""
    try:
        await client.raise_event(instance_id, event)
    except Exception:  # the SDK raises the bare class for every refusal
        status = await client.get_status(instance_id)
        if status.runtime_status is not None and status.runtime_status not in _FINISHED:
            raise


def as_wake(client: df.DurableOrchestrationClient) -> Wake:
    """Tells an investigation by id that its approval was decided."""

    async def wake(investigation_id: str) -> None:
        await raise_event(client, investigation_id, APPROVAL_EVENT)

    return wake
