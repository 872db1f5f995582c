"""Incident memory: closed investigations, found again by likeness (data-model §4.5).

Score = 0.40 similarity + 0.30 recency + 0.15 same tenant + 0.15 technique Jaccard; recency halves in 30.1 days.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId
from shared.errors import StoreUnavailable
from shared.knowledge.sparse import EMBEDDING, sparse_vector
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

if TYPE_CHECKING:
    from shared.stores.qdrant import Point, Qdrant  # a second to import: bootstrap.py does it on first use

logger = logging.getLogger(__name__)

COLLECTION = "aluskort-incident-memory"
CANDIDATES = 20
MOST_ENTITIES = 50
# What a search answers with and filters by. Entities are in the vector only, where their names are hashes.
_PAYLOAD = {
    "doc_id", "alert_name", "alert_product", "severity", "final_classification", "outcome", "mitre_techniques",
    "summary", "happened_at",
}  # fmt: skip
DECAY_PER_DAY = 0.023

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Incident(Contract):
    """A closed investigation; the message on `knowledge.incident.stored`."""

    doc_id: str
    tenant_id: TenantId
    investigation_id: str
    alert_name: str
    alert_product: str = ""
    severity: str
    final_classification: str
    outcome: str
    mitre_techniques: list[str] = Field(default_factory=list)
    summary: str = Field(max_length=4096)
    happened_at: str  # ISO 8601 with its zone
    alert_id: str = ""
    verdict: str = Field(default="", max_length=1000)  # for the source's own incident; empty when it has none
    entities: list[str] = Field(default_factory=list, max_length=MOST_ENTITIES)  # values, as the alert has them

    @field_validator("happened_at")
    @classmethod
    def _is_a_time_with_its_zone(cls, value: str) -> str:
        # PostgreSQL would also take `yesterday`, which no later reader of the vector store's payload could.
        try:
            zone = datetime.fromisoformat(value).tzinfo
        except ValueError:
            zone = None
        if zone is None:
            raise ValueError("a time in ISO 8601 with its zone, such as 2026-11-20T08:00:00Z")
        return value


class SimilarIncidents(Contract):
    """Found incidents, best first; ``structured_search`` is True when the vector store was unavailable."""

    incidents: list[dict[str, Any]]
    structured_search: bool = False


class IncidentMemory:
    """Stores and finds incidents of one tenant."""

    def __init__(self, postgres: Postgres, qdrant: Qdrant) -> None:
        self._postgres = postgres
        self._qdrant = qdrant

    async def learn(self, incident: Incident) -> None:
        """Store an incident and index it; repeating it changes nothing. Raises StoreUnavailable."""
        async with self._postgres.transaction(incident.tenant_id) as connection:
            await connection.execute(_SQL["store_incident"], incident.model_dump())
        await self._qdrant.upsert(COLLECTION, tenant_id=incident.tenant_id, points=[_point(incident)])

    async def similar(  # noqa: PLR0913 - what an alert is found by
        self,
        tenant_id: str,
        *,
        alert_name: str,
        text: str,
        techniques: Sequence[str],
        entities: Sequence[str] = (),
        limit: int = 5,
    ) -> SimilarIncidents:
        """Best incidents for an alert. Without Qdrant, those of the same alert or technique, marked as such."""
        vector = _vector(alert_name, text, techniques, entities)
        try:
            hits = await self._qdrant.search(COLLECTION, tenant_id=tenant_id, vector=vector, limit=CANDIDATES)
        except StoreUnavailable as error:
            logger.warning("Vector search is unavailable, using structured search: %s", error)
            rows = await self._structured(tenant_id, alert_name, techniques)
            return SimilarIncidents(
                incidents=_ranked([(1.0, row) for row in rows], techniques, limit), structured_search=True
            )
        best = max((score for score, _ in hits), default=1.0) or 1.0
        return SimilarIncidents(incidents=_ranked([(score / best, row) for score, row in hits], techniques, limit))

    async def _structured(self, tenant_id: str, alert_name: str, techniques: Sequence[str]) -> list[dict[str, Any]]:
        values = {"tenant_id": tenant_id, "alert_name": alert_name, "techniques": list(techniques), "limit": CANDIDATES}
        async with self._postgres.transaction(tenant_id) as connection:
            cursor = await connection.execute(_SQL["incidents_of_the_same_alert_or_technique"], values)
            rows = await cursor.fetchall()
        return [{**row, "happened_at": row["happened_at"].isoformat()} for row in rows]


def incident_score(*, similarity: float, age_days: float, techniques: Sequence[str], others: Sequence[str]) -> float:
    """The composite score of one candidate of the same tenant, 0 to 1."""
    union = set(techniques) | set(others)
    jaccard = len(set(techniques) & set(others)) / len(union) if union else 0.0
    return 0.40 * similarity + 0.30 * math.exp(-DECAY_PER_DAY * max(age_days, 0.0)) + 0.15 + 0.15 * jaccard


def _vector(alert_name: str, text: str, techniques: Sequence[str], entities: Sequence[str]) -> dict[int, float]:
    return sparse_vector(" ".join([alert_name, *techniques, *entities[:MOST_ENTITIES], text]))


def _point(incident: Incident) -> Point:
    from shared.stores.qdrant import Point  # noqa: PLC0415 - a second to import, on first use

    vector = _vector(incident.alert_name, incident.summary, incident.mitre_techniques, incident.entities)
    return Point(incident.doc_id, vector, incident.model_dump(include=_PAYLOAD) | EMBEDDING)


def _ranked(
    candidates: list[tuple[float, dict[str, Any]]], techniques: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    scored = []
    for similarity, row in candidates:
        age_days = (now - datetime.fromisoformat(row["happened_at"])).total_seconds() / 86400
        score = incident_score(
            similarity=similarity, age_days=age_days, techniques=techniques, others=row["mitre_techniques"]
        )
        kept = ("doc_id", "alert_name", "final_classification", "outcome", "summary", "happened_at")
        scored.append({**{name: row[name] for name in kept}, "score": round(score, 4)})
    return sorted(scored, key=lambda item: -item["score"])[:limit]
