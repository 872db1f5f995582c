"""One investigation whole, as its tables hold it: for the API, the evidence package and the console."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.incident import Incident


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
