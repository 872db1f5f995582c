"""What a model is shown is bounded, fair to every kind of entity, and says what is missing."""

import json
from typing import Any

from shared.contracts.entity import EntityType
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import GraphState, InvestigationState
from shared.investigation.decision import Row, decide
from shared.investigation.evidence import evidence_text, is_safety_relevant, named_targets, user_content, what_was_cut


def entity(kind: str, value: str, /, **properties: Any) -> dict[str, Any]:
    return {"entity_type": kind, "primary_value": value, "properties": properties}


def case(**fields: Any) -> GraphState:
    return GraphState.model_validate({"investigation_id": "i", "alert_title": "t", **fields})


FLOOD = {
    "accounts": [entity("account", f"user-{number}", note="x" * 3000) for number in range(1000)],
    "hosts": [entity("host", "the-real-victim")],
}


def test_ordinary_alert_is_shown_whole() -> None:
    state = case(alert_description="short", entities={"hosts": [entity("host", "ws-17", os="Windows")]})
    shown = json.loads(user_content(state, with_context=False))
    assert shown.keys() == {"alert"}
    assert shown["alert"]["entities"] == [{"type": "host", "value": "ws-17", "os": "Windows"}]
    assert what_was_cut(state) == []


def test_flood_of_text_and_entities_is_cut_and_said_to_be() -> None:
    state = case(alert_description="y" * 900_000, entities=FLOOD, techniques=["T1059"] * 5000)
    content = user_content(state, with_context=True)
    assert len(content) < 120_000
    left_out = json.loads(content)["context"]["left_out_of_the_alert"]
    assert [line.partition(":")[0] for line in left_out] == ["description", "techniques", "entities"]


def test_flood_of_one_kind_does_not_hide_an_entity_of_another() -> None:
    shown = json.loads(user_content(case(entities=FLOOD), with_context=False))["alert"]["entities"]
    assert "the-real-victim" in [item["value"] for item in shown]


def test_properties_of_an_entity_cannot_pose_as_its_type_or_value() -> None:
    state = case(entities={"hosts": [entity("host", "ws-17", type="account", value="someone")]})
    (shown,) = json.loads(user_content(state, with_context=False))["alert"]["entities"]
    assert shown == {"type": "host", "value": "ws-17"}


def test_known_indicator_is_shown_before_any_number_of_unknown_ones() -> None:
    unknown = [{"type": "ip", "value": f"v{number}"} for number in range(500)]
    known = {"type": "ip", "value": "evil", "reputation": {"confidence": 95}}
    shown = json.loads(user_content(case(ioc_matches=[*unknown, known]), with_context=True))["context"]["indicators"]
    assert shown[0] == known
    assert len(shown) == 100


def test_benign_verdict_on_an_alert_that_was_not_shown_whole_goes_to_a_person() -> None:
    verdict = {
        "state": InvestigationState.REASONING,
        "classification": "false_positive",
        "confidence": 0.99,
        "case_facts": {"fp_match": {"pattern_id": "p", "confidence": 0.97, "reason": "r"}},
    }
    assert decide(case(**verdict), ExecutorConstraints()).row is Row.CONFIRMED_BENIGN
    cut = decide(case(**verdict, alert_description="y" * 20_001), ExecutorConstraints())
    assert (cut.row, cut.state) == (Row.PERSON_DECIDES, InvestigationState.AWAITING_HUMAN)


def test_plant_technique_that_only_the_model_named_makes_the_alert_safety_relevant() -> None:
    assert is_safety_relevant(case(case_facts={"model_techniques": ["T0803"]}))
    assert not is_safety_relevant(case(case_facts={"model_techniques": ["T1059", "T9999"]}))


def users(*domains: str) -> GraphState:
    return case(entities={"accounts": [entity("account", "Ann", nt_domain=domain) for domain in domains]})


def test_user_of_a_domain_can_be_meant_with_and_without_it() -> None:
    kind = EntityType.ACCOUNT
    assert named_targets(users("CORP")) == {(kind, "ann"): "Ann", (kind, "corp\\ann"): "CORP\\Ann"}
    assert "corp\\ann" in evidence_text(users("CORP"))


def test_user_of_two_domains_is_no_target_without_the_domain() -> None:
    assert sorted(value for _, value in named_targets(users("CORP", "LAB"))) == ["corp\\ann", "lab\\ann"]
