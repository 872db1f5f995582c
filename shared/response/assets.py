"""What the asset inventory says about hosts, accounts and mailboxes (spec/data-model §6: org_context)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.ip_address import ip_address_of
from shared.contracts.outside_text import storable
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

Kind = Literal["host", "account", "mailbox"]

_SQL = statements(Path(__file__).with_suffix(".sql"))


class AssetFacts(Contract):
    """One asset. ``role`` and ``tags`` say what it is for, such as domain_controller, break_glass, plant, executive."""

    entity_type: Kind
    entity_name: str = Field(min_length=1, max_length=512)
    criticality: Literal["low", "medium", "high", "critical"] = "medium"
    role: str = Field(default="", max_length=128)
    owner: str = Field(default="", max_length=256)
    normal_services: list[str] = Field(default_factory=list, max_length=1000)
    normal_admin_users: list[str] = Field(default_factory=list, max_length=1000)
    tags: list[str] = Field(default_factory=list, max_length=100)


class Assets:
    """The assets of a tenant."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(self, tenant_id: str, assets: Iterable[AssetFacts]) -> None:
        """Insert or replace assets by kind and name. Raises StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            for asset in assets:
                values = storable(asset.model_dump()) | {"tenant_id": tenant_id, "name_key": key_of(asset)}
                await connection.execute(_SQL["store_asset"], values)

    async def of(self, tenant_id: str, targets: Sequence[str]) -> dict[str, list[AssetFacts]]:
        """What is known about each target; a name that several assets share has them all. Raises StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await assets_of(connection, tenant_id, targets)


async def assets_of(connection: Connection, tenant_id: str, targets: Sequence[str]) -> dict[str, list[AssetFacts]]:
    """The same in the caller's transaction."""
    keys = {target: possible_keys(target) for target in targets}
    values = {"tenant_id": tenant_id, "keys": sorted({key for found in keys.values() for key in found})}
    rows = await (await connection.execute(_SQL["assets_by_key"], values)).fetchall()
    known = [(row["name_key"], AssetFacts.from_stored(row, where=f"org_context {row['entity_name']}")) for row in rows]
    return {target: [facts for key, facts in known if key in found] for target, found in keys.items()}


def key_of(asset: AssetFacts) -> str:
    """How an asset is found: its short name in lower case."""
    return short_name(asset.entity_type, asset.entity_name)


def short_name(kind: Kind, name: str) -> str:
    """A host without its domain, an account without its domain or the part behind the @."""
    name = name.casefold().rpartition("\\")[2].partition("@")[0]
    return name if kind != "host" or ip_address_of(name) else name.partition(".")[0]


def possible_keys(target: str) -> set[str]:
    """Under which keys a target may be found, whose kind its name does not say."""
    return {target.casefold(), short_name("account", target), short_name("host", target)}
