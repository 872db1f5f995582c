"""What the timers' checks find of one tenant's chain, and what was logged of them."""

from typing import Any

from shared.audit import rolling
from shared.contracts.audit import ChainVerification
from shared.contracts.tenant import EVERY_TENANT
from shared.stores.postgres import Postgres


async def checked(store: Postgres, tenant: str) -> ChainVerification:
    (own,) = [one for one in await rolling.verify_newest(store) if one.tenant_id == tenant]
    return own


async def stretches(store: Postgres, tenant: str) -> list[tuple[int, int]]:
    """First and last record of everything that one check of the newest records read."""
    made = [one for one in await rolling.verify_newest(store) if one.tenant_id == tenant]
    assert all(one.chain_valid for one in made)
    return [(one.from_sequence, one.to_sequence) for one in made]


async def passed(store: Postgres, tenant: str) -> list[ChainVerification]:
    """What a pass finds that begins now."""
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE audit_verification_progress SET pass_ended_at = now() - interval '2 days'")
    return [one for one in await rolling.continue_passes(store) if one.tenant_id == tenant]


async def runs(store: Postgres, tenant: str) -> list[dict[str, Any]]:
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute("SELECT chain_valid, errors FROM audit_verification_log ORDER BY id")
        return await cursor.fetchall()


async def drain(store: Postgres, *, but: str) -> None:
    """Let no other chain of this database be due."""
    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute(
            "INSERT INTO audit_verification_progress (tenant_id, pass_ended_at)"
            " SELECT tenant_id, now() FROM audit_chain_state WHERE tenant_id <> %s"
            " ON CONFLICT (tenant_id) DO UPDATE SET pass_ended_at = now(), next_sequence = 0",
            (but,),
        )
