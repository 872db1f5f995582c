"""Drafts of playbooks: kept for their tenant, compared, approved as a playbook or a version of one, or put aside."""

from typing import Any
from uuid import uuid4

import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.batch import PlaybookDraft, ProposedPlaybook
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import NotFound
from shared.response.playbook_drafts import DraftIntake, PlaybookDrafts, PlaybookTerms
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.postgres import Postgres

CONDITIONS = {
    "products": ["MDE"],
    "rules": ["Port scan"],
    "entities": [{"type": "host", "value_regex": "scanner-1"}],
}


def draft(**fields: Any) -> PlaybookDraft:
    return PlaybookDraft.model_validate(
        {
            "playbook_id": f"pb-{uuid4()}",
            "name": "Contain the host",
            "description": "d",
            "techniques": ["T1003"],
            "remediation_steps": ["isolate_host", "revoke_sessions"],
            "confidence": 0.9,
            "source_investigations": ["i-1", "i-2"],
            "created_at": "2026-11-28T12:00:00Z",
        }
        | fields
    )


def message(tenant: str, sent: PlaybookDraft) -> Received:
    return Received("playbooks.draft", ProposedPlaybook(tenant_id=tenant, draft=sent).to_json())


async def approve(drafts: PlaybookDrafts, tenant: str, playbook_id: str, **terms: Any) -> Playbook:
    approving = drafts.approving(tenant, playbook_id, PlaybookTerms.model_validate(terms), by="casey")
    async with approving as (playbook, _):
        return playbook


async def test_draft_waits_for_its_own_tenant_once_however_often_it_comes(store: Postgres, tenant: str) -> None:
    bus, drafts, sent = MemoryProducer(), PlaybookDrafts(store), draft()
    for _ in range(2):
        await DraftIntake(bus, drafts).draft(message(tenant, sent))
    assert await drafts.listed(tenant) == [sent]
    assert await drafts.listed(f"{tenant}-other") == []
    assert bus.on("alerts.raw.dlq") == []


async def test_draft_with_another_step_than_the_catalogues_is_poison(store: Postgres, tenant: str) -> None:
    bus, drafts = MemoryProducer(), PlaybookDrafts(store)
    await DraftIntake(bus, drafts).draft(message(tenant, draft(remediation_steps=["format_disk"])))
    assert len(bus.on("alerts.raw.dlq")) == 1
    assert await drafts.listed(tenant) == []


async def test_approved_draft_is_a_playbook_of_whoever_approved_it_and_waits_no_more(
    store: Postgres, tenant: str
) -> None:
    drafts, playbooks, sent = PlaybookDrafts(store), Playbooks(store), draft()
    await drafts.keep(tenant, sent)
    await approve(drafts, tenant, sent.playbook_id, severities=["high"], conditions=CONDITIONS)
    found = await playbooks.read(sent.playbook_id)
    assert (found.review_status, found.approved_by, found.severities) == ("approved", "casey", ["high"])
    assert found.actions == ["isolate_host", "revoke_sessions"]
    assert found.conditions is not None
    assert await drafts.listed(tenant) == []
    with pytest.raises(NotFound):
        await approve(drafts, tenant, sent.playbook_id)


async def test_draft_that_replaces_a_playbook_is_its_next_version_and_the_diff_says_what_changes(
    store: Postgres, tenant: str
) -> None:
    drafts, playbooks, sent = PlaybookDrafts(store), Playbooks(store), draft()
    before = Playbook(
        playbook_id=f"pb-{uuid4()}",
        title="Contain the host",
        mitre_techniques=["T1003"],
        actions=["isolate_host", "add_comment"],
        parameters={"isolate_host": {"hours": 4}},
        approved_by="lead",
    )
    await playbooks.store(before)
    await drafts.keep(tenant, sent)
    terms = PlaybookTerms(replaces=before.playbook_id)
    changes = {one.field: (one.now, one.then) for one in await drafts.differences(tenant, sent.playbook_id, terms)}
    assert changes == {"actions": (["isolate_host", "add_comment"], ["isolate_host", "revoke_sessions"])}
    await approve(drafts, tenant, sent.playbook_id, replaces=before.playbook_id)
    versions = await playbooks.versions(before.playbook_id)
    assert [(one.version, one.stored_by, one.playbook.actions[1]) for one in versions] == [
        (2, "casey", "revoke_sessions"),
        (1, "lead", "add_comment"),
    ]
    assert versions[0].playbook.parameters == before.parameters  # a person set them


async def test_diff_of_a_new_playbook_has_nothing_before(store: Postgres, tenant: str) -> None:
    drafts, sent = PlaybookDrafts(store), draft()
    await drafts.keep(tenant, sent)
    changes = {one.field: one.now for one in await drafts.differences(tenant, sent.playbook_id, PlaybookTerms())}
    assert changes["title"] is None


async def test_rejected_draft_waits_no_more_and_keeps_the_reason(store: Postgres, tenant: str) -> None:
    drafts, sent = PlaybookDrafts(store), draft()
    await drafts.keep(tenant, sent)
    with pytest.raises(NotFound):
        await drafts.reject(f"{tenant}-other", sent.playbook_id, by="casey", reason="r", messages=[])
    await drafts.reject(tenant, sent.playbook_id, by="casey", reason="too harsh", messages=[])
    assert await drafts.listed(tenant) == []
    async with store.transaction(EVERY_TENANT) as connection:
        query = "SELECT status, decided_by, reason FROM playbook_drafts WHERE playbook_id = %s"
        row = await (await connection.execute(query, (sent.playbook_id,))).fetchone()
    assert row == {"status": "rejected", "decided_by": "casey", "reason": "too harsh"}
