"""The catalogues: 31 topics, the techniques of ATT&CK and ATLAS, and the audit vocabulary."""

from collections import Counter

import pytest

from shared.contracts.audit import AuditEvent
from shared.contracts.audit_event_type import AuditEventType, EventCategory
from shared.contracts.taxonomy import current_technique, taxonomy_version, techniques
from shared.contracts.topics import topics
from shared.errors import InvalidInput

# name: partitions, retention in days, key (seed §11, data-model §7)
TOPICS = {
    "alerts.raw": (4, 7, "alert_id"),
    "alerts.normalized": (4, 7, "alert_id"),
    "incidents.enriched": (4, 7, "investigation_id"),
    "actions.pending": (2, 7, "action_id"),
    "audit.events": (4, 90, "tenant_id"),
    "jobs.llm.priority.critical": (4, 3, "alert_id"),
    "jobs.llm.priority.high": (4, 3, "alert_id"),
    "jobs.llm.priority.normal": (4, 7, "alert_id"),
    "jobs.llm.priority.low": (2, 14, "alert_id"),
    "ctem.raw.wiz": (4, 30, "asset_id"),
    "ctem.raw.snyk": (2, 30, "asset_id"),
    "ctem.raw.garak": (2, 30, "asset_id"),
    "ctem.raw.art": (2, 30, "asset_id"),
    "ctem.raw.burp": (2, 30, "asset_id"),
    "ctem.raw.custom": (2, 30, "asset_id"),
    "ctem.raw.validation": (2, 90, "exposure_key"),
    "ctem.raw.remediation": (2, 90, "exposure_key"),
    "ctem.normalized": (4, 30, "exposure_key"),
    "knowledge.mitre.updated": (1, 7, "version"),
    "knowledge.ti.ioc.new": (2, 7, "type:value"),
    "knowledge.ti.report.new": (2, 7, "doc_id"),
    "knowledge.playbook.updated": (1, 7, "doc_id"),
    "knowledge.incident.stored": (2, 7, "tenant_id"),
    "knowledge.fp.approved": (1, 7, "pattern_id"),
    "alerts.raw.dlq": (2, 30, "original key"),
    "ctem.normalized.dlq": (2, 30, "original key"),
    "jobs.llm.priority.critical.dlq": (2, 30, "original key"),
    "jobs.llm.priority.high.dlq": (2, 30, "original key"),
    "jobs.llm.priority.normal.dlq": (2, 30, "original key"),
    "jobs.llm.priority.low.dlq": (2, 30, "original key"),
    "playbooks.draft": (1, 30, "playbook_id"),
}
# The intake of the detections, outside the 31 (design §8.1).
TELEMETRY = {
    "telemetry.databricks.audit": (4, 30, "tenant_id"),
    "telemetry.orbital.nlquery": (4, 30, "tenant_id"),
    "telemetry.orbital.inference": (8, 7, "tenant_id"),
    "telemetry.orbital.physics": (4, 7, "tenant_id"),
    "telemetry.modelregistry.events": (2, 30, "tenant_id"),
    "telemetry.cicd.audit": (2, 30, "tenant_id"),
    "telemetry.orbital.api": (8, 7, "tenant_id"),
    "telemetry.opcua.sensors": (4, 7, "tenant_id"),
    "telemetry.partner.api": (4, 7, "tenant_id"),
    "telemetry.edge.health": (4, 7, "tenant_id"),
}

# The 45 types of the specification and the three that were decided later.
VOCABULARY = {
    "decision": "alert.classified alert.auto_closed alert.escalated alert.short_circuited investigation.state_changed "
    "investigation.enriched playbook.selected playbook.generated ctem.exposure_scored ctem.exposure_resolved "
    "ctem.sla_breached atlas.detection_fired "
    "routing.tier_selected routing.provider_failover incident.opened incident.linked incident.merged incident.split",
    "action": "response.prepared response.executed response.rolled_back response.generated ioc.enriched "
    "fp_pattern.created fp_pattern.activated ctem.remediation_assigned ctem.remediation_verified knowledge.indexed "
    "embedding.reindexed feedback.recorded",
    "approval": "approval.requested approval.granted approval.denied approval.timed_out approval.escalated "
    "fp_pattern.approved fp_pattern.revoked shadow.go_live_approved ctem.risk_accepted",
    "security": "injection.detected injection.quarantined technique.quarantined accumulation.threshold_breached "
    "spend.soft_limit spend.hard_limit access.denied audit.exported",
    "system": "degradation.entered degradation.exited kill_switch.activated kill_switch.deactivated config.changed "
    "circuit_breaker.opened circuit_breaker.closed system.genesis",
}


READ_BY_PEOPLE = {"operator", "analyst review"}
KEPT_ELSEWHERE = {"audit.events"}  # in the table audit_rejected, beside the chain


def test_every_topic_with_a_consumer_names_its_dead_letters_and_is_named_there() -> None:
    for topic in topics().values():
        if topic.name in KEPT_ELSEWHERE or READ_BY_PEOPLE & set(topic.consumers):
            assert topic.dead_letters == ""
        else:
            kept = topics()[topic.dead_letters]
            assert kept.name.endswith(".dlq")
            assert set(topic.consumers) <= set(kept.producers), topic.name


def test_topic_catalogue_is_the_specified_one() -> None:
    assert len(TOPICS) == 31
    assert {topic.name: (topic.partitions, topic.retention_days, topic.key) for topic in topics().values()} == {
        **TOPICS,
        **TELEMETRY,
    }


def test_every_topic_has_producers_and_consumers() -> None:
    assert [topic.name for topic in topics().values() if not topic.producers or not topic.consumers] == []


def test_taxonomy_holds_every_technique_of_its_sources() -> None:
    assert Counter(technique.matrix for technique in techniques().values()) == {
        "enterprise": 835,
        "ics": 95,
        "atlas": 170,
    }
    assert taxonomy_version() == "enterprise-attack/18.1 ics-attack/18.1 atlas/5.6.0"


def test_current_technique_keeps_a_current_one() -> None:
    found = current_technique("T1059.001")
    assert found is not None
    assert (found.name, found.matrix, found.tactics) == ("PowerShell", "enterprise", ["execution"])


@pytest.mark.parametrize(
    ("revoked", "replacement"), [("T1086", "T1059.001"), ("T1002", "T1560"), ("T1073", "T1574.001"), ("T1150", "T1647")]
)
def test_current_technique_replaces_a_revoked_one(revoked: str, replacement: str) -> None:
    found = current_technique(revoked)
    assert found is not None
    assert found.id == replacement


def test_current_technique_gives_only_current_ones() -> None:
    found = {given: current_technique(given) for given in techniques()}
    assert {technique.status for technique in found.values() if technique} == {"current"}


@pytest.mark.parametrize("gone", ["T1064", "T0810", "T9999", "AML.T9999", "", "t1059.001"])
def test_current_technique_rejects_deprecated_and_invented_ids(gone: str) -> None:
    assert current_technique(gone) is None


def test_audit_vocabulary_is_the_specified_one() -> None:
    assert sum(len(names.split()) for names in VOCABULARY.values()) == 55
    assert {
        category: {name.value for name in AuditEventType if name.category == category} for category in EventCategory
    } == {category: set(names.split()) for category, names in VOCABULARY.items()}


def audit_event(event_type: str, category: str) -> bytes:
    return (
        f'{{"audit_id": "{"0" * 36}", "tenant_id": "t", "timestamp": "2026-11-20T08:00:00Z", '
        f'"event_type": "{event_type}", "event_category": "{category}", "actor_type": "system", "actor_id": "x", '
        f'"source_service": "s"}}'
    ).encode()


def test_audit_event_takes_every_type_of_the_vocabulary_with_its_category() -> None:
    for event_type in AuditEventType:
        assert AuditEvent.from_json(audit_event(event_type, event_type.category)).event_type == event_type


def test_audit_event_takes_a_type_that_only_a_newer_release_knows() -> None:
    assert AuditEvent.from_json(audit_event("exposure.linked", "decision")).event_type == "exposure.linked"


@pytest.mark.parametrize(
    ("event_type", "category", "field"),
    [
        ("Alert.Classified", "decision", "event_type"),
        ("classified", "decision", "event_type"),
        ("alert.classified.", "decision", "event_type"),
        ("alert." + "x" * 33, "decision", "event_type"),
        ("alert.classified", "system", "event_category"),
        ("system.genesis", "decision", "event_category"),
    ],
)
def test_audit_event_refuses_what_is_no_type_or_of_another_category(event_type: str, category: str, field: str) -> None:
    with pytest.raises(InvalidInput, match=f"AuditEvent.{field}"):
        AuditEvent.from_json(audit_event(event_type, category))
