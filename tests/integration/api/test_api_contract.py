"""The API keeps the contract that it publishes: schemathesis reads the OpenAPI schema and asks what it may ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from socket import socket
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.types import ASGIApp, Receive, Scope, Send

from local.services.simulators import Simulators
from shared.api.app import create_app
from shared.api.description import INGEST
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.investigation.approvals import Approvals
from shared.investigation.waking import wake_current
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.conftest import Database
from tests.integration.api.conftest import OPERATOR_TENANT, api_services

EXAMPLES = 25  # requests an operation and test phase


def closing_at_the_end(app: ASGIApp, cache: Redis) -> ASGIApp:
    """The application, which closes its cache on its own event loop."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await cache.close()
        await send({"type": "lifespan.shutdown.complete"})

    return serve


@pytest.fixture(scope="module")
def server(own_database: Database, redis_url: str, simulators: Simulators) -> Iterator[str]:
    """The application over real PostgreSQL, on a port and an event loop of its own."""
    store = Postgres(own_database.url)
    outbox, issuer = Outbox(store, MemoryProducer()), simulators.issuer()
    cache = Redis(redis_url)
    services = api_services(store, cache, outbox, Approvals(store, outbox, wake_current), issuer)
    app = create_app(services)
    config = uvicorn.Config(closing_at_the_end(app, cache), log_level="critical", timeout_graceful_shutdown=5)
    running = uvicorn.Server(config)
    with closing(socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=running.run, args=([listening],), daemon=True)
        thread.start()
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def token(simulators: Simulators) -> str:
    request = {"subject": "casey", "name": "Casey", "roles": ["admin"], "tenant": OPERATOR_TENANT}
    return str(httpx.post(f"{simulators.issuer()}/token", json=request).json()["access_token"])


WHOLE = schemathesis.openapi.from_dict(create_app(None).openapi())  # type: ignore[arg-type]
SCHEMA = WHOLE.exclude(path_regex=INGEST.partition("{")[0])  # the platform serves it, not this application
OPERATIONS: list[Any] = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
# A path alone can hardly be wrong: every text is an id that may exist.
REFUSING = [operation for operation in OPERATIONS if operation.query or operation.body]
# What a schema cannot say, such as where a chain ends or which text is a cursor, is refused with 422.
EXCLUDED: list[Any] = [positive_data_acceptance]


def ask(operation: Any, mode: GenerationMode, server: str, token: str) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(base_url=server, headers={"Authorization": f"Bearer {token}"}, excluded_checks=EXCLUDED)

    one()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_request_that_the_schema_allows_is_answered_as_it_says(operation: Any, server: str, token: str) -> None:
    ask(operation, GenerationMode.POSITIVE, server, token)


@pytest.mark.parametrize("operation", REFUSING, ids=lambda operation: operation.label)
def test_request_that_the_schema_forbids_is_refused_as_it_says(operation: Any, server: str, token: str) -> None:
    ask(operation, GenerationMode.NEGATIVE, server, token)


@pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS}))
def test_method_that_a_path_lacks_is_answered_405_with_those_that_it_has(path: str, server: str) -> None:
    answer = httpx.delete(f"{server}{path}")
    assert answer.status_code == httpx.codes.METHOD_NOT_ALLOWED
    has = {operation.method.upper() for operation in OPERATIONS if operation.path == path}
    assert has <= set(answer.headers["allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_request_without_a_token_is_answered_as_the_schema_says(operation: Any, server: str) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    answer = httpx.request(operation.method, f"{server}{path}", json={})
    assert str(answer.status_code) in operation.definition.raw["responses"]
    assert answer.status_code == (200 if path.endswith("/health") else 401)
