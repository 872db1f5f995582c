"""What a kept proposal carries to the person who approves: parameters by code, and what stops for whom."""

from typing import Any

import pytest

from shared.contracts.action import Action, ActionName
from shared.contracts.entity import AlertEntities, EntityType, NormalizedEntity
from shared.contracts.investigation import Classification, GraphState
from shared.investigation.agents.response import ResponseAgent
from shared.response.assets import AssetFacts, Assets
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.postgres import Postgres
from tests.conftest import Database

PLAYBOOK = Playbook(
    playbook_id="pb-for-four-hours",
    title="Isolate for four hours",
    mitre_techniques=["T1499"],
    actions=[ActionName.ISOLATE_HOST, ActionName.DISABLE_ACCOUNT, ActionName.CLOSE_INCIDENT, ActionName.ADD_COMMENT],
    parameters={ActionName.ISOLATE_HOST: {"hours": 4}},
    approved_by="lead",
)
DC = AssetFacts(
    entity_type="host", entity_name="dc-1.contoso.example", role="domain_controller", normal_services=["ldap"]
)


def entity(kind: EntityType, value: str, **properties: Any) -> NormalizedEntity:
    return NormalizedEntity(entity_type=kind, primary_value=value, properties=properties)


@pytest.fixture
async def agent(store: Postgres, own_database: Database, tenant: str) -> ResponseAgent:
    owner = Postgres(own_database.owner_url)
    await Playbooks(owner).store(PLAYBOOK)
    await owner.close()
    await Assets(store).store(tenant, [DC])
    return ResponseAgent(Playbooks(store), Assets(store))


def state(tenant: str, *proposals: tuple[ActionName, str]) -> GraphState:
    entities = AlertEntities(
        hosts=[entity(EntityType.HOST, "DC-1", edr_device_id="d1"), entity(EntityType.HOST, "ws-2")],
        accounts=[entity(EntityType.ACCOUNT, "jdoe", nt_domain="CONTOSO", aad_user_id="u1")],
    )
    return GraphState(
        investigation_id="i-1",
        tenant_id=tenant,
        alert_id="alert-1",
        entities=entities.model_dump(mode="json"),
        atlas_techniques=[{"technique_id": "T1499"}],
        classification=Classification.TRUE_POSITIVE,
        confidence=0.9,
        severity="high",
        recommended_actions=[
            Action(action=name, target=target, parameters={"hours": 100, "user_id": "the model's"})
            for name, target in proposals
        ],
    )


async def test_action_gets_its_playbooks_limit_the_entitys_id_and_what_stops(agent: ResponseAgent, tenant: str) -> None:
    after = await agent.execute(state(tenant, (ActionName.ISOLATE_HOST, "dc-1"), (ActionName.ISOLATE_HOST, "WS-2")))
    known, unknown = after.recommended_actions
    assert (known.target, known.parameters) == ("DC-1", {"hours": 4, "device_id": "d1"})
    assert (
        "dc-1.contoso.example is a domain controller of medium criticality; it is used by 1 service (ldap)."
        in known.consequence
    )
    assert known.consequence.endswith("It ends by itself after 4 hours.")
    assert "The asset list does not know it." in unknown.consequence


async def test_parameters_of_the_model_are_dropped(agent: ResponseAgent, tenant: str) -> None:
    after = await agent.execute(state(tenant, (ActionName.DISABLE_ACCOUNT, "contoso\\jdoe")))
    (action,) = after.recommended_actions
    assert (action.target, action.parameters) == ("CONTOSO\\jdoe", {"user_id": "u1"})


async def test_action_on_the_incident_targets_the_alert_itself(agent: ResponseAgent, tenant: str) -> None:
    after = await agent.execute(state(tenant, (ActionName.CLOSE_INCIDENT, "incident 7"), (ActionName.ADD_COMMENT, "x")))
    close, comment = after.recommended_actions
    assert (close.target, close.parameters) == ("alert-1", {"classification": "true_positive"})
    assert comment.target == "alert-1"
    assert str(comment.parameters["text"]).startswith("ALUSKORT: true positive, confidence 0.90, severity high.")
