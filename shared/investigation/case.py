"""A case as it begins, from its alert: at the first opening, and once more when entities come late."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

from shared.contracts.alert import INCOMPLETE, NormalizedAlert
from shared.contracts.investigation import CaseFacts, GraphState
from shared.contracts.taxonomy import taxonomy_version
from shared.investigation.evidence import is_safety_relevant

_NAMESPACE = UUID("6f0b7f0e-8f6c-5b8e-9a51-6d5b6a2f3c11")  # ours; any fixed UUID does


def investigation_id(tenant_id: str, alert_id: str) -> str:
    """The one id of an alert's investigation: derived, so that a redelivered alert finds it again."""
    return str(uuid5(_NAMESPACE, f"{len(tenant_id)}:{tenant_id}:{alert_id}"))


def new_case(alert: NormalizedAlert) -> GraphState:
    """The first state of an alert's investigation."""
    state = GraphState(
        investigation_id=investigation_id(alert.tenant_id, alert.alert_id),
        alert_id=alert.alert_id,
        tenant_id=alert.tenant_id,
        taxonomy_version=taxonomy_version(),
        entities=alert.parsed_entities.model_dump(mode="json"),
        alert_title=alert.title,
        alert_description=alert.description,
        alert_severity=alert.severity,
        alert_timestamp=alert.timestamp,
        severity=alert.severity,
        techniques=alert.techniques,
        tactics=alert.tactics,
        product=alert.product,
        source=alert.source,
        case_facts=CaseFacts(flags=alert.flags, opened_at=datetime.now(UTC).isoformat()),
    )
    return state.with_facts(confidence_floor=_floor(alert)).model_copy(
        update={
            "fp_dismissal_allowed": alert.raw_payload.get("fp_dismissal_allowed") is not False
            and not is_safety_relevant(state)
        }
    )


def _floor(alert: NormalizedAlert) -> float:
    """What a detection rule guarantees of its alerts (detections.md §2.3); of others' alerts nothing is."""
    given = alert.raw_payload.get("min_confidence") if alert.source == "atlas" else None
    return given if isinstance(given, float) and 0 <= given <= 1 else 0.0


def is_incomplete(state: GraphState) -> bool:
    """Whether the case was opened by a message that did not tell the whole alert."""
    return not INCOMPLETE.isdisjoint(state.case_facts.flags)


def changed_since(state: GraphState, alert: NormalizedAlert) -> list[str]:
    """What later messages changed of the alert that the case was opened with, by the names of its fields."""
    known = {
        "title": (state.alert_title, alert.title),
        "description": (state.alert_description, alert.description),
        "severity": (state.alert_severity, alert.severity),
        "product": (state.product, alert.product),
        "tactics": (state.tactics, alert.tactics),
        "techniques": (state.techniques, alert.techniques),
        "entities": (state.parsed_entities, alert.parsed_entities),
    }
    return [name for name, (then, now) in known.items() if then != now]


def second_round(state: GraphState, alert: NormalizedAlert) -> GraphState:
    """The case begun anew with the alert as it is known now; what was spent and decided stays on it."""
    begun = new_case(alert)
    return begun.model_copy(
        update={
            "state": state.state,
            "version": state.version,
            "round": state.round + 1,
            "decision_chain": state.decision_chain,
            "llm_calls": state.llm_calls,
            "queries_executed": state.queries_executed,
            "total_cost_usd": state.total_cost_usd,
            "model_provider": state.model_provider,
        }
    ).with_facts(orchestration_id=state.case_facts.orchestration_id)
