"""Parameters of actions: each has its schema, and what does not fit is refused by name."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.action import Action, ActionName, actions_hash
from shared.errors import InvalidInput
from shared.response.catalogue import CATALOGUE, checked_parameters
from shared.response.playbooks import Playbook


@pytest.mark.parametrize(
    ("name", "parameters", "wrong"),
    [
        (ActionName.ISOLATE_HOST, {"hours": 0}, "hours"),
        (ActionName.ISOLATE_HOST, {"hours": 9999}, "hours"),
        (ActionName.ISOLATE_HOST, {"isolation": "Everything"}, "isolation"),
        (ActionName.ISOLATE_HOST, {"command": "format c:"}, "command"),
        (ActionName.SET_SEVERITY, {"severity": "catastrophic"}, "severity"),
        (ActionName.NOTIFY_OWNER, {"anything": "x"}, "anything"),
        (ActionName.BLOCK_IP, {"days": 10_000}, "days"),
    ],
)
def test_parameter_outside_the_schema_is_refused_by_name(name: ActionName, parameters: Any, wrong: str) -> None:
    with pytest.raises(InvalidInput, match=f"parameters of {name}.{wrong}"):
        checked_parameters(Action(action=name, target="x", parameters=parameters))
    with pytest.raises(ValidationError):
        Playbook(playbook_id="p", title="t", actions=[name], parameters={name: parameters})


def test_every_action_is_complete_without_parameters() -> None:
    for name in CATALOGUE:
        checked_parameters(Action(action=name, target="x"))


def test_hash_of_an_approval_is_over_actions_and_targets_as_in_the_release_before() -> None:
    plain = Action(action=ActionName.ISOLATE_HOST, target="ws-17")
    told = plain.model_copy(update={"parameters": {"hours": 4}, "consequence": "it stops"})
    assert actions_hash([plain]) == actions_hash([told])
