"""One synthetic alert, followed from Sentinel's hub to its verdict and its audit proof.

It belongs to the tenant ``synthetic``, so no person's case list, rate or report counts it. It stays: nothing here is
ever deleted. Its model call costs what any alert's does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError
from azure.identity.aio import DefaultAzureCredential

from cli.deployment.finding import Finding, Target, failed, not_applicable, ok
from cli.deployment.network import event_hubs_address, hubs_read
from shared.audit.ledger import RecordFilters
from shared.audit.service import AuditService
from shared.contracts.audit import AuditRecord
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.listing import Listing
from shared.contracts.tenant import SYNTHETIC_TENANT
from shared.errors import AluskortError
from shared.investigation.case import investigation_id
from shared.investigation.case_file import CaseFiles
from shared.stores.postgres import Postgres

TITLE = "Synthetic alert of the preflight"
POLL_SECONDS = 0.5
SETTLED = frozenset({"awaiting_human", "responding", "closed", "failed"})
GENERATED_BY = "preflight"
STATE = """
SELECT state, graph_state ->> 'classification' AS classification, graph_state ->> 'degradation_level' AS level
FROM investigation_state WHERE investigation_id = %s
"""


def synthetic_alert(alert_id: str) -> bytes:
    """A row of SecurityAlert in the export's envelope: says what it is, names nothing that exists."""
    now = datetime.now(UTC).isoformat()
    row = {
        "TenantId": SYNTHETIC_TENANT,
        "SystemAlertId": alert_id,
        "TimeGenerated": now,
        "StartTime": now,
        "EndTime": now,
        "AlertName": TITLE,
        "DisplayName": TITLE,
        "AlertSeverity": "Informational",
        "Description": "An authorised test, sent by aluskort preflight. Nothing happened, nobody is concerned.",
        "ProviderName": "ALUSKORT",
        "ProductName": "ALUSKORT preflight",
        "Entities": json.dumps([{"$id": "2", "HostName": "synthetic-host", "DnsDomain": "invalid", "Type": "host"}]),
        "Type": "SecurityAlert",
    }
    return json.dumps({"records": [row]}).encode()


async def follow(target: Target, *, timeout_seconds: float) -> AsyncIterator[Finding]:
    """A finding for each stage with its time; the first that does not come in time is named and is the last."""
    if "ALUSKORT_SENTINEL_HUB" not in hubs_read(target.variables).values():
        yield not_applicable("Synthetic alert", "there is no hub to send it to; docs/deployment.md pushes one by HTTP")
        return
    alert_id = f"synthetic-{uuid4()}"
    investigation = investigation_id(SYNTHETIC_TENANT, alert_id)
    store = Postgres(_database(target), pool_size=1)
    stages: tuple[tuple[str, Callable[[], Awaitable[str]], str], ...] = (
        ("sent to Sentinel's hub", lambda: _send(target, alert_id), "See Event Hubs above; sending needs Data Sender."),
        ("investigation opened", lambda: _opened(store, investigation), "See ingest_sentinel, parse_alerts."),
        ("verdict", lambda: _verdict(store, investigation), "See run_llm_job_* and the orchestration of this id."),
        ("verdict on the audit chain", lambda: _chained(store, investigation), "See append_audit and sweep_outbox."),
        ("evidence package", lambda: _proven(store, investigation), "See /api/v1/audit/verify there."),
    )  # fmt: skip
    started = time.monotonic()
    try:
        for stage, come, todo in stages:
            name = f"Synthetic alert: {stage}"
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + timeout_seconds - _since(started)):
                    found = await come()
            except TimeoutError:
                yield failed(name, f"did not come within {timeout_seconds:g} s ({alert_id}, {investigation})", todo)
                return
            except (AluskortError, EventHubError, AzureError) as error:
                yield failed(name, error, todo)
                return
            yield ok(name, f"{found} after {_since(started):.1f} s")
    finally:
        await store.close()


def _database(target: Target) -> str:
    """Where to follow the alert: as the app, or else as the owner, as which the pipeline has migrated."""
    own = target.settings.postgres.url.get_secret_value()
    return own if target.of_the_app else target.variables.get("ALUSKORT_POSTGRES_OWNER_URL", own)


def _since(started: float) -> float:
    return time.monotonic() - started


async def _send(target: Target, alert_id: str) -> str:
    connection, hub = (target.variables.get(f"ALUSKORT_SENTINEL_{name}", "") for name in ("EVENTHUB", "HUB"))
    endpoint = event_hubs_address(target)
    client = (
        EventHubProducerClient.from_connection_string(connection, eventhub_name=hub, retry_total=1)
        if connection
        else EventHubProducerClient(
            endpoint.host if endpoint else "", hub, credential=DefaultAzureCredential(), retry_total=1
        )
    )
    async with client:
        await client.send_batch([EventData(synthetic_alert(alert_id))])
    return alert_id


async def _opened(store: Postgres, investigation: str) -> str:
    await _until(lambda: _row(store, investigation))
    return investigation


async def _verdict(store: Postgres, investigation: str) -> str:
    async def settled() -> dict[str, Any] | None:
        row = await _row(store, investigation)
        return row if row and row["state"] in SETTLED else None

    row = await _until(settled)
    if row["state"] == "failed" or not row["classification"]:
        raise AluskortError(f"the investigation {investigation} ended {row['state']} without a verdict")
    return f"{row['classification']}, {row['level']}, {row['state']}"


async def _chained(store: Postgres, investigation: str) -> str:
    wanted = RecordFilters(investigation_id=investigation, event_type=AuditEventType.ALERT_CLASSIFIED)

    async def chained() -> AuditRecord | None:
        page = await AuditService(store).records(SYNTHETIC_TENANT, wanted, Listing(limit=1))
        return page.rows[0] if page.rows else None

    return f"record {(await _until(chained)).sequence_number}"


async def _proven(store: Postgres, investigation: str) -> str:
    audit = AuditService(store)
    case = await CaseFiles(store).read(SYNTHETIC_TENANT, investigation)
    package = await audit.evidence_package(SYNTHETIC_TENANT, case, generated_by=GENERATED_BY)
    whole = await audit.verify(SYNTHETIC_TENANT)
    if not (package.chain_verified and whole.chain_valid):
        raise AluskortError(f"the chain of {SYNTHETIC_TENANT} does not verify: {'; '.join(whole.errors[:3])}")
    return f"complete, {whole.records_checked} records of the tenant's chain verified"


async def _row(store: Postgres, investigation: str) -> dict[str, Any] | None:
    async with store.transaction(SYNTHETIC_TENANT) as connection:
        return await (await connection.execute(STATE, (investigation,))).fetchone()


async def _until[T](probe: Callable[[], Awaitable[T | None]]) -> T:
    """The first result of ``probe`` that is not empty; the caller limits the time."""
    while not (found := await probe()):  # noqa: ASYNC110 - the database does not notify
        await asyncio.sleep(POLL_SECONDS)
    return found
