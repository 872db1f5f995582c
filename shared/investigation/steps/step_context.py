"""Everything that the steps work with, put together in bootstrap.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from shared.bus.outbox import Outbox, OutboxMessage
from shared.contracts.action import Action
from shared.contracts.alert import SeverityLevel
from shared.contracts.approval import Approval
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import GraphState, InvestigationState
from shared.contracts.routing import DegradationLevel
from shared.hunting.hunter import Hunter
from shared.incidents.repository import Incidents
from shared.investigation.agents.agent import Agent, Gateway
from shared.investigation.approval_request import ApprovalTimes
from shared.investigation.approvals import Approvals
from shared.investigation.asked import AskedActions
from shared.investigation.moves import move
from shared.investigation.repository import InvestigationRepository
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicators
from shared.stores.postgres import Query


class ActiveSwitches(Protocol):
    """The kill switches that are on for such an alert. A store that cannot be read closes nothing."""

    def __call__(self, tenant_id: str, *, techniques: Sequence[str] = (), source: str = "") -> Query[list[str]]:
        """Each as ``dimension:value``, those on patterns all."""


# Of a tenant's actions: why a target is in no default grant, by target. Raises StoreUnavailable.
ProtectedTargets = Callable[[str, Sequence[Action]], Awaitable[Mapping[str, str]]]


async def nothing_protected(tenant_id: str, actions: Sequence[Action]) -> Mapping[str, str]:
    """Of a deployment without a list of protected assets."""
    return {}


# Of a tenant and a rule, by the title of its alerts: what is in shadow mode and covers it.
InShadow = Callable[[str, str], Query[str]]


def nothing_in_shadow(tenant_id: str, rule: str) -> Query[str]:
    """Of a deployment that is live."""
    return Query("SELECT", {}, lambda _: "")


# Which level a model's verdict would have now, as far as all instances know, without asking one.
ModelLevel = Callable[[], Awaitable[DegradationLevel]]


async def fully_capable() -> DegradationLevel:
    """Of a deployment whose instances do not say how their models are."""
    return DegradationLevel.FULL_CAPABILITY


class NobodyChooses:
    """Of a deployment that breaks ties between playbooks by their ids."""

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        return state


@dataclass(frozen=True)
class StepContext:
    """The steps' tools; the time limits are settings."""

    repository: InvestigationRepository
    outbox: Outbox
    approvals: Approvals
    incidents: Incidents
    asked: AskedActions
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
    approval_timeouts: Mapping[SeverityLevel, timedelta] = field(default_factory=dict)
    protected_targets: ProtectedTargets = nothing_protected
    in_shadow: InShadow = nothing_in_shadow
    model_level: ModelLevel = fully_capable
    chooser: Agent = field(default_factory=NobodyChooses)

    @property
    def approval_times(self) -> ApprovalTimes:
        """How long a question to a person waits."""
        return ApprovalTimes(self.approval_timeout, self.approval_timeouts)

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
        ends: bool = True,
    ) -> GraphState:
        """Make the transition, the last thing in its step's unit of work unless told otherwise; the caller notifies the
        relay.
        """
        return await self.repository.advance(
            move(
                before,
                after,
                step=step,
                agent=agent,
                to=to,
                reason=reason,
                messages=messages,
                approval=approval,
            ),
            ends=ends,
        )
