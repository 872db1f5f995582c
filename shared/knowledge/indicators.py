"""Reputation of indicators: Redis first, PostgreSQL when Redis does not know or is unavailable (data-model §6.3)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from shared.bus.outbox import OutboxMessage, put
from shared.contracts.contract import Contract
from shared.contracts.listing import Listed, Listing, listed
from shared.contracts.outside_text import storable
from shared.contracts.tenant import NO_TENANT
from shared.errors import InvalidInput, NotFound, StoreUnavailable
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from shared.stores.statements import statements

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))
_DAY = 24 * 3600


class Indicator(Contract):
    """A known indicator; the message on `knowledge.ti.ioc.new`. Confidence is 0 to 100."""

    type: str = Field(min_length=1, max_length=32)
    value: str = Field(min_length=1, max_length=2048)
    confidence: int = Field(ge=0, le=100)
    severity: str
    campaigns: list[str] = Field(default_factory=list)
    sources: list[str] = Field(min_length=1)
    context: str = Field(default="", max_length=2048)


class Indicators:
    """Threat intelligence is shared by all tenants, so its keys carry none."""

    def __init__(self, postgres: Postgres, redis: Redis) -> None:
        self._postgres = postgres
        self._redis = redis

    async def learn(self, indicator: Indicator) -> None:
        """Store an indicator, the newest word wins. Raises StoreUnavailable."""
        async with self._postgres.transaction(NO_TENANT) as connection:
            await connection.execute(_SQL["upsert_indicator"], indicator.model_dump())
        await self._remember([indicator])

    async def load(self, indicators: Sequence[Indicator], *, tenant_id: str, messages: Sequence[OutboxMessage]) -> None:
        """Store indicators with the tenant's ``messages`` in one transaction. Raises StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            for indicator in indicators:
                await connection.execute(_SQL["upsert_indicator"], storable(indicator.model_dump()))
            await put(connection, tenant_id, "", messages)
        await self._remember(indicators)

    async def listed(self, listing: Listing) -> Listed[Indicator]:
        """Every indicator by its type and value. Raises StoreUnavailable."""
        kind, value = listing.after or (None, None)
        values = {"row_id": kind, "place": value, "limit": listing.look_ahead}
        async with self._postgres.transaction(NO_TENANT) as connection:
            rows = await (await connection.execute(_SQL["list_indicators"], values)).fetchall()
        part = listed(rows, listing, lambda row: (row["type"], row["value"]))
        return Listed([Indicator.from_stored(row, where="threat_intel_iocs") for row in part.rows], part.last)

    async def retire(self, value: str, *, tenant_id: str, messages: Sequence[OutboxMessage]) -> None:
        """Forget an indicator. Raises NotFound, StoreUnavailable; without Redis its fast copy stays until it expires,
        so the cache goes first.
        """
        await self._redis.delete(_key(value))
        async with self._postgres.transaction(tenant_id) as connection:
            if (await connection.execute(_SQL["retire_indicator"], {"value": value})).rowcount == 0:
                raise NotFound(f"there is no indicator {value!r}; nothing was changed")
            await put(connection, tenant_id, "", messages)
        await self._redis.delete(_key(value))  # a lookup in between may have cached it again

    async def lookup(self, values: Sequence[str]) -> dict[str, Indicator]:
        """Known indicators among ``values``, by value. Raises StoreUnavailable when PostgreSQL is unavailable."""
        wanted = list(dict.fromkeys(values))
        found = await self._from_redis(wanted)
        missing = [value for value in wanted if value not in found]
        if missing:
            [stored] = await self._postgres.together(NO_TENANT, (_SQL["find_indicators"], {"values": missing}))
            rows = [Indicator.from_stored(row, where="threat_indicators") for row in stored.rows]
            await self._remember(rows)
            found |= {row.value: row for row in rows}
        return found

    async def _from_redis(self, values: Sequence[str]) -> dict[str, Indicator]:
        try:
            cached = await self._redis.get_many([_key(value) for value in values])
        except StoreUnavailable as error:
            logger.warning("Indicator cache is unavailable, asking PostgreSQL: %s", error)
            return {}
        found: dict[str, Indicator] = {}
        for value, item in zip(values, cached, strict=True):
            try:
                if item is not None:
                    found[value] = Indicator.from_json(item)
            except InvalidInput as error:
                logger.warning("The indicator cache holds something else, asking PostgreSQL: %s", error)
        return found

    async def _remember(self, indicators: Sequence[Indicator]) -> None:
        try:
            for indicator in indicators:
                await self._redis.set(_key(indicator.value), indicator.to_json(), ttl_seconds=_lifetime(indicator))
        except StoreUnavailable as error:
            logger.warning("Indicator cache is unavailable, nothing cached: %s", error)


def _key(value: str) -> str:
    return f"ioc:{hashlib.sha256(value.encode()).hexdigest()}"


def _lifetime(indicator: Indicator) -> int:
    if indicator.confidence > 80:
        return 30 * _DAY
    return 7 * _DAY if indicator.confidence >= 50 else _DAY
