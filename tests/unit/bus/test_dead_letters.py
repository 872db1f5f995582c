"""Dead letters: whatever cannot be handled is kept whole, and blocks nobody."""

import base64
import json

import pytest

from shared.bus.dead_letters import PART_BYTES, PART_HEADER, publish_dead_letter
from shared.bus.producer import MemoryProducer
from shared.bus.received import Received, handled
from shared.contracts.dead_letter import DeadLetter
from shared.contracts.topics import MAX_MESSAGE_BYTES
from shared.errors import BusUnavailable, InvalidInput, StoreUnavailable

BROKEN = InvalidInput("CanonicalAlert.title", got="", expected="a title")


def letters(bus: MemoryProducer, topic: str = "alerts.raw.dlq") -> list[DeadLetter]:
    return [DeadLetter.from_json(message.value) for message in bus.on(topic)]


async def test_small_value_is_one_letter_with_all_that_is_known() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(
        bus, BROKEN, b"\x00bad", source_topic="alerts.raw", headers={"h": b"\xff"}, partition=3, offset=42
    )
    (letter,) = letters(bus)
    assert (letter.error_type, letter.reason) == ("InvalidInput", str(BROKEN))
    assert (letter.source_topic, letter.partition, letter.offset) == ("alerts.raw", 3, 42)
    assert letter.original == b"\x00bad"
    assert letter.headers == {"h": base64.b64encode(b"\xff").decode()}


async def test_empty_value_is_one_letter() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(bus, BROKEN, b"", source_topic="alerts.raw")
    assert [letter.original for letter in letters(bus)] == [b""]


@pytest.mark.parametrize("size", [PART_BYTES, PART_BYTES + 1, 2_000_000, 2 * PART_BYTES])
async def test_parts_of_a_large_value_together_are_the_original_bytes(size: int) -> None:
    bus = MemoryProducer()
    value = bytes(number % 251 for number in range(size))
    await publish_dead_letter(bus, BROKEN, value, source_topic="sentinel-alerts", headers={"h": b"v"})
    parts = letters(bus)
    count = -(-size // PART_BYTES)
    assert b"".join(part.original for part in parts) == value
    assert {message.key for message in bus.messages} == {parts[0].key}
    assert all(len(message.value) <= MAX_MESSAGE_BYTES for message in bus.messages)
    numbers = [base64.b64decode(part.headers[PART_HEADER]).decode() for part in parts if count > 1]
    assert numbers == ([f"{number}/{count}" for number in range(1, count + 1)] if count > 1 else [])
    assert all("h" in part.headers for part in parts)


async def test_same_value_has_the_same_key_and_another_value_another() -> None:
    bus = MemoryProducer()
    for value in (b"a", b"a", b"b"):
        await publish_dead_letter(bus, BROKEN, value, source_topic="alerts.raw")
    first, again, other = (message.key for message in bus.messages)
    assert first == again != other


async def reading(value: bytes) -> str:
    if value == b"poison":
        raise BROKEN
    if value == b"away":
        raise StoreUnavailable("PostgreSQL", "gone")
    if value == b"bug":
        raise KeyError("bug")
    return value.decode()


async def test_handled_gives_what_the_handler_made() -> None:
    bus = MemoryProducer()
    assert await handled(bus, Received("alerts.raw", b"good"), reading) == "good"
    assert bus.messages == []


async def test_handled_keeps_poison_and_goes_on() -> None:
    bus = MemoryProducer()
    message = Received("jobs.llm.priority.low", b"poison", {"h": b"v"}, partition=1, offset=7)
    assert await handled(bus, message, reading, dead_letters="jobs.llm.priority.low.dlq") is None
    (letter,) = letters(bus, "jobs.llm.priority.low.dlq")
    assert (letter.original, letter.source_topic, letter.partition, letter.offset) == (b"poison", message.topic, 1, 7)


@pytest.mark.parametrize(("value", "error"), [(b"away", StoreUnavailable), (b"bug", KeyError)])
async def test_handled_lets_everything_else_pass_so_that_it_is_delivered_again(
    value: bytes, error: type[Exception]
) -> None:
    bus = MemoryProducer()
    with pytest.raises(error):
        await handled(bus, Received("alerts.raw", value), reading)
    assert bus.messages == []


async def test_handled_keeps_poison_unacknowledged_while_the_bus_is_away() -> None:
    class Away(MemoryProducer):
        async def publish(self, *_: object, **__: object) -> None:
            raise BusUnavailable("away")

    with pytest.raises(BusUnavailable):
        await handled(Away(), Received("alerts.raw", b"poison"), reading)


async def test_headers_that_leave_no_room_are_kept_in_letters_of_their_own() -> None:
    bus = MemoryProducer()
    headers = {f"name-{number}": bytes([number]) * 60_000 for number in range(15)}
    await publish_dead_letter(bus, ValueError("broken"), b"value", source_topic="alerts.raw", headers=headers)
    *about_headers, last = letters(bus)
    stored = json.loads(b"".join(letter.original for letter in about_headers))
    assert {name: base64.b64decode(item) for name, item in stored.items()} == headers
    assert all(base64.b64decode(letter.headers[PART_HEADER]).startswith(b"headers ") for letter in about_headers)
    assert (last.original, last.headers) == (b"value", {})
