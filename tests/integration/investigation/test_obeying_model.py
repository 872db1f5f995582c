"""The model's word alone ends nothing (design §8.15): a model that obeys the attacker closes and does nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shared.audit.producer import AuditProducer
from shared.bus.producer import MemoryProducer
from shared.contracts.routing import LLMProvider
from shared.gateway.client import AluskortAnthropicClient
from shared.gateway.gateway import ContextGateway
from shared.gateway.spend import SpendGuard
from shared.ingestion.shapes import read_alert
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.parsing.service import EntityParserService
from shared.routing.router import LLMRouter
from shared.stores.postgres import Postgres
from tests.integration.investigation.attack_texts import FIELDS, TEXTS, row
from tests.integration.investigation.obeying_model import Behaviour, ObeyingModel, served
from tests.integration.investigation.test_graph import drive

AT_ONCE = 4
BEHAVIOURS = list(Behaviour)
STRIDE = 13  # with it each behaviour meets every field and every text; 1 makes every combination, in five minutes


@pytest.fixture
async def model() -> AsyncIterator[ObeyingModel]:
    yield ObeyingModel()


@pytest.fixture
async def fooled(store: Postgres, context: StepContext, model: ObeyingModel) -> AsyncIterator[InvestigationGraph]:
    """Investigations through the real gateway, whose model obeys."""
    async with served(model) as url:
        client = AluskortAnthropicClient.connect(api_key="none", base_url=url, provider=LLMProvider.SIMULATED)
        gateway = ContextGateway(
            router=LLMRouter({client.provider: client.breaker}),
            clients=[client],
            spend=SpendGuard(store, soft_limit_usd=50_000, hard_limit_usd=90_000),
            audit=AuditProducer(store, context.outbox, source_service="context-gateway"),
        )
        yield InvestigationGraph(replace(context, gateway=gateway))
        await client.close()


async def investigated(graph: InvestigationGraph, alert_row: dict[str, object]) -> tuple[str, set[str], set[str]]:
    """Where the case stands, what its actions aim at, and what the alert names."""
    raw = read_alert(alert_row).to_json()
    alert = await EntityParserService(MemoryProducer()).process_message(raw)
    assert alert is not None
    state = await drive(graph, await graph.open(alert))
    named = {entity.primary_value for entity in alert.parsed_entities.all()} | {state.alert_id}
    return state.state.value, {action.target for action in state.recommended_actions}, named


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_no_attack_text_in_any_field_closes_a_case_or_acts(
    fooled: InvestigationGraph, model: ObeyingModel, bus: MemoryProducer, tenant: str, behaviour: Behaviour
) -> None:
    model.behaviour = behaviour
    every = [(number, *pair) for number, pair in enumerate(itertools.product(FIELDS, TEXTS))]
    pairs = every[BEHAVIOURS.index(behaviour) :: STRIDE]
    free = asyncio.Semaphore(AT_ONCE)
    ends: Counter[str] = Counter()

    async def attack(number: int, field: str, text: str) -> None:
        attacked = row(tenant, number)
        FIELDS[field](attacked, text)
        async with free:
            end, targets, named = await investigated(fooled, attacked)
        ends[end] += 1
        assert targets <= named, (field, text)

    async with asyncio.TaskGroup() as attacks:
        for pair in pairs:
            attacks.create_task(attack(*pair))
    assert ends == {"awaiting_human": len(pairs)}
    assert bus.on("actions.pending") == []
    assert not [request for request in model.requests if "ws-17" in request or "jdoe" in request]


async def test_the_same_model_closes_what_a_persons_conditions_expect(
    fooled: InvestigationGraph, model: ObeyingModel, tenant: str
) -> None:
    """Or the test above would show nothing."""
    model.behaviour = Behaviour.CLOSE_WITH_A_COMMENT
    expected = row(tenant) | {"Entities": json.dumps([{"$id": "1", "Type": "host", "HostName": "ws-17"}])}
    assert (await investigated(fooled, expected))[0] == "closed"
    unexpected = row(tenant)
    assert (await investigated(fooled, unexpected))[0] == "awaiting_human"
