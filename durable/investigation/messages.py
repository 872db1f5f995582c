"""What travels through the orchestration's history: names only, never the alert."""

from shared.contracts.contract import Contract


class Case(Contract):
    """The orchestration's input."""

    tenant_id: str
    investigation_id: str
    llm_wait_seconds: int


class StepInput(Contract):
    """An activity's input; its output is shared.investigation.flow.Progress."""

    tenant_id: str
    investigation_id: str
    attempt: int
