"""From attacks that people confirmed to a draft of a playbook, with the simulated Claude in between."""

from __future__ import annotations

from typing import Any

import pytest

from shared.batch.playbook_drafts import land_playbook
from shared.batch.task_types import batch_task
from shared.contracts.audit import AuditEvent
from shared.contracts.batch import ProposedPlaybook
from shared.errors import InvalidInput
from shared.stores.postgres import Postgres
from tests.integration.batch.conftest import Office
from tests.unit.batch.test_pattern_rules import case

ATTACK: dict[str, Any] = {
    "outcome": "approved",
    "classification": "true_positive",
    "disposition": "",
    "techniques": ["T1003"],
}


async def test_repeated_steps_of_confirmed_attacks_become_a_draft_for_people(office: Office) -> None:
    steps = (["isolate_host", "revoke_sessions"], ["isolate_host", "revoke_sessions"], ["add_comment"])
    office.cases.all = [case(number, actions=actions, **ATTACK) for number, actions in enumerate(steps[:2])]
    assert await office.batch.playbooks.consider(office.tenant, "Port scan") == ""
    await office.run(rounds=1)
    await office.outbox.settled()
    await office.outbox.sweep()
    (proposed,) = [ProposedPlaybook.from_json(one.value) for one in office.bus.on("playbooks.draft")]
    draft = proposed.draft
    assert proposed.tenant_id == office.tenant
    assert (draft.remediation_steps, draft.techniques, draft.status) == (steps[0], ["T1003"], "draft")
    assert draft.source_investigations == ["i-0", "i-1"]
    events = [AuditEvent.from_json(one.value) for one in office.bus.on("audit.events")]
    assert [one.event_type for one in events if one.tenant_id == office.tenant] == ["playbook.generated"]


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param([case(1, actions=["isolate_host"], **ATTACK)], id="one attack"),
        pytest.param(
            [case(n, actions=[name], **ATTACK) for n, name in enumerate(("isolate_host", "block_ip"))],
            id="no common step",
        ),
        pytest.param(
            [case(n, actions=["isolate_host"], **{**ATTACK, "outcome": "auto_closed"}) for n in range(5)],
            id="the model's word only",
        ),
    ],
)
async def test_too_little_is_no_question(office: Office, cases: list[object]) -> None:
    office.cases.all = cases  # type: ignore[assignment]
    assert await office.batch.playbooks.consider(office.tenant, "Port scan") != ""
    assert office.states() == {}


async def test_step_that_nobody_took_does_not_land(office: Office, store: Postgres) -> None:
    task = batch_task(
        office.tenant, "playbook_generation", user_content="x", metadata={"steps": ["isolate_host"], "cases": ["i-1"]}
    )
    value = {
        "name": "n",
        "description": "d",
        "techniques": ["T1003"],
        "steps": [{"action": "disable_account", "reason": "r"}],
        "confidence": 1,
    }
    async with store.transaction(office.tenant) as connection:
        with pytest.raises(InvalidInput, match="disable_account"):
            await land_playbook(connection, office.tenant, task, value)
