"""SentinelPoller on PostgreSQL and the simulated Log Analytics, through the real azure-monitor-query client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.errors import ConfigurationError
from shared.ingestion import SentinelConnector
from shared.ingestion.log_analytics import SentinelTables
from shared.ingestion.polling import MAX_PAGE_ROWS, TABLES, PollReport, SentinelPoller
from shared.stores.postgres import Connection, Postgres
from tests.conftest import Database
from tests.integration.ingestion.intake import Intake
from tests.integration.ingestion.workspace import SimulatedWorkspace, ago, row

Make = Callable[..., SimulatedWorkspace]


async def kept(store: Postgres, workspace: SimulatedWorkspace, table: str) -> list[dict[str, Any]]:
    async with store.transaction(workspace.tenant) as connection:
        return await (await connection.execute(f"SELECT * FROM {table}".encode())).fetchall()


async def test_rows_are_published_once_over_ticks_and_restarts(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1", ingested=ago(hours=2)), row("a-2", ingested=ago(minutes=1)))
    intake = Intake(store, sentinel, one)
    assert await intake.poll() == PollReport(published=2)
    assert await intake.poll() == PollReport(published=0)
    restarted = Intake(store, sentinel, one)
    assert await restarted.poll() == PollReport(published=0)
    one.add(row("a-3", ingested=ago(seconds=30)))
    assert await restarted.poll() == PollReport(published=1)
    assert (intake.ids, restarted.ids) == (["a-1", "a-2"], ["a-3"])


async def test_rows_older_than_the_first_poll_looks_back_are_not_read(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    intake = Intake(store, sentinel, workspace(row("old", ingested=ago(hours=25)), row("new", ingested=ago(hours=23))))
    await intake.poll()
    assert intake.ids == ["new"]


async def test_row_that_shows_late_is_published_once(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1", ingested=ago(minutes=20)), row("a-2", ingested=ago(minutes=1)))
    intake = Intake(store, sentinel, one)
    await intake.poll()
    one.add(
        row("late", ingested=ago(minutes=10, seconds=30)),
        row("too-late", ingested=ago(minutes=12)),
        row("generated-long-ago", ingested=ago(seconds=30), TimeGenerated="2026-01-01T00:00:00Z"),
    )
    await intake.poll()
    await intake.poll()
    assert intake.ids == ["a-1", "a-2", "late", "generated-long-ago"]


async def test_update_of_an_alert_is_published_and_its_repetition_is_not(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1", Entities="", ingested=ago(minutes=16)))
    intake = Intake(store, sentinel, one)
    await intake.poll()
    one.add(row("a-1", ingested=ago(minutes=15)))
    await intake.poll()
    one.add(row("a-1", ingested=ago(minutes=8)))
    await intake.poll()
    one.add(row("a-2", ingested=ago(minutes=1)))  # what was stored 15 minutes ago is no longer remembered
    await intake.poll()
    await intake.poll()
    assert [(alert.alert_id, bool(alert.entities_raw)) for alert in intake.alerts] == [
        ("a-1", False),
        ("a-1", True),
        ("a-2", True),
    ]


async def test_what_is_kept_for_the_overlap_is_forgotten_behind_it(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(*(row(f"a-{number}", ingested=ago(hours=2)) for number in range(50)))
    intake = Intake(store, sentinel, one)
    await intake.poll()
    assert len(await kept(store, one, "polled_rows")) == 50
    one.add(row("new", ingested=ago(minutes=1)))
    await intake.poll()
    assert len(await kept(store, one, "polled_rows")) == 1


async def test_incident_is_polled_and_becomes_an_alert_only_where_it_has_none(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    incident = {"Type": "SecurityIncident", "Title": "Suspicious", "Severity": "High", "TenantId": one.id}
    times = {"TimeGenerated": "2026-11-20T08:14:22Z", "ingested": ago(minutes=1)}
    one.add(
        incident | times | {"IncidentName": "i-1", "AlertIds": '["a-1"]'},
        incident | times | {"IncidentName": "i-2", "AlertIds": "[]"},
        table="SecurityIncident",
    )
    intake = Intake(store, sentinel, one, tables=TABLES)
    await intake.poll()
    await intake.poll()
    assert sorted(intake.ids) == ["a-1", "i-2"]


async def test_tenant_of_the_map_stands_on_the_alert_whatever_the_row_says(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    first = workspace(row("a-1"), row("a-2", tenantid="victim", WorkspaceId="victim"))
    second = workspace(row("a-1"))
    intake = Intake(store, sentinel, first, second)
    assert await intake.poll() == PollReport(published=3)
    assert {(alert.alert_id, alert.tenant_id) for alert in intake.alerts} == {
        ("a-1", first.tenant),
        ("a-2", first.tenant),
        ("a-1", second.tenant),
    }
    assert {row["workspace_id"] for row in await kept(store, first, "polled_tables")} == {first.id}


async def test_backlog_is_read_in_pages_in_order_also_when_many_rows_share_an_instant(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    bulk, rest = 2 * MAX_PAGE_ROWS + 100, 300
    one = workspace(
        *(row(f"bulk-{number}", ingested=ago(hours=5)) for number in range(bulk)),
        *(row(f"rest-{number}", ingested=ago(hours=4, minutes=-number)) for number in range(rest)),
    )
    intake = Intake(store, sentinel, one)
    assert await intake.poll() == PollReport(published=bulk + rest)
    assert len(set(intake.ids)) == bulk + rest
    assert intake.ids[bulk:] == [f"rest-{number}" for number in range(rest)]
    assert len(one.queries()) == 3


async def test_tick_out_of_time_says_so_and_the_next_continues_where_it_stopped(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    ids = [f"a-{number}" for number in range(2 * MAX_PAGE_ROWS + 5)]  # more within the overlap than a tick can read
    one = workspace(*(row(name, ingested=ago(minutes=9, seconds=-number / 10)) for number, name in enumerate(ids)))
    hurried = Intake(store, sentinel, one, budget=0)
    reports = [await hurried.poll() for _ in range(6)]
    assert [report.published for report in reports] == [MAX_PAGE_ROWS, MAX_PAGE_ROWS, 5, 0, 0, 0]
    assert [len(report.problems) for report in reports] == [1, 1, 0, 1, 1, 0]
    assert one.id in reports[0].problems[0]
    assert "the next tick goes on" in reports[0].problems[0]
    assert hurried.ids == ids


async def test_empty_workspace_is_polled_without_error(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace()
    intake = Intake(store, sentinel, one)
    assert await intake.poll() == PollReport(published=0)
    one.add(row("first"))
    assert await intake.poll() == PollReport(published=1)


async def test_of_two_pollers_at_one_page_the_slower_leaves_the_table_to_the_other(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(
        *(row(f"a-{number}", ingested=ago(hours=3, seconds=-number)) for number in range(MAX_PAGE_ROWS + 500))
    )
    first, second = Intake(store, sentinel, one), Intake(store, sentinel, one)
    publishing, may_go_on = asyncio.Event(), asyncio.Event()

    async def held(body: bytes, headers: dict[str, bytes]) -> object:
        publishing.set()
        await may_go_on.wait()
        return await first.publish(body, headers)

    polling = asyncio.create_task(first.poller.poll(held))
    await publishing.wait()
    assert await second.poll() == PollReport(published=MAX_PAGE_ROWS + 500)
    may_go_on.set()
    assert await polling == PollReport(published=MAX_PAGE_ROWS)
    assert set(first.ids) < set(second.ids)
    assert await first.poll() == await second.poll() == PollReport(published=0)


class Overtaken(Postgres):
    """The store of a host that another one overtakes between its first and its second page."""

    transactions = 0
    overtake: Callable[[], Awaitable[object]]

    @asynccontextmanager
    async def transaction(self, tenant_id: str) -> AsyncIterator[Connection]:
        self.transactions += 1
        if self.transactions == 6:  # its place was made, its first page found, sorted, noted and left behind
            await self.overtake()
        async with super().transaction(tenant_id) as connection:
            yield connection


async def test_poller_that_was_overtaken_leaves_the_table_to_the_other(
    own_database: Database, store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    backlog = MAX_PAGE_ROWS + 500
    one = workspace(*(row(f"a-{number}", ingested=ago(hours=9, seconds=-9 * number)) for number in range(backlog)))
    slow_store = Overtaken(own_database.url)
    slow, fast = Intake(slow_store, sentinel, one), Intake(store, sentinel, one)
    slow_store.overtake = fast.poll
    await slow.poll()
    await slow_store.close()
    assert (len(slow.ids), len(fast.ids)) == (MAX_PAGE_ROWS, 500)
    assert len({*slow.ids, *fast.ids}) == backlog


async def test_row_from_the_services_future_does_not_hide_those_of_the_present(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"), row("future", ingested=ago(hours=-5)))
    intake = Intake(store, sentinel, one)
    await intake.poll()
    a_moment_ago = datetime.now(UTC) - timedelta(seconds=30)  # not before this run, which may have lasted for minutes
    one.add(row("a-2", ingested=a_moment_ago.isoformat()))
    await intake.poll()
    assert await intake.poll() == PollReport(published=0)
    assert intake.ids == ["a-1", "future", "a-2"]


async def test_connector_start_polls_until_it_is_cancelled(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    published = asyncio.Event()

    class Telling(MemoryProducer):
        async def publish(self, *arguments: Any, **options: Any) -> None:
            await super().publish(*arguments, **options)
            published.set()

    producer = Telling()
    poller = SentinelPoller(store, sentinel, {one.id: one.tenant})
    running = asyncio.create_task(SentinelConnector(producer, source=poller).start())
    await asyncio.wait_for(published.wait(), 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [message.key for message in producer.on("alerts.raw")] == ["a-1"]


async def test_connector_start_without_a_source_says_what_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="give a SentinelPoller"):
        await SentinelConnector(MemoryProducer()).start()
