"""What travels through the orchestration's history: names only, never the alert."""

from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import Contract


class Case(Contract):
    """The orchestration's input."""

    tenant_id: str
    investigation_id: str
    llm_wait_seconds: int
    severity: SeverityLevel | None = None  # of the alert; cases of version 1.1 and before have none
    opened_at: str = ""  # ISO 8601 UTC


class StepInput(Contract):
    """An activity's input; its output is shared.investigation.flow.Progress."""

    tenant_id: str
    investigation_id: str
    attempt: int
    severity: SeverityLevel | None = None
    opened_at: str = ""
