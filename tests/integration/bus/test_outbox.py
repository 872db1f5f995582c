"""The outbox: what was committed is published, what was not is not, in order, also after an outage."""

import asyncio
from collections.abc import Mapping

import pytest

from shared.bus.outbox import BATCH, Outbox, OutboxMessage, put
from shared.bus.producer import KafkaProducer, MemoryProducer
from shared.contracts.tenant import EVERY_TENANT
from shared.contracts.topics import MAX_MESSAGE_BYTES
from shared.errors import BusUnavailable, InvalidInput
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.bus.reading import messages_of

TOPIC = "audit.events"


class Unsteady(MemoryProducer):
    """A bus that a test can make unavailable, at once or after some messages."""

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


class Stalling(Unsteady):
    """A bus that takes a message only once it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.goes_on = asyncio.Event(), asyncio.Event()

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        self.reached.set()
        await self.goes_on.wait()
        await super().publish(topic, value, key=key, headers=headers)


class Choosy(MemoryProducer):
    """A bus that takes no message of one topic, or none with one value."""

    def __init__(self, *refused: str | bytes) -> None:
        super().__init__()
        self.refused = refused

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        if topic in self.refused or value in self.refused:
            raise BusUnavailable(f"the test takes no {value!r} for {topic}")
        await super().publish(topic, value, key=key, headers=headers)

    @property
    def values(self) -> list[bytes]:
        return [message.value for message in self.messages]


async def relayed(outbox: Outbox) -> None:
    outbox.notify()
    await outbox.settled()


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
    await relayed(outbox)
    await relayed(outbox)
    assert bus.values == [b"1", b"2", b"3"]
    assert await left(store, key) == 0


async def test_rolled_back_messages_are_never_published(store: Postgres, key: str) -> None:
    bus = Unsteady()
    with pytest.raises(KeyError):
        async with store.transaction(key) as connection:
            await put(connection, key, f"i-{key}", messages(b"never"))
            raise KeyError
    await relayed(Outbox(store, bus))
    assert bus.values == []


@pytest.mark.parametrize(("topic", "size"), [(TOPIC, MAX_MESSAGE_BYTES + 1), ("no.such.topic", 1)])
async def test_message_that_no_sweep_could_publish_is_refused_by_put(
    store: Postgres, key: str, topic: str, size: int
) -> None:
    with pytest.raises(InvalidInput):
        async with store.transaction(key) as connection:
            await put(connection, key, f"i-{key}", [OutboxMessage(topic=topic, key=key, value=b"x" * size)])
    assert await left(store, key) == 0


async def test_notifications_during_a_relay_are_one_more_relay(store: Postgres, key: str) -> None:
    bus = Stalling()
    outbox = Outbox(store, bus)
    await commit(store, key, b"1")
    outbox.notify()
    await bus.reached.wait()
    await commit(store, key, b"2")
    for _ in range(10):
        outbox.notify()
    bus.goes_on.set()
    await outbox.settled()
    assert bus.values == [b"1", b"2"]
    assert await left(store, key) == 0


async def test_slow_bus_keeps_no_database_connection(own_database: Database, key: str) -> None:
    """Ten relays under way, as on ten instances, and one connection: a read is served meanwhile."""
    store, bus = Postgres(own_database.url, pool_size=1, wait_seconds=5), Stalling()
    relays = [Outbox(store, bus) for _ in range(10)]
    for number, outbox in enumerate(relays):
        await commit(store, f"{key}-{number}", b"x")
        outbox.notify()
    await bus.reached.wait()
    assert await left(store, f"{key}-0") == 1
    bus.goes_on.set()
    for outbox in relays:
        await outbox.settled()
    assert sorted(bus.values) == [b"x"] * 10
    await store.close()


async def test_row_behind_a_claimed_one_of_its_key_waits_for_it(store: Postgres, key: str) -> None:
    first, second = Stalling(), Unsteady()
    slow = Outbox(store, first)
    await commit(store, key, b"1")
    slow.notify()
    await first.reached.wait()
    await commit(store, key, b"2")
    await commit(store, f"{key}-other", b"3")
    await Outbox(store, second).sweep()
    assert second.values == [b"3"]
    first.goes_on.set()
    await slow.settled()
    assert first.values == [b"1", b"2"]


async def test_claim_of_a_relay_that_died_lapses(store: Postgres, key: str) -> None:
    died, bus = Stalling(), Unsteady()
    outbox = Outbox(store, died)
    await commit(store, key, b"1")
    task = asyncio.create_task(outbox.sweep())
    await died.reached.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await Outbox(store, bus).sweep() == 0
    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute("UPDATE outbox SET claimed_until = now() - interval '1 second'")
    assert await Outbox(store, bus).sweep() == 1
    assert bus.values == [b"1"]


async def test_rows_of_the_version_before_are_published_too(store: Postgres, key: str) -> None:
    bus = Unsteady()
    async with store.transaction(key) as connection:
        await connection.execute(
            "INSERT INTO outbox (tenant_id, investigation_id, topic, key, value) VALUES (%s, 'i', %s, %s, 'old')",
            (key, TOPIC, key),
        )
    await Outbox(store, bus).sweep()
    assert bus.values == [b"old"]


async def test_messages_stay_while_the_bus_is_unavailable_and_the_sweep_publishes_them(
    store: Postgres, key: str
) -> None:
    bus = Unsteady(takes=0)
    outbox = Outbox(store, bus)
    await commit(store, key, b"1", b"2")
    await commit(store, f"{key}-other", b"3")
    await relayed(outbox)
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
    await relayed(outbox)
    bus.takes = None
    await relayed(outbox)
    assert bus.values == [b"1", b"2", b"3"]
    assert await left(store, key) == 0


async def test_topic_that_takes_nothing_neither_blocks_nor_repeats_the_others(store: Postgres, key: str) -> None:
    other = "ctem.normalized"
    bus = Choosy(other)
    blocked = [OutboxMessage(topic=other, key=f"{key}-{number}", value=b"blocked") for number in range(BATCH)]
    async with store.transaction(key) as connection:
        await put(connection, key, "i", blocked)
    await commit(store, key, b"1", b"2")
    for _ in range(3):
        with pytest.raises(BusUnavailable, match=other):
            await Outbox(store, bus).sweep()
        assert bus.values == [b"1", b"2"]
        assert await left(store, key) == BATCH
    bus.refused = ()
    assert await Outbox(store, bus).sweep() == BATCH


async def test_row_behind_a_failed_one_of_its_key_is_published_after_it(store: Postgres, key: str) -> None:
    bus = Choosy(b"2")
    await commit(store, key, b"1", b"2", b"3")
    await commit(store, f"{key}-other", b"4")
    await relayed(Outbox(store, bus))
    assert await left(store, key) == 2
    assert await left(store, f"{key}-other") == 0
    bus.refused = ()
    await Outbox(store, bus).sweep()
    assert bus.values == [b"1", b"3", b"4", b"2", b"3"]  # at least once: consumers ignore repeats by id


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


async def test_sweep_does_not_wait_for_open_transactions(store: Postgres, key: str, outside_calls: list[str]) -> None:
    bus = Unsteady()
    await commit(store, key, b"held", b"free")
    async with store.transaction(EVERY_TENANT) as connection:
        await connection.execute("SELECT 1 FROM outbox WHERE value = 'held' FOR UPDATE")
        await Outbox(store, bus).sweep()
        assert bus.values == [b"free"]
    outside_calls.clear()  # the transaction around the sweep stands for somebody else's
    await Outbox(store, bus).sweep()
    assert bus.values == [b"free", b"held"]


async def test_order_per_key_holds_on_kafka(store: Postgres, kafka: KafkaProducer, brokers: str, key: str) -> None:
    values = [str(number).encode() for number in range(200)]
    await commit(store, key, *values)
    await relayed(Outbox(store, kafka))
    assert [message.value for message in await messages_of(brokers, TOPIC, key)] == values
