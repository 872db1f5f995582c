"""Qdrant: sparse (IDF) vector search, always inside one tenant (design §8.14, data-model §6.4).

With a URL the server is used, with a path the embedded engine of qdrant-client: one process only, and it compares the
question with every point in Python, so it is for some hundreds of points. It is not safe with threads, and it never
gives way: one thread of its own opens it, makes all its calls and closes it. Each call is bounded in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException

from shared.errors import ConfigurationError, StoreSlow, StoreUnavailable

VECTOR = "text"
CALL_SECONDS = 5
SHARED = "*"  # payload tenant of reference data that every tenant may read

Sparse = Mapping[int, float]  # token hash -> weight


class Qdrant:
    """Upsert and search points; the tenant filter is added here and cannot be left out."""

    def __init__(self, open_client: Callable[[], AsyncQdrantClient], *, embedded: bool) -> None:
        self._open_client = open_client
        self._worker = ThreadPoolExecutor(1, "qdrant") if embedded else None
        self._known: set[str] = set()
        self._ensuring = asyncio.Lock()

    @classmethod
    def connect(cls, *, url: str, path: str, api_key: str | None = None) -> Qdrant:
        """By URL, with the key if the server wants one, else the embedded engine on ``path``, opened on first use."""
        if url:
            # the version check would call the server here and now; health() tells whether it is there
            options: dict[str, Any] = {"check_compatibility": False, "timeout": CALL_SECONDS}
            return cls(lambda: AsyncQdrantClient(url=url, api_key=api_key, **options), embedded=False)
        if path:
            return cls(lambda: AsyncQdrantClient(path=path), embedded=True)
        raise ConfigurationError("settings: set ALUSKORT_QDRANT_URL (server) or ALUSKORT_QDRANT_PATH (embedded).")

    @cached_property
    def _client(self) -> AsyncQdrantClient:
        return self._open_client()

    async def upsert(
        self, collection: str, *, tenant_id: str, doc_id: str, vector: Sparse, payload: dict[str, Any]
    ) -> None:
        """Store one point; the same ``doc_id`` of the same tenant is replaced. Raises StoreUnavailable."""
        point = models.PointStruct(
            id=str(uuid5(NAMESPACE_OID, f"{tenant_id}\n{doc_id}")),
            vector={VECTOR: _sparse(vector)},
            payload={**payload, "doc_id": doc_id, "tenant_id": tenant_id},
        )
        await self._ensure(collection)
        await self._call(lambda client: client.upsert(collection, points=[point]))

    async def search(
        self, collection: str, *, tenant_id: str, vector: Sparse, limit: int
    ) -> list[tuple[float, dict[str, Any]]]:
        """(score, payload) of the best points, the tenant's and shared reference data's. Raises StoreUnavailable."""
        allowed = models.Filter(
            must=[models.FieldCondition(key="tenant_id", match=models.MatchAny(any=[tenant_id, SHARED]))]
        )
        await self._ensure(collection)
        answer = await self._call(
            lambda client: client.query_points(
                collection, query=_sparse(vector), using=VECTOR, query_filter=allowed, limit=limit, with_payload=True
            )
        )
        return [(point.score, point.payload or {}) for point in answer.points]

    async def health(self) -> dict[str, Any]:
        """Number of collections; raises StoreUnavailable."""
        answer = await self._call(lambda client: client.get_collections())
        return {"collections": len(answer.collections)}

    async def close(self) -> None:
        """Close the client."""
        await self._call(lambda client: client.close())
        if self._worker is not None:
            self._worker.shutdown(wait=False)

    async def _ensure(self, collection: str) -> None:
        async with self._ensuring:  # two at once would both find that it is missing
            if collection in self._known:
                return
            if not await self._call(lambda client: client.collection_exists(collection)):
                vectors = {VECTOR: models.SparseVectorParams(modifier=models.Modifier.IDF)}
                await self._call(lambda client: client.create_collection(collection, sparse_vectors_config=vectors))
            self._known.add(collection)

    async def _call[T](self, ask: Callable[[AsyncQdrantClient], Coroutine[Any, Any, T]]) -> T:
        """The answer within CALL_SECONDS, the wait for the engine's earlier calls included."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                if self._worker is None:
                    return await ask(self._client)
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._worker, lambda: asyncio.run(ask(self._client)))
        except TimeoutError as error:
            raise StoreSlow("Qdrant", f"it did not answer within {CALL_SECONDS} s") from error
        except (ApiException, OSError) as error:
            raise StoreUnavailable("Qdrant", error) from error


def _sparse(vector: Sparse) -> models.SparseVector:
    return models.SparseVector(indices=list(vector), values=list(vector.values()))
