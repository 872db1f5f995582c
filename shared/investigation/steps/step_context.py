"""Everything that the steps work with, put together in bootstrap.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from shared.bus.outbox import Outbox, OutboxMessage
from shared.contracts.approval import Approval
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import GraphState, InvestigationState
from shared.hunting.hunter import Hunter
from shared.investigation import report
from shared.investigation.agents.agent import Agent, Gateway, decision_entry
from shared.investigation.approvals import Approvals
from shared.investigation.repository import InvestigationRepository, Transition
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicators


class ActiveSwitches(Protocol):
    """The kill switches that are on for such an alert. Raises StoreUnavailable, and then nothing closes."""

    async def any_active(
        self, tenant_id: str, *, pattern_id: str = "", techniques: Sequence[str] = (), source: str = ""
    ) -> list[str]:
        """Each as ``dimension:value``."""


@dataclass(frozen=True)
class StepContext:
    """The steps' tools; the time limits are settings."""

    repository: InvestigationRepository
    outbox: Outbox
    approvals: Approvals
    gateway: Gateway
    hunter: Hunter
    indicators: Indicators
    patterns: FPPatterns
    enricher: Agent
    correlator: Agent
    mapper: Agent
    responder: Agent
    kill_switches: ActiveSwitches
    approval_timeout: timedelta
    llm_wait: timedelta
    constraints: ExecutorConstraints = field(default_factory=ExecutorConstraints)

    async def advance(  # noqa: PLR0913 - everything that becomes true in one transaction
        self,
        before: GraphState,
        after: GraphState,
        *,
        step: str,
        agent: str,
        to: InvestigationState,
        reason: str,
        messages: list[OutboxMessage],
        approval: Approval | None = None,
        supersedes: str = "",
    ) -> GraphState:
        """Make the transition, with its line in the decision chain and its event; the caller notifies the relay."""
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
        return await self.repository.advance(
            Transition(
                step=step,
                agent=agent,
                reasoning=reason,
                before=before,
                after=moved,
                messages=[report.state_changed(before, moved, agent=agent, reason=reason), *messages],
                approval=approval,
                supersedes=supersedes,
            )
        )
