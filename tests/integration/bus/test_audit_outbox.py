"""Audit events that belong to no other change survive what happens to their process."""

import asyncio
import sys
from collections.abc import Mapping

import pytest

from shared.audit.producer import AuditProducer
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.audit import AuditEvent
from shared.errors import BusUnavailable, InvalidInput
from shared.stores.postgres import Postgres
from tests.conftest import Database

EMITS = """
import asyncio, os, signal, sys
from shared.audit.producer import AuditProducer
from shared.bus.outbox import Outbox
from shared.bus.producer import KafkaProducer
from shared.stores.postgres import Postgres

async def main():
    store = Postgres(sys.argv[1])
    audit = AuditProducer(store, Outbox(store, KafkaProducer("127.0.0.1:1")), source_service="api")
    await audit.emit(tenant_id=sys.argv[2], event_type="access.denied", actor_id="casey")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


class Unavailable(MemoryProducer):
    """Kafka that takes nothing."""

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        raise BusUnavailable("no broker")


async def published(store: Postgres) -> list[AuditEvent]:
    bus = MemoryProducer()
    await Outbox(store, bus).sweep()
    return [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]


async def test_events_of_a_process_killed_while_kafka_is_unavailable_are_published_later(
    store: Postgres, own_database: Database, key: str
) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", EMITS, own_database.url, key)
    assert await process.wait() == -9
    assert [(event.event_type, event.tenant_id) for event in await published(store)] == [("access.denied", key)]


async def test_events_of_an_outage_go_out_in_their_order_under_their_tenant(store: Postgres, key: str) -> None:
    outbox = Outbox(store, Unavailable())
    audit = AuditProducer(store, outbox, source_service="gateway")
    for event_type in ("circuit_breaker.opened", "degradation.entered", "degradation.exited"):
        await audit.emit(tenant_id=key, event_type=event_type, actor_id="router", severity="warning")
    await outbox.settled()
    events = await published(store)
    assert [event.event_type for event in events] == [
        "circuit_breaker.opened",
        "degradation.entered",
        "degradation.exited",
    ]
    assert {(event.tenant_id, event.source_service, event.severity) for event in events} == {
        (key, "gateway", "warning")
    }


async def test_event_that_is_too_large_is_refused_and_leaves_nothing(store: Postgres, key: str) -> None:
    audit = AuditProducer(store, Outbox(store, MemoryProducer()), source_service="gateway")
    with pytest.raises(InvalidInput, match="1000000"):
        await audit.emit(tenant_id=key, event_type="ioc.enriched", actor_id="agent", context={"blob": "x" * 1_000_001})
    assert await published(store) == []
