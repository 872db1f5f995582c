"""What the gateway tells the audit chain beyond one call: the case it belongs to, and the level of all calls."""

import pytest

from shared.contracts.gateway import CaseReference
from shared.errors import ModelUnavailable
from tests.integration.gateway.harness import Control, Harness, MakeHarness
from tests.integration.gateway.test_gateway import request

CASE = CaseReference(investigation_id="i-1", alert_id="a-1")


async def lose_the_model(harness: Harness, control: Control) -> None:
    await control.fault("overloaded", times=None)
    while not harness.events.of("circuit_breaker.opened"):
        with pytest.raises(ModelUnavailable):
            await harness.gateway.complete(request(), case=CASE)


async def test_every_event_of_a_request_names_its_case(make_harness: MakeHarness, control: Control) -> None:
    harness = make_harness()
    await harness.gateway.complete(request(), case=CASE)
    assert {event["event_type"] for event in harness.events.all} == {"routing.tier_selected"}
    assert {(event["investigation_id"], event["alert_id"]) for event in harness.events.all} == {("i-1", "a-1")}


async def test_losing_the_last_provider_enters_deterministic_only_once(
    make_harness: MakeHarness, control: Control
) -> None:
    harness = make_harness()
    await lose_the_model(harness, control)
    harness.clock.now += 31
    with pytest.raises(ModelUnavailable):
        await harness.gateway.complete(request(), case=CASE)  # the probe fails too
    (entered,) = harness.events.of("degradation.entered")
    assert entered["level"] == "deterministic_only"
    assert harness.events.of("degradation.exited") == []


async def test_provider_that_answers_again_ends_the_degradation(make_harness: MakeHarness, control: Control) -> None:
    harness = make_harness()
    await lose_the_model(harness, control)
    await control.clear()
    harness.clock.now += 31
    await harness.gateway.complete(request(), case=CASE)
    (left,) = harness.events.of("degradation.exited")
    assert left["level"] == "deterministic_only"
    assert len(harness.events.of("degradation.entered")) == 1
