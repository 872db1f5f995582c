"""The response that a rule names exists: a playbook of the demo's knowledge that fits the rule's technique."""

import json
from pathlib import Path

import pytest

from shared.detection.catalogue import catalogue

KNOWLEDGE = json.loads((Path(__file__).parents[3] / "local/demo/knowledge.json").read_text())
PLAYBOOKS = {playbook["playbook_id"]: playbook for playbook in KNOWLEDGE["playbooks"]}


@pytest.mark.parametrize("rule_id", catalogue())
def test_rule_names_a_playbook_for_its_technique_and_atlas_mitigations(rule_id: str) -> None:
    rule = catalogue()[rule_id].rule
    playbook = PLAYBOOKS[rule.response.playbook]
    if rule.atlas_technique:  # alert fatigue has none by which a playbook could be chosen
        assert rule.severity in playbook["severities"]
        assert rule.atlas_technique in playbook["mitre_techniques"]
    assert all(name.startswith("AML.M") for name in rule.response.mitigations)
