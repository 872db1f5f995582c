"""Qdrant's REST routes on the embedded engine. One thread makes all its calls: it computes without giving way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from qdrant_client.http import models
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.vectors.collections import Collections

_POINTS: TypeAdapter[models.PointInsertOperations] = TypeAdapter(models.PointInsertOperations)


def build_app(folder: Path) -> Starlette:
    """The routes on the collections in ``folder``."""
    served = _Served(Collections(folder))
    routes = [
        Route("/", served.about, methods=["GET"]),
        Route("/collections", served.collections, methods=["GET"]),
        Route("/collections/{name}", served.describe, methods=["GET"]),
        Route("/collections/{name}", served.create, methods=["PUT"]),
        Route("/collections/{name}/exists", served.exists, methods=["GET"]),
        Route("/collections/{name}/index", served.index, methods=["PUT"]),
        Route("/collections/{name}/points", served.upsert, methods=["PUT"]),
        Route("/collections/{name}/points/delete", served.delete, methods=["POST"]),
        Route("/collections/{name}/points/query", served.query, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=served.lifespan, exception_handlers=dict.fromkeys(_REFUSED, _refuse))


_REFUSED = (ValidationError, ValueError)  # what the models and the collections say to a wrong question


async def _refuse(request: Request, error: Exception) -> Response:
    missing = "not found" in str(error)
    return JSONResponse({"status": {"error": str(error)}, "time": 0.0}, status_code=404 if missing else 400)


class _Served:
    def __init__(self, collections: Collections) -> None:
        self._thread = ThreadPoolExecutor(1, "engine")
        self._collections = collections

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await self._call(self._collections.close)

    async def about(self, request: Request) -> Response:
        return JSONResponse({"title": "Qdrant Edge, served by ALUSKORT", "version": "embedded"})

    async def collections(self, request: Request) -> Response:
        names = await self._call(self._collections.names)
        return _answer({"collections": [{"name": name} for name in names]})

    async def describe(self, request: Request) -> Response:
        return _answer(await self._call(lambda: self._collections.describe(_name(request))))

    async def exists(self, request: Request) -> Response:
        return _answer({"exists": _name(request) in await self._call(self._collections.names)})

    async def create(self, request: Request) -> Response:
        wanted = models.CreateCollection.model_validate_json(await request.body())
        await self._call(lambda: self._collections.create(_name(request), wanted))
        return _answer(True)

    async def index(self, request: Request) -> Response:
        wanted = models.CreateFieldIndex.model_validate_json(await request.body())
        await self._call(lambda: self._collections.index(_name(request), wanted.field_name))
        return _done()

    async def upsert(self, request: Request) -> Response:
        sent = _POINTS.validate_json(await request.body())
        if not isinstance(sent, models.PointsList):
            raise ValueError("points as a list are served only")
        await self._call(lambda: self._collections.upsert(_name(request), sent.points))
        return _done()

    async def delete(self, request: Request) -> Response:
        wanted = models.FilterSelector.model_validate_json(await request.body())
        await self._call(lambda: self._collections.delete(_name(request), wanted.filter))
        return _done()

    async def query(self, request: Request) -> Response:
        asked = models.QueryRequest.model_validate_json(await request.body())
        return _answer(await self._call(lambda: self._collections.query(_name(request), asked)))

    async def _call[T](self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _done() -> Response:
    return _answer({"operation_id": 0, "status": "completed"})


def _answer(result: Any) -> Response:
    body = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    return JSONResponse({"result": body, "status": "ok", "time": 0.0})
