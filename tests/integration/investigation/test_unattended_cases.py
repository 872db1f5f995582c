"""A case that a playbook could close alone goes to a person when something came in between or was lost on the way."""

import json
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import NormalizedAlert
from shared.contracts.investigation import InvestigationState
from shared.ingestion.shapes import read_alert
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.parsing.service import EntityParserService
from shared.stores.postgres import Postgres
from tests.integration.investigation.attack_texts import row
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict
from tests.integration.investigation.test_graph import SCAN_BY_OUR_SCANNER, alert, drive

NOTE = verdict("true_positive", 0.9, ("add_comment", "alert-1"))
HOST = {"$id": "1", "Type": "host", "HostName": "ws-17"}


async def test_nothing_in_between_closes(graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str) -> None:
    gateway.verdicts = [NOTE]
    state = await drive(graph, await graph.open(alert(tenant, **SCAN_BY_OUR_SCANNER)))
    assert (state.state, state.outcome) == (InvestigationState.CLOSED, "responded")


async def test_kill_switch_of_the_tenant_keeps_a_harmless_response_from_acting(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    async with store.transaction(tenant) as connection:
        await connection.execute(
            "INSERT INTO kill_switches VALUES (%s, 'tenant', %s, 'lead', 'drill')", (tenant, tenant)
        )
    gateway.verdicts = [NOTE]
    state = await drive(graph, await graph.open(alert(tenant, **SCAN_BY_OUR_SCANNER)))
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert "a kill switch is on" in state.decision_chain[-1].reasoning
    assert bus.on("actions.pending") == []


ADMIN = {"accounts": [{"entity_type": "account", "primary_value": "dom-admin"}]}


@pytest.mark.parametrize(
    ("more", "changed"),
    [
        ({"severity": "high"}, "severity"),
        ({"techniques": ["T1595", "T1003.001"]}, "techniques"),
        ({"parsed_entities": host("ws-17") | ADMIN}, "entities"),
    ],
)
async def test_later_message_before_the_judgement_leaves_the_case_to_a_person(
    graph: InvestigationGraph,
    context: StepContext,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
    more: dict[str, Any],
    changed: str,
) -> None:
    gateway.verdicts = [NOTE]
    first = alert(tenant, **SCAN_BY_OUR_SCANNER)
    opened = await graph.open(first)
    await graph.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    await graph.open(NormalizedAlert.model_validate(first.model_dump() | {"timestamp": "2099-01-01T00:00:00Z"} | more))
    state = await drive(graph, await context.repository.load(tenant, opened.investigation_id))
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert f"a later message changed the alert's {changed}" in state.decision_chain[-1].reasoning
    assert bus.on("actions.pending") == []


async def test_later_message_before_the_pattern_check_is_not_closed_by_the_pattern(
    graph: InvestigationGraph, store: Postgres, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    await FPPatterns(store).store(approved_pattern(tenant))
    gateway.verdicts = [verdict("false_positive", 0.99)]
    first = alert(tenant, **SCAN_BY_OUR_SCANNER | {"parsed_entities": host("scanner-1")})
    opened = await graph.open(first)
    await graph.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    later = {"timestamp": "2099-01-01T00:00:00Z", "severity": "critical", "title": "Ransomware on a scanner"}
    await graph.open(NormalizedAlert.model_validate(first.model_dump() | later))
    state = await drive(graph, await context.repository.load(tenant, opened.investigation_id))
    assert state.state is InvestigationState.AWAITING_HUMAN


@pytest.mark.parametrize(
    "entities",
    [
        json.dumps([HOST, {"$id": "2", "Type": "ip", "Address": "10.0.0.999"}]),
        json.dumps([HOST, {"$id": "2", "Type": "account"}]),
        json.dumps([HOST, {"$id": "2", "Type": "filehash", "Algorithm": "SHA256", "Value": "zz"}]),
        json.dumps([HOST, {"Name": "dom-admin", "NTDomain": "CORP"}]),
        json.dumps([HOST, {"$ref": "77"}]),
        json.dumps([*({"Type": "host", "HostName": f"ws-{n}"} for n in range(1000)), {"Type": "account", "Name": "x"}]),
        "not json",
    ],
    ids=["address", "no name", "hash", "no type", "reference", "over the limit", "no JSON"],
)
async def test_entity_that_was_lost_in_parsing_leaves_the_case_to_a_person(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str, entities: str
) -> None:
    gateway.verdicts = [NOTE]
    raw = read_alert(row(tenant) | {"Entities": entities}).to_json()
    parsed = await EntityParserService(MemoryProducer()).process_message(raw)
    assert parsed is not None
    state = await drive(graph, await graph.open(parsed))
    assert state.state is InvestigationState.AWAITING_HUMAN
