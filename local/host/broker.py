"""Watches whether Kafka can be reached at all, for every trigger that reads from it, and says so once per outage.

aiokafka reconnects by itself and reports it only in its own log; this watch logs it in one plain sentence instead.
"""

from __future__ import annotations

import asyncio
import contextlib

from local.host.outage import Outage
from shared.errors import ConfigurationError

CHECK_SECONDS = 2.0
CONNECT_SECONDS = 3.0


class Broker:
    """One list of bootstrap servers, "host:port,host:port"."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self._outage = Outage(f"Kafka at {servers}")
        self._addresses = [_address(server.strip()) for server in servers.split(",")]

    async def reachable(self) -> bool:
        """Whether one of the servers accepts a connection now; logs when that has changed."""
        error: OSError | None = None
        for host, port in self._addresses:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
            except (OSError, TimeoutError) as failure:
                error = failure
                continue
            writer.close()
            with contextlib.suppress(OSError):  # the connection was only a probe
                await writer.wait_closed()
            self._outage.over()
            return True
        self._outage.report(error)
        return False

    async def watch(self) -> None:
        """Ask every two seconds until cancelled."""
        while True:
            await self.reachable()
            await asyncio.sleep(CHECK_SECONDS)


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigurationError(f"Kafka brokerList: got {server!r}, expected host:port, several separated by commas.")
    return host.strip("[]"), int(port)
