"""The evidence package: all that is known about one investigation (spec/security-and-audit §6, seed §10).

The package's hash covers its canonical JSON without ``package_hash``; whoever receives it can check it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.audit.chain import canonical, digest
from shared.audit.event import utc_timestamp
from shared.audit.uuid7 import uuid7
from shared.contracts.audit import AuditRecord, ChainVerification, EvidencePackage
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.case_file import CaseFile
from shared.contracts.disposition import final_classification

_RETRIEVED = ("ioc_matches", "ueba_context", "ctem_exposures", "atlas_techniques", "similar_incidents",
              "playbook_matches", "risk_state", "ctem_stale", "taxonomy_version")  # fmt: skip

Row = dict[str, Any]


def evidence_package(
    *,
    generated_by: str,
    case: CaseFile,
    events: Sequence[AuditRecord],
    verification: ChainVerification,
) -> EvidencePackage:
    """Assemble the package from the case file, its audit records (oldest first) and the check of their stretch."""
    graph = case.graph_state
    alert = dict(case.alert)
    disposition = graph.get("case_facts", {}).get("disposition", "")
    actions = [action.model_dump(mode="json") for action in case.actions]
    raw_payload = alert.pop("raw_payload", {})
    fields: Row = {
        "package_id": str(uuid7()),
        "investigation_id": case.investigation_id,
        "tenant_id": verification.tenant_id,
        "generated_at": utc_timestamp(),
        "generated_by": generated_by,
        "source_alert": alert,
        "raw_alert_payload": raw_payload,
        "incident": case.incident.model_dump(mode="json") if case.incident else None,
        "events": [event.model_dump(mode="json") for event in events],
        "state_transitions": [transition.model_dump(mode="json") for transition in case.transitions],
        "retrieval_context": {name: graph[name] for name in _RETRIEVED if name in graph},
        "llm_interactions": _contexts(events, AuditEventType.ROUTING_TIER_SELECTED),
        "final_classification": final_classification(disposition, graph.get("classification", "")),
        "final_confidence": graph.get("confidence", 0.0),
        "final_severity": graph.get("severity", ""),
        "reasoning_chain": [entry["reasoning"] for entry in graph.get("decision_chain", [])],
        "techniques_mapped": [item["technique_id"] for item in graph.get("atlas_techniques", [])],
        "techniques_quarantined": [
            str(context.get("technique_id", "")) for context in _contexts(events, AuditEventType.TECHNIQUE_QUARANTINED)
        ],
        "actions_recommended": graph.get("recommended_actions", []),
        "actions_executed": actions,
        "actions_pending": [
            {**action, "approval_id": approval["approval_id"], "timeout_at": approval["expires_at"]}
            for approval in case.approvals
            if approval["status"] == "pending"
            for action in approval["actions"]
        ],
        "approvals": case.approvals,
        "analyst_feedback": _contexts(events, AuditEventType.FEEDBACK_RECORDED),
        "chain_verified": verification.chain_valid,
        "chain_verification_errors": verification.errors,
    }
    return EvidencePackage.model_validate(fields | {"package_hash": digest(canonical(fields))})


def _contexts(events: Sequence[AuditRecord], event_type: str) -> list[Row]:
    return [{"audit_id": event.audit_id, **event.context} for event in events if event.event_type == event_type]
