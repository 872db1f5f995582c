"""Incident memory: learnt once, found by likeness within the tenant, also without the vector store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.errors import StoreUnavailable
from shared.knowledge.incidents import Incident, IncidentMemory, incident_score
from shared.knowledge.indicators import Indicators
from shared.knowledge.learning import Learning
from shared.knowledge.library import Library
from shared.stores.postgres import Postgres
from shared.stores.qdrant import Qdrant
from shared.stores.redis import Redis


def incident(tenant: str, doc: str, *, age_days: float = 0, **fields: Any) -> Incident:
    return Incident.model_validate(
        {
            "doc_id": f"{tenant}:{doc}",
            "tenant_id": tenant,
            "investigation_id": doc,
            "alert_name": "LSASS memory read",
            "severity": "high",
            "final_classification": "true_positive",
            "outcome": "approved",
            "mitre_techniques": ["T1003"],
            "summary": "mimikatz read lsass",
            "happened_at": (datetime.now(UTC) - timedelta(days=age_days)).isoformat(),
        }
        | fields
    )


async def found(memory: IncidentMemory, tenant: str, **query: Any) -> list[tuple[str, float]]:
    wanted: dict[str, Any] = {"alert_name": "LSASS memory read", "text": "mimikatz", "techniques": ["T1003"]}
    answer = await memory.similar(tenant, **wanted | query)
    return [(item["doc_id"].partition(":")[2], item["score"]) for item in answer.incidents]


async def test_similar_ranks_by_likeness_age_and_techniques(store: Postgres, qdrant: Qdrant, tenant: str) -> None:
    memory = IncidentMemory(store, qdrant)
    await memory.learn(incident(tenant, "today"))
    await memory.learn(incident(tenant, "month", age_days=30))
    await memory.learn(incident(tenant, "other-technique", mitre_techniques=["T1059"]))
    await memory.learn(incident(tenant, "unlike", alert_name="Printer jam", summary="paper", mitre_techniques=[]))
    ranked = await found(memory, tenant)
    assert [name for name, _ in ranked[:3]] == ["today", "month", "other-technique"]
    assert ranked[0][1] == pytest.approx(1.0, abs=0.01)
    assert ranked[1][1] == pytest.approx(1 - 0.30 * (1 - 0.502), abs=0.01)


async def test_similar_finds_no_other_tenants_incident(store: Postgres, qdrant: Qdrant, tenant: str) -> None:
    memory = IncidentMemory(store, qdrant)
    await memory.learn(incident(f"{tenant}-other", "secret"))
    assert await found(memory, tenant) == []


async def test_similar_gives_at_most_the_limit(store: Postgres, qdrant: Qdrant, tenant: str) -> None:
    memory = IncidentMemory(store, qdrant)
    for number in range(7):
        await memory.learn(incident(tenant, str(number), age_days=number))
    assert [name for name, _ in await found(memory, tenant, limit=3)] == ["0", "1", "2"]


async def test_learning_twice_changes_nothing(store: Postgres, qdrant: Qdrant, tenant: str) -> None:
    memory = IncidentMemory(store, qdrant)
    for _ in range(2):
        await memory.learn(incident(tenant, "once"))
    assert [name for name, _ in await found(memory, tenant)] == ["once"]


async def test_similar_without_the_vector_store_uses_structured_search_and_says_so(
    store: Postgres, qdrant: Qdrant, no_qdrant: Qdrant, tenant: str
) -> None:
    memory = IncidentMemory(store, qdrant)
    await memory.learn(incident(tenant, "same-name", mitre_techniques=[]))
    await memory.learn(incident(tenant, "same-technique", alert_name="another", age_days=30))
    await memory.learn(incident(tenant, "neither", alert_name="another", mitre_techniques=["T1595"]))
    await memory.learn(incident(f"{tenant}-other", "secret"))
    answer = await IncidentMemory(store, no_qdrant).similar(
        tenant, alert_name="LSASS memory read", text="", techniques=["T1003"]
    )
    assert answer.structured_search
    assert [item["doc_id"].partition(":")[2] for item in answer.incidents] == ["same-technique", "same-name"]
    assert answer.incidents[0]["score"] == pytest.approx(
        incident_score(similarity=1, age_days=30, techniques=["T1003"], others=["T1003"]), abs=0.01
    )


async def test_similar_with_the_vector_store_says_that_it_was_used(
    store: Postgres, qdrant: Qdrant, tenant: str
) -> None:
    answer = await IncidentMemory(store, qdrant).similar(tenant, alert_name="x y", text="", techniques=[])
    assert (answer.incidents, answer.structured_search) == ([], False)


async def test_alert_without_a_word_finds_nothing(store: Postgres, qdrant: Qdrant, tenant: str) -> None:
    memory = IncidentMemory(store, qdrant)
    await memory.learn(incident(tenant, "some"))
    assert await found(memory, tenant, alert_name="—", text="!", techniques=[]) == []


async def test_learning_with_the_vector_store_away_waits_for_it(
    store: Postgres, no_qdrant: Qdrant, tenant: str
) -> None:
    with pytest.raises(StoreUnavailable):
        await IncidentMemory(store, no_qdrant).learn(incident(tenant, "later"))


@pytest.mark.parametrize("happened_at", ["yesterday", "2026-11-20T08:00:00", ""])
async def test_incident_without_a_clear_time_is_poison_and_spoils_no_search(
    store: Postgres, qdrant: Qdrant, cache: Redis, tenant: str, happened_at: str
) -> None:
    bus, memory = MemoryProducer(), IncidentMemory(store, qdrant)
    learning = Learning(bus, indicators=Indicators(store, cache), incidents=memory, library=Library(qdrant))
    good = incident(tenant, "good")
    bad = good.to_json().replace(good.happened_at.encode(), happened_at.encode())
    for value in (bad.replace(b":good", b":bad"), good.to_json()):
        await learning.incident(Received("knowledge.incident.stored", value))
    assert len(bus.on("alerts.raw.dlq")) == 1
    assert [name for name, _ in await found(memory, tenant)] == ["good"]
