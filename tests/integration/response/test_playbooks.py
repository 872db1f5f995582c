"""Playbook selection: technique before tactic before product and severity, the same order every time."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.postgres import Postgres


def playbook(name: str, **fields: Any) -> Playbook:
    return Playbook.model_validate(
        {"playbook_id": name, "title": name, "actions": ["add_comment"], "approved_by": "lead"} | fields
    )


@pytest.fixture
async def playbooks(owner_store: Postgres) -> AsyncIterator[Playbooks]:
    async with owner_store.transaction(EVERY_TENANT) as connection:
        await connection.execute("DELETE FROM playbooks")
    yield Playbooks(owner_store)


async def selected(store: Postgres, **alert: Any) -> list[tuple[str, int]]:
    wanted = {"techniques": ["T1003"], "tactics": ["credential-access"], "product": "MDE", "severity": "high"} | alert
    return [(match.playbook.playbook_id, match.score) for match in await Playbooks(store).select(**wanted)]


async def test_best_match_comes_first_and_ties_go_by_id(store: Postgres, playbooks: Playbooks) -> None:
    technique, tactic = {"mitre_techniques": ["T1003"]}, {"tactics": ["credential-access"]}
    rest = {"alert_products": ["MDE"], "severities": ["high"]}
    for own in (
        playbook("d-technique", **technique),
        playbook("a-tactic", **tactic),
        playbook("b-everything", **technique, **tactic, **rest),
        playbook("c-technique", **technique),
        playbook("e-tactic-and-rest", **tactic, **rest),
        playbook("z-rest-only", **rest),
        playbook("nothing"),
    ):
        await playbooks.store(own)
    assert await selected(store) == [
        ("b-everything", 8),
        ("c-technique", 4),
        ("d-technique", 4),
        ("e-tactic-and-rest", 4),
        ("a-tactic", 2),
    ]


async def test_playbook_of_a_technique_fits_its_sub_techniques_but_not_the_reverse(
    store: Postgres, playbooks: Playbooks
) -> None:
    await playbooks.store(playbook("parent", mitre_techniques=["T1003"]))
    await playbooks.store(playbook("child", mitre_techniques=["T1003.001"]))
    assert await selected(store, techniques=["T1003.001"]) == [("child", 4), ("parent", 4)]
    assert await selected(store, techniques=["T1003"]) == [("parent", 4)]


async def test_only_approved_playbooks_are_selected(store: Postgres, playbooks: Playbooks) -> None:
    for status in ("draft", "retired", "approved"):
        await playbooks.store(playbook(status, mitre_techniques=["T1003"], review_status=status))
    assert await selected(store) == [("approved", 4)]


async def test_alert_without_technique_and_tactic_gets_no_playbook(store: Postgres, playbooks: Playbooks) -> None:
    await playbooks.store(playbook("rest", mitre_techniques=["T1003"], alert_products=["MDE"], severities=["high"]))
    assert await selected(store, techniques=[], tactics=[]) == []


async def test_database_refuses_an_approved_playbook_without_an_approver(playbooks: Playbooks) -> None:
    with pytest.raises(InvalidInput, match="playbooks_check"):
        await playbooks.store(playbook("orphan", approved_by=None))


async def test_product_itself_cannot_delete_playbooks(store: Postgres) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with store.transaction(EVERY_TENANT) as connection:
            await connection.execute("DELETE FROM playbooks")
