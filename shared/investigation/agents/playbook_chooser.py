"""PlaybookChooserAgent (tier 1): which of several playbooks that fit a case equally well (llm.md §16-19).

All of them were approved by people, and what the chosen one may do stays code's and people's question.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from shared.contracts.gateway import CaseReference, GatewayRequest
from shared.contracts.investigation import AgentRole, Classification, GraphState
from shared.errors import AluskortError
from shared.investigation.agents.agent import Gateway, decision_entry, screened
from shared.investigation.agents.response import fitting_playbooks
from shared.investigation.evidence import user_content
from shared.response.playbooks import PlaybookMatch, Playbooks

PROMPT = (
    "Several playbooks fit this case equally well. Choose the one whose actions answer what the evidence shows. Choose "
    "by its id from the given list; never invent one. Give the reason in one sentence.\n"
)
MOST = 10  # that are put to the model

logger = logging.getLogger(__name__)


class PlaybookChooserAgent:
    """Fills the fact ``chosen_playbook`` of a true positive; any other case is returned as it is."""

    def __init__(self, gateway: Gateway, playbooks: Playbooks) -> None:
        self._gateway = gateway
        self._playbooks = playbooks

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent. Without a valid answer the tie stays, which the order of the ids then breaks.

        Raises nothing of ours: the verdict is paid for and must not wait for this.
        """
        if state.classification != Classification.TRUE_POSITIVE:
            return state
        try:
            tied = _best_of(await fitting_playbooks(self._playbooks, state))[:MOST]
            return await self._chosen(state, tied) if len(tied) > 1 else state
        except AluskortError as error:
            logger.warning("Nobody chose among the playbooks of investigation %s: %s", state.investigation_id, error)
            return state

    async def _chosen(self, state: GraphState, tied: Sequence[PlaybookMatch]) -> GraphState:
        response = await self._gateway.complete(
            GatewayRequest(
                agent_id=AgentRole.RESPONSE_AGENT,
                task_type="playbook_selection",
                system_prompt=PROMPT + _listed(tied),
                user_content=user_content(state, with_context=True),
                output_schema=_schema(tied),
                tenant_id=state.tenant_id,
            ),
            alert_severity=state.alert_severity,
            case=CaseReference(investigation_id=state.investigation_id, alert_id=state.alert_id),
        )
        cost = response.metrics.cost_usd if response.metrics else 0.0
        counted = screened(state, response).model_copy(
            update={
                "llm_calls": state.llm_calls + (response.metrics is not None),
                "total_cost_usd": state.total_cost_usd + cost,
            }
        )
        if not response.valid:
            return counted
        answer = json.loads(response.content)
        entry = decision_entry(
            state,
            step="choose_playbook",
            agent=AgentRole.RESPONSE_AGENT,
            action=f"chose {answer['playbook_id']} of {len(tied)} that fit alike",
            reasoning=answer["reason"],
            model_id=response.model_id,
        )
        return counted.with_facts(chosen_playbook=answer["playbook_id"]).model_copy(
            update={"decision_chain": [*counted.decision_chain, entry]}
        )


def _best_of(matches: Sequence[PlaybookMatch]) -> list[PlaybookMatch]:
    """Those that fit best, all with the same score."""
    return [match for match in matches if match.score == matches[0].score]


def _listed(tied: Sequence[PlaybookMatch]) -> str:
    return "\n".join(
        f"{match.playbook.playbook_id}: {match.playbook.title} ({', '.join(match.playbook.actions)})" for match in tied
    )


def _schema(tied: Sequence[PlaybookMatch]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "playbook_id": {"type": "string", "enum": [match.playbook.playbook_id for match in tied]},
            "reason": {"type": "string", "maxLength": 1000},
        },
        "required": ["playbook_id", "reason"],
        "additionalProperties": False,
    }
