"""SentinelPoller when the service, Kafka or a row is not as it should be."""

import json
from collections.abc import Callable

import pytest

from shared.errors import BusUnavailable
from shared.ingestion.log_analytics import SentinelTables
from shared.ingestion.polling import PollReport
from shared.stores.log_analytics import LogAnalytics
from shared.stores.postgres import Postgres
from tests.integration.ingestion.intake import Intake
from tests.integration.ingestion.workspace import SimulatedWorkspace, ago, row

Make = Callable[..., SimulatedWorkspace]


async def test_too_large_answer_is_asked_for_in_smaller_pages(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(*(row(f"a-{number}", ingested=ago(minutes=9, seconds=-number)) for number in range(40)))
    one.fault("partial", rows=16, times=None)
    intake = Intake(store, sentinel, one)
    assert await intake.poll() == PollReport(published=40)
    assert intake.ids == [f"a-{number}" for number in range(40)]


async def test_partial_result_that_cannot_shrink_is_published_and_the_watermark_stays(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1", ingested=ago(minutes=9)), row("a-2", ingested=ago(minutes=8)))
    one.fault("partial", rows=1, times=None)
    intake = Intake(store, sentinel, one)
    for published in (1, 0):
        report = await intake.poll()
        assert report.published == published
        assert "E_QUERY_RESULT_SET_TOO_LARGE" in report.problems[0]
    one.clear_faults()
    assert await intake.poll() == PollReport(published=1)
    assert intake.ids == ["a-1", "a-2"]


async def test_throttled_workspace_is_left_alone_for_as_long_as_it_asked(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one, other = workspace(row("a-1")), workspace(row("b-1"))
    one.fault("throttled", retry_after="300")
    intake = Intake(store, sentinel, one, other)
    report = await intake.poll()
    assert report.published == 1
    assert f"{one.id}" in report.problems[0]
    assert "throttles" in report.problems[0]
    assert await Intake(store, sentinel, one).poll() == PollReport(published=0)
    assert len(one.queries()) == 1
    async with store.transaction(one.tenant) as connection:
        await connection.execute("UPDATE polled_tables SET paused_until = now()")
    assert await intake.poll() == PollReport(published=1)
    assert intake.ids == ["b-1", "a-1"]


async def test_mistaken_retry_after_silences_for_ten_minutes_at_most(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    one.fault("throttled", retry_after="Fri, 31 Dec 2199 23:59:59 GMT")
    await Intake(store, sentinel, one).poll()
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
async def test_failing_workspace_is_named_with_what_to_do_and_affects_no_other(
    store: Postgres, sentinel: SentinelTables, workspace: Make, fault: str, said: str
) -> None:
    one, other = workspace(row("a-1")), workspace(row("b-1"))
    one.fault(fault)
    intake = Intake(store, sentinel, one, other)
    report = await intake.poll()
    assert report.published == 1
    (problem,) = report.problems
    assert one.id in problem
    assert said in problem
    assert await intake.poll() == PollReport(published=1)
    assert sorted(intake.ids) == ["a-1", "b-1"]


async def test_unknown_workspace_is_named_with_the_setting(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(row("a-1"))
    one.id = "11111111-2222-3333-4444-555555555555"
    (problem,) = (await Intake(store, sentinel, one).poll()).problems
    assert one.id in problem
    assert "ALUSKORT_WORKSPACES" in problem


async def test_slow_answer_delays_only_its_own_request(store: Postgres, endpoint: str, workspace: Make) -> None:
    one = workspace(*(row(f"a-{number}") for number in range(3)))
    one.fault("slow")
    one.fault("gateway_timeout")
    hasty = LogAnalytics.connect(endpoint, query_seconds=-4.7)  # 0.3 s with the grace
    intake = Intake(store, SentinelTables(hasty), one)
    assert await intake.poll() == PollReport(published=3)
    assert await intake.poll() == PollReport(published=0)
    sizes = [query.partition("| take ")[2].split("\n")[0] for query in one.queries()]
    assert sizes == ["2000", "1000", "500", "1000"]  # smaller while they do not come, then larger again
    await hasty.close()


async def test_unavailable_kafka_keeps_the_watermark_and_repeats_only_what_was_not_sent(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(*(row(f"a-{number}", ingested=ago(minutes=9 - number)) for number in range(4)))
    intake = Intake(store, sentinel, one)

    async def half(body: bytes, headers: dict[str, bytes]) -> object:
        if b'"a-1"' in body or b'"a-2"' in body:
            raise BusUnavailable("Kafka is unavailable")
        return await intake.publish(body, headers)

    report = await intake.poller.poll(half)
    assert report.published == 2
    assert "Kafka is unavailable" in report.problems[0]
    assert await intake.poll() == PollReport(published=2)
    assert intake.ids == ["a-0", "a-3", "a-1", "a-2"]


async def test_hostile_row_is_published_or_dead_lettered_once(
    store: Postgres, sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(
        row("surrogate", AlertName="x \ud800 y"),
        row("nul", AlertName="x\x00y"),
        row("", AlertName="no id"),
        row("dynamic", ExtendedProperties={"a": [1, 2]}, ConfidenceScore=0.5, IsIncident=False),
        row("huge", Description="x" * 1_200_000),
        row("no-time", TimeGenerated="yesterday"),
    )
    intake = Intake(store, sentinel, one)
    assert await intake.poll() == PollReport(published=6)
    assert await intake.poll() == PollReport(published=0)
    assert set(intake.ids) == {"surrogate", "nul", "dynamic"}
    dead_letters = [json.loads(message.value) for message in intake.producer.on("alerts.raw.dlq")]
    assert len({dead_letter["reason"] for dead_letter in dead_letters}) == 3
