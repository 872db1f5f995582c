"""Task hubs on the run's PostgreSQL, and the SDK's client over real HTTP."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest
import uvicorn
from azure.durable_functions import DurableOrchestrationClient
from azure.durable_functions.models.utils import http_utils
from starlette.applications import Starlette
from starlette.routing import Mount

from local.taskhub import DurableOptions, Instance, Status, TaskHub, client_binding, durable_routes
from shared.errors import StoreUnavailable
from tests.integration.taskhub.sdk_runner import SdkRunner

DEADLINE = 30.0
# The SDK warns about each of its own reads of plain JSON.
UNTYPED_LOADS = "ignore:azure.functions df_loads was called without expected_type"
SAMPLE_APP = "tests.integration.taskhub.sample_app"

type MakeHub = Callable[..., Awaitable[TaskHub]]


async def until[T](check: Callable[[], Awaitable[T]], *, deadline: float = DEADLINE) -> T:
    """The first truthy answer of ``check``; fails after ``deadline`` seconds."""
    end = time.monotonic() + deadline
    while not (answer := await check()):
        if time.monotonic() > end:
            pytest.fail(f"not so within {deadline} seconds")
        await asyncio.sleep(0.01)
    return answer


async def reach(hub: TaskHub, instance_id: str, *statuses: Status) -> Instance:
    """The instance once it has one of the statuses (finished, when none is named)."""
    wanted = statuses or (Status.COMPLETED, Status.FAILED, Status.TERMINATED)

    async def check() -> Instance | None:
        with suppress(StoreUnavailable):  # the call that finds a dead connection says so; the next one gets a new one
            instance = await hub.get_status(instance_id)
            return instance if instance.status in wanted else None
        return None

    found = await until(check)
    assert found is not None
    return found


@pytest.fixture
def hub_name() -> str:
    return f"hub-{uuid.uuid4().hex}"


@pytest.fixture
def runner() -> SdkRunner:
    return SdkRunner(SAMPLE_APP)


@pytest.fixture
async def make_hub(postgres_url: str, hub_name: str, runner: SdkRunner) -> AsyncIterator[MakeHub]:
    """Starts hubs on the test's own hub name; all are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def make(
            *, runner: SdkRunner = runner, url: str = postgres_url, options: DurableOptions | None = None
        ) -> TaskHub:
            hub = TaskHub(url=url, name=hub_name, runner=runner, options=options)
            await hub.start()
            stack.push_async_callback(hub.stop)
            return hub

        yield make


@pytest.fixture
async def hub(make_hub: MakeHub) -> TaskHub:
    return await make_hub()


@asynccontextmanager
async def serve(hub: TaskHub) -> AsyncIterator[str]:
    """The hub's HTTP API on a free port; yields the origin."""
    routes = durable_routes(hub)
    app = Starlette(
        routes=[Mount("/durabletask", routes=routes), Mount("/runtime/webhooks/durabletask", routes=routes)]
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    try:
        await until(started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def origin(hub: TaskHub) -> AsyncIterator[str]:
    async with serve(hub) as address:
        yield address
        await http_utils._close_session()


@pytest.fixture
def client(origin: str, hub: TaskHub) -> DurableOrchestrationClient:
    """The SDK's client, as a function's durableClient binding gets it."""
    return DurableOrchestrationClient(client_binding(base_url=origin, hub_name=hub.name))


@pytest.fixture
async def http(origin: str) -> AsyncIterator[httpx.AsyncClient]:
    """A person with an HTTP client at the public address of the API."""
    async with httpx.AsyncClient(base_url=f"{origin}/runtime/webhooks/durabletask") as own:
        yield own
