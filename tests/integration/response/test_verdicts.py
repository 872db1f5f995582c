"""A closed case's verdict on its Sentinel incident: dry by default, written once, nobody's alarm."""

import json

import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.action import ActionClass
from shared.response.verdicts import VerdictComments
from tests.integration.response.live_case import LiveCase
from tests.integration.response.test_products import World, world

__all__ = ["world"]


async def close(case: LiveCase, verdict: str = "ALUSKORT: true positive", *, named: bool = True) -> None:
    message = {
        "tenant_id": case.tenant,
        "investigation_id": case.investigation_id,
        "alert_id": "alert-1",
        "verdict": verdict,
        "doc_id": "what other consumers read",
    }
    tenants = [case.tenant] if named else []
    comments = VerdictComments(case.store, case.bus, case.actions, tenants)
    await comments.process(Received("knowledge.incident.stored", json.dumps(message).encode()))


async def test_verdict_is_written_once_on_the_incident_of_the_alert(world: World) -> None:
    for _ in range(2):
        await close(world.case)
        await world.case.tick()
    assert [status for status, _ in await world.case.executed()] == ["verified"]
    other, ours = (await world.sentinel.state())["incidents"]
    assert "comments" not in other
    assert [text.splitlines()[0] for text in ours["comments"].values()] == ["ALUSKORT: true positive"]


async def test_verdict_is_a_dry_run_unless_incidents_are_live(world: World) -> None:
    dry = LiveCase(
        world.case.store,
        MemoryProducer(),
        world.case.tenant,
        world.case.investigation_id,
        world.case.connectors,
        live=frozenset({ActionClass.ENDPOINT}),
    )
    await close(dry)
    assert await dry.executed() == [("dry_run", "dry run: would write the verdict on the incident")]
    assert await world.sentinel.asked("GET", "PUT", "POST") == []


@pytest.mark.parametrize(("verdict", "named"), [("", True), ("ALUSKORT: x", False)])
async def test_case_of_another_source_or_of_a_tenant_without_a_workspace_gets_none(
    world: World, verdict: str, named: bool
) -> None:
    await close(world.case, verdict, named=named)
    assert await world.case.executed() == []


async def test_alert_without_an_incident_wakes_nobody(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.sentinel.change(incidents=[])
    await close(world.case)
    assert [status for status, _ in await world.case.executed()] == ["needs_person"]
    assert [record for record in caplog.records if getattr(record, "action", "") == "action.not_done"] == []
