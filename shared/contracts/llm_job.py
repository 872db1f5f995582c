"""A queued question for a model: the message on `jobs.llm.priority.*` (design §3)."""

from __future__ import annotations

from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId

PRIORITY_QUEUES = {
    SeverityLevel.CRITICAL: "critical",
    SeverityLevel.HIGH: "high",
    SeverityLevel.MEDIUM: "normal",
    SeverityLevel.LOW: "low",
    SeverityLevel.INFORMATIONAL: "low",
}


class LLMJob(Contract):
    """Ask the model about one investigation's step. The evidence stays in the database; only names travel."""

    investigation_id: str  # also the orchestration's instance id
    tenant_id: TenantId
    alert_id: str
    attempt: int
    round: int = 1  # of the investigation; an answer to an earlier one is no longer wanted
    severity: SeverityLevel

    @property
    def event_name(self) -> str:
        """The external event that carries the result back to the orchestration."""
        return result_event(self.attempt, self.round)


def result_event(attempt: int, round_: int) -> str:
    """The event that ends the wait for the model's ``attempt``-th answer in this round."""
    return f"llm_result_{attempt}" if round_ == 1 else f"llm_result_{round_}_{attempt}"


def job_topic(severity: str) -> str:
    """The queue of a severity; an unknown one goes to normal (spec/llm §12)."""
    queue = PRIORITY_QUEUES.get(SeverityLevel(severity), "normal") if severity in SeverityLevel else "normal"
    return f"jobs.llm.priority.{queue}"
