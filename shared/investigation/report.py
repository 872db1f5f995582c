"""What each transition tells the audit chain: pure builders of outbox messages."""

from __future__ import annotations

from itertools import islice
from typing import Any

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import OutboxMessage
from shared.contracts.action import PendingAction
from shared.contracts.approval import Approval
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.disposition import Disposition, final_classification
from shared.contracts.investigation import AgentRole, GraphState
from shared.investigation.action_parameters import verdict_comment
from shared.investigation.decision import Decision
from shared.knowledge.incidents import MOST_ENTITIES, Incident

SERVICE = "orchestrator"
WITH_INCIDENTS = "sentinel"  # the source whose incidents take comments
# An event must fit into a message whatever the alert says; the case itself keeps everything.
INDICATORS_NAMED = 50
VALUE_NAMED = 500


def event(  # noqa: PLR0913 - an event says who, what and how it ended
    state: GraphState,
    event_type: AuditEventType,
    *,
    actor_id: str = SERVICE,
    actor_type: str = "agent",
    context: dict[str, Any] | None = None,
    decision: dict[str, Any] | None = None,
    outcome: dict[str, Any] | None = None,
    severity: str = "info",
    permissions: list[str] | None = None,
) -> OutboxMessage:
    """One audit event about an investigation; the degradation level rides on each."""
    built = audit_event(
        tenant_id=state.tenant_id,
        event_type=event_type,
        actor_type=actor_type,
        actor_id=actor_id,
        actor_permissions=permissions,
        investigation_id=state.investigation_id,
        alert_id=state.alert_id,
        severity=severity,
        context={**(context or {}), "degradation_level": state.degradation_level, "provider": state.model_provider},
        decision=decision,
        outcome=outcome,
        source_service=SERVICE,
    )
    return audit_message(built)


def state_changed(
    before: GraphState, after: GraphState, *, agent: str, reason: str, actor_type: str = "agent"
) -> OutboxMessage:
    """The event of every edge."""
    return event(
        after,
        AuditEventType.INVESTIGATION_STATE_CHANGED,
        actor_id=agent,
        actor_type=actor_type,
        context={"from_state": before.state, "to_state": after.state, "agent": agent, "reason": reason},
        outcome={"outcome_status": "success", "state_before": before.state, "state_after": after.state},
    )


def alert_updated(state: GraphState, changed: list[str]) -> OutboxMessage:
    """`investigation.enriched` by a later message about the same alert, whatever the case's state."""
    return event(state, AuditEventType.INVESTIGATION_ENRICHED, context={"alert_update": changed, "state": state.state})


def iocs_listed(state: GraphState) -> OutboxMessage:
    """`ioc.enriched`."""
    known = [item for item in state.ioc_matches if "reputation" in item]
    named = [*known, *(item for item in state.ioc_matches if "reputation" not in item)][:INDICATORS_NAMED]
    return event(
        state,
        AuditEventType.IOC_ENRICHED,
        actor_id=AgentRole.IOC_EXTRACTOR,
        context={
            "indicators": [item["value"][:VALUE_NAMED] for item in named],
            "found": len(state.ioc_matches),
            "hits": len(known),
        },
    )


def short_circuited(state: GraphState, pattern_id: str) -> list[OutboxMessage]:
    """`alert.short_circuited` and `alert.auto_closed` for an alert that an approved pattern explains."""
    facts = {"pattern_id": pattern_id, "confidence": state.confidence, "llm_calls": state.llm_calls}
    return [event(state, AuditEventType.ALERT_SHORT_CIRCUITED, context=facts), auto_closed(state, closing_rule=6)]


def auto_closed(state: GraphState, *, closing_rule: int) -> OutboxMessage:
    """`alert.auto_closed`; the rule is a row of the decision table."""
    context = {
        "pattern_id": state.case_facts.fp_match.pattern_id if state.case_facts.fp_match else "",
        "confidence": state.confidence,
        "closing_rule": closing_rule,
    }
    return event(state, AuditEventType.ALERT_AUTO_CLOSED, context=context, decision=_decision(state))


def enriched(state: GraphState) -> OutboxMessage:
    """`investigation.enriched`."""
    return event(
        state,
        AuditEventType.INVESTIGATION_ENRICHED,
        actor_id=AgentRole.CONTEXT_ENRICHER,
        context={
            "stores_queried": ["postgresql", "redis", "qdrant", *(["log_analytics"] if state.log_answers else [])],
            "similar_incidents_found": len(state.similar_incidents),
            "ctem_exposures_matched": len(state.ctem_exposures),
            "ctem_stale": state.ctem_stale,
            "risk_state": state.risk_state,
            "structured_search": state.case_facts.structured_search,
            "context_missing": state.case_facts.context_missing,
            **logs_asked(state),
        },
    )


def logs_asked(state: GraphState) -> dict[str, Any]:
    """Which questions the logs were asked, with how many rows each was answered; -1: not at all."""
    return {
        "log_questions": {answer.question: -1 if answer.problem else len(answer.rows) for answer in state.log_answers}
    }


def judged(state: GraphState, decision: Decision) -> list[OutboxMessage]:
    """`alert.classified`, `playbook.selected` and `response.prepared`."""
    messages = [
        event(
            state,
            AuditEventType.ALERT_CLASSIFIED,
            actor_id=AgentRole.REASONING_AGENT,
            context={
                "classification": state.classification,
                "confidence": state.confidence,
                "severity": state.severity,
                "basis": f"decision table: {decision.row}",
                "model_id": state.case_facts.model_id,
            },
            decision=_decision(state) | {"reasoning_summary": decision.reason},
        )
    ]
    if state.playbook_matches:
        best = state.playbook_matches[0]
        context = {
            "playbook_id": best["playbook_id"],
            "score": best["score"],
            "candidates": len(state.playbook_matches),
        }
        messages.append(
            event(state, AuditEventType.PLAYBOOK_SELECTED, actor_id=AgentRole.RESPONSE_AGENT, context=context)
        )
    messages += [
        event(
            state,
            AuditEventType.RESPONSE_PREPARED,
            actor_id=AgentRole.RESPONSE_AGENT,
            context={"action": action.action, "target": action.target, "response_tier": 2 if action.destructive else 1},
        )
        for action in state.recommended_actions
    ]
    return messages


def approval_requested(
    state: GraphState, approval: Approval, *, by: str = "", permissions: list[str] | None = None
) -> OutboxMessage:
    """`approval.requested`; ``by`` is the person who asks again or reopens, empty when the investigation asks."""
    return event(
        state,
        AuditEventType.APPROVAL_REQUESTED,
        actor_id=by or AgentRole.RESPONSE_AGENT,
        actor_type="human" if by else "agent",
        permissions=permissions,
        context={
            "approval_id": approval.approval_id,
            "actions": [action.action for action in approval.actions],
            "targets": [action.target for action in approval.actions],
            "actions_hash": approval.actions_hash,
            "asks_for": approval.asks_for,
            "protected": approval.protected,
            "requested_by": approval.requested_by,
            "requested_from": "senior_analyst",
            "timeout_at": approval.expires_at,
        },
        outcome={"outcome_status": "pending_approval"},
    )


def approval_timed_out(state: GraphState, approval: Approval) -> OutboxMessage:
    """`approval.timed_out`; granted and denied are reported where the person answers."""
    return event(
        state,
        AuditEventType.APPROVAL_TIMED_OUT,
        actor_id=SERVICE,
        actor_type="system",
        context={
            "approval_id": approval.approval_id,
            "requested_at": approval.requested_at,
            "waited_until": approval.expires_at,
        },
        outcome={"outcome_status": "timed_out"},
        severity="warning",
    )


def disposition_recorded(
    state: GraphState, said: Disposition, *, earlier: str, permissions: list[str]
) -> OutboxMessage:
    """`feedback.recorded` of a person who corrects what was made of a closed case."""
    return event(
        state,
        AuditEventType.FEEDBACK_RECORDED,
        actor_id=said.decided_by,
        actor_type="human",
        permissions=permissions,
        context={
            "decided_by": said.decided_by,
            "disposition": said.disposition,
            "reason": said.reason,
            "comment": said.comment,
            "replaces": earlier or state.outcome,
        },
    )


def pending_action(state: GraphState, place: int, *, approval: Approval | None) -> OutboxMessage:
    """One recommended action for the executor; its id makes a repeat harmless."""
    playbook = state.playbook_matches[0]["playbook_id"] if state.playbook_matches else ""
    pending = PendingAction(
        action_id=f"{state.investigation_id}:{place}",
        investigation_id=state.investigation_id,
        alert_id=state.alert_id,
        tenant_id=state.tenant_id,
        playbook_id=playbook,
        action=state.recommended_actions[place],
        approval_id=approval.approval_id if approval else "",
        approved_by=(approval.decided_by or "") if approval else "",
        confidence=state.confidence,
    )
    return OutboxMessage(topic="actions.pending", key=pending.action_id, value=pending.to_json())


def incident_stored(state: GraphState, happened_at: str) -> OutboxMessage:
    """The closed case for incident memory."""
    incident = Incident(
        doc_id=state.investigation_id,
        tenant_id=state.tenant_id,
        investigation_id=state.investigation_id,
        alert_name=state.alert_title[:512],
        alert_product=state.product[:512],
        severity=state.severity or state.alert_severity,
        final_classification=final_classification(state.case_facts.disposition, state.classification),
        outcome=state.outcome,
        mitre_techniques=[item["technique_id"] for item in state.atlas_techniques],
        summary=" ".join(state.case_facts.reasoning_chain)[:4096] or state.outcome,
        happened_at=happened_at,
        alert_id=state.alert_id,
        verdict=verdict_comment(state) if state.source == WITH_INCIDENTS else "",
        entities=[entity.primary_value[:512] for entity in islice(state.parsed_entities.all(), MOST_ENTITIES)],
    )
    return OutboxMessage(topic="knowledge.incident.stored", key=state.tenant_id, value=incident.to_json())


def _decision(state: GraphState) -> dict[str, Any]:
    return {
        "decision_type": "classification",
        "classification": state.classification,
        "confidence": state.confidence,
        "severity_assigned": state.severity,
        "recommended_actions": [f"{action.action} {action.target}" for action in state.recommended_actions],
        "llm_calls": state.llm_calls,
    }
