"""What alerts name is repaired sooner."""

from datetime import timedelta

import pytest

from shared.contracts.listing import Listing
from shared.ctem.exposures import Exposures, sighted
from shared.ctem.scans import Scans
from shared.stores.postgres import Postgres
from tests.integration.ctem.test_scans import MONDAY, finding, run


async def priorities(store: Postgres, tenant: str) -> dict[str, tuple[int, bool]]:
    page = await Exposures(store).listed(tenant, Listing(limit=10), severity=None, status=None, tool=None)
    return {one.exposure.title: (one.priority, one.adjusted_score > one.exposure.ctem_score) for one in page.rows}


async def test_exposure_whose_technique_an_alert_named_this_week_goes_first(
    scans: Scans, store: Postgres, tenant: str
) -> None:
    await run(scans, tenant, MONDAY, finding("named", atlas="AML.T0043"), finding("other", atlas="AML.T0020"))
    assert len(set((await priorities(store, tenant)).values())) == 1
    for whose in (tenant, "another"):
        noted = sighted(whose, ["T1059", "AML.T0043"] if whose == tenant else ["AML.T0020"])
        assert noted is not None
        async with store.transaction(whose) as connection:
            await connection.execute(*noted)
    after = await priorities(store, tenant)
    assert after["named"][1]
    assert not after["other"][1]
    async with store.transaction(tenant) as connection:
        await connection.execute("UPDATE technique_sightings SET seen_at = seen_at - %s", (timedelta(days=8),))
    assert not (await priorities(store, tenant))["named"][1]


@pytest.mark.parametrize("named", ["T1059", "AML.T9999", "AML." + "x" * 5_000])
def test_alert_without_a_technique_of_atlas_notes_nothing(named: str) -> None:
    assert sighted("t", [named]) is None
