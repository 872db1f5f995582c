"""ResponseAgent (no model): playbook and actions. What the model proposed is kept only where code agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.contracts.action import Action, ActionName, ActionRisk
from shared.contracts.entity import EntityType
from shared.contracts.investigation import AgentRole, Classification, GraphState
from shared.investigation.action_parameters import parameters_of
from shared.investigation.agents.agent import decision_entry
from shared.investigation.evidence import entity_of, named_targets
from shared.response.assets import Assets
from shared.response.blast_radius import consequence
from shared.response.catalogue import CATALOGUE
from shared.response.playbooks import Playbook, PlaybookMatch, Playbooks


class ResponseAgent:
    """Fills ``playbook_matches`` and narrows ``recommended_actions`` to what the best playbook allows."""

    def __init__(self, playbooks: Playbooks, assets: Assets | None = None) -> None:
        self._playbooks = playbooks
        self._assets = assets  # without them an action says only what it stops anywhere

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        matches = chosen_first(await fitting_playbooks(self._playbooks, state), state.case_facts.chosen_playbook)
        best = matches[0].playbook if matches else None
        narrowed, dropped = _narrow(state, best)
        kept = await self._with_consequences(state, narrowed)
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

    async def _with_consequences(self, state: GraphState, actions: list[Action]) -> list[Action]:
        """The actions, each with what it would stop and for whom."""
        targets = [action.target for action in actions]
        known = await self._assets.of(state.tenant_id, targets) if self._assets and targets else {}
        return [
            action.model_copy(
                update={"consequence": consequence(action, known.get(action.target, []), state.ctem_exposures)}
            )
            for action in actions
        ]


async def fitting_playbooks(playbooks: Playbooks, state: GraphState) -> list[PlaybookMatch]:
    """See Playbooks.select."""
    return await playbooks.select(
        techniques=[item["technique_id"] for item in state.atlas_techniques],
        tactics=state.tactics,
        product=state.product,
        severity=state.severity,
    )


def chosen_first(matches: Sequence[PlaybookMatch], chosen: str) -> list[PlaybookMatch]:
    """The matches by score; among equals the chosen one comes first."""
    return sorted(matches, key=lambda match: (-match.score, match.playbook.playbook_id != chosen))


def _unmet(state: GraphState, playbook: Playbook) -> list[str]:
    """Why the playbook may not act without a person, by its own conditions; empty when it may."""
    if playbook.conditions is None:
        return ["the playbook has no conditions under which it may act alone"]
    return playbook.conditions.unmet(product=state.product, rule=state.alert_title, entities=state.parsed_entities)


def _on_target(
    proposal: Action,
    state: GraphState,
    named: Mapping[tuple[EntityType, str], str],
    playbook: Playbook,
) -> Action | None:
    """The action on what it would change, in the alert's own spelling and with what its connector needs; None when the
    alert names nothing of that kind.
    """
    kinds, value = CATALOGUE[proposal.action].targets, proposal.target.casefold()
    kind = next((kind for kind in kinds if (kind, value) in named), None)
    if kinds and kind is None:
        return None
    target = named[kind, value] if kind else state.alert_id
    found = parameters_of(state, proposal.action, entity_of(state, kind, target) if kind else None)
    parameters = playbook.parameters.get(proposal.action, {}) | found
    return proposal.model_copy(update={"target": target, "parameters": parameters})


def _narrow(state: GraphState, playbook: Playbook | None) -> tuple[list[Action], list[str]]:
    """Proposals that the playbook allows and whose target the alert names; harmless ones act on the alert itself."""
    kept: dict[tuple[ActionName, str], Action] = {}
    dropped: list[str] = []
    targets = named_targets(state)
    for proposal in state.recommended_actions:
        if playbook is None or proposal.action not in playbook.actions:
            dropped.append(f"{proposal.action} (no playbook allows it)")
        elif (action := _on_target(proposal, state, targets, playbook)) is None:
            dropped.append(f"{proposal.action} (its target is nothing of that kind in the alert)")
        else:
            kept.setdefault((action.action, action.target), action)
    if playbook is not None and not kept and state.classification == Classification.TRUE_POSITIVE:
        harmless = [Action(action=name, target="", risk=ActionRisk.LOW) for name in playbook.actions]
        found = [_on_target(action, state, targets, playbook) for action in harmless if not action.destructive]
        kept = {(action.action, action.target): action for action in found if action is not None}
    return list(kept.values()), dropped
