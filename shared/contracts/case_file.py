"""One investigation whole, as its tables hold it: for the API, the evidence package and the console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field, computed_field

from shared.contracts.action import ActionStatus
from shared.contracts.contract import Contract
from shared.contracts.incident import Incident
from shared.contracts.investigation import InvestigationState


class WaitsFor(StrEnum):
    """Whose turn it is."""

    MODEL = "model"  # for the indicators or the verdict
    LOGS = "logs"  # with the other stores that know the alert's context
    PERSON = "person"
    ACTION = "action"  # the executor, or the product that it asked


WAITS_FOR: Mapping[str, WaitsFor] = {
    InvestigationState.RECEIVED: WaitsFor.MODEL,
    InvestigationState.ENRICHING: WaitsFor.LOGS,
    InvestigationState.REASONING: WaitsFor.MODEL,
    InvestigationState.AWAITING_HUMAN: WaitsFor.PERSON,
    InvestigationState.RESPONDING: WaitsFor.ACTION,
}
OPEN_ACTIONS: Mapping[str, WaitsFor] = {
    ActionStatus.PENDING: WaitsFor.ACTION,
    ActionStatus.RUNNING: WaitsFor.ACTION,
    ActionStatus.NEEDS_PERSON: WaitsFor.PERSON,
}


class InvestigationSummary(Contract):
    """One line of the list. Confidence is 0-1, cost USD."""

    investigation_id: str
    alert_id: str
    source: str
    alert_title: str
    severity: str
    state: str
    classification: str | None
    confidence: float
    outcome: str | None
    disposition: str | None  # what a person last made of it
    degradation_level: str | None
    model_provider: str | None
    llm_calls: int
    total_cost_usd: float
    version: int
    created_at: datetime
    updated_at: datetime
    state_since: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_for(self) -> WaitsFor | None:
        """Whose turn it is, since ``state_since``; the actions of a closed case are told by the case alone."""
        return WAITS_FOR.get(self.state)


class Transition(Contract):
    """One change of state."""

    step: str
    version: int
    state_before: str
    state_after: str
    agent: str
    reasoning: str
    happened_at: datetime


class AlertUpdate(Contract):
    """A later message about the alert: which fields it changed, and the time and severity that it gave."""

    changed: list[str]
    received_at: datetime
    timestamp: str
    severity: str


class ExecutedAction(Contract):
    """What the executor did with one action."""

    action_id: str
    action: str
    target: str
    status: str
    detail: str
    approved_by: str
    executed_at: datetime
    parameters: dict[str, Any] = Field(default_factory=dict)
    undoes: str | None = None  # the action that this one undoes
    undo_at: datetime | None = None  # when it undoes itself


class CaseFile(Contract):
    """Everything about one investigation. State, alert and approvals are as stored, whichever version wrote them."""

    investigation_id: str
    alert_id: str
    source: str
    alert_title: str
    severity: str
    state: str
    version: int
    created_at: datetime
    updated_at: datetime
    alert: dict[str, Any]
    graph_state: dict[str, Any]
    transitions: list[Transition]
    alert_updates: list[AlertUpdate]
    approvals: list[dict[str, Any]]  # see Approval; times are ISO 8601 UTC
    dispositions: list[dict[str, Any]]  # see Disposition, oldest first
    actions: list[ExecutedAction]
    incident: Incident | None  # None for a case from before there were incidents
    # Of a case that is open: what scanners have found since it gathered its context, see CTEMCorrelatorAgent.
    exposures_since: list[dict[str, Any]] = Field(default_factory=list)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_for(self) -> WaitsFor | None:
        """Whose turn it is: by the state, and once it is closed by the oldest action that is not done."""
        return self._waiting[0]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_since(self) -> datetime | None:
        """Since when; None when it waits for nothing."""
        return self._waiting[1]

    @property
    def _waiting(self) -> tuple[WaitsFor | None, datetime | None]:
        if self.state in WAITS_FOR:
            return WAITS_FOR[self.state], self.transitions[-1].happened_at if self.transitions else self.created_at
        for action in self.actions:  # oldest first
            if action.status in OPEN_ACTIONS:
                return OPEN_ACTIONS[action.status], action.executed_at
        return None, None
