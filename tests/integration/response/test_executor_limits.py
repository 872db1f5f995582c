"""What a forged or repeated message of `actions.pending` cannot bring about."""

import logging

import pytest

from shared.contracts.action import Action, ActionName
from tests.integration.response.test_executor import ISOLATE, NOTE, Case, case

__all__ = ["case"]


@pytest.mark.parametrize("approval_id", ["made-up", " "])
async def test_harmless_action_with_an_invented_approval_is_refused(case: Case, approval_id: str) -> None:
    await case.execute(case.pending(NOTE, playbook_id="pb-other", approval_id=approval_id))
    assert [status for status, _ in await case.executed()] == ["refused"]


async def test_harmless_action_that_a_person_approved_runs_without_the_allow_list(case: Case) -> None:
    approval = await case.approve(NOTE, ISOLATE)
    await case.execute(case.pending(NOTE, playbook_id="pb-other", approval_id=approval))
    assert [status for status, _ in await case.executed()] == ["dry_run"]


async def test_approved_action_runs_once_whatever_ids_its_messages_carry(case: Case) -> None:
    approval = await case.approve(ISOLATE)
    for number in range(3):
        await case.execute(case.pending(ISOLATE, approval_id=approval, action_id=f"{case.investigation_id}:{number}"))
    assert [status for status, _ in await case.executed()] == ["dry_run"]
    assert len(await case.audited()) == 1


async def test_parameters_of_an_approved_action_are_those_that_the_person_saw(case: Case) -> None:
    shown = ISOLATE.model_copy(update={"parameters": {"hours": 4}})
    forged = ISOLATE.model_copy(update={"parameters": {"device_id": "another", "hours": 100}})
    await case.execute(case.pending(forged, approval_id=await case.approve(shown)))
    async with case.store.transaction(case.tenant) as connection:
        cursor = await connection.execute("SELECT parameters FROM executed_actions")
        assert [row["parameters"] for row in await cursor.fetchall()] == [{"hours": 4}]


async def test_hostile_target_cannot_forge_a_log_line(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await case.execute(case.pending(Action(action=ActionName.ADD_COMMENT, target="a\nFORGED \x1b[31m")))
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "FORGED" in logged
    assert "\nFORGED" not in logged
    assert "\x1b" not in logged
