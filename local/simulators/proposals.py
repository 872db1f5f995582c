"""What the simulated Claude proposes to the questions of a batch, from the evidence alone: nothing is made up."""

from __future__ import annotations

from typing import Any

from local.simulators.evidence import Evidence

OF_OUR_OWN = ("account", "host", "mailbox")


def propose(evidence: Evidence, properties: dict[str, Any]) -> dict[str, Any]:
    """Properties of the answer that only such a question has."""
    if "conditions" not in properties:
        return {}
    named = {kind: list(evidence.named(kind)) for kind in OF_OUR_OWN}
    return {
        "alert_name": evidence.title,
        "conditions": [{"entity_type": kind, "values": values} for kind, values in named.items() if values],
        "reason": "Every one of these alerts names the same assets.",
    }
