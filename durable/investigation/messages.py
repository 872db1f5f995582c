"""What travels through the orchestration's history: names only, never the alert."""

from shared.contracts.contract import Contract


class Case(Contract):
    """The orchestration's input."""

    tenant_id: str
    investigation_id: str
    llm_wait_seconds: int
    # Set by every start since one unanswered event could answer all later waits of its name. Cases that began before
    # replay without; remove it, and what asks for it, once none of them can wait any more.
    new_generation_a_look: bool = False


class StepInput(Contract):
    """An activity's input; its output is shared.investigation.flow.Progress."""

    tenant_id: str
    investigation_id: str
    attempt: int
