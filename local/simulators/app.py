"""Puts the simulators together as one ASGI application: /claude, /control, /defender, /graph, /identity,
/loganalytics, /managed-identity, /resource-manager, /sentinel, and /health.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.simulators.batches import BatchStore
from local.simulators.claude import Claude
from local.simulators.control import control_routes
from local.simulators.defender import Defender
from local.simulators.graph import Graph
from local.simulators.identity import IdentityProvider, load_key
from local.simulators.log_analytics import LogAnalytics
from local.simulators.managed_identity import ManagedIdentity
from local.simulators.resource_manager import ResourceManager
from local.simulators.sentinel import Sentinel

SIMULATED_HEADER = "x-aluskort-simulated"


class _SaysSimulated:
    """Adds the header that tells a simulated answer from a real one, whatever the answer is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[SIMULATED_HEADER] = "true"
            await send(message)

        await self.app(scope, receive, mark)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok", "simulated": True})


def build_app(*, base_url: str, data: Path, batch_seconds: float) -> Starlette:
    """The application reached at ``base_url``; ``data`` keeps the signing key and the batches."""
    claude = Claude(BatchStore(data / "batches", batch_seconds))
    identity = IdentityProvider(f"{base_url}/identity", load_key(data))
    managed = ManagedIdentity(identity.issuer, identity.key)
    manager, defender, graph, sentinel = ResourceManager(), Defender(), Graph(), Sentinel()
    control = [*control_routes(claude.faults, claude.log), *managed.control_routes, *manager.control_routes]
    control += [route for one in (defender, graph, sentinel) for route in one.product.control_routes]
    return Starlette(
        routes=[
            Route("/health", _health),
            Mount("/claude", routes=claude.routes),
            Mount("/control", routes=control),
            Mount("/defender", routes=defender.routes),
            Mount("/graph", routes=graph.routes),
            Mount("/identity", routes=identity.routes),
            Mount("/loganalytics", routes=LogAnalytics().routes),
            Mount("/managed-identity", routes=managed.routes),
            Mount("/resource-manager", routes=manager.routes),
            Mount("/sentinel", routes=sentinel.routes),
        ],
        middleware=[Middleware(_SaysSimulated)],
    )
