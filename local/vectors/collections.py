"""The collections of one folder on Qdrant's embedded engine. Not safe with threads: whoever serves it uses one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client.http import models

SHARDS = "collections"
# What a server would build with; sparse vectors have no graph, so it is said and not used.
_HNSW = models.HnswConfig(m=16, ef_construct=200, full_scan_threshold=10_000)
_OPTIMIZERS = models.OptimizersConfig(default_segment_number=0, flush_interval_sec=5)


class Collections:
    """Collections of sparse vectors. What is asked for and is not served raises ValueError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / SHARDS
        self._folder.mkdir(parents=True, exist_ok=True)
        self._shards: dict[str, edge.EdgeShard] = {}

    def names(self) -> list[str]:
        """Of every collection."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def create(self, name: str, wanted: models.CreateCollection) -> None:
        """A new collection. Its file is written first: a shard that a crash prevented is made when it is asked for."""
        if name in self.names():
            raise ValueError(f"collection {name} exists already")
        if wanted.vectors or not wanted.sparse_vectors:
            raise ValueError("collections of sparse vectors are served only")
        half = self._folder / f"{name}.half"
        half.write_text(wanted.model_dump_json(exclude_none=True))
        half.rename(self._described(name))

    def describe(self, name: str) -> models.CollectionInfo:
        """Points, vectors and payload indexes."""
        found = self._shard(name).info()
        return models.CollectionInfo(
            status=models.CollectionStatus.GREEN,
            optimizer_status=models.OptimizersStatusOneOf.OK,
            segments_count=found.segments_count,
            points_count=found.points_count,
            config=models.CollectionConfig(
                params=models.CollectionParams(sparse_vectors=self._params(name).sparse_vectors),
                hnsw_config=_HNSW,
                optimizer_config=_OPTIMIZERS,
            ),
            payload_schema={
                field: models.PayloadIndexInfo(data_type=models.PayloadSchemaType.KEYWORD, points=index.points)
                for field, index in found.payload_schema.items()
            },
        )

    def index(self, name: str, field: str) -> None:
        """An index of a payload field whose values are keywords."""
        operation = edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Keyword)
        self._shard(name).update(operation)

    def upsert(self, name: str, points: list[models.PointStruct]) -> None:
        """Store points, or replace those with the same id; once it returns they survive a kill."""
        stored = [edge.Point(str(point.id), _vectors(point.vector), point.payload) for point in points]
        self._shard(name).update(edge.UpdateOperation.upsert_points(stored))

    def delete(self, name: str, wanted: models.Filter) -> None:
        """Delete the points that a filter finds."""
        self._shard(name).update(edge.UpdateOperation.delete_points_by_filter(_filter(wanted)))

    def query(self, name: str, asked: models.QueryRequest) -> models.QueryResponse:
        """The points nearest to one sparse vector."""
        vector = asked.query.nearest if isinstance(asked.query, models.NearestQuery) else asked.query
        if not isinstance(vector, models.SparseVector):
            raise ValueError("queries by one sparse vector are served only")
        request = edge.QueryRequest(
            limit=10 if asked.limit is None else asked.limit,
            query=edge.Query.Nearest(_sparse(vector), using=asked.using),
            filter=_filter(asked.filter) if asked.filter else None,
            with_payload=bool(asked.with_payload),
        )
        points = [
            models.ScoredPoint(id=str(point.id), version=point.version, score=point.score, payload=point.payload)
            for point in self._shard(name).query(request)
        ]
        return models.QueryResponse(points=points)

    def close(self) -> None:
        """Write what is not on disk yet."""
        for shard in self._shards.values():
            shard.close()
        self._shards.clear()

    def _shard(self, name: str) -> edge.EdgeShard:
        if name not in self._shards:
            config = _config(self._params(name))
            folder = self._folder / name
            made = folder.is_dir() and any(os.scandir(folder))
            open_shard = edge.EdgeShard.load if made else edge.EdgeShard.create
            self._shards[name] = open_shard(str(folder), config)
        return self._shards[name]

    def _params(self, name: str) -> models.CreateCollection:
        if name not in self.names():
            raise ValueError(f"collection {name} not found")
        return models.CreateCollection.model_validate_json(self._described(name).read_bytes())

    def _described(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _config(wanted: models.CreateCollection) -> edge.EdgeConfig:
    return edge.EdgeConfig(
        sparse_vectors={
            name: edge.EdgeSparseVectorParams(
                modifier=edge.Modifier.Idf if params.modifier is models.Modifier.IDF else None
            )
            for name, params in (wanted.sparse_vectors or {}).items()
        }
    )


def _vectors(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(one, models.SparseVector) for one in given.values()):
        raise ValueError("points with named sparse vectors are served only")
    return {name: _sparse(vector) for name, vector in given.items()}


def _sparse(vector: models.SparseVector) -> edge.SparseVector:
    return edge.SparseVector(vector.indices, vector.values)


def _filter(wanted: models.Filter) -> edge.Filter:
    conditions = wanted.must if isinstance(wanted.must, list) else [wanted.must]
    if wanted.should or wanted.must_not or wanted.min_should:
        raise ValueError("filters of `must` are served only")
    return edge.Filter(must=[_condition(one) for one in conditions])


def _condition(one: Any) -> edge.FieldCondition:
    match one:
        case models.FieldCondition(match=models.MatchAny(any=list(values))):
            return edge.FieldCondition(one.key, match=edge.MatchAny(values))
        case models.FieldCondition(match=models.MatchValue(value=value)):
            return edge.FieldCondition(one.key, match=edge.MatchValue(value))
    raise ValueError("conditions that match values are served only")
