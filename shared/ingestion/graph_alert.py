"""Alerts of the Microsoft Graph security API, second version (`microsoft.graph.security.alert`)."""

from __future__ import annotations

from typing import Any

from shared.contracts.alert import CanonicalAlert
from shared.ingestion import entity_json
from shared.ingestion.draft import Draft
from shared.ingestion.fields import Fields
from shared.ingestion.graph_evidence import evidence_entities
from shared.ingestion.sentinel import SOURCE, TENANT_HINT

ODATA_TYPE = "microsoft.graph.security.alert"


def read_graph_alert(payload: dict[str, Any]) -> CanonicalAlert:
    """One alert. Its time is that of its last update, which orders the states of one alert."""
    fields = Fields("Graph alert", payload)
    entities = evidence_entities(fields)
    return Draft(
        shape=fields.shape,
        source=SOURCE,
        alert_id=fields.required("id"),
        tenant_id=fields.required("tenantId", expected="the id of the directory", hint=TENANT_HINT),
        timestamp=fields.time("lastUpdateDateTime", "createdDateTime", "firstActivityDateTime"),
        title=fields.text("title"),
        description=fields.text("description"),
        severity=fields.get("severity"),
        tactics=(fields.get("category"),),
        techniques=(fields.get("mitreTechniques"),),
        entities=entities,
        flags=(*entity_json.cuts(entities), *fields.cuts()),
        late_entities=True,
        product=fields.text("productName", "serviceSource"),
        payload=payload,
    ).alert()
