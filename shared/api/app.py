"""The FastAPI application. Azure Functions serves it under /api; the caller composes its services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from shared.api import (
    actions,
    approvals,
    audit,
    batches,
    exposures,
    health,
    incidents,
    investigations,
    kill_switches,
    knowledge,
    pattern_review,
    playbook_review,
    shadow_modes,
    statistics,
)
from shared.api.description import ABOUT, describe
from shared.api.failures import add_failure_handlers
from shared.api.pages import add_pages
from shared.api.services import ApiServices

VERSION = "1"  # of the routes below /v1
PREFIX = "/api"  # the Functions host hands over the whole path, its routePrefix included
ROUTERS = (
    health.router,
    incidents.router,
    investigations.router,
    approvals.router,
    actions.router,
    audit.router,
    exposures.router,
    kill_switches.router,
    knowledge.router,
    shadow_modes.router,
    statistics.router,
    batches.router,
    pattern_review.router,
    playbook_review.router,
)


class _Api(FastAPI):
    issuer = ""

    def openapi(self) -> dict[str, Any]:
        """The published schema, made once."""
        if not self.openapi_schema:
            describe(super().openapi(), prefix=PREFIX, issuer=self.issuer)
        return super().openapi()


def create_app(services: ApiServices, *, issuer: str = "", swagger: Path | None = None) -> FastAPI:
    """The whole API. ``swagger`` is a folder of Swagger UI: the schema and its pages are public then."""
    app = _Api(
        title="ALUSKORT",
        version=VERSION,
        description=ABOUT,
        openapi_url=f"{PREFIX}/openapi.json" if swagger else None,
        docs_url=None,  # FastAPI's own pages load their scripts from another server
        redoc_url=None,
    )
    app.issuer = issuer
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    add_pages(app, prefix=PREFIX, issuer=issuer, swagger=swagger)
    add_failure_handlers(app)
    return app
