"""A poller that is killed after it published and before it stored the watermark."""

import asyncio
import sys
from collections.abc import Callable

from shared.ingestion.log_analytics import SentinelTables
from shared.ingestion.polling import MAX_PAGE_ROWS, SentinelPoller
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.ingestion.workspace import SimulatedWorkspace, ago, row

SECOND_PAGE, REST = 300, 50


async def test_killed_poller_repeats_its_last_page_only_and_loses_nothing(
    own_database: Database,
    store: Postgres,
    sentinel: SentinelTables,
    endpoint: str,
    workspace: Callable[..., SimulatedWorkspace],
) -> None:
    ids = [f"a-{number}" for number in range(MAX_PAGE_ROWS + SECOND_PAGE + REST)]
    one = workspace(*(row(alert_id, ingested=ago(hours=9, seconds=-place)) for place, alert_id in enumerate(ids)))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.ingestion.poll_and_die"),
        *(own_database.url, endpoint, one.id, one.tenant, str(MAX_PAGE_ROWS + SECOND_PAGE)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == -9
    before = output.decode().split()
    assert before == ids[: MAX_PAGE_ROWS + SECOND_PAGE]
    after: list[bytes] = []

    async def publish(body: bytes, _headers: dict[str, bytes]) -> None:
        after.append(body)

    report = await SentinelPoller(store, sentinel, {one.id: one.tenant}).poll(publish)
    assert (report.published, report.problems) == (SECOND_PAGE + REST, ())
    assert all(f'"{alert_id}"'.encode() in body for alert_id, body in zip(ids[MAX_PAGE_ROWS:], after, strict=True))
