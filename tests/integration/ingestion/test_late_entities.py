"""LateEntities on PostgreSQL and the simulated Log Analytics."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.errors import BusUnavailable
from shared.ingestion import SentinelConnector
from shared.ingestion.late_entities import LateEntities
from shared.ingestion.log_analytics import MAX_IDS, SentinelTables
from shared.stores.postgres import Postgres
from tests.integration.ingestion.workspace import SimulatedWorkspace, ago, row

Make = Callable[..., SimulatedWorkspace]
WAITS_FOR_US = "SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"


class Fetching:
    """LateEntities of some workspaces with a connector behind it; `waiting` is what the investigations say."""

    def __init__(self, store: Postgres, sentinel: SentinelTables, tenants: dict[str, str], *waiting: str) -> None:
        self.waiting = list(waiting)
        self.producer = MemoryProducer()
        self.connector = SentinelConnector(self.producer)
        self.store = store
        self.late_entities = LateEntities(store, sentinel, tenants, self._waits)

    async def fetch(self) -> int:
        return await self.late_entities.fetch(self._publish)

    async def wait(self, tenant: str, minutes: int) -> None:
        """Let time pass for what is remembered of the tenant's alerts."""
        async with self.store.transaction(tenant) as connection:
            await connection.execute(
                "UPDATE late_entities SET first_asked_at = first_asked_at - make_interval(mins => %(minutes)s),"
                " next_try_at = next_try_at - make_interval(mins => %(minutes)s)",
                {"minutes": minutes},
            )

    @property
    def alerts(self) -> list[tuple[str, str, bool]]:
        found = [CanonicalAlert.from_json(message.value) for message in self.producer.on("alerts.raw")]
        return [(alert.alert_id, alert.tenant_id, bool(alert.entities_raw)) for alert in found]

    async def _waits(self, _tenant: str) -> Sequence[str]:
        return self.waiting

    async def _publish(self, body: bytes, headers: dict[str, bytes]) -> object:
        return await self.connector.ingest(body, headers=headers)


async def test_alert_is_published_again_once_its_entities_are_there(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1", Entities="", ingested=ago(minutes=5)), row("other"))
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1")
    assert await fetching.fetch() == 0
    one.add(row("a-1", ingested=ago(minutes=1)), row("a-1", Entities="[]", ingested=ago(minutes=0)))
    assert await fetching.fetch() == 0  # its next turn is in a minute
    await fetching.wait(one.tenant, 1)
    assert await fetching.fetch() == 1
    await fetching.wait(one.tenant, 30)
    assert await fetching.fetch() == 0
    assert fetching.alerts == [("a-1", one.tenant, True)]


async def test_second_workspace_of_a_tenant_is_asked_for_what_the_first_lacks(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one, two = workspace(row("a-1")), workspace(row("a-1"), row("a-2"))
    fetching = Fetching(store, sentinel, {one.id: one.tenant, two.id: one.tenant}, "a-1", "a-2")
    assert await fetching.fetch() == 2
    assert fetching.alerts == [("a-1", one.tenant, True), ("a-2", one.tenant, True)]


async def test_alert_without_entities_is_asked_for_ever_less_often_and_given_up_after_an_hour(
    store: Postgres, sentinel: SentinelTables, workspace: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    one = workspace(row("a-1", Entities=""))
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1")
    asked = []
    for minute in range(120):
        before = len(one.queries())
        await fetching.fetch()
        if len(one.queries()) > before:
            asked.append(minute)
        await fetching.wait(one.tenant, 1)
    assert asked == [0, 1, 3, 7, 15, 31]
    assert [record.message for record in caplog.records if "nobody asks" in record.message] == [
        f"Alert 'a-1' of tenant {one.tenant} still has no entities after an hour; nobody asks for them any more."
    ]


async def test_tick_asks_for_a_bounded_number_and_the_next_for_the_others(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    ids = [f"a-{number:03}" for number in range(MAX_IDS + 20)]
    one = workspace(*map(row, ids[-20:]))
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, *ids)
    assert [await fetching.fetch(), await fetching.fetch(), await fetching.fetch()] == [0, 20, 0]


async def test_two_callers_at_once_publish_an_alert_once(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1")
    async with store.transaction(one.tenant) as other:  # another caller claims the alert and has not committed yet
        await other.execute(
            "INSERT INTO late_entities (tenant_id, alert_id, next_try_at)"
            " VALUES (%s, 'a-1', now() + interval '1 minute')",
            (one.tenant,),
        )
        fetch = asyncio.create_task(fetching.fetch())
        while not fetch.done() and await (await other.execute(WAITS_FOR_US)).fetchone() is None:
            pass
    assert await fetch == 0
    assert one.queries() == []


async def test_hostile_id_never_reaches_a_query_and_is_reported_once(
    store: Postgres, sentinel: SentinelTables, workspace: Make, caplog: pytest.LogCaptureFixture
) -> None:
    one = workspace(row("a-1"))
    hostile = 'x"]) or true | union SecretTable //'
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1", hostile)
    assert await fetching.fetch() == 1
    await fetching.wait(one.tenant, 5)
    assert await fetching.fetch() == 0
    assert [query for query in one.queries() if "Secret" in query] == []
    assert len([record for record in caplog.records if "SecretTable" in record.message]) == 1


async def test_unavailable_workspace_is_tried_once(
    store: Postgres, sentinel: SentinelTables, workspace: Make, caplog: pytest.LogCaptureFixture
) -> None:
    one = workspace(row("a-1"))
    one.fault("throttled", retry_after="5")
    one.fault("partial", rows=0)
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1")
    for published in (0, 0, 1):
        assert await fetching.fetch() == published
        await fetching.wait(one.tenant, 2)
    assert caplog.text.count(f"Late entities: Workspace {one.id} cannot be read now") == 2


async def test_alert_that_could_not_be_published_comes_up_again(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1")

    async def away(_body: bytes, _headers: dict[str, bytes]) -> object:
        raise BusUnavailable("away")

    with pytest.raises(BusUnavailable):
        await fetching.late_entities.fetch(away)
    await fetching.wait(one.tenant, 1)
    assert await fetching.fetch() == 1


async def test_alert_that_has_waited_too_long_is_forgotten(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1", Entities=""))
    fetching = Fetching(store, sentinel, {one.id: one.tenant}, "a-1")
    await fetching.fetch()
    fetching.waiting = []
    await fetching.fetch()
    async with store.transaction(one.tenant) as connection:
        assert await (await connection.execute("SELECT * FROM late_entities")).fetchall() == []
