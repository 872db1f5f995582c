"""What an agent changed, as data: kept once per step and merged later, so that parallel agents never overwrite."""

from __future__ import annotations

from typing import Any

from shared.contracts.investigation import GraphState

# Fields that several agents add to: their findings hold what was added, not the sum.
_COUNTERS = ("llm_calls", "queries_executed", "total_cost_usd")
_SHARED_FACT = "context_missing"


def finding(before: GraphState, after: GraphState) -> dict[str, Any]:
    """The difference that an agent made, JSON-ready."""
    names = {name for name in GraphState.model_fields if getattr(after, name) != getattr(before, name)}
    changed = after.model_dump(mode="json", include=names)
    for name in _COUNTERS:
        if name in changed:
            changed[name] -= getattr(before, name)
    if "decision_chain" in changed:
        changed["decision_chain"] = changed["decision_chain"][len(before.decision_chain) :]
    if "case_facts" in changed:
        old = before.case_facts.model_dump(mode="json")
        changed["case_facts"] = {name: fact for name, fact in changed["case_facts"].items() if fact != old.get(name)}
    return changed


def merged(state: GraphState, *findings: dict[str, Any]) -> GraphState:
    """The state with these findings applied, in order. Only they are validated. Raises StoredByAnotherVersion."""
    values: dict[str, Any] = {"investigation_id": state.investigation_id}
    for changed in findings:
        for name, value in changed.items():
            if name in _COUNTERS:
                values[name] = values.get(name, getattr(state, name)) + value
            elif name == "decision_chain":
                values[name] = [*values.get(name, ()), *value]
            elif name == "case_facts":
                before = values.get(name, {})
                missing = {*before.get(_SHARED_FACT, state.case_facts.context_missing), *value.get(_SHARED_FACT, ())}
                values[name] = {**before, **value, _SHARED_FACT: sorted(missing)}
            else:
                values[name] = value
    found = GraphState.from_stored(values, where=f"investigation_findings of {state.investigation_id}")
    facts = {name: getattr(found.case_facts, name) for name in found.case_facts.model_fields_set}
    update = {name: getattr(found, name) for name in found.model_fields_set - {"case_facts"}}
    update["decision_chain"] = [*state.decision_chain, *found.decision_chain]
    return state.with_facts(**facts).model_copy(update=update)
