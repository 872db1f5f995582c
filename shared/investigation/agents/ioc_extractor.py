"""IOCExtractorAgent (tier 0): indicators that the parser could not see, and the reputation of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared.contracts.entity import EntityType
from shared.contracts.gateway import CaseReference, GatewayRequest
from shared.contracts.investigation import AgentRole, GraphState
from shared.contracts.routing import DegradationLevel
from shared.investigation.agents.agent import Gateway, decision_entry
from shared.investigation.evidence import entities_of, evidence_text, user_content
from shared.knowledge.indicators import Indicators

PROMPT = (
    "List every indicator of compromise in the alert: each with its type, your confidence from 0 to 1 and the clause "
    "that supports it. Leave out private addresses unless they are part of the suspicious act. Report only values that "
    "stand in the alert. When there is none, return empty lists and say so in none_found."
)

_KINDS = {
    "ip_addresses": "ip",
    "file_hashes": "filehash",
    "domains": "dns",
    "urls": "url",
    "emails": "email",
    "accounts": "account",
    "registry_keys": "registry-key",
    "processes": "process",
}
_ITEM = {
    "type": "object",
    "properties": {
        "value": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "context": {"type": "string"},
    },
    "required": ["value", "confidence", "context"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {kind: {"type": "array", "items": _ITEM} for kind in _KINDS} | {"none_found": {"type": "boolean"}},
    "required": [*_KINDS, "none_found"],
    "additionalProperties": False,
}

_INDICATOR_TYPES = frozenset(
    {EntityType.IP, EntityType.FILEHASH, EntityType.DNS, EntityType.URL, EntityType.ACCOUNT, EntityType.MAILBOX}
)


class IOCExtractorAgent:
    """Fills ``ioc_matches``. ``use_model`` False is for alerts that a known pattern already explains."""

    def __init__(self, gateway: Gateway, indicators: Indicators) -> None:
        self._gateway = gateway
        self._indicators = indicators

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent. Raises ModelUnavailable while the model is away; the caller owns waiting."""
        response = await self._gateway.complete(
            GatewayRequest(
                agent_id=AgentRole.IOC_EXTRACTOR,
                task_type="ioc_extraction",
                system_prompt=PROMPT,
                user_content=user_content(state, with_context=False),
                output_schema=SCHEMA,
                tenant_id=state.tenant_id,
            ),
            alert_severity=state.alert_severity,
            case=CaseReference(investigation_id=state.investigation_id, alert_id=state.alert_id),
        )
        cost = response.metrics.cost_usd if response.metrics else 0.0
        called = response.metrics is not None
        counted = state.model_copy(
            update={"llm_calls": state.llm_calls + called, "total_cost_usd": state.total_cost_usd + cost}
        )
        if not response.valid:
            return await self._refused(counted, response.validation_errors)
        text = evidence_text(state)
        seen = [item for item in _answered(response.content) if item["value"].casefold() in text]
        return await self.with_reputation(
            counted, [*_parsed(state), *seen], "model and parser", model_id=response.model_id
        )

    async def with_reputation(
        self, state: GraphState, candidates: list[dict[str, Any]] | None, basis: str, *, model_id: str = ""
    ) -> GraphState:
        """``ioc_matches`` from candidates (None: the parsed ones only), each with what threat intelligence knows."""
        unique = {
            item["value"].casefold(): item for item in reversed(_parsed(state) if candidates is None else candidates)
        }
        known = await self._indicators.lookup([item["value"] for item in unique.values()])
        matches = [
            {**item, "reputation": known[item["value"]].model_dump(exclude={"type", "value"})}
            if item["value"] in known
            else item
            for item in reversed(unique.values())
        ]
        entry = decision_entry(
            state,
            step="extract_iocs",
            agent=AgentRole.IOC_EXTRACTOR,
            action="listed indicators",
            reasoning=f"{len(matches)} indicator(s) from {basis}, {len(known)} known to threat intelligence",
            model_id=model_id,
        )
        return state.model_copy(
            update={
                "ioc_matches": matches,
                "queries_executed": state.queries_executed + 1,
                "decision_chain": [*state.decision_chain, entry],
            }
        )

    async def _refused(self, state: GraphState, errors: list[str]) -> GraphState:
        """The gateway asked no model or got no valid answer: go on with what the parser saw, and remember why."""
        code = errors[0] if errors else "invalid_output"
        facts = {**state.case_facts, "model_refusal": code}
        degraded = DegradationLevel.DETERMINISTIC_ONLY if code == "spend_hard_limit" else state.degradation_level
        kept = state.model_copy(update={"case_facts": facts, "degradation_level": degraded})
        return await self.with_reputation(kept, None, f"the parser only ({code})")


def _parsed(state: GraphState) -> list[dict[str, Any]]:
    return [
        {
            "type": entity.entity_type,
            "value": entity.primary_value,
            "confidence": entity.confidence,
            "context": "parsed",
        }
        for entity in entities_of(state).all()
        if entity.entity_type in _INDICATOR_TYPES
    ]


def _answered(content: str) -> Iterator[dict[str, Any]]:
    answer = json.loads(content)
    for kind, name in _KINDS.items():
        for item in answer.get(kind, []):
            yield {"type": name, "value": item["value"], "confidence": item["confidence"], "context": item["context"]}
