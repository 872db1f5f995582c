"""What a model is shown of an investigation, and what code knows of it without a model."""

from __future__ import annotations

import json
from typing import Any

from shared.contracts.entity import AlertEntities
from shared.contracts.investigation import GraphState
from shared.contracts.taxonomy import current_technique

OT_PRODUCTS = ("defender for iot", "security center for iot")  # Sentinel has used both names


def entities_of(state: GraphState) -> AlertEntities:
    """The parsed entities of the alert."""
    return AlertEntities.model_validate(state.entities, extra="ignore")


def entity_values(state: GraphState) -> set[str]:
    """Every value that the alert names, in lower case: an action may only target one of them."""
    entities = entities_of(state)
    values = {entity.primary_value for entity in entities.all()} | set(entities.raw_iocs)
    return {value.casefold() for value in values}


def evidence_text(state: GraphState) -> str:
    """Everything that the alert says, in lower case: what a model reports must stand in it."""
    return "\n".join((state.alert_title, state.alert_description, *sorted(entity_values(state)))).casefold()


def alert_view(state: GraphState) -> dict[str, Any]:
    """The alert as a model sees it: untrusted, every value of it."""
    entities = entities_of(state)
    return {
        "title": state.alert_title,
        "description": state.alert_description,
        "severity": state.alert_severity,
        "product": state.product,
        "time": state.alert_timestamp,
        "tactics": state.tactics,
        "techniques": state.techniques,
        "entities": [
            {"type": entity.entity_type, "value": entity.primary_value, **_scalars(entity.properties)}
            for entity in entities.all()
        ],
    }


def context_view(state: GraphState) -> dict[str, Any]:
    """What we know ourselves: indicators with reputation, risk, similar incidents, exposures, techniques."""
    return {
        "indicators": state.ioc_matches,
        "risk_state": state.risk_state,
        "risk_signals": state.ueba_context,
        "similar_incidents": state.similar_incidents,
        "exposures": state.ctem_exposures,
        "exposures_stale": state.ctem_stale,
        "techniques": state.atlas_techniques,
        "case_facts": {key: value for key, value in state.case_facts.items() if key in _SHOWN_FACTS},
    }


def user_content(state: GraphState, *, with_context: bool) -> str:
    """The gateway's user content: JSON with `alert` and, when asked, `context`."""
    content = {"alert": alert_view(state)} | ({"context": context_view(state)} if with_context else {})
    return json.dumps(content, ensure_ascii=False, default=str)


def is_safety_relevant(state: GraphState) -> bool:
    """True when people or plant may be hurt: an OT product, an ICS technique, or a safety_life exposure."""
    if any(name in state.product.lower() for name in OT_PRODUCTS):
        return True
    known = (current_technique(technique) for technique in state.techniques)
    if any(technique is not None and technique.matrix == "ics" for technique in known):
        return True
    return any(exposure.get("physical_consequence") == "safety_life" for exposure in state.ctem_exposures)


_SHOWN_FACTS = ("structured_search", "flags")


def _scalars(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if isinstance(value, str | int | float | bool)}
