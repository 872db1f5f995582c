"""Qdrant: sparse (IDF) vector search, always inside one tenant (design §8.14, data-model §6.4). Each call is bounded in
time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException

from shared.errors import ConfigurationError, StoreSlow, StoreUnavailable

VECTOR = "text"
CALL_SECONDS = 5
SHARED = "*"  # payload tenant of reference data that every tenant may read
AT_ONCE = 500  # points of one request: about a megabyte

Sparse = Mapping[int, float]  # token hash -> weight


@dataclass(frozen=True, slots=True)
class Point:
    """One document of a tenant, or a part of one; the same ``doc_id`` of the same tenant is the same point."""

    doc_id: str
    vector: Sparse
    payload: Mapping[str, Any] = field(default_factory=dict)


class Qdrant:
    """Upsert and search points; the tenant filter is added here and cannot be left out."""

    def __init__(self, open_client: Callable[[], AsyncQdrantClient]) -> None:
        self._open_client = open_client
        self._known: set[str] = set()
        self._ensuring = asyncio.Lock()

    @classmethod
    def connect(cls, *, url: str, api_key: str | None = None) -> Qdrant:
        """By URL, with the key if the server wants one; the connection is opened on first use."""
        if not url:
            raise ConfigurationError("settings: set ALUSKORT_QDRANT_URL to the address of a Qdrant server.")
        # the version check would call the server here and now; health() tells whether it is there
        options: dict[str, Any] = {"check_compatibility": False, "timeout": CALL_SECONDS}
        return cls(lambda: AsyncQdrantClient(url=url, api_key=api_key, **options))

    @cached_property
    def _client(self) -> AsyncQdrantClient:
        return self._open_client()

    async def upsert(self, collection: str, *, tenant_id: str, points: Sequence[Point]) -> None:
        """Store points; those that are there already are replaced. Raises StoreUnavailable."""
        stored = [
            models.PointStruct(
                id=str(uuid5(NAMESPACE_OID, f"{tenant_id}\n{point.doc_id}")),
                vector={VECTOR: _sparse(point.vector)},
                payload={**point.payload, "doc_id": point.doc_id, "tenant_id": tenant_id},
            )
            for point in points
        ]
        await self._ensure(collection)
        for start in range(0, len(stored), AT_ONCE):
            part = stored[start : start + AT_ONCE]
            await self._call(lambda client, part=part: client.upsert(collection, points=part))  # type: ignore[misc]

    async def delete(self, collection: str, *, tenant_id: str, key: str, value: str) -> None:
        """Delete the tenant's points that have this value in their payload. Raises StoreUnavailable."""
        of_tenant = models.FieldCondition(key="tenant_id", match=models.MatchValue(value=tenant_id))
        of_value = models.FieldCondition(key=key, match=models.MatchValue(value=value))
        wanted = models.FilterSelector(filter=models.Filter(must=[of_tenant, of_value]))
        await self._ensure(collection)
        await self._call(lambda client: client.delete(collection, points_selector=wanted, wait=True))

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

    async def _ensure(self, collection: str) -> None:
        async with self._ensuring:  # two at once would both find that it is missing
            if collection in self._known:
                return
            if not await self._call(lambda client: client.collection_exists(collection)):
                vectors = {VECTOR: models.SparseVectorParams(modifier=models.Modifier.IDF)}
                await self._call(lambda client: client.create_collection(collection, sparse_vectors_config=vectors))
            # of a collection that has it already, a no-op; a process that ended before it leaves it to the next
            tenants = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            await self._call(lambda client: client.create_payload_index(collection, "tenant_id", tenants, wait=True))
            self._known.add(collection)

    async def _call[T](self, ask: Callable[[AsyncQdrantClient], Coroutine[Any, Any, T]]) -> T:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await ask(self._client)
        except TimeoutError as error:
            raise StoreSlow("Qdrant", f"it did not answer within {CALL_SECONDS} s") from error
        except (ApiException, OSError) as error:
            raise StoreUnavailable("Qdrant", error) from error


def _sparse(vector: Sparse) -> models.SparseVector:
    return models.SparseVector(indices=list(vector), values=list(vector.values()))
