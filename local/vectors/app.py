"""Qdrant's REST routes on the embedded engine. One thread opens it, makes all its calls and closes it: it is not safe
with several.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from qdrant_client import QdrantClient, models
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_POINTS: TypeAdapter[models.PointInsertOperations] = TypeAdapter(models.PointInsertOperations)


def build_app(folder: Path) -> Starlette:
    """The routes on the engine's files in ``folder``."""
    engine = _Engine(folder)
    routes = [
        Route("/", engine.about, methods=["GET"]),
        Route("/collections", engine.collections, methods=["GET"]),
        Route("/collections/{name}", engine.describe, methods=["GET"]),
        Route("/collections/{name}", engine.create, methods=["PUT"]),
        Route("/collections/{name}/exists", engine.exists, methods=["GET"]),
        Route("/collections/{name}/points", engine.upsert, methods=["PUT"]),
        Route("/collections/{name}/points/query", engine.query, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=engine.lifespan, exception_handlers=dict.fromkeys(_REFUSED, _refuse))


_REFUSED = (ValidationError, ValueError)  # what the models and the engine say to a wrong question


async def _refuse(request: Request, error: Exception) -> Response:
    missing = "not found" in str(error)
    return JSONResponse({"status": {"error": str(error)}, "time": 0.0}, status_code=404 if missing else 400)


class _Engine:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "engine")
        self._client: QdrantClient

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._client = await self._call(lambda: QdrantClient(path=str(self._folder)))
        yield
        await self._call(self._client.close)

    async def about(self, request: Request) -> Response:
        return JSONResponse({"title": "qdrant-client's embedded engine, served by ALUSKORT", "version": "embedded"})

    async def collections(self, request: Request) -> Response:
        return _answer(await self._call(self._client.get_collections))

    async def describe(self, request: Request) -> Response:
        return _answer(await self._call(lambda: self._client.get_collection(request.path_params["name"])))

    async def exists(self, request: Request) -> Response:
        found = await self._call(lambda: self._client.collection_exists(request.path_params["name"]))
        return _answer({"exists": found})

    async def create(self, request: Request) -> Response:
        wanted = models.CreateCollection.model_validate_json(await request.body())
        made = await self._call(
            lambda: self._client.create_collection(
                request.path_params["name"],
                vectors_config=wanted.vectors,
                sparse_vectors_config=wanted.sparse_vectors,
            )
        )
        return _answer(made)

    async def upsert(self, request: Request) -> Response:
        sent = _POINTS.validate_json(await request.body())
        points = sent.points if isinstance(sent, models.PointsList) else sent.batch
        return _answer(await self._call(lambda: self._client.upsert(request.path_params["name"], points)))

    async def query(self, request: Request) -> Response:
        asked = models.QueryRequest.model_validate_json(await request.body())
        found = await self._call(
            lambda: self._client.query_points(
                request.path_params["name"],
                query=asked.query,
                using=asked.using,
                prefetch=asked.prefetch,
                query_filter=asked.filter,
                limit=10 if asked.limit is None else asked.limit,
                offset=asked.offset,
                with_payload=bool(asked.with_payload),
                score_threshold=asked.score_threshold,
            )
        )
        return _answer(found)

    async def _call[T](self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)


def _answer(result: Any) -> Response:
    body = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    return JSONResponse({"result": body, "status": "ok", "time": 0.0})
