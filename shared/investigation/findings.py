"""What an agent changed, as data: kept once per step and merged later, so that parallel agents never overwrite."""

from __future__ import annotations

from typing import Any

from shared.contracts.investigation import GraphState

# Fields that several agents add to: their findings hold what was added, not the sum.
_COUNTERS = ("llm_calls", "queries_executed", "total_cost_usd")


def finding(before: GraphState, after: GraphState) -> dict[str, Any]:
    """The difference that an agent made, JSON-ready."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = {name: value for name, value in new.items() if value != old[name]}
    for name in _COUNTERS:
        if name in changed:
            changed[name] = new[name] - old[name]
    if "decision_chain" in changed:
        changed["decision_chain"] = new["decision_chain"][len(old["decision_chain"]) :]
    if "case_facts" in changed:
        facts = new["case_facts"]
        changed["case_facts"] = {key: facts[key] for key in facts if facts[key] != old["case_facts"].get(key)}
    return changed


def merged(state: GraphState, *findings: dict[str, Any]) -> GraphState:
    """The state with these findings applied, in order."""
    values = state.model_dump(mode="json")
    for changed in findings:
        for name, value in changed.items():
            if name in _COUNTERS:
                values[name] += value
            elif name == "decision_chain":
                values[name] = [*values[name], *value]
            elif name == "case_facts":
                values[name] = {**values[name], **value}
            else:
                values[name] = value
    return GraphState.from_stored(values, where=f"investigation_findings of {state.investigation_id}")
