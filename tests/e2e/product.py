"""The running product as the tests of this folder see it: alerts in by Event Hubs, everything else by HTTP and SQL."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from local.demo.api import Person, sign_in
from local.services import process
from local.services.stack import Stack

PATIENCE = 400.0  # seconds: a wait costs them only where the product is broken

MIMIKATZ = ("Mimikatz credential dumping", "LSASS memory was read by mimikatz.exe", "CredentialAccess", "T1003.001")
PORT_SCAN = ("Port scan from outside", "A port scan of 20 ports was seen", "Reconnaissance", "T1595")
PHISH = ("Email reported by user as phish", "A user reported a phishing mail", "InitialAccess", "T1566")


def count_of_alerts(usual: int) -> int:
    """``ALUSKORT_TEST_ALERTS`` where a run is to be larger, as those are that docs/under-pressure.md reports."""
    return int(os.environ.get("ALUSKORT_TEST_ALERTS", usual))


def security_alert(
    tenant: str, alert_id: str, kind: tuple[str, str, str, str] = MIMIKATZ, **columns: Any
) -> dict[str, Any]:
    """A SecurityAlert row as Log Analytics exports it."""
    title, description, tactic, technique = kind
    entities = [{"$id": "2", "HostName": f"ws-{alert_id}", "DnsDomain": "corp.example", "Type": "host"}]
    return {
        "TimeGenerated": "2026-11-20T08:00:00Z",
        "TenantId": tenant,
        "SystemAlertId": alert_id,
        "AlertName": title,
        "DisplayName": title,
        "AlertSeverity": "High",
        "Description": f"{description} on ws-{alert_id}",
        "ProductName": "Microsoft Defender Advanced Threat Protection",
        "Tactics": tactic,
        "Techniques": json.dumps([technique]),
        "Entities": json.dumps(entities),
        "Type": "SecurityAlert",
    } | columns


def envelope(*rows: dict[str, Any]) -> bytes:
    """The export's envelope."""
    return json.dumps({"records": rows}).encode()


@dataclass
class Product:
    """The stack with its host; ``environment`` is what the host got."""

    stack: Stack
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = self.stack.environment()

    async def send(self, *bodies: bytes, **properties: str) -> None:
        """Send events in order, each with these application properties."""
        client = EventHubProducerClient.from_connection_string(
            self.environment["ALUSKORT_SENTINEL_EVENTHUB"], eventhub_name=self.environment["ALUSKORT_SENTINEL_HUB"]
        )
        async with client:
            for body in bodies:
                event = EventData(body)
                event.properties = dict[str | bytes, Any](properties.items())
                await client.send_batch([event])

    async def person(self, client: httpx.AsyncClient, tenant: str, role: str = "senior_analyst") -> Person:
        issuer = self.environment["ALUSKORT_OIDC_ISSUER"]
        return await sign_in(client, issuer, name=f"{role}-1", roles=[role], tenant=tenant)

    def api(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.stack.host().url(), timeout=30, trust_env=False)

    async def simulate(self, fault: dict[str, Any] | None) -> None:
        """Switch a fault of the simulated Claude on, or all off."""
        url = self.environment["ANTHROPIC_BASE_URL"].removesuffix("/claude") + "/control/faults"
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await (client.post(url, json=fault) if fault else client.delete(url))
            answer.raise_for_status()

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        """Rows as the owner of the schema sees them, all tenants together."""
        url = self.environment["ALUSKORT_POSTGRES_OWNER_URL"]
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await (await connection.execute(sql.encode(), values)).fetchall()

    async def states(self, tenant: str) -> dict[str, str]:
        """State of each alert's investigation."""
        sql = "SELECT alert_id, state FROM investigation_state WHERE tenant_id = %s"
        return dict(await self.rows(sql, tenant))

    async def settled(self, tenant: str, count: int) -> bool:
        states = await self.states(tenant)
        return sum(state in {"closed", "failed", "awaiting_human"} for state in states.values()) == count

    def kill_host(self) -> None:
        """kill -9 of the host, by the id of the process that the stack started."""
        found = process.find(self.stack.site.record("host"))
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)

    async def start(self) -> None:
        """Start whatever does not run; in a thread, since the services have event loops of their own."""
        await asyncio.to_thread(self.stack.up, lambda *_: None)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
    """Wait for a condition; the test fails when it does not come true, however slow the machine."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"did not come true within {seconds:.0f} s"
        await asyncio.sleep(0.2)
