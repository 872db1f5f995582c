"""ReasoningAgent (tier 1, once tier 1+): the model's verdict on the whole case. Code decides what follows from it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from shared.contracts.action import PROPOSABLE, Action, ActionName, ActionRisk
from shared.contracts.alert import SeverityLevel
from shared.contracts.gateway import CaseReference, GatewayRequest, GatewayResponse
from shared.contracts.investigation import AgentRole, Classification, GraphState, RiskState
from shared.contracts.routing import DegradationLevel
from shared.contracts.why import Why
from shared.hunting.catalogue import catalogue
from shared.investigation.agents.agent import Gateway, decision_entry, screened
from shared.investigation.agents.log_questions import wanted_questions
from shared.investigation.evidence import user_content
from shared.investigation.quotes import unfounded, with_sources

PROMPT = (
    "Judge the whole case on MITRE ATT&CK and ATLAS. Give your steps, each naming the evidence that it rests on. Name "
    "what is missing; never read the absence of data as safety. Answer requires_investigation when the evidence is "
    "ambiguous. A path to plant equipment, an anomaly of a physics model, spoofed sensors or tampered model weights "
    "is critical. Say why: what speaks for the verdict and what against it, each claim with a quote of the evidence, "
    "word for word and not of the title, and what is missing. Propose actions only from the given list and only on "
    "entities of the alert; anything destructive needs a person's approval. What left_out_of_the_alert lists, "
    "you were not shown: it is missing data. What incident lists are other alerts that belong with this one, why, and "
    "what each turned out to be: judge this alert by its own evidence, and say when theirs bears on it. Rows of logs "
    "are evidence like the alert; their absence is none. Where an answer of the logs would decide, name at most four "
    "questions that were not asked yet; none otherwise."
)

# The limits bound what one answer can put into the case; a longer one counts as invalid.
_TECHNIQUES = {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 64}}
_CLAIMS = {
    "type": "array",
    "maxItems": 10,
    "items": {
        "type": "object",
        "properties": {
            "claim": {"type": "string", "maxLength": 1000},
            "quote": {"type": "string", "maxLength": 1000},
        },
        "required": ["claim", "quote"],
        "additionalProperties": False,
    },
}
_WHY = {
    "type": "object",
    "properties": {
        "speaks_for": _CLAIMS,
        "speaks_against": _CLAIMS,
        "missing": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 1000}},
    },
    "required": ["speaks_for", "speaks_against", "missing"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "classification": {"type": "string", "enum": list(Classification)},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "severity": {"type": "string", "enum": list(SeverityLevel)},
        "attack_techniques": _TECHNIQUES,
        "atlas_techniques": _TECHNIQUES,
        "reasoning_chain": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 4000}},
        "why": _WHY,
        "recommended_actions": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {
                    "action": {"type": "string", "enum": list(PROPOSABLE)},
                    "target": {"type": "string", "maxLength": 2048},
                    "risk": {"type": "string", "enum": list(ActionRisk)},
                    "needs_approval": {"type": "boolean"},
                },
                "required": ["action", "target", "risk", "needs_approval"],
                "additionalProperties": False,
            },
        },
        "requires_human_approval": {"type": "boolean"},
        "risk_state": {"type": "string", "enum": list(RiskState)},
    },
    "required": [
        "classification",
        "confidence",
        "severity",
        "attack_techniques",
        "atlas_techniques",
        "reasoning_chain",
        "why",
        "recommended_actions",
        "requires_human_approval",
        "risk_state",
    ],
    "additionalProperties": False,
}

COST_OF_AN_INVENTED_QUOTE = 0.15  # of confidence, each: one may be a slip, three leave nothing to rely on
REASONING_SHOWN = 4_000  # characters in the decision chain; the whole answer is in the case's facts
TIME_BUDGET_SECONDS = {1: 30, 2: 60}  # tier 1, tier 1+


@cache
def schema() -> dict[str, Any]:
    """SCHEMA with the catalogue's questions, the same for every case: providers keep what they made of it."""
    questions = {"type": "array", "maxItems": 10, "items": {"type": "string", "enum": list(catalogue())}}
    return {**SCHEMA, "properties": {**SCHEMA["properties"], "questions": questions}}


class ReasoningAgent:
    """Fills classification, confidence, severity and proposals; ``previous_confidence`` asks for the stronger model."""

    def __init__(self, gateway: Gateway, *, previous_confidence: float | None = None) -> None:
        self._gateway = gateway
        self._previous_confidence = previous_confidence

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent. Raises ModelUnavailable while the model is unavailable; the queue owns waiting."""
        attempt = 1 if self._previous_confidence is None else 2
        response = await self._gateway.complete(
            GatewayRequest(
                agent_id=AgentRole.REASONING_AGENT,
                task_type="investigation",
                system_prompt=PROMPT,
                user_content=user_content(state, with_context=True),
                output_schema=schema(),
                tenant_id=state.tenant_id,
            ),
            alert_severity=state.alert_severity,
            case=CaseReference(investigation_id=state.investigation_id, alert_id=state.alert_id),
            time_budget_seconds=TIME_BUDGET_SECONDS[attempt],
            previous_confidence=self._previous_confidence,
        )
        cost = response.metrics.cost_usd if response.metrics else 0.0
        counted = screened(state, response).model_copy(
            update={
                "llm_calls": state.llm_calls + (response.metrics is not None),
                "total_cost_usd": state.total_cost_usd + cost,
                "model_provider": response.metrics.provider if response.metrics else state.model_provider,
            }
        )
        if not response.valid:
            return _no_verdict(counted, response)
        return _verdict(counted, response, may_ask=attempt == 1)


def _verdict(state: GraphState, response: GatewayResponse, *, may_ask: bool) -> GraphState:
    answer = json.loads(response.content)
    chain: list[str] = answer["reasoning_chain"]
    proposals = [
        Action(action=ActionName(item["action"]), target=item["target"][:2048], risk=ActionRisk(item["risk"]))
        for item in answer["recommended_actions"]
    ]
    why = with_sources(Why.model_validate(answer["why"]), state)
    facts_missing = [*state.case_facts.context_missing, *state.case_facts.logs_unanswered]
    why = why.model_copy(update={"missing": [*why.missing, *facts_missing]})
    wanted = wanted_questions(state, answer.get("questions", [])) if may_ask else []
    invented = unfounded(why)
    confidence = max(0.0, answer["confidence"] - COST_OF_AN_INVENTED_QUOTE * len(invented))
    entry = decision_entry(
        state,
        step="reason",
        agent=AgentRole.REASONING_AGENT,
        action=f"classified as {answer['classification']}",
        reasoning=" ".join(chain)[:REASONING_SHOWN],
        confidence=confidence,
        model_id=response.model_id,
    )
    facts = {
        "reasoning_chain": chain,
        "model_techniques": [*answer["attack_techniques"], *answer["atlas_techniques"]],
        "quarantined_ids": response.quarantined_ids,
        "model_id": response.model_id,
        "why": why,
        "wanted_questions": [question.name for question in wanted],
        "answer_flags": [
            *state.case_facts.answer_flags,
            *(f"invented_quote: {claim.quote[:80]}" for claim in invented),
        ],
        "destructive_proposals": sorted({item.action for item in proposals if item.destructive}),
    }
    return state.with_facts(**facts).model_copy(
        update={
            "classification": answer["classification"],
            "confidence": confidence,
            "severity": answer["severity"],
            "recommended_actions": proposals,
            "requires_human_approval": answer["requires_human_approval"],
            "decision_chain": [*state.decision_chain, entry],
        }
    )


def _no_verdict(state: GraphState, response: GatewayResponse) -> GraphState:
    """No valid answer: a person decides, and the reason is on the case."""
    code = response.validation_errors[0] if response.validation_errors else "invalid_output"
    entry = decision_entry(
        state,
        step="reason",
        agent=AgentRole.REASONING_AGENT,
        action="got no valid verdict",
        reasoning=f"the gateway returned no valid answer: {'; '.join(response.validation_errors)[:500]}",
        model_id=response.model_id,
    )
    level = DegradationLevel.DETERMINISTIC_ONLY if code == "spend_hard_limit" else state.degradation_level
    return state.with_facts(model_refusal=code).model_copy(
        update={
            "classification": Classification.REQUIRES_INVESTIGATION,
            "confidence": 0.0,
            "severity": state.alert_severity,
            "requires_human_approval": True,
            "degradation_level": level,
            "decision_chain": [*state.decision_chain, entry],
        }
    )
