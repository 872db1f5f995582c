"""The Log Analytics client against the simulated service: what it asks, takes and refuses."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import WorkspaceUnavailable
from shared.ingestion.log_analytics import SentinelTables
from shared.stores.log_analytics import LogAnalytics
from tests.integration.ingestion.workspace import SimulatedWorkspace, row

Make = Callable[..., SimulatedWorkspace]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def test_page_has_the_service_precision_in_its_order_and_ours_in_its_times(
    sentinel: SentinelTables, workspace: Make
) -> None:
    one = workspace(
        row("b", ingested="2026-11-20T08:00:00.1234568Z"),
        row("a", ingested="2026-11-20T08:00:00.1234567Z"),
        row("before", ingested="2026-11-20T08:00:00.1234559Z"),
    )
    since = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
    answer = await sentinel.page(one.id, "SecurityAlert", since=since, skip=0, rows=10)
    assert [row.columns["SystemAlertId"] for row in answer.rows] == ["a", "b"]
    assert {row.ingested for row in answer.rows} == {since}
    rest = await sentinel.page(one.id, "SecurityAlert", since=since, skip=1, rows=10)
    assert [row.columns["SystemAlertId"] for row in rest.rows] == ["b"]


async def test_alerts_by_id_gives_the_newest_row_with_entities(sentinel: SentinelTables, workspace: Make) -> None:
    one = workspace(
        row("a", AlertName="first", ingested="2026-11-20T08:00:00Z"),
        row("a", AlertName="second", ingested="2026-11-20T08:01:00Z"),
        row("a", AlertName="third", Entities="[]", ingested="2026-11-20T08:02:00Z"),
        row("b", Entities=""),
        row("c"),
    )
    found = await sentinel.alerts_by_id(one.id, ["a", "b", "unknown"])
    assert [row.columns["AlertName"] for row in found.rows] == ["second"]
    assert found.refused == ()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.text(min_size=1) | st.from_regex(r"[\"\])|;/\\\n a-z-]{1,20}", fullmatch=True), max_size=5))
async def test_no_id_can_change_the_query(sentinel: SentinelTables, one: SimulatedWorkspace, ids: list[str]) -> None:
    # The simulated service answers no query but the product's own, so an id that broke out would be refused here.
    found = await sentinel.alerts_by_id(one.id, ["known", *ids])
    assert [row.columns["SystemAlertId"] for row in found.rows] == ["known"]
    assert all(alert_id in ids for alert_id in found.refused)


@pytest.fixture(scope="module")
def one(switches: httpx.Client) -> SimulatedWorkspace:
    return SimulatedWorkspace(switches, row("known"))


@pytest.mark.parametrize("bad", ['a"', "a\\", "a\nb", "a b", "", "é", "a" * 129, "a]", "a'", "a\x00"])
async def test_id_with_other_characters_is_refused(sentinel: SentinelTables, workspace: Make, bad: str) -> None:
    one = workspace()
    found = await sentinel.alerts_by_id(one.id, [bad])
    assert (found.rows, found.refused) == ((), (bad,))
    assert one.queries() == []


def test_query_of_anybody_else_is_refused_by_the_simulated_service(endpoint: str, workspace: Make) -> None:
    address = f"{endpoint}/v1/workspaces/{workspace().id}/query"
    bearer = {"Authorization": "Bearer x"}
    answers = [
        httpx.post(address, json={"query": "SecurityAlert | take 5"}, headers=bearer),
        httpx.post(address, content=b"{", headers=bearer),
        httpx.post(address, json={"query": "SecurityAlert"}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 401]
    assert {answer.headers["x-aluskort-simulated"] for answer in answers} == {"true"}


async def test_partial_answer_by_id_is_discarded(sentinel: SentinelTables, workspace: Make) -> None:
    one = workspace(row("a"))
    one.fault("partial", rows=0)
    with pytest.raises(WorkspaceUnavailable, match="E_QUERY_RESULT_SET_TOO_LARGE"):
        await sentinel.alerts_by_id(one.id, ["a"])


@pytest.mark.parametrize(("given", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("", None)])
async def test_retry_after_is_read_in_every_form(
    sentinel: SentinelTables, workspace: Make, given: str, seconds: float | None
) -> None:
    one = workspace()
    one.fault("throttled", retry_after=given)
    with pytest.raises(WorkspaceUnavailable) as refused:
        await sentinel.page(one.id, "SecurityAlert", since=LONG_AGO, skip=0, rows=1)
    assert refused.value.retry_after == seconds


async def test_unreachable_service_is_named(workspace: Make) -> None:
    nobody = LogAnalytics.connect("http://127.0.0.1:9")
    with pytest.raises(WorkspaceUnavailable, match="Check the network and the endpoint"):
        await SentinelTables(nobody).page(workspace().id, "SecurityAlert", since=LONG_AGO, skip=0, rows=1)
    await nobody.close()
