"""Detection alerts of Elastic Security as CanonicalAlert: `kibana.alert.*` of version 8 and later, `signal.*` before,
flattened or nested, bare or as a search hit (`_source`, `fields`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.contracts.alert import CanonicalAlert
from shared.contracts.outside_text import storable
from shared.errors import InvalidInput
from shared.ingestion import entity_json
from shared.ingestion.draft import Draft
from shared.ingestion.ecs import ecs_entities
from shared.ingestion.fields import Fields
from shared.ingestion.severity import RISK_SCORES

SHAPE, SOURCE, PRODUCT = "Elastic alert", "elastic", "Elastic Security"
ENVELOPES = ("alerts", "records")
RULES = ("kibana.alert.rule", "signal.rule", "rule")
TECHNIQUES = ("technique", "technique.subtechnique")  # where an event names them flat, without a list of objects
THREATS = ("kibana.alert.rule.threat", "kibana.alert.rule.parameters.threat", "signal.rule.threat", "threat")


def read_elastic_alert(row: Any, *, tenant_id: str) -> CanonicalAlert:
    """One alert of this tenant. Raises InvalidInput that names the field that is wrong."""
    if not isinstance(row, dict):
        raise InvalidInput(SHAPE, got=row, expected="an object, one alert of Elastic Security")
    payload: dict[str, Any] = storable(row)
    hit, event = Fields(SHAPE, payload), _event(payload)
    rule = [f"{prefix}." for prefix in RULES]
    reason = event.text("kibana.alert.reason", "signal.reason")
    description = event.text(*(f"{prefix}description" for prefix in rule))
    threats = list(event.parts(*THREATS))
    alert_id = event.text("kibana.alert.uuid") or hit.text("_id") or event.text("id")
    if not alert_id:
        raise InvalidInput(f"{SHAPE}.kibana.alert.uuid", got=None, expected="kibana.alert.uuid, or the hit's _id")
    entities = ecs_entities(event)
    return Draft(
        shape=SHAPE,
        source=SOURCE,
        alert_id=alert_id,
        tenant_id=tenant_id,
        timestamp=event.time("@timestamp", "kibana.alert.start", "kibana.alert.original_time"),
        title=event.text(*(f"{prefix}name" for prefix in rule)),
        description="\n".join(filter(None, (reason, description))),
        severity=event.scalar(
            *("kibana.alert.severity", "kibana.alert.rule.severity", "signal.rule.severity"),
            *("kibana.alert.risk_score", "signal.rule.risk_score"),
        ),
        scale=RISK_SCORES,
        tactics=[
            *(threat.texts("tactic.name") for threat in threats),
            event.texts(*(f"{prefix}.tactic.name" for prefix in THREATS)),
        ],
        techniques=[
            *(list(_techniques(threat)) for threat in threats),
            event.texts(*(f"{prefix}.{name}.id" for prefix in THREATS for name in TECHNIQUES)),
        ],
        entities=entities,
        flags=(*entity_json.cuts(entities), *event.cuts()),
        product=PRODUCT,
        payload=payload,
    ).alert()


def left_out_of_elastic(row: Any) -> str:
    """Why a row is only counted: an empty event, or a document of Elastic's uptime monitor; "" for all others."""
    if not isinstance(row, dict):
        return ""
    event = _event(row)
    if event.is_empty():
        return "an empty event"
    is_alert = any(name.startswith(("kibana", "signal")) for name in _document(row))
    return "heartbeat" if not is_alert and "heartbeat" in event.texts("event.kind", "type", "agent.type") else ""


def _event(row: dict[str, Any]) -> Fields:
    return Fields(SHAPE, _document(row))


def _document(row: dict[str, Any]) -> dict[str, Any]:
    """What a search hit holds under `_source`, or as lists under `fields`; else the row itself is the document."""
    names = ("_source", "fields") if "_index" in row else ("_source",)
    return next((row[name] for name in names if isinstance(row.get(name), dict)), row)


def _techniques(threat: Fields) -> Iterator[str]:
    """Ids of techniques and sub-techniques of one entry of a rule's `threat`."""
    for technique in threat.parts("technique"):
        yield from technique.texts("id")
        yield from (name for part in technique.parts("subtechnique") for name in part.texts("id"))
