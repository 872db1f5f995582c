"""The FastAPI application. Azure Functions serves it under /api; the caller composes its services."""

from __future__ import annotations

from fastapi import FastAPI

from shared.api import (
    actions,
    approvals,
    audit,
    batches,
    health,
    incidents,
    investigations,
    kill_switches,
    pattern_review,
    shadow_modes,
)
from shared.api.failures import add_failure_handlers
from shared.api.services import ApiServices

PREFIX = "/api"  # the Functions host hands over the whole path, its routePrefix included
ROUTERS = (
    health.router,
    incidents.router,
    investigations.router,
    approvals.router,
    actions.router,
    audit.router,
    kill_switches.router,
    shadow_modes.router,
    batches.router,
    pattern_review.router,
)


def create_app(services: ApiServices, *, show_docs: bool = False) -> FastAPI:
    """The whole API. ``show_docs`` is for development: the schema and its pages are public when shown."""
    app = FastAPI(
        title="ALUSKORT",
        openapi_url=f"{PREFIX}/openapi.json" if show_docs else None,
        docs_url=f"{PREFIX}/docs",
        redoc_url=f"{PREFIX}/redoc",
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    add_failure_handlers(app)
    return app
