"""One namespace for the whole folder; every test that stores events has a hub of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
