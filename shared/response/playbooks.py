"""Playbook selection by technique, tactic, product and severity, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from psycopg.types.json import Jsonb
from pydantic import Field, model_validator

from shared.bus.outbox import OutboxMessage, put
from shared.contracts.action import ActionName
from shared.contracts.contract import Contract, readable
from shared.contracts.listing import Listed, Listing, listed
from shared.contracts.outside_text import storable
from shared.contracts.tenant import NO_TENANT
from shared.errors import NotFound
from shared.response.catalogue import CATALOGUE
from shared.response.playbook_conditions import PlaybookConditions
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))

# A technique says most about what to do, a severity least; a playbook must share at least a technique or a tactic.
MOST_VERSIONS = 50
TOPIC = "knowledge.playbook.updated"
_WEIGHTS = {"mitre_techniques": 4, "tactics": 2, "alert_products": 1, "severities": 1}


class Playbook(Contract):
    """What to do about a kind of alert: the actions that it allows, from the closed list."""

    playbook_id: str = Field(min_length=1, max_length=128)
    title: str = Field(max_length=512)
    alert_products: list[str] = Field(default_factory=list)
    tactics: list[str] = Field(default_factory=list)
    mitre_techniques: list[str] = Field(default_factory=list)
    severities: list[str] = Field(default_factory=list)
    actions: list[ActionName]
    parameters: dict[ActionName, dict[str, str | int]] = Field(
        default_factory=dict
    )  # such as the hours of an isolation
    conditions: PlaybookConditions | None = None  # without them it never acts unless a person grants it
    review_status: str = "approved"
    approved_by: str | None = None

    @model_validator(mode="after")
    def _parameters_fit(self) -> Self:
        for name, parameters in self.parameters.items():
            CATALOGUE[name].parameters.model_validate(parameters)
        return self


class PlaybookVersion(Contract):
    """A playbook as it was stored, by whom and when."""

    version: int
    playbook: Playbook
    stored_by: str | None
    stored_at: datetime


class PlaybookMatch(Contract):
    """A playbook that fits, with its score (at least 2, see the weights above)."""

    playbook: Playbook
    score: int


class Playbooks:
    """Approved playbooks; they are shared by all tenants."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(
        self, playbook: Playbook, *, tenant_id: str = NO_TENANT, messages: Sequence[OutboxMessage] = ()
    ) -> None:
        """Insert or replace a playbook; ``messages`` of the tenant go into the outbox with it."""
        async with self._postgres.transaction(tenant_id) as connection:
            await store(connection, playbook)
            await put(connection, tenant_id, playbook.playbook_id, messages)

    async def versions(self, playbook_id: str) -> list[PlaybookVersion]:
        """What the playbook said each time that it was stored, the newest first; at most MOST_VERSIONS."""
        values = {"playbook_id": playbook_id, "limit": MOST_VERSIONS}
        async with self._postgres.transaction(NO_TENANT) as connection:
            rows = await (await connection.execute(_SQL["list_versions"], values)).fetchall()
        return readable(PlaybookVersion, rows, where="playbook_versions")

    async def listed(self, listing: Listing) -> Listed[Playbook]:
        """Every playbook by its id, retired ones too. Raises StoreUnavailable."""
        (after,) = listing.after or (None,)
        values = {"row_id": after, "limit": listing.look_ahead}
        async with self._postgres.transaction(NO_TENANT) as connection:
            rows = await (await connection.execute(_SQL["list_playbooks"], values)).fetchall()
        part = listed(rows, listing, lambda row: (row["playbook_id"],))
        return Listed(readable(Playbook, part.rows, where="playbooks"), part.last)

    async def read(self, playbook_id: str) -> Playbook:
        """One playbook. Raises NotFound, StoreUnavailable."""
        async with self._postgres.transaction(NO_TENANT) as connection:
            cursor = await connection.execute(_SQL["read_playbook"], {"playbook_id": playbook_id})
            row = await cursor.fetchone()
        if row is None:
            raise NotFound(f"there is no playbook {playbook_id!r}")
        return Playbook.from_stored(row, where=f"playbooks {playbook_id}")

    async def retire(self, playbook_id: str, *, tenant_id: str, messages: Sequence[OutboxMessage]) -> None:
        """Select it no more. Raises NotFound when there is none that is in use, StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            cursor = await connection.execute(_SQL["retire_playbook"], {"playbook_id": playbook_id})
            if cursor.rowcount == 0:
                raise NotFound(f"there is no playbook {playbook_id!r} in use; nothing was changed")
            await put(connection, tenant_id, playbook_id, messages)

    async def select(
        self, *, techniques: Sequence[str], tactics: Sequence[str], product: str, severity: str
    ) -> list[PlaybookMatch]:
        """Fitting playbooks, best first; ties by id, so that a repeat selects the same. Raises StoreUnavailable."""
        alert = {
            "mitre_techniques": {technique.partition(".")[0] for technique in techniques} | set(techniques),
            "tactics": set(tactics),
            "alert_products": {product},
            "severities": {severity},
        }
        values = {"techniques": sorted(alert["mitre_techniques"]), "tactics": sorted(alert["tactics"])}
        async with self._postgres.transaction(NO_TENANT) as connection:
            cursor = await connection.execute(_SQL["approved_playbooks"], values)
            rows = await cursor.fetchall()
        playbooks = readable(Playbook, rows, where="playbooks")
        scored = [PlaybookMatch(playbook=playbook, score=_score(playbook, alert)) for playbook in playbooks]
        return sorted(
            (match for match in scored if match.score > 0), key=lambda match: (-match.score, match.playbook.playbook_id)
        )


async def store(connection: Connection, playbook: Playbook) -> None:
    """Insert or replace a playbook in the caller's transaction, as a version of its own."""
    values = storable(playbook.model_dump(mode="json"))
    conditions = Jsonb(values["conditions"]) if playbook.conditions else None
    whole = {"conditions": conditions, "parameters": Jsonb(values["parameters"]), "playbook": Jsonb(values)}
    await connection.execute(_SQL["store_playbook"], values | whole)
    await connection.execute(_SQL["add_version"], values | whole)


def updated(playbook: Playbook) -> OutboxMessage:
    """Says to everybody what a playbook is from now on."""
    return OutboxMessage(topic=TOPIC, key=playbook.playbook_id, value=playbook.to_json())


def _score(playbook: Playbook, alert: dict[str, set[str]]) -> int:
    shared = {name for name, values in alert.items() if values & set(getattr(playbook, name))}
    if not shared & {"mitre_techniques", "tactics"}:
        return 0
    return sum(_WEIGHTS[name] for name in shared)
