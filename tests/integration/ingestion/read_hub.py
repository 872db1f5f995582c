"""A process that runs SentinelConnector.start and prints the id of each alert that it publishes."""

import asyncio
import sys
from collections.abc import Mapping

from shared.bus.producer import MemoryProducer
from shared.errors import BusUnavailable
from shared.ingestion import SentinelConnector
from shared.ingestion.event_hub import EventHubSource


class PrintingProducer(MemoryProducer):
    """Kafka that is unavailable for the first message, as any broker may be."""

    away = True

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        if self.away:
            self.away = False
            raise BusUnavailable("away for one message")
        await super().publish(topic, value, key=key, headers=headers)
        sys.stdout.write(f"{topic} {key}\n")
        sys.stdout.flush()


async def main(connection_string: str, blob_connection_string: str) -> None:
    source = EventHubSource.connect(
        connection_string, hub="sentinel-alerts", group="$Default", blob_connection_string=blob_connection_string
    )
    await SentinelConnector(PrintingProducer(), source=source).start()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
