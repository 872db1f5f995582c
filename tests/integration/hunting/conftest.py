from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from local.services.simulators import Simulators
from shared.hunting.hunter import Hunter
from shared.stores.log_analytics import LogAnalytics
from shared.stores.redis import Redis
from tests.integration.ingestion.workspace import SimulatedWorkspace


@pytest.fixture(scope="session")
def endpoint(simulators: Simulators) -> str:
    return simulators.log_analytics_url()


@pytest.fixture(scope="session")
def switches(endpoint: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint) as client:
        yield client


@pytest.fixture
def workspace(switches: httpx.Client) -> SimulatedWorkspace:
    return SimulatedWorkspace(switches)


@pytest.fixture
async def log_analytics(endpoint: str) -> AsyncIterator[LogAnalytics]:
    own = LogAnalytics.connect(endpoint)
    yield own
    await own.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    own = Redis(redis_url)
    yield own
    await own.close()


@pytest.fixture
def hunter(log_analytics: LogAnalytics, redis: Redis) -> Callable[..., Hunter]:
    """Makes a hunter of these workspaces."""

    def make(*workspaces: SimulatedWorkspace, seconds: float = 20, **options: Any) -> Hunter:
        tenants = {one.id: workspaces[0].tenant for one in workspaces}
        return Hunter(
            lambda: options.get("client", log_analytics), options.get("redis", redis), tenants, seconds=seconds
        )

    return make
