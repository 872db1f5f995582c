"""IOCExtractorAgent (tier 0): indicators that the parser could not see, and the reputation of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared.contracts.entity import EntityType
from shared.contracts.gateway import CaseReference, GatewayRequest
from shared.contracts.investigation import AgentRole, GraphState
from shared.contracts.routing import DegradationLevel
from shared.investigation.agents.agent import Gateway, decision_entry, found_or, screened
from shared.investigation.evidence import evidence_text, user_content
from shared.knowledge.indicators import Indicators

PROMPT = (
    "List every indicator of compromise in the alert: each with its type, your confidence from 0 to 1 and the clause "
    "that supports it. Leave out private addresses unless they are part of the suspicious act. Of machine learning, "
    "list hashes of models and the ids of datasets, edge nodes, pipelines, partners and physics constraints. Report "
    "only values that stand in the alert. When there is none, return empty lists and say so in none_found."
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
    "model_hashes": "model-hash",
    "dataset_ids": "dataset",
    "edge_nodes": "edge-node",
    "pipelines": "pipeline",
    "partners": "partner",
    "constraints": "constraint",
}
_ITEM = {
    "type": "object",
    "properties": {
        "value": {"type": "string", "maxLength": 2048},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "context": {"type": "string", "maxLength": 2000},
    },
    "required": ["value", "confidence", "context"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {kind: {"type": "array", "maxItems": 200, "items": _ITEM} for kind in _KINDS}
    | {"none_found": {"type": "boolean"}},
    "required": [*_KINDS, "none_found"],
    "additionalProperties": False,
}

_INDICATOR_TYPES = frozenset(
    {EntityType.IP, EntityType.FILEHASH, EntityType.DNS, EntityType.URL, EntityType.ACCOUNT, EntityType.MAILBOX}
)


class IOCExtractorAgent:
    """Fills ``ioc_matches``. ``ask`` and ``with_reputation`` are its halves: what was paid for can be kept between."""

    def __init__(self, gateway: Gateway, indicators: Indicators) -> None:
        self._gateway = gateway
        self._indicators = indicators

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent. Raises ModelUnavailable while the model is unavailable; the caller owns waiting."""
        return await self.with_reputation(await self.ask(state))

    async def ask(self, state: GraphState) -> GraphState:
        """Candidates from parser and model, without reputation yet. Raises ModelUnavailable."""
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
        counted = screened(state, response).model_copy(
            update={"llm_calls": state.llm_calls + called, "total_cost_usd": state.total_cost_usd + cost}
        )
        if not response.valid:
            return _refused(counted, response.validation_errors)
        text = evidence_text(state)
        answered = list(_answered(response.content))
        seen = [item for item in answered if item["value"].casefold() in text]
        dropped = len(answered) - len(seen)
        basis = "model and parser" + (
            f", {dropped} of the model's dropped, which stand nowhere in the alert" if dropped else ""
        )
        return _listed(counted, [*_parsed(state), *seen], basis, model_id=response.model_id)

    async def from_parser(self, state: GraphState, basis: str) -> GraphState:
        """What the parser saw, without a model; ``basis`` says why. Raises StoreUnavailable."""
        return await self.with_reputation(_listed(state, _parsed(state), basis))

    async def with_reputation(self, state: GraphState) -> GraphState:
        """Each of ``ioc_matches`` with what threat intelligence knows of it. Raises StoreUnavailable."""
        missing: list[str] = []
        looked_up = self._indicators.lookup([item["value"] for item in state.ioc_matches])
        known = await found_or(looked_up, {}, what="reputation of indicators", missing=missing)
        matches = [
            {**item, "reputation": known[item["value"]].model_dump(exclude={"type", "value"})}
            if item["value"] in known
            else item
            for item in state.ioc_matches
        ]
        *earlier, line = state.decision_chain
        entry = line.model_copy(update={"reasoning": f"{line.reasoning}, {len(known)} known to threat intelligence"})
        return state.with_facts(context_missing=[*state.case_facts.context_missing, *missing]).model_copy(
            update={
                "ioc_matches": matches,
                "queries_executed": state.queries_executed + 1,
                "decision_chain": [*earlier, entry],
            }
        )


def _listed(state: GraphState, candidates: list[dict[str, Any]], basis: str, *, model_id: str = "") -> GraphState:
    """Each value once, as it was first seen, and the line of the decision chain."""
    unique = {item["value"].casefold(): item for item in reversed(candidates)}
    matches = list(reversed(unique.values()))
    entry = decision_entry(
        state,
        step="extract_iocs",
        agent=AgentRole.IOC_EXTRACTOR,
        action="listed indicators",
        reasoning=f"{len(matches)} indicator(s) from {basis}",
        model_id=model_id,
    )
    return state.model_copy(update={"ioc_matches": matches, "decision_chain": [*state.decision_chain, entry]})


def _refused(state: GraphState, errors: list[str]) -> GraphState:
    """The gateway asked no model or got no valid answer: go on with what the parser saw, and remember why."""
    code = errors[0] if errors else "invalid_output"
    degraded = DegradationLevel.DETERMINISTIC_ONLY if code == "spend_hard_limit" else state.degradation_level
    kept = state.with_facts(model_refusal=code).model_copy(update={"degradation_level": degraded})
    return _listed(kept, _parsed(kept), f"the parser only ({code})")


def _parsed(state: GraphState) -> list[dict[str, Any]]:
    return [
        {
            "type": entity.entity_type,
            "value": entity.primary_value,
            "confidence": entity.confidence,
            "context": "parsed",
        }
        for entity in state.parsed_entities.all()
        if entity.entity_type in _INDICATOR_TYPES
    ]


def _answered(content: str) -> Iterator[dict[str, Any]]:
    answer = json.loads(content)
    for kind, name in _KINDS.items():
        for item in answer.get(kind, []):
            yield {"type": name, "value": item["value"], "confidence": item["confidence"], "context": item["context"]}
