"""Scanners' reports for the demo, published as their connectors publish them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.demo.api import Person
from local.demo.waiting import until
from shared.bus.producer import KafkaProducer
from shared.ctem.finding import Tool
from shared.ctem.service import SCANNED_AT, TENANT

SCANS = Path(__file__).parents[1] / "samples" / "scans"


def reports() -> dict[Tool, Path]:
    """One report of each scanner."""
    return {tool: next(SCANS.glob(f"{tool}[.-]*")) for tool in Tool}


async def take_in_scans(environment: Mapping[str, str], tenant_id: str, analyst: Person) -> str:
    """Publish a report of each scanner as of now; how many exposures they gave, in words. Raises TooLate."""
    producer = KafkaProducer(environment["ALUSKORT_KAFKA_BROKERS"])
    said = {TENANT: tenant_id.encode(), SCANNED_AT: datetime.now(UTC).isoformat().encode()}
    try:
        for tool, path in reports().items():
            await producer.publish(f"ctem.raw.{tool}", path.read_bytes(), key=tool, headers=said)
    finally:
        await producer.close()
    missing = set(reports())

    async def all_there() -> bool:
        for tool in sorted(missing):
            if (await analyst.get("/exposures", source_tool=tool, limit=1))["items"]:
                missing.discard(tool)
        return not missing

    await until(all_there, what="An exposure of each scanner's report", seconds=60)
    found = (await analyst.get("/exposures", limit=100))["items"]
    worst = found[0]["exposure"]
    return f"{len(found)} exposures from {len(reports())} scanners, the worst {worst['severity']}: {worst['title']}"
