"""Drafts of playbooks: kept as they come, compared with what is in use, approved or rejected by a person.

A draft is its tenant's, as it is made of the tenant's cases; approved it is a playbook like one that a person wrote.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import Field

from shared.bus.outbox import OutboxMessage, put
from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.action import PROPOSABLE
from shared.contracts.batch import PlaybookDraft, ProposedPlaybook
from shared.contracts.contract import Contract, readable
from shared.contracts.outside_text import storable
from shared.errors import InvalidInput, NotFound
from shared.response.playbook_conditions import PlaybookConditions
from shared.response.playbooks import Playbook, Playbooks, store
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

MOST_DRAFTS = 200
COMPARED = (
    "title",
    "alert_products",
    "tactics",
    "mitre_techniques",
    "severities",
    "actions",
    "parameters",
    "conditions",
)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class PlaybookTerms(Contract):
    """What a person adds to a draft: when it applies, when it may act alone, and which playbook it replaces."""

    alert_products: list[str] = Field(default_factory=list, max_length=50)
    severities: list[str] = Field(default_factory=list, max_length=5)
    conditions: PlaybookConditions | None = None
    replaces: str = Field(default="", max_length=128)


class Difference(Contract):
    """One field of a playbook that a draft would change; ``now`` is null for a new playbook."""

    field: str
    now: Any
    then: Any


class PlaybookDrafts:
    """Whether somebody may decide is the API's question. Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._playbooks = Playbooks(postgres)

    async def keep(self, tenant_id: str, draft: PlaybookDraft) -> None:
        """Store a draft of a tenant's cases; repeating it changes nothing. Raises InvalidInput for a step that is no
        action which may be proposed.
        """
        if strange := [step for step in draft.remediation_steps if step not in PROPOSABLE]:
            raise InvalidInput("draft.remediation_steps", got=", ".join(strange), expected="actions of the catalogue")
        values = {
            "tenant_id": tenant_id,
            "playbook_id": draft.playbook_id,
            "draft": Jsonb(storable(draft.model_dump(mode="json"))),
        }
        async with self._postgres.transaction(tenant_id) as connection:
            await connection.execute(_SQL["keep_draft"], values)

    async def listed(self, tenant_id: str) -> list[PlaybookDraft]:
        """What waits for people, the oldest first."""
        values = {"tenant_id": tenant_id, "limit": MOST_DRAFTS}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["drafts_to_review"], values)).fetchall()
        return readable(PlaybookDraft, [row["draft"] for row in rows], where="playbook_drafts")

    async def differences(self, tenant_id: str, playbook_id: str, terms: PlaybookTerms) -> list[Difference]:
        """What approving a draft with these terms would change. Raises NotFound."""
        async with self._postgres.transaction(tenant_id) as connection:
            draft = await _read(connection, tenant_id, playbook_id, lock=False)
        now = await self._playbooks.read(terms.replaces) if terms.replaces else None
        before = now.model_dump(mode="json") if now else dict.fromkeys(COMPARED)
        after = _playbook(draft, terms, now, approved_by="").model_dump(mode="json")
        return [
            Difference(field=name, now=before[name], then=after[name])
            for name in COMPARED
            if after[name] != before[name]
        ]

    @asynccontextmanager
    async def approving(
        self, tenant_id: str, playbook_id: str, terms: PlaybookTerms, *, by: str
    ) -> AsyncIterator[tuple[Playbook, list[OutboxMessage]]]:
        """The playbook of a draft, in use from the end of the block; what is added to the messages goes out with it.

        Raises NotFound for what is no draft of the tenant's any more or for a playbook to replace that there is not.
        """
        replaced = await self._playbooks.read(terms.replaces) if terms.replaces else None
        async with self._postgres.transaction(tenant_id) as connection:
            draft = await _read(connection, tenant_id, playbook_id, lock=True)
            playbook, messages = _playbook(draft, terms, replaced, approved_by=by), list[OutboxMessage]()
            yield playbook, messages
            await store(connection, playbook)
            await _decide(connection, tenant_id, playbook_id, "approved", by, "", messages)

    async def reject(
        self, tenant_id: str, playbook_id: str, *, by: str, reason: str, messages: Sequence[OutboxMessage]
    ) -> None:
        """Put a draft aside. Raises NotFound."""
        async with self._postgres.transaction(tenant_id) as connection:
            await _read(connection, tenant_id, playbook_id, lock=True)
            await _decide(connection, tenant_id, playbook_id, "rejected", by, reason, messages)


class DraftIntake:
    """The consumer of `playbooks.draft`."""

    def __init__(self, producer: Producer, drafts: PlaybookDrafts) -> None:
        self._producer = producer
        self._drafts = drafts

    async def draft(self, message: Received) -> None:
        """One message; poison goes to the dead letters. Raises StoreUnavailable."""

        async def keep(value: bytes) -> None:
            proposed = ProposedPlaybook.from_json(value)
            await self._drafts.keep(proposed.tenant_id, proposed.draft)

        await handled(self._producer, message, keep)


def _playbook(draft: PlaybookDraft, terms: PlaybookTerms, replaced: Playbook | None, *, approved_by: str) -> Playbook:
    """Parameters that a person set for an action stay with it."""
    kept = {
        name: value
        for name, value in (replaced.parameters if replaced else {}).items()
        if name in draft.remediation_steps
    }
    return Playbook.model_validate(
        {
            "playbook_id": terms.replaces or draft.playbook_id,
            "title": draft.name,
            "alert_products": terms.alert_products,
            "tactics": draft.tactics,
            "mitre_techniques": draft.techniques,
            "severities": terms.severities,
            "actions": draft.remediation_steps,
            "parameters": kept,
            "conditions": terms.conditions.model_dump() if terms.conditions else None,
            "approved_by": approved_by,
        }
    )


async def _read(connection: Connection, tenant_id: str, playbook_id: str, *, lock: bool) -> PlaybookDraft:
    values = {"tenant_id": tenant_id, "playbook_id": playbook_id}
    row = await (await connection.execute(_SQL["lock_draft" if lock else "read_draft"], values)).fetchone()
    if row is None:
        raise NotFound(f"no draft {playbook_id!r} of a playbook waits for this tenant")
    return PlaybookDraft.from_stored(row["draft"], where=f"playbook_drafts {playbook_id}")


async def _decide(  # noqa: PLR0913, PLR0917 - a decision says who, what and why
    connection: Connection,
    tenant_id: str,
    playbook_id: str,
    decision: str,
    by: str,
    reason: str,
    messages: Sequence[OutboxMessage],
) -> None:
    values = {
        "tenant_id": tenant_id,
        "playbook_id": playbook_id,
        "decision": decision,
        "decided_by": by,
        "reason": reason,
    }
    await connection.execute(_SQL["decide_draft"], values)
    await put(connection, tenant_id, playbook_id, messages)
