"""Qdrant: sparse (IDF) vector search, always inside one tenant (design §8.14, data-model §6.4).

With a URL the server is used, with a path the embedded engine of qdrant-client (one process only).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException

from shared.errors import ConfigurationError, StoreUnavailable

VECTOR = "text"
SHARED = "*"  # payload tenant of reference data that every tenant may read

Sparse = Mapping[int, float]  # token hash -> weight


class Qdrant:
    """Upsert and search points; the tenant filter is added here and cannot be left out."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client
        self._known: set[str] = set()

    @classmethod
    def connect(cls, *, url: str, path: str, api_key: str | None = None) -> Qdrant:
        """By URL, with the key if the server wants one, else the embedded engine on ``path``."""
        if url:
            # the version check would call the server here and now; health() tells whether it is there
            return cls(AsyncQdrantClient(url=url, api_key=api_key, check_compatibility=False))
        if path:
            return cls(AsyncQdrantClient(path=path))
        raise ConfigurationError("settings: set ALUSKORT_QDRANT_URL (server) or ALUSKORT_QDRANT_PATH (embedded).")

    async def upsert(
        self, collection: str, *, tenant_id: str, doc_id: str, vector: Sparse, payload: dict[str, Any]
    ) -> None:
        """Store one point; the same ``doc_id`` of the same tenant is replaced. Raises StoreUnavailable."""
        point = models.PointStruct(
            id=str(uuid5(NAMESPACE_OID, f"{tenant_id}\n{doc_id}")),
            vector={VECTOR: _sparse(vector)},
            payload={**payload, "doc_id": doc_id, "tenant_id": tenant_id},
        )
        try:
            await self._ensure(collection)
            await self._client.upsert(collection, points=[point])
        except (ApiException, OSError) as error:
            raise StoreUnavailable("Qdrant", error) from error

    async def search(
        self, collection: str, *, tenant_id: str, vector: Sparse, limit: int
    ) -> list[tuple[float, dict[str, Any]]]:
        """(score, payload) of the best points, the tenant's and shared reference data's. Raises StoreUnavailable."""
        allowed = models.Filter(
            must=[models.FieldCondition(key="tenant_id", match=models.MatchAny(any=[tenant_id, SHARED]))]
        )
        try:
            await self._ensure(collection)
            answer = await self._client.query_points(
                collection, query=_sparse(vector), using=VECTOR, query_filter=allowed, limit=limit, with_payload=True
            )
        except (ApiException, OSError) as error:
            raise StoreUnavailable("Qdrant", error) from error
        return [(point.score, point.payload or {}) for point in answer.points]

    async def health(self) -> dict[str, Any]:
        """Number of collections; raises StoreUnavailable."""
        try:
            answer = await self._client.get_collections()
        except (ApiException, OSError) as error:
            raise StoreUnavailable("Qdrant", error) from error
        return {"collections": len(answer.collections)}

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()

    async def _ensure(self, collection: str) -> None:
        if collection in self._known:
            return
        if not await self._client.collection_exists(collection):
            await self._client.create_collection(
                collection,
                sparse_vectors_config={VECTOR: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
        self._known.add(collection)


def _sparse(vector: Sparse) -> models.SparseVector:
    return models.SparseVector(indices=list(vector), values=list(vector.values()))
