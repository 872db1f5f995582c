"""ResponseAgent (no model): playbook and actions. What the model proposed is kept only where code agrees."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.action import Action, ActionName, ActionRisk
from shared.contracts.entity import EntityType
from shared.contracts.investigation import AgentRole, Classification, GraphState
from shared.investigation.agents.agent import decision_entry
from shared.investigation.evidence import named_targets
from shared.response.playbooks import Playbook, Playbooks

# What each destructive action can be done to: a model that is fooled must not disable a host or isolate a mailbox.
TARGETS: dict[ActionName, tuple[EntityType, ...]] = {
    ActionName.ISOLATE_HOST: (EntityType.HOST,),
    ActionName.DISABLE_ACCOUNT: (EntityType.ACCOUNT, EntityType.MAILBOX),
    ActionName.REVOKE_SESSIONS: (EntityType.ACCOUNT, EntityType.MAILBOX),
    ActionName.BLOCK_IP: (EntityType.IP,),
    ActionName.BLOCK_URL: (EntityType.URL, EntityType.DNS),
    ActionName.PURGE_MAIL: (EntityType.MAILMESSAGE, EntityType.MAILBOX),
    ActionName.QUARANTINE_FILE: (EntityType.FILE, EntityType.FILEHASH),
}


class ResponseAgent:
    """Fills ``playbook_matches`` and narrows ``recommended_actions`` to what the best playbook allows."""

    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        matches = await self._playbooks.select(
            techniques=[item["technique_id"] for item in state.atlas_techniques],
            tactics=state.tactics,
            product=state.product,
            severity=state.severity,
        )
        best = matches[0].playbook if matches else None
        kept, dropped = _narrow(state, best)
        entry = decision_entry(
            state,
            step="respond",
            agent=AgentRole.RESPONSE_AGENT,
            action=f"selected {best.playbook_id}" if best else "found no playbook",
            reasoning=f"{len(kept)} action(s) kept" + (f"; dropped: {'; '.join(dropped)}" if dropped else ""),
        )
        found = [
            {
                "playbook_id": match.playbook.playbook_id,
                "title": match.playbook.title,
                "score": match.score,
                "unmet": _unmet(state, match.playbook),
            }
            for match in matches
        ]
        return state.model_copy(
            update={
                "playbook_matches": found,
                "recommended_actions": kept,
                "queries_executed": state.queries_executed + 1,
                "decision_chain": [*state.decision_chain, entry],
            }
        )


def _unmet(state: GraphState, playbook: Playbook) -> list[str]:
    """Why the playbook may not act without a person, by its own conditions; empty when it may."""
    if playbook.conditions is None:
        return ["the playbook has no conditions under which it may act alone"]
    return playbook.conditions.unmet(product=state.product, rule=state.alert_title, entities=state.parsed_entities)


def _target(proposal: Action, state: GraphState, named: Mapping[tuple[EntityType, str], str]) -> str | None:
    """What the action would change, in the alert's own spelling; None when the alert names nothing of that kind."""
    if not proposal.destructive:
        return state.alert_id
    value = proposal.target.casefold()
    return next((named[kind, value] for kind in TARGETS[proposal.action] if (kind, value) in named), None)


def _narrow(state: GraphState, playbook: Playbook | None) -> tuple[list[Action], list[str]]:
    """Proposals that the playbook allows and whose target the alert names; harmless ones act on the alert itself."""
    kept: dict[tuple[ActionName, str], Action] = {}
    dropped: list[str] = []
    targets = named_targets(state)
    for proposal in state.recommended_actions:
        target = _target(proposal, state, targets)
        if playbook is None or proposal.action not in playbook.actions:
            dropped.append(f"{proposal.action} (no playbook allows it)")
        elif target is None:
            dropped.append(f"{proposal.action} (its target is nothing of that kind in the alert)")
        else:
            kept.setdefault((proposal.action, target), proposal.model_copy(update={"target": target}))
    if playbook is not None and not kept and state.classification == Classification.TRUE_POSITIVE:
        harmless = (Action(action=name, target=state.alert_id, risk=ActionRisk.LOW) for name in playbook.actions)
        kept = {(action.action, action.target): action for action in harmless if not action.destructive}
    return list(kept.values()), dropped
