"""A process that polls one workspace, prints each alert id that it publishes, and kills itself after so many."""

import asyncio
import json
import os
import signal
import sys

from shared.ingestion.log_analytics import SentinelTables
from shared.ingestion.polling import SentinelPoller
from shared.stores.log_analytics import LogAnalytics
from shared.stores.postgres import Postgres


async def main(postgres_url: str, endpoint: str, workspace_id: str, tenant: str, survives: str) -> None:
    left = int(survives)

    async def publish(body: bytes, _headers: dict[str, bytes]) -> None:
        nonlocal left
        sys.stdout.write(f"{json.loads(body)['SystemAlertId']}\n")
        sys.stdout.flush()
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    tables = SentinelTables(LogAnalytics.connect(endpoint))
    await SentinelPoller(Postgres(postgres_url), tables, {workspace_id: tenant}).poll(publish)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
