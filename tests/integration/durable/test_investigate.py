"""The investigate orchestration on the task hub's PostgreSQL: what outlasts its retries, and how long it waits."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest

from durable.investigation import orchestrator
from durable.investigation.messages import Case
from local.services.site import CHECKOUT
from local.taskhub import Status, TaskHub
from shared.contracts.investigation import InvestigationState
from shared.investigation.approvals import APPROVAL_EVENT
from shared.investigation.flow import AwaitApproval, Progress, Step
from tests.integration.taskhub.sdk_runner import SdkRunner

DEADLINE_SECONDS = 30.0
CASE = Case(tenant_id="t", investigation_id="i", llm_wait_seconds=60)


class Outage:
    """Activities that close the case at once, after failing ``failures`` times."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self, payload: Any) -> dict[str, Any]:
        if self.left:
            self.left -= 1
            raise RuntimeError("PostgreSQL cannot be reached")
        return Progress(state=InvestigationState.CLOSED).model_dump(mode="json")


async def finished(hub: TaskHub, instance_id: str) -> Status:
    end = time.monotonic() + DEADLINE_SECONDS
    while (found := await hub.get_status(instance_id)).status in {Status.PENDING, Status.RUNNING}:
        if time.monotonic() > end:
            pytest.fail("the orchestration did not end")
        await asyncio.sleep(0.01)
    return found.status


@pytest.mark.filterwarnings("ignore:azure.functions df_loads was called without expected_type")
async def test_investigation_outlasts_an_outage_that_is_longer_than_its_retries(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestrator, "RETRY", df.RetryOptions(1, 3))
    outage = Outage(failures=10)
    runner = SdkRunner("durable.investigation.orchestrator", activities={step.value: outage for step in Step})
    hub = TaskHub(url=postgres_url, name=f"hub-{uuid.uuid4().hex}", runner=runner)
    await hub.start()
    try:
        instance_id = await hub.start_new("investigate", input_json=CASE.to_json().decode())
        assert await finished(hub, instance_id) is Status.COMPLETED
    finally:
        await hub.stop()
    assert outage.left == 0


class Waiting:
    """Activities of a case that waits for a person until ``decided``; counts the looks at its approval."""

    def __init__(self, *limits: timedelta) -> None:
        self.decided = False
        self.looks = 0
        self.made: list[str] = []
        self._deadlines = [datetime.now(UTC) + limit for limit in limits or (timedelta(hours=4),)]

    def step(self, name: str) -> Callable[[Any], dict[str, Any]]:
        def perform(payload: Any) -> dict[str, Any]:
            self.made.append(name)
            self.looks += name == Step.RESOLVE_APPROVAL
            done = self.decided and name == Step.RESOLVE_APPROVAL
            deadline = self._deadlines[min(self.looks, len(self._deadlines) - 1)].isoformat()
            state = InvestigationState.CLOSED if done else InvestigationState.AWAITING_HUMAN
            progress = Progress(state=state, approval_id="a", approval_deadline=deadline)
            return progress.model_dump(mode="json")

        return perform


@pytest.mark.filterwarnings("ignore:azure.functions df_loads was called without expected_type")
@pytest.mark.parametrize("early", [1, 3])
async def test_event_that_comes_before_the_wait_costs_one_look_and_no_more(postgres_url: str, early: int) -> None:
    case = Waiting()
    activities = {step.value: case.step(step.value) for step in Step}
    runner = SdkRunner("durable.investigation.orchestrator", activities=activities)
    hub = TaskHub(url=postgres_url, name=f"hub-{uuid.uuid4().hex}", runner=runner)
    await hub.start()
    try:
        instance_id = await hub.start_new("investigate", input_json=CASE.to_json().decode(), version=version())
        for _ in range(early):
            await hub.raise_event(instance_id, APPROVAL_EVENT)
        await until_quiet(case)
        assert 1 <= case.looks <= early
        case.decided = True
        await hub.raise_event(instance_id, APPROVAL_EVENT)
        assert await finished(hub, instance_id) is Status.COMPLETED
    finally:
        await hub.stop()
    assert case.made[-1] == Step.RESOLVE_APPROVAL
    assert case.looks <= early + 1


@pytest.mark.filterwarnings("ignore:azure.functions df_loads was called without expected_type")
@pytest.mark.parametrize(
    ("limits", "looks"),
    [([timedelta(days=30)], 0), ([timedelta(seconds=-1), timedelta(days=30)], 1)],
    ids=["from the start", "after it went to the next reviewer"],
)
async def test_wait_of_a_month_is_one_wait_that_an_answer_ends(
    postgres_url: str, limits: list[timedelta], looks: int
) -> None:
    case = Waiting(*limits)
    activities = {step.value: case.step(step.value) for step in Step}
    runner = SdkRunner("durable.investigation.orchestrator", activities=activities)
    hub = TaskHub(url=postgres_url, name=f"hub-{uuid.uuid4().hex}", runner=runner)
    await hub.start()
    try:
        instance_id = await hub.start_new("investigate", input_json=CASE.to_json().decode(), version=version())
        await until_quiet(case, looks=looks)
        assert case.looks == looks
        case.decided = True
        await hub.raise_event(instance_id, APPROVAL_EVENT)
        assert await finished(hub, instance_id) is Status.COMPLETED
    finally:
        await hub.stop()
    assert case.looks == looks + 1


def version() -> str:
    """What host.json gives new instances."""
    host = json.loads((CHECKOUT / "host.json").read_text())
    return str(host["extensions"]["durableTask"]["defaultVersion"])


async def until_quiet(case: Waiting, looks: int = 1) -> None:
    """Until no step was made for a while: a case that spins makes hundreds in that time, without end."""
    end, seen = time.monotonic() + DEADLINE_SECONDS, -1
    while not case.made or seen != len(case.made) or case.looks < looks:
        if time.monotonic() > end:
            pytest.fail(f"the case makes steps without end: {len(case.made)} so far, {case.looks} looks")
        seen = len(case.made)
        await asyncio.sleep(0.3)


def test_wait_for_an_approval_whose_deadline_has_passed_is_never_instant() -> None:
    now = datetime(2026, 11, 23, 8, tzinfo=UTC)
    timers: list[datetime] = []
    context = SimpleNamespace(
        current_utc_datetime=now,
        wait_for_external_event=lambda name: name,
        create_timer=timers.append,
        task_any=tuple,
    )
    overdue = AwaitApproval("a", (now - timedelta(hours=1)).isoformat())
    next(orchestrator._wait(context, CASE, overdue))
    assert timers == [now + orchestrator.SHORTEST_WAIT]
