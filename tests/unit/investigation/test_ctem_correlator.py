"""Which exposures an alert touches, which comes first, and why."""

from typing import Any

from shared.contracts.entity import AlertEntities, EntityType, NormalizedEntity
from shared.investigation.agents.ctem_correlator import Match, named_assets, ranked_exposures


def entity(kind: EntityType, value: str, **properties: Any) -> NormalizedEntity:
    return NormalizedEntity(entity_type=kind, primary_value=value, properties=properties)


ENTITIES = AlertEntities(
    hosts=[
        entity(EntityType.HOST, "WEB-03.northlight.example", hostname="WEB-03", resource_id="/subscriptions/1/web-03")
    ],
    urls=[entity(EntityType.URL, "https://historian.northlight.example/reports?tag=1")],
    other=[entity(EntityType.CLOUD_APPLICATION, "orbital-domain-llm")],
)
NAMES = named_assets(ENTITIES)


def exposure(key: str, **fields: Any) -> dict[str, Any]:
    given = {"severity": "HIGH", "age_hours": 2.0, "asset_id": "x", "asset_name": "web-03", "source_tool": "wiz"}
    return {"exposure_key": key, "title": key, "accepted": False, **given, **fields}


def order(*found: dict[str, Any]) -> list[str]:
    return [one["exposure_key"] for one in ranked_exposures(list(found), NAMES)]


def test_alert_names_its_hosts_resources_models_and_endpoints() -> None:
    assert NAMES == {
        "/subscriptions/1/web-03": Match.RESOURCE,
        "web-03.northlight.example": Match.HOST,
        "web-03": Match.HOST,
        "orbital-domain-llm": Match.MODEL,
        "historian.northlight.example": Match.ENDPOINT,
    }


def test_severity_goes_before_recency_and_recency_before_the_kind_of_match() -> None:
    old_critical = exposure("critical", severity="CRITICAL", age_hours=400.0)
    endpoint = exposure("endpoint", asset_name="historian.northlight.example", age_hours=1.0)
    host, last_week = exposure("host", age_hours=20.0), exposure("last week", age_hours=170.0)
    resource = exposure("resource", asset_id="/subscriptions/1/WEB-03", age_hours=200.0)
    found = (resource, last_week, endpoint, host, old_critical)
    assert order(*found) == ["critical", "host", "endpoint", "last week", "resource"]


def test_each_exposure_says_how_it_matches() -> None:
    (found,) = ranked_exposures([exposure("SQL injection", asset_name="Orbital-Domain-LLM", accepted=True)], NAMES)
    assert found["match"] == "model"
    assert found["reason"] == (
        "SQL injection: HIGH, seen 2 h ago by wiz, on the alert's model orbital-domain-llm; "
        "its risk is accepted for now"
    )


def test_closest_of_several_matches_counts() -> None:
    both = exposure("both", asset_id="/subscriptions/1/WEB-03", asset_name="WEB-03")
    assert ranked_exposures([both], NAMES)[0]["match"] == "resource"


def test_url_that_cannot_be_read_names_nothing() -> None:
    assert named_assets(AlertEntities(urls=[entity(EntityType.URL, "http://[::1")])) == {}
