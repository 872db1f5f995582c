"""The listening socket of the namespace, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from local.eventhubs.connection import ClientConnection
from local.eventhubs.namespace import Namespace
from local.eventhubs.tokens import Grants

logger = logging.getLogger(__name__)

CLOSING_TIME = 2.0  # seconds that clients have to take what was written to them


@asynccontextmanager
async def serving(namespace: Namespace, keys: Mapping[str, str], *, host: str, port: int) -> AsyncIterator[None]:
    """Serve while the block runs, then close every connection. ``keys`` are policy names with their keys; OSError."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ClientConnection(namespace, Grants(keys)), host, port)
    logger.info("The Event Hubs namespace is listening on %s:%d.", host, port)
    try:
        yield
    finally:
        server.close()
        server.close_clients()
        try:
            await asyncio.wait_for(server.wait_closed(), CLOSING_TIME)
        except TimeoutError:
            server.abort_clients()
        logger.info("The Event Hubs namespace has ended.")
