from collections.abc import Mapping

import pytest

from shared.audit.producer import AuditProducer
from shared.bus.producer import MemoryProducer
from shared.contracts.audit import AuditEvent
from shared.errors import BusUnavailable, InvalidInput


class Outage(MemoryProducer):
    """Kafka that may be away."""

    away = True

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        if self.away:
            raise BusUnavailable("no broker")
        await super().publish(topic, value, key=key, headers=headers)


def types_on(bus: MemoryProducer) -> list[str]:
    return [AuditEvent.from_json(message.value).event_type for message in bus.on("audit.events")]


async def test_emitted_event_is_published_under_its_tenant() -> None:
    bus = MemoryProducer()
    audit = AuditProducer(bus, source_service="gateway")
    await audit.emit(tenant_id="contoso", event_type="spend.soft_limit", actor_id="spend", severity="warning")
    (message,) = bus.on("audit.events")
    event = AuditEvent.from_json(message.value)
    assert message.key == "contoso"
    assert (event.source_service, event.severity, event.event_category) == ("gateway", "warning", "security")


async def test_events_of_an_outage_wait_and_go_out_in_their_order() -> None:
    bus = Outage()
    audit = AuditProducer(bus, source_service="gateway")
    await audit.emit(tenant_id="contoso", event_type="circuit_breaker.opened", actor_id="router")
    await audit.emit(tenant_id="contoso", event_type="degradation.entered", actor_id="router")
    assert audit.waiting == 2
    bus.away = False
    await audit.emit(tenant_id="contoso", event_type="degradation.exited", actor_id="router")
    assert types_on(bus) == ["circuit_breaker.opened", "degradation.entered", "degradation.exited"]
    assert audit.waiting == 0


async def test_event_beyond_the_spool_is_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    audit = AuditProducer(Outage(), source_service="gateway", spool_size=1)
    await audit.emit(tenant_id="contoso", event_type="circuit_breaker.opened", actor_id="router")
    await audit.emit(tenant_id="contoso", event_type="degradation.entered", actor_id="router")
    assert audit.waiting == 1
    assert any("degradation.entered" in line.message for line in caplog.records if line.levelname == "CRITICAL")


async def test_over_large_event_is_refused_at_the_producer() -> None:
    audit = AuditProducer(MemoryProducer(), source_service="gateway")
    with pytest.raises(InvalidInput, match="1000000"):
        await audit.emit(
            tenant_id="contoso", event_type="ioc.enriched", actor_id="agent", context={"blob": "x" * 1_000_001}
        )
    assert audit.waiting == 0
