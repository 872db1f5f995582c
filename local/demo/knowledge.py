"""Loads what a SOC would already know: reference tables by SQL, indicators and incidents through their topics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.demo.waiting import until
from shared.bus.producer import KafkaProducer
from shared.contracts.batch import FPPattern
from shared.contracts.contract import Contract
from shared.contracts.exposure import CTEMExposure
from shared.contracts.tenant import EVERY_TENANT
from shared.ctem.exposures import Exposures
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import Incident
from shared.knowledge.indicators import Indicator
from shared.knowledge.risk import RiskSignals
from shared.response.assets import AssetFacts, Assets
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.postgres import Postgres

NAMES = {
    "playbooks": "playbooks",
    "fp_patterns": "false-positive patterns",
    "threat_intel_iocs": "indicators",
    "incidents": "earlier incidents",
    "ctem_exposures": "exposures",
    "assets": "assets",
}
KNOWLEDGE = Path(__file__).with_name("knowledge.json")


async def load_knowledge(environment: Mapping[str, str], known: Mapping[str, Any] | None = None) -> str:
    """Load what is ``known``, knowledge.json when left out, and say how much it is; repeating it changes nothing.

    Raises InvalidInput for an item that is not what its key says; what was loaded before it stays.
    """
    known = known if known is not None else json.loads(KNOWLEDGE.read_text())
    owner = Postgres(environment["ALUSKORT_POSTGRES_OWNER_URL"])
    store = Postgres(environment["ALUSKORT_POSTGRES_URL"])
    producer = KafkaProducer(environment["ALUSKORT_KAFKA_BROKERS"])
    try:
        await _store(owner, store, known)
        for indicator in _items(known, "threat_intel_iocs", Indicator):
            key = f"{indicator.type}:{indicator.value}"
            await producer.publish("knowledge.ti.ioc.new", indicator.to_json(), key=key)
        for incident in _items(known, "incidents", Incident):
            await producer.publish("knowledge.incident.stored", incident.to_json(), key=incident.tenant_id)
        await _learned(store, known)
    finally:
        await producer.close()
        await store.close()
        await owner.close()
    return ", ".join(f"{len(known[key])} {name}" for key, name in NAMES.items() if known.get(key)) or "nothing"


async def _store(owner: Postgres, store: Postgres, known: Mapping[str, Any]) -> None:
    for playbook in _items(known, "playbooks", Playbook):
        await Playbooks(owner).store(playbook)
    for pattern in _items(known, "fp_patterns", FPPattern):
        await FPPatterns(store).store(pattern)
    for exposure in _items(known, "ctem_exposures", CTEMExposure):
        await Exposures(store).store(exposure)
    for signal in known.get("risk_signals", []):
        await RiskSignals(store).record(
            signal["tenant_id"],
            entity_id=signal["entity_id"],
            priority=signal["investigation_priority"],
            source=signal["source"],
            observed_at=datetime.now(UTC),
        )
    if assets := _items(known, "assets", AssetFacts):
        await Assets(store).store(known["tenant_id"], assets)


def _items[T: Contract](known: Mapping[str, Any], key: str, kind: type[T]) -> list[T]:
    return [kind.from_json(json.dumps(item)) for item in known.get(key, [])]


async def _learned(store: Postgres, known: Mapping[str, Any]) -> None:
    """Wait until the product has read what was published."""
    values = [row["value"] for row in known.get("threat_intel_iocs", [])]
    documents = [row["doc_id"] for row in known.get("incidents", [])]

    async def all_read() -> bool:
        async with store.transaction(EVERY_TENANT) as connection:
            cursor = await connection.execute(
                "SELECT (SELECT count(DISTINCT indicator_value) FROM threat_intel_iocs WHERE indicator_value = ANY(%s))"
                " AS indicators, (SELECT count(*) FROM incident_memory WHERE doc_id = ANY(%s)) AS incidents",
                (values, documents),
            )
            row = await cursor.fetchone()
        return row == {"indicators": len(set(values)), "incidents": len(set(documents))}

    await until(all_read, what="Reading the knowledge", seconds=60)
