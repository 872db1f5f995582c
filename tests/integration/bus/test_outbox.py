"""The outbox: what was committed is published, what was not is not, in order, also after an outage."""

import asyncio
from collections.abc import Mapping

import pytest

from shared.bus.outbox import BATCH, Outbox, OutboxMessage, put
from shared.bus.producer import KafkaProducer, MemoryProducer
from shared.contracts.topics import MAX_MESSAGE_BYTES
from shared.errors import BusUnavailable, InvalidInput
from shared.stores.postgres import EVERY_TENANT, Postgres
from tests.integration.bus.reading import messages_of

TOPIC = "audit.events"


class Unsteady(MemoryProducer):
    """A bus that a test can take away, at once or after some messages."""

    def __init__(self, takes: int | None = None) -> None:
        super().__init__()
        self.takes = takes

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        if self.takes is not None and len(self.messages) >= self.takes:
            raise BusUnavailable("the test took it away")
        await super().publish(topic, value, key=key, headers=headers)

    @property
    def values(self) -> list[bytes]:
        return [message.value for message in self.messages]


def messages(*values: bytes, key: str = "k") -> list[OutboxMessage]:
    return [OutboxMessage(topic=TOPIC, key=key, value=value) for value in values]


async def commit(store: Postgres, tenant: str, *values: bytes) -> None:
    async with store.transaction(tenant) as connection:
        await put(connection, tenant, f"i-{tenant}", messages(*values, key=tenant))


async def left(store: Postgres, tenant: str) -> int:
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM outbox")
        row = await cursor.fetchone()
    return int(row["n"]) if row else 0


async def test_committed_messages_are_published_once_in_order(store: Postgres, key: str) -> None:
    bus = Unsteady()
    await commit(store, key, b"1", b"2", b"3")
    outbox = Outbox(store, bus)
    await outbox.relay(key, f"i-{key}")
    await outbox.relay(key, f"i-{key}")
    assert bus.values == [b"1", b"2", b"3"]
    assert await left(store, key) == 0


async def test_rolled_back_messages_are_never_published(store: Postgres, key: str) -> None:
    bus = Unsteady()
    with pytest.raises(KeyError):
        async with store.transaction(key) as connection:
            await put(connection, key, f"i-{key}", messages(b"never"))
            raise KeyError
    await Outbox(store, bus).relay(key, f"i-{key}")
    assert bus.values == []


@pytest.mark.parametrize(("topic", "size"), [(TOPIC, MAX_MESSAGE_BYTES + 1), ("no.such.topic", 1)])
async def test_message_that_no_sweep_could_publish_is_refused_when_it_is_put(
    store: Postgres, key: str, topic: str, size: int
) -> None:
    with pytest.raises(InvalidInput):
        async with store.transaction(key) as connection:
            await put(connection, key, f"i-{key}", [OutboxMessage(topic=topic, key=key, value=b"x" * size)])
    assert await left(store, key) == 0


async def test_relay_publishes_one_investigation_of_one_tenant_only(store: Postgres, key: str) -> None:
    bus = Unsteady()
    await commit(store, key, b"mine")
    await commit(store, f"{key}-other", b"other")
    await Outbox(store, bus).relay(key, f"i-{key}-other")
    assert bus.values == []
    await Outbox(store, bus).relay(key, f"i-{key}")
    assert bus.values == [b"mine"]
    await Outbox(store, bus).relay(f"{key}-other", f"i-{key}-other")


async def test_messages_stay_while_the_bus_is_away_and_the_sweep_publishes_them(store: Postgres, key: str) -> None:
    bus = Unsteady(takes=0)
    outbox = Outbox(store, bus)
    await commit(store, key, b"1", b"2")
    await commit(store, f"{key}-other", b"3")
    await outbox.relay(key, f"i-{key}")
    assert await left(store, key) == 2
    with pytest.raises(BusUnavailable):
        await outbox.sweep()
    bus.takes = None
    assert await outbox.sweep() == 3
    assert bus.values == [b"1", b"2", b"3"]
    assert await outbox.sweep() == 0


async def test_bus_lost_amid_a_batch_loses_nothing(store: Postgres, key: str) -> None:
    bus = Unsteady(takes=1)
    outbox = Outbox(store, bus)
    await commit(store, key, b"1", b"2", b"3")
    await outbox.relay(key, f"i-{key}")
    bus.takes = None
    await outbox.relay(key, f"i-{key}")
    assert bus.values == [b"1", b"1", b"2", b"3"]  # at least once: consumers ignore repeats by id
    assert await left(store, key) == 0


async def test_sweep_publishes_more_than_one_batch(store: Postgres, key: str) -> None:
    bus = Unsteady()
    values = [str(number).encode() for number in range(BATCH + 1)]
    await commit(store, key, *values)
    assert await Outbox(store, bus).sweep() == BATCH + 1
    assert bus.values == values


async def test_two_sweeps_at_once_publish_each_message_once(store: Postgres, key: str) -> None:
    bus = Unsteady()
    values = [str(number).encode() for number in range(50)]
    await commit(store, key, *values)
    counts = await asyncio.gather(Outbox(store, bus).sweep(), Outbox(store, bus).sweep())
    assert sum(counts) == 50
    assert sorted(bus.values) == sorted(values)


async def test_sweep_waits_for_no_transaction_under_way(store: Postgres, key: str) -> None:
    bus = Unsteady()
    await commit(store, key, b"held", b"free")
    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute("SELECT 1 FROM outbox WHERE value = 'held' FOR UPDATE")
        await Outbox(store, bus).sweep()
        assert bus.values == [b"free"]
    await Outbox(store, bus).sweep()
    assert bus.values == [b"free", b"held"]


async def test_order_per_key_holds_on_kafka(store: Postgres, kafka: KafkaProducer, brokers: str, key: str) -> None:
    values = [str(number).encode() for number in range(200)]
    await commit(store, key, *values)
    await Outbox(store, kafka).relay(key, f"i-{key}")
    assert [message.value for message in await messages_of(brokers, TOPIC, key)] == values
