"""A message that cannot be handled or published affects no other."""

import json
from collections.abc import Mapping

import pytest

from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.bus.producer import MemoryProducer
from shared.bus.received import Received, handled
from shared.contracts.dead_letter import DeadLetter
from shared.errors import InvalidInput, StoreUnavailable
from shared.stores.postgres import Postgres

TOPIC = "audit.events"


class Choosy(MemoryProducer):
    """A broker with stricter limits than ours."""

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        if topic == TOPIC and value == b"refused":
            raise InvalidInput("message", got="8 bytes", expected="what the broker accepts")
        await super().publish(topic, value, key=key, headers=headers)


async def test_message_that_kafka_refuses_for_good_goes_to_the_dead_letters_and_blocks_no_other(
    store: Postgres, key: str
) -> None:
    bus = Choosy()
    async with store.transaction(key) as connection:
        messages = [OutboxMessage(topic=TOPIC, key=key, value=value) for value in (b"1", b"refused", b"2")]
        await put(connection, key, f"i-{key}", messages)
    await Outbox(store, bus).sweep()
    assert [message.value for message in bus.on(TOPIC)] == [b"1", b"2"]
    (dead_letter,) = (DeadLetter.from_json(message.value) for message in bus.on("alerts.raw.dlq"))
    assert (dead_letter.original, dead_letter.source_topic, dead_letter.key) == (b"refused", TOPIC, key)
    assert await Outbox(store, bus).sweep() == 0


async def test_relay_without_its_database_fails_no_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.3)
    away = Postgres("postgresql://nobody@127.0.0.1:1/none")
    outbox = Outbox(away, MemoryProducer())
    outbox.notify()
    await outbox.settled()
    with pytest.raises(StoreUnavailable):
        await Outbox(away, MemoryProducer()).sweep()
    await away.close()


async def test_message_that_makes_a_handler_raise_goes_to_the_dead_letters(caplog: pytest.LogCaptureFixture) -> None:
    bus = MemoryProducer()

    async def handle(value: bytes) -> bool:
        raise ValueError("line one\nFORGED LINE \x1b[31m")

    assert await handled(bus, Received("alerts.normalized", b"hostile"), handle) is None
    (dead_letter,) = (json.loads(message.value) for message in bus.on("alerts.raw.dlq"))
    assert dead_letter["error_type"] == "ValueError"
    assert "\nFORGED" not in caplog.records[0].getMessage()
    assert "\x1b" not in caplog.records[0].getMessage()


async def test_outage_in_a_handler_is_raised_so_that_the_message_comes_again() -> None:
    bus = MemoryProducer()

    async def handle(value: bytes) -> None:
        raise StoreUnavailable("PostgreSQL", "gone")

    with pytest.raises(StoreUnavailable):
        await handled(bus, Received("alerts.normalized", b"fine"), handle)
    assert bus.messages == []
