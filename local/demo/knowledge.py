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


async def load_knowledge(environment: Mapping[str, str]) -> str:
    """Load knowledge.json, and say how much it is; repeating it changes nothing."""
    known: dict[str, Any] = json.loads(KNOWLEDGE.read_text())
    owner = Postgres(environment["ALUSKORT_POSTGRES_OWNER_URL"])
    store = Postgres(environment["ALUSKORT_POSTGRES_URL"])
    producer = KafkaProducer(environment["ALUSKORT_KAFKA_BROKERS"])
    try:
        for playbook in known["playbooks"]:
            await Playbooks(owner).store(Playbook.model_validate(playbook))
        for pattern in known["fp_patterns"]:
            await FPPatterns(store).store(FPPattern.model_validate(pattern))
        for exposure in known["ctem_exposures"]:
            await Exposures(store).store(CTEMExposure.model_validate(exposure))
        for signal in known["risk_signals"]:
            await RiskSignals(store).record(
                signal["tenant_id"],
                entity_id=signal["entity_id"],
                priority=signal["investigation_priority"],
                source=signal["source"],
                observed_at=datetime.now(UTC),
            )
        for row in known["threat_intel_iocs"]:
            indicator = Indicator.model_validate(row)
            key = f"{indicator.type}:{indicator.value}"
            await producer.publish("knowledge.ti.ioc.new", indicator.to_json(), key=key)
        for row in known["incidents"]:
            incident = Incident.model_validate(row)
            await producer.publish("knowledge.incident.stored", incident.to_json(), key=incident.tenant_id)
        await Assets(store).store(known["tenant_id"], [AssetFacts.model_validate(row) for row in known["assets"]])
        await _learned(store, known)
    finally:
        await producer.close()
        await store.close()
        await owner.close()
    return ", ".join(f"{len(known[key])} {name}" for key, name in NAMES.items())


async def _learned(store: Postgres, known: Mapping[str, Any]) -> None:
    """Wait until the product has read what was published."""

    async def all_read() -> bool:
        async with store.transaction(EVERY_TENANT) as connection:
            cursor = await connection.execute(
                "SELECT (SELECT count(*) FROM threat_intel_iocs WHERE indicator_value = ANY(%s)) AS indicators,"
                " (SELECT count(*) FROM incident_memory WHERE doc_id = ANY(%s)) AS incidents",
                ([row["value"] for row in known["threat_intel_iocs"]], [row["doc_id"] for row in known["incidents"]]),
            )
            row = await cursor.fetchone()
        return row == {"indicators": len(known["threat_intel_iocs"]), "incidents": len(known["incidents"])}

    await until(all_read, what="Reading the sample knowledge", seconds=60)
