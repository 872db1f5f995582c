"""Alerts find the earlier incidents of their kind, on the test set of tests/benchmarks."""

from datetime import UTC, datetime

from shared.knowledge.incidents import Incident, IncidentMemory
from shared.stores.postgres import Postgres
from shared.stores.qdrant import Qdrant
from tests.benchmarks.retrieval import alerts, incidents, quality


async def test_alerts_find_the_incidents_of_their_kind(store: Postgres, qdrant: Qdrant, tenant: str) -> None:
    memory, now = IncidentMemory(store, qdrant), datetime.now(UTC).isoformat()
    for row in incidents():
        await memory.learn(
            Incident(
                doc_id=f"{tenant}:{row['incident']}",
                tenant_id=tenant,
                investigation_id=row["incident"],
                alert_name=row["alert_name"],
                severity="high",
                final_classification="true_positive",
                outcome="approved",
                mitre_techniques=row["techniques"],
                summary=row["text"],
                happened_at=now,
                entities=row["entities"],
            )
        )
    found = []
    for alert in alerts():
        answer = await memory.similar(
            tenant, **{name: alert[name] for name in ("alert_name", "text", "techniques", "entities")}
        )
        found.append([one["doc_id"].partition(":")[2] for one in answer.incidents])
    reached = quality(found)
    assert reached.recall >= 0.86  # words alone reach 0.83
    assert reached.mrr >= 0.98
