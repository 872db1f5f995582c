"""Exposures: stored once per tenant and key; the open ones of an asset, worst first."""

from typing import Any

from shared.contracts.exposure import CTEMExposure
from shared.ctem.exposures import Exposures
from shared.stores.postgres import Postgres


def exposure(tenant: str, key: str, **fields: Any) -> CTEMExposure:
    return CTEMExposure.model_validate(
        {
            "exposure_key": key,
            "ts": "2026-11-20T08:00:00Z",
            "source_tool": "wiz",
            "title": "Open port",
            "severity": "HIGH",
            "asset_id": "WS-17",
            "exploitability_score": 0.5,
            "physical_consequence": "downtime",
            "ctem_score": 4.0,
            "tenant_id": tenant,
        }
        | fields
    )


async def keys(store: Postgres, tenant: str, *assets: str) -> list[str]:
    return [found["exposure_key"] for found in await Exposures(store).open_on(tenant, assets)]


async def test_open_exposures_of_an_asset_come_worst_first(store: Postgres, tenant: str) -> None:
    await Exposures(store).store(exposure(tenant, "low", ctem_score=1))
    await Exposures(store).store(exposure(tenant, "high", ctem_score=9))
    await Exposures(store).store(exposure(tenant, "elsewhere", asset_id="ws-18"))
    for status in ("Closed", "Verified"):
        await Exposures(store).store(exposure(tenant, status, status=status))
    assert await keys(store, tenant, "ws-17") == ["high", "low"]
    assert await keys(store, f"{tenant}-other", "ws-17") == []


async def test_stored_again_is_one_exposure_with_its_newest_state(store: Postgres, tenant: str) -> None:
    await Exposures(store).store(exposure(tenant, "k"))
    await Exposures(store).store(exposure(tenant, "k", severity="LOW", ctem_score=1.5))
    (found,) = await Exposures(store).open_on(tenant, ["WS-17"])
    assert (found["severity"], found["ctem_score"], found["title"], found["stale"]) == ("LOW", 1.5, "Open port", False)
    await Exposures(store).store(exposure(tenant, "k", status="Closed"))
    assert await keys(store, tenant, "WS-17") == []


async def test_exposure_not_seen_for_a_day_is_stale(store: Postgres, tenant: str) -> None:
    await Exposures(store).store(exposure(tenant, "old"))
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE ctem_exposures SET last_seen = now() - interval '24 hours 1 minute'")
    (found,) = await Exposures(store).open_on(tenant, ["ws-17"])
    assert found["stale"]


async def test_same_key_of_two_tenants_is_two_exposures(store: Postgres, tenant: str) -> None:
    for owner, score in ((tenant, 1.0), (f"{tenant}-other", 9.0)):
        await Exposures(store).store(exposure(owner, "same", ctem_score=score))
    (found,) = await Exposures(store).open_on(tenant, ["ws-17"])
    assert found["ctem_score"] == 1.0
