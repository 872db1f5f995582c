"""What the simulated Claude proposes to the questions of a batch, from the evidence alone: nothing is made up."""

from __future__ import annotations

from typing import Any

from local.simulators.evidence import Evidence
from local.simulators.wording import technique_ids

OF_OUR_OWN = ("account", "host", "mailbox")


def propose(evidence: Evidence, properties: dict[str, Any]) -> dict[str, Any]:
    """Properties of the answer that only such a question has."""
    if "steps" in properties:
        return _playbook(evidence)
    if "conditions" not in properties:
        return {}
    named = {kind: list(evidence.named(kind)) for kind in OF_OUR_OWN}
    return {
        "alert_name": evidence.title,
        "conditions": [{"entity_type": kind, "values": values} for kind, values in named.items() if values],
        "reason": "Every one of these alerts names the same assets.",
    }


def _playbook(evidence: Evidence) -> dict[str, Any]:
    """The actions that the evidence lists for every case, in the first one's order."""
    taken = [action for case in evidence.details.get("actions_taken", []) for action in case]
    cases = len(evidence.details.get("actions_taken", []))
    steps = [action for action in dict.fromkeys(taken) if taken.count(action) == cases]
    return {
        "name": f"Respond to: {evidence.title}"[:200],
        "description": f"The steps of {cases} confirmed attacks.",
        "techniques": technique_ids(evidence.techniques),
        "steps": [{"action": action, "reason": "It was taken in every one of these attacks."} for action in steps],
    }
