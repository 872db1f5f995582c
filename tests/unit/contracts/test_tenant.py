"""No message names the scope of every tenant."""

import pytest

from shared.contracts.action import Action, ActionName, PendingAction
from shared.contracts.llm_job import LLMJob
from shared.errors import InvalidInput

PENDING = PendingAction(
    action_id="i:0",
    investigation_id="i",
    alert_id="a",
    tenant_id="t",
    playbook_id="",
    action=Action(action=ActionName.ADD_COMMENT, target="a"),
    confidence=0.5,
)
JOB = LLMJob.model_validate(
    {"investigation_id": "i", "tenant_id": "t", "alert_id": "a", "attempt": 1, "severity": "low"}
)


@pytest.mark.parametrize("message", [PENDING, JOB], ids=["action", "job"])
def test_message_for_every_tenant_at_once_is_refused(message: PendingAction | LLMJob) -> None:
    everyone = message.to_json().replace(b'"tenant_id":"t"', b'"tenant_id":"*"')
    with pytest.raises(InvalidInput, match="tenant_id"):
        type(message).from_json(everyone)
