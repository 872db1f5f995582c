"""What a connector needs to know of an action's target, from the alert's own entities: never from a model."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from shared.contracts.action import ActionName
from shared.contracts.entity import EntityType, NormalizedEntity
from shared.contracts.investigation import Classification, GraphState
from shared.contracts.routing import LLMProvider
from shared.response.catalogue import CATALOGUE

Parameters = dict[str, str | int]

# Of an entity's properties: the parameter that each becomes.
PROPERTIES: Mapping[EntityType, Mapping[str, str]] = {
    EntityType.HOST: {"edr_device_id": "device_id"},
    EntityType.ACCOUNT: {"aad_user_id": "user_id"},
    EntityType.MAILMESSAGE: {"recipient": "recipient"},
}
CLOSABLE = frozenset({Classification.TRUE_POSITIVE, Classification.BENIGN_TRUE_POSITIVE, Classification.FALSE_POSITIVE})


def parameters_of(state: GraphState, name: ActionName, entity: NormalizedEntity | None) -> Parameters:
    """Parameters of an action on this entity, or on the alert itself when there is none. What a hostile alert says and
    no connector takes is left out: then the target is looked up by its name.
    """
    found = _wanted(state, name, entity)
    try:
        CATALOGUE[name].parameters.model_validate(found)
    except ValidationError:
        return {}
    return found


def verdict_comment(state: GraphState) -> str:
    """The verdict as an incident's comment: what code knows of it, and none of the model's own words."""
    lines = [
        f"ALUSKORT: {state.classification.replace('_', ' ')}, confidence {state.confidence:.2f}, "
        f"severity {state.severity or state.alert_severity}.",
        f"Capability: {state.degradation_level.replace('_', ' ')}. Investigation {state.investigation_id}.",
    ]
    if state.outcome:
        lines.append(f"The case ended as {state.outcome.replace('_', ' ')}.")
    if state.model_provider == LLMProvider.SIMULATED:
        lines.append("The verdict is of a simulated model.")
    return "\n".join(lines)


def _wanted(state: GraphState, name: ActionName, entity: NormalizedEntity | None) -> Parameters:
    match name:
        case ActionName.ADD_COMMENT:
            return {"text": verdict_comment(state)}
        case ActionName.SET_SEVERITY:
            return {"severity": state.severity or state.alert_severity}
        case ActionName.TAG_INCIDENT:
            return {"tag": f"aluskort:{state.classification}"[:64]}
        case ActionName.CLOSE_INCIDENT:
            closable = state.classification in CLOSABLE
            return {"classification": state.classification if closable else "undetermined"}
        case ActionName.QUARANTINE_FILE:
            hosts = state.parsed_entities.hosts  # on one of several, a person must choose
            return {"host": hosts[0].primary_value, **_named(hosts[0])} if len(hosts) == 1 else {}
    return _named(entity) if entity else {}


def _named(entity: NormalizedEntity) -> Parameters:
    wanted = PROPERTIES.get(entity.entity_type, {})
    found = {wanted[name]: entity.properties.get(name) for name in wanted}
    return {name: value for name, value in found.items() if isinstance(value, str) and value}
