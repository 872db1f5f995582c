"""A change of a case's state put together: with its line in the decision chain and its audit event. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from shared.bus.outbox import OutboxMessage
from shared.contracts.approval import Approval
from shared.contracts.audit import ActorType
from shared.contracts.investigation import GraphState, InvestigationState
from shared.investigation import report
from shared.investigation.agents.agent import decision_entry
from shared.investigation.repository import Transition


def move(  # noqa: PLR0913 - everything that becomes true in one transaction
    before: GraphState,
    after: GraphState,
    *,
    step: str,
    agent: str,
    to: InvestigationState,
    reason: str,
    messages: Sequence[OutboxMessage] = (),
    approval: Approval | None = None,
    actor_type: ActorType = ActorType.AGENT,
) -> Transition:
    """The transition from ``before`` to ``after`` in ``to``; ``agent`` is a person's subject for ActorType.HUMAN."""
    line = decision_entry(
        before,
        step=step,
        agent=agent,
        action=f"{before.state} -> {to}",
        reasoning=reason,
        confidence=after.confidence,
    )
    chain = [*after.decision_chain, line.model_copy(update={"state_after": to})]
    moved = after.model_copy(update={"state": to, "decision_chain": chain})
    changed = report.state_changed(before, moved, agent=agent, reason=reason, actor_type=actor_type)
    return Transition(
        step=step,
        agent=agent,
        reasoning=reason,
        before=before,
        after=moved,
        messages=[changed, *messages],
        approval=approval,
    )
