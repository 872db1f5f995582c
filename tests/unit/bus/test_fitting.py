"""An alert that is too large for a message is made to fit, and says what it shed."""

from typing import Any

from shared.bus.fitting import fitted
from shared.contracts.alert import CanonicalAlert, NormalizedAlert
from shared.contracts.entity import AlertEntities, NormalizedEntity
from shared.contracts.topics import MAX_MESSAGE_BYTES


def alert(**fields: Any) -> dict[str, Any]:
    return {
        "alert_id": "a-1",
        "source": "sentinel",
        "timestamp": "2026-11-20T08:00:00Z",
        "title": "A title",
        "severity": "high",
        "tenant_id": "t-1",
    } | fields


def test_alert_that_fits_is_left_as_it_is() -> None:
    small = CanonicalAlert.model_validate(alert(raw_payload={"a": 1}))
    assert fitted(small) is small


def test_padded_payload_is_dropped_first_and_flagged() -> None:
    padded = CanonicalAlert.model_validate(alert(raw_payload={"padding": "x" * 2_000_000}, entities_raw="[]"))
    kept = fitted(padded)
    assert (kept.raw_payload, kept.entities_raw, kept.flags) == ({}, "[]", ["raw_payload_dropped"])


def test_raw_text_is_dropped_before_the_payload_and_flagged() -> None:
    padded = CanonicalAlert.model_validate(alert(raw_payload={"note": "x" * 600_000}, raw_text="x" * 600_000))
    kept = fitted(padded)
    assert (kept.raw_text, kept.raw_payload, kept.flags) == ("", padded.raw_payload, ["raw_text_dropped"])
    both = fitted(padded.model_copy(update={"raw_payload": {"note": "x" * 1_200_000}}))
    assert (both.raw_text, both.raw_payload, both.flags) == ("", {}, ["raw_payload_dropped", "raw_text_dropped"])


def test_padded_entities_and_lists_are_cut_and_flagged() -> None:
    padded = CanonicalAlert.model_validate(
        alert(entities_raw='"' * 900_000, techniques=[f"T{n}" for n in range(90_000)], flags=["f"] * 90_000)
    )
    kept = fitted(padded)
    assert len(kept.to_json()) <= MAX_MESSAGE_BYTES
    assert kept.flags[:2] == ["entities_raw_cut", "raw_payload_dropped"]
    assert kept.title == "A title"


def test_too_many_entities_are_halved_until_they_fit_and_counted() -> None:
    hosts = [NormalizedEntity(entity_type="host", primary_value=f"{n}" + "h" * 2_000) for n in range(1_000)]
    parsed = AlertEntities(hosts=hosts, raw_iocs=["i" * 2_000] * 1_000)
    kept = fitted(NormalizedAlert.model_validate(alert(parsed_entities=parsed)))
    assert len(kept.to_json()) <= MAX_MESSAGE_BYTES
    assert 0 < len(kept.parsed_entities.hosts) < 1_000
    assert "entities were shed" in kept.parsed_entities.parse_errors[0]
    assert kept.parsed_entities.losses == 1_000 - len(kept.parsed_entities.hosts)


def test_single_entity_with_endless_properties_is_shed() -> None:
    host = NormalizedEntity(entity_type="host", primary_value="h", properties={"note": "n" * 2_000_000})
    kept = fitted(NormalizedAlert.model_validate(alert(parsed_entities=AlertEntities(hosts=[host]))))
    assert kept.parsed_entities.hosts == []
    assert len(kept.to_json()) <= MAX_MESSAGE_BYTES
