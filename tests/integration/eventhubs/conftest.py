"""One namespace for the whole folder; every test that stores events has a hub of its own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from azure.eventhub.aio import _client_base_async
from azure.eventhub.aio._eventprocessor import event_processor
from azure.eventhub.aio._transport import _pyamqp_transport_async

from tests.integration.eventhubs.namespace_process import NamespaceProcess

HUBS = (
    "keys:4",
    "bodies:1",
    "starts:1",
    "latest:1",
    "tracked:2",
    "levels:1",
    "crowd:1",
    "refusals:2",
    "checkpoints:1",
    "hostile:1",
)


@pytest.fixture(scope="module", autouse=True)
def quick_client() -> Iterator[None]:
    """Between two polls of its sockets the client sleeps 50 ms, and a second when it ends: here a tenth of that."""
    quick = ModuleType("asyncio")
    vars(quick).update(vars(asyncio))

    async def sleep(delay: float, *arguments: Any, **options: Any) -> None:
        await asyncio.sleep(delay / 10, *arguments, **options)

    vars(quick)["sleep"] = sleep
    with pytest.MonkeyPatch.context() as patch:
        for module in (_client_base_async, event_processor, _pyamqp_transport_async):
            patch.setattr(module, "asyncio", quick)
        yield


@pytest.fixture(scope="session")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NamespaceProcess]:
    """A running namespace with the hubs above, all with the consumer group $Default."""
    server = NamespaceProcess(tmp_path_factory.mktemp("namespace"), HUBS)
    server.start()
    yield server
    assert server.end(signal.SIGTERM) == 0


@pytest.fixture
def new_namespace(tmp_path: Path) -> Iterator[Callable[..., NamespaceProcess]]:
    """A function that makes a namespace of one's own, on the test's one store; none outlives the test."""
    made: list[NamespaceProcess] = []

    def make(*hubs: str, port: int | None = None) -> NamespaceProcess:
        made.append(NamespaceProcess(tmp_path, hubs, port=port))
        return made[-1]

    yield make
    for server in made:
        if server.process is not None and server.process.poll() is None:
            server.end(signal.SIGKILL)
