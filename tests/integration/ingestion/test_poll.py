"""SentinelPoller on PostgreSQL and the simulated Log Analytics, through the real azure-monitor-query client."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.errors import BusUnavailable
from shared.ingestion import SentinelConnector
from shared.ingestion.log_analytics import LogAnalytics
from shared.ingestion.polling import MAX_PAGE_ROWS, PollReport, SentinelPoller
from shared.stores.postgres import Postgres
from tests.integration.ingestion.workspace import SimulatedWorkspace, ago, row

Make = Callable[..., SimulatedWorkspace]


class Intake:
    """A poller with a connector behind it, as one host has them; what it published is in `alerts`."""

    def __init__(
        self, store: Postgres, log_analytics: LogAnalytics, *workspaces: SimulatedWorkspace, budget: float = 25
    ) -> None:
        self.producer = MemoryProducer()
        self.connector = SentinelConnector(self.producer)
        tenants = {workspace.id: workspace.tenant for workspace in workspaces}
        self.poller = SentinelPoller(store, log_analytics, tenants, budget_seconds=budget)

    async def publish(self, body: bytes, headers: dict[str, bytes]) -> object:
        return await self.connector.ingest(body, headers=headers)

    async def poll(self) -> PollReport:
        return await self.poller.poll(self.publish)

    @property
    def alerts(self) -> list[CanonicalAlert]:
        return [CanonicalAlert.from_json(message.value) for message in self.producer.on("alerts.raw")]

    @property
    def ids(self) -> list[str]:
        return [alert.alert_id for alert in self.alerts]


async def kept(store: Postgres, workspace: SimulatedWorkspace, table: str) -> list[dict[str, Any]]:
    async with store.transaction(workspace.tenant) as connection:
        return await (await connection.execute(f"SELECT * FROM {table}".encode())).fetchall()


async def test_rows_are_published_once_over_ticks_and_restarts(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1", ingested=ago(hours=2)), row("a-2", ingested=ago(minutes=1)))
    intake = Intake(store, log_analytics, one)
    assert await intake.poll() == PollReport(published=2)
    assert await intake.poll() == PollReport(published=0)
    restarted = Intake(store, log_analytics, one)
    assert await restarted.poll() == PollReport(published=0)
    one.add(row("a-3", ingested=ago(seconds=30)))
    assert await restarted.poll() == PollReport(published=1)
    assert (intake.ids, restarted.ids) == (["a-1", "a-2"], ["a-3"])


async def test_rows_from_before_the_first_look_back_are_not_read(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    intake = Intake(
        store, log_analytics, workspace(row("old", ingested=ago(hours=25)), row("new", ingested=ago(hours=23)))
    )
    await intake.poll()
    assert intake.ids == ["new"]


async def test_row_that_shows_late_is_published_once(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1", ingested=ago(minutes=20)), row("a-2", ingested=ago(minutes=1)))
    intake = Intake(store, log_analytics, one)
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
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1", Entities="", ingested=ago(minutes=9)))
    intake = Intake(store, log_analytics, one)
    await intake.poll()
    one.add(row("a-1", ingested=ago(minutes=8)), row("a-1", ingested=ago(minutes=2)))
    await intake.poll()
    one.add(row("a-2", ingested=ago(seconds=0)), row("a-1", ingested=ago(minutes=0)))
    await intake.poll()
    assert [(alert.alert_id, bool(alert.entities_raw)) for alert in intake.alerts] == [
        ("a-1", False),
        ("a-1", True),
        ("a-2", True),
    ]


async def test_what_is_kept_for_the_overlap_is_forgotten_behind_it(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(*(row(f"a-{number}", ingested=ago(hours=2)) for number in range(50)))
    intake = Intake(store, log_analytics, one)
    await intake.poll()
    assert len(await kept(store, one, "polled_rows")) == 50
    one.add(row("new", ingested=ago(minutes=1)))
    await intake.poll()
    assert len(await kept(store, one, "polled_rows")) == 1


async def test_tenant_of_the_map_stands_on_the_alert_whatever_the_row_says(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    first = workspace(row("a-1"), row("a-2", tenantid="victim", WorkspaceId="victim"))
    second = workspace(row("a-1"))
    intake = Intake(store, log_analytics, first, second)
    assert await intake.poll() == PollReport(published=3)
    assert {(alert.alert_id, alert.tenant_id) for alert in intake.alerts} == {
        ("a-1", first.tenant),
        ("a-2", first.tenant),
        ("a-1", second.tenant),
    }
    assert {row["workspace_id"] for row in await kept(store, first, "polled_tables")} == {first.id}


async def test_backlog_is_read_in_pages_in_order_also_when_many_rows_share_an_instant(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    bulk, rest = 2 * MAX_PAGE_ROWS + 100, 300
    one = workspace(
        *(row(f"bulk-{number}", ingested=ago(hours=5)) for number in range(bulk)),
        *(row(f"rest-{number}", ingested=ago(hours=4, minutes=-number)) for number in range(rest)),
    )
    intake = Intake(store, log_analytics, one)
    assert await intake.poll() == PollReport(published=bulk + rest)
    assert len(set(intake.ids)) == bulk + rest
    assert intake.ids[bulk:] == [f"rest-{number}" for number in range(rest)]
    assert len(one.queries()) == 3


async def test_tick_without_time_left_says_so_and_the_next_goes_on(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(
        *(row(f"a-{number}", ingested=ago(hours=20, seconds=-number)) for number in range(MAX_PAGE_ROWS + 5))
    )
    hurried = Intake(store, log_analytics, one, budget=0)
    report = await hurried.poll()
    assert report.published == MAX_PAGE_ROWS
    assert one.id in report.problems[0]
    assert "the next tick goes on" in report.problems[0]
    assert await hurried.poll() == PollReport(published=5)
    assert len(set(hurried.ids)) == len(hurried.ids) == MAX_PAGE_ROWS + 5


async def test_too_large_answer_is_asked_for_in_smaller_pages(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(*(row(f"a-{number}", ingested=ago(minutes=9, seconds=-number)) for number in range(40)))
    one.fault("partial", rows=16, times=None)
    intake = Intake(store, log_analytics, one)
    assert await intake.poll() == PollReport(published=40)
    assert intake.ids == [f"a-{number}" for number in range(40)]


async def test_partial_result_that_cannot_shrink_is_published_and_the_place_stays(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1", ingested=ago(minutes=9)), row("a-2", ingested=ago(minutes=8)))
    one.fault("partial", rows=1, times=None)
    intake = Intake(store, log_analytics, one)
    for published in (1, 0):
        report = await intake.poll()
        assert report.published == published
        assert "E_QUERY_RESULT_SET_TOO_LARGE" in report.problems[0]
    one.clear_faults()
    assert await intake.poll() == PollReport(published=1)
    assert intake.ids == ["a-1", "a-2"]


async def test_throttled_workspace_is_left_alone_for_as_long_as_it_asked(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one, other = workspace(row("a-1")), workspace(row("b-1"))
    one.fault("throttled", retry_after="300")
    intake = Intake(store, log_analytics, one, other)
    report = await intake.poll()
    assert report.published == 1
    assert f"{one.id}" in report.problems[0]
    assert "throttles" in report.problems[0]
    assert await Intake(store, log_analytics, one).poll() == PollReport(published=0)
    assert len(one.queries()) == 1
    async with store.transaction(one.tenant) as connection:
        await connection.execute("UPDATE polled_tables SET paused_until = now()")
    assert await intake.poll() == PollReport(published=1)
    assert intake.ids == ["b-1", "a-1"]


async def test_mistaken_retry_after_silences_for_ten_minutes_at_most(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    one.fault("throttled", retry_after="Fri, 31 Dec 2199 23:59:59 GMT")
    await Intake(store, log_analytics, one).poll()
    async with store.transaction(one.tenant) as connection:
        cursor = await connection.execute(
            "SELECT paused_until BETWEEN now() AND now() + interval '10 minutes' AS bounded FROM polled_tables"
        )
        assert await cursor.fetchone() == {"bounded": True}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("server_error", "500"),
        ("forbidden", "Log Analytics Reader"),
        ("malformed", "no table of rows"),
        ("no_table", "no table of rows"),
        ("no_json", "cannot be read now"),
    ],
)
async def test_failing_workspace_is_named_with_what_to_do_and_harms_no_other(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make, fault: str, said: str
) -> None:
    one, other = workspace(row("a-1")), workspace(row("b-1"))
    one.fault(fault)
    intake = Intake(store, log_analytics, one, other)
    report = await intake.poll()
    assert report.published == 1
    (problem,) = report.problems
    assert one.id in problem
    assert said in problem
    assert await intake.poll() == PollReport(published=1)
    assert sorted(intake.ids) == ["a-1", "b-1"]


async def test_unknown_workspace_is_named_with_the_setting(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    one.id = "11111111-2222-3333-4444-555555555555"
    (problem,) = (await Intake(store, log_analytics, one).poll()).problems
    assert one.id in problem
    assert "ALUSKORT_WORKSPACES" in problem


async def test_empty_workspace_is_no_problem(store: Postgres, log_analytics: LogAnalytics, workspace: Make) -> None:
    one = workspace()
    intake = Intake(store, log_analytics, one)
    assert await intake.poll() == PollReport(published=0)
    one.add(row("first"))
    assert await intake.poll() == PollReport(published=1)


async def test_slow_answer_costs_its_time_and_nothing_else(store: Postgres, endpoint: str, workspace: Make) -> None:
    one = workspace(*(row(f"a-{number}") for number in range(3)))
    one.fault("slow")
    one.fault("gateway_timeout")
    hasty = LogAnalytics.connect(endpoint, query_seconds=-4.7)  # 0.3 s with the grace
    intake = Intake(store, hasty, one)
    assert await intake.poll() == PollReport(published=3)
    assert [query.partition("| take ")[2].split("\n")[0] for query in one.queries()] == ["2000", "1000", "500"]
    await hasty.close()


async def test_two_pollers_at_once_publish_each_row_once(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(
        *(row(f"a-{number}", ingested=ago(hours=3, seconds=-number)) for number in range(MAX_PAGE_ROWS + 500))
    )
    first, second = Intake(store, log_analytics, one), Intake(store, log_analytics, one)
    publishing, may_go_on = asyncio.Event(), asyncio.Event()

    async def held(body: bytes, headers: dict[str, bytes]) -> object:
        publishing.set()
        await may_go_on.wait()
        return await first.publish(body, headers)

    polling = asyncio.create_task(first.poller.poll(held))
    await publishing.wait()
    assert await second.poll() == PollReport(published=0)
    assert len(one.queries()) == 1
    may_go_on.set()
    await asyncio.gather(polling, second.poll(), second.poll())
    assert len(first.ids) + len(second.ids) == len(set(first.ids + second.ids)) == MAX_PAGE_ROWS + 500


async def test_unavailable_kafka_keeps_the_place_and_repeats_only_what_did_not_go_out(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(*(row(f"a-{number}", ingested=ago(minutes=9 - number)) for number in range(4)))
    intake = Intake(store, log_analytics, one)

    async def half(body: bytes, headers: dict[str, bytes]) -> object:
        if b'"a-1"' in body or b'"a-2"' in body:
            raise BusUnavailable("Kafka is away")
        return await intake.publish(body, headers)

    report = await intake.poller.poll(half)
    assert report.published == 2
    assert "Kafka is away" in report.problems[0]
    assert await intake.poll() == PollReport(published=2)
    assert intake.ids == ["a-0", "a-3", "a-1", "a-2"]


async def test_row_from_the_services_future_does_not_hide_those_of_the_present(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1"), row("future", ingested=ago(hours=-5)))
    intake = Intake(store, log_analytics, one)
    await intake.poll()
    one.add(row("a-2", ingested=ago(seconds=30)))
    await intake.poll()
    assert await intake.poll() == PollReport(published=0)
    assert intake.ids == ["a-1", "future", "a-2"]


async def test_hostile_row_is_published_or_goes_to_the_dead_letters_once(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(
        row("surrogate", AlertName="x \ud800 y"),
        row("nul", AlertName="x\x00y"),
        row("", AlertName="no id"),
        row("dynamic", ExtendedProperties={"a": [1, 2]}, ConfidenceScore=0.5, IsIncident=False),
        row("huge", Description="x" * 1_200_000),
        row("no-time", TimeGenerated="yesterday"),
    )
    intake = Intake(store, log_analytics, one)
    assert await intake.poll() == PollReport(published=6)
    assert await intake.poll() == PollReport(published=0)
    assert set(intake.ids) == {"surrogate", "nul", "dynamic"}
    letters = [json.loads(message.value) for message in intake.producer.on("alerts.raw.dlq")]
    assert len({letter["reason"] for letter in letters}) == 3


async def test_connector_start_polls_until_it_is_cancelled(
    store: Postgres, log_analytics: LogAnalytics, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    published = asyncio.Event()

    class Telling(MemoryProducer):
        async def publish(self, *arguments: Any, **options: Any) -> None:
            await super().publish(*arguments, **options)
            published.set()

    producer = Telling()
    poller = SentinelPoller(store, log_analytics, {one.id: one.tenant})
    running = asyncio.create_task(SentinelConnector(producer, source=poller).start())
    await asyncio.wait_for(published.wait(), 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [message.key for message in producer.on("alerts.raw")] == ["a-1"]
