"""Waking a case: its orchestration is told, begins when it is not there, and has ended for good once it has."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest

from durable import client as durable_client
from durable.client import as_wake
from shared.investigation.approvals import APPROVAL_EVENT
from shared.investigation.waking import Waiting

CASE = Waiting(
    tenant_id="t", investigation_id="i-1", orchestration_id="i-1:2", severity="high", opened_at="2026-11-28T08:00:00Z"
)
RUNNING, COMPLETED = df.OrchestrationRuntimeStatus.Running, df.OrchestrationRuntimeStatus.Completed


@dataclass
class Hub:
    """The calls of the SDK's client that waking makes, on instances of the test's own."""

    instances: dict[str, Any] = field(default_factory=dict)
    started: list[tuple[str, str, Any]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)

    async def get_status(self, instance_id: str) -> Any:
        return SimpleNamespace(runtime_status=self.instances.get(instance_id))

    async def start_new(self, name: str, instance_id: str, payload: Any) -> None:
        self.started.append((name, instance_id, payload))
        self.instances[instance_id] = RUNNING

    async def raise_event(self, instance_id: str, event: str) -> None:
        if self.instances.get(instance_id) is not RUNNING:
            raise Exception(f"instance {instance_id} is gone")
        self.events.append((instance_id, event))


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    services = SimpleNamespace(settings=SimpleNamespace(llm=SimpleNamespace(wait_seconds=900)))
    monkeypatch.setattr(durable_client, "services", lambda: services)


async def test_orchestration_that_is_not_there_begins_with_what_the_case_says_and_is_told_the_next_time() -> None:
    hub = Hub(instances={"i-1": COMPLETED})
    wake = as_wake(hub)
    await wake(CASE)
    ((name, instance_id, payload),) = hub.started
    assert (name, instance_id, payload["investigation_id"]) == ("investigate", "i-1:2", "i-1")
    assert (payload["tenant_id"], payload["severity"], payload["llm_wait_seconds"]) == ("t", "high", 900)
    assert hub.events == []  # it looks at the approval by itself
    await wake(CASE)
    assert (len(hub.started), hub.events) == (1, [("i-1:2", APPROVAL_EVENT)])


async def test_orchestration_that_has_ended_is_neither_told_nor_begun_again() -> None:
    hub = Hub(instances={"i-1:2": COMPLETED})
    await as_wake(hub)(CASE)
    assert (hub.started, hub.events) == ([], [])


async def test_task_hub_that_is_unavailable_fails_the_call_so_that_the_sweep_wakes_again() -> None:
    class Deaf(Hub):
        async def raise_event(self, instance_id: str, event: str) -> None:
            raise Exception("the task hub is unavailable")

    hub = Deaf(instances={"i-1:2": RUNNING})
    with pytest.raises(Exception, match="unavailable"):
        await as_wake(hub)(CASE)
