"""Dead letters: whatever cannot be handled is kept complete, and blocks nothing else."""

import base64

import pytest

from shared.bus.dead_letters import PART_BYTES, Original, publish_dead_letter, reassemble
from shared.bus.producer import MemoryProducer
from shared.bus.received import Received, handled
from shared.bus.replay_history import ATTEMPTS, REPLAYED_FROM, ReplayHistory
from shared.contracts.dead_letter import DeadLetter, DeadLetterPart
from shared.contracts.topics import MAX_MESSAGE_BYTES
from shared.errors import BusUnavailable, InvalidInput, StoreUnavailable
from shared.telemetry import LogAction

BROKEN = InvalidInput("CanonicalAlert.title", got="", expected="a title")


DLQ = "alerts.raw.dlq"


def dead_letters(bus: MemoryProducer, topic: str = DLQ) -> list[DeadLetter]:
    return [DeadLetter.from_json(message.value) for message in bus.on(topic)]


async def test_small_value_is_one_dead_letter_with_all_that_is_known() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(
        bus,
        BROKEN,
        b"\x00bad",
        topic=DLQ,
        source_topic="alerts.raw",
        key="a-1",
        headers={"h": b"\xff"},
        partition=3,
        offset=42,
    )
    (dead_letter,) = dead_letters(bus)
    assert (dead_letter.error_type, dead_letter.reason) == ("InvalidInput", str(BROKEN))
    assert (dead_letter.source_topic, dead_letter.partition, dead_letter.offset, dead_letter.key) == (
        "alerts.raw",
        3,
        42,
        "a-1",
    )
    assert reassemble([dead_letter]) == Original(b"\x00bad", {"h": b"\xff"}, [])
    assert (dead_letter.attempts, dead_letter.replayed_from, dead_letter.part) == (1, None, None)
    assert bus.messages[0].key == "a-1"


async def test_empty_value_without_a_key_is_one_dead_letter() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(bus, BROKEN, b"", topic=DLQ, source_topic="alerts.raw")
    assert [(dead_letter.original, dead_letter.key) for dead_letter in dead_letters(bus)] == [(b"", None)]


@pytest.mark.parametrize("size", [PART_BYTES, PART_BYTES + 1, 2_000_000, 2 * PART_BYTES])
async def test_parts_of_a_large_value_together_are_the_original_bytes(size: int) -> None:
    bus = MemoryProducer()
    value = bytes(number % 251 for number in range(size))
    await publish_dead_letter(bus, BROKEN, value, topic=DLQ, source_topic="sentinel-alerts", headers={"h": b"v"})
    parts = dead_letters(bus)
    assert len(parts) == -(-size // PART_BYTES)
    assert reassemble([*reversed(parts), parts[0]]) == Original(value, {"h": b"v"}, [])
    assert len({message.key for message in bus.messages}) == 1  # so that they stay in order
    assert all(len(message.value) <= MAX_MESSAGE_BYTES for message in bus.messages)


async def test_headers_that_leave_no_room_are_kept_in_dead_letters_of_their_own() -> None:
    bus = MemoryProducer()
    headers = {f"name-{number}": bytes([number]) * 60_000 for number in range(15)}
    await publish_dead_letter(bus, BROKEN, b"value", topic=DLQ, source_topic="alerts.raw", headers=headers)
    parts = dead_letters(bus)
    assert reassemble(parts) == Original(b"value", headers, [])
    assert reassemble(parts[1:]).missing == [1]
    assert all(len(message.value) <= MAX_MESSAGE_BYTES for message in bus.messages)


async def test_largest_dead_letter_fits_into_a_message() -> None:
    bus = MemoryProducer()
    headers = {"\x01" * 20_000: b""}
    error = InvalidInput("\x01" * 10_000, got="", expected="")
    await publish_dead_letter(
        bus, error, b"v" * PART_BYTES, topic=DLQ, source_topic="s" * 249, key="\x01" * 4_000, headers=headers
    )
    assert [len(message.value) < MAX_MESSAGE_BYTES for message in bus.messages] == [True]


async def test_dead_letter_in_many_parts_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    await publish_dead_letter(MemoryProducer(), BROKEN, bytes(PART_BYTES + 1), topic=DLQ, source_topic="alerts.raw")
    (record,) = [record for record in caplog.records if getattr(record, "action", "") == LogAction.DEAD_LETTER_KEPT]
    assert vars(record)["topic"] == "alerts.raw.dlq"


async def test_endless_key_is_dropped_and_the_reason_says_so() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(bus, BROKEN, b"v", topic=DLQ, source_topic="alerts.raw", key="k" * 900_000)
    (dead_letter,) = dead_letters(bus)
    assert dead_letter.key is None
    assert "key of 900000 characters was not kept" in dead_letter.reason


async def test_missing_parts_are_named_and_the_rest_is_given() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(
        bus, BROKEN, b"1" * PART_BYTES + b"2" * PART_BYTES + b"3", topic=DLQ, source_topic="alerts.raw"
    )
    _, middle, _ = dead_letters(bus)
    assert reassemble([middle]) == Original(b"2" * PART_BYTES, {}, [1, 3])


async def test_parts_of_two_dead_letters_are_never_put_together() -> None:
    bus = MemoryProducer()
    for _ in range(2):
        await publish_dead_letter(bus, BROKEN, b"x" * (PART_BYTES + 1), topic=DLQ, source_topic="alerts.raw")
    first, _, other, _ = dead_letters(bus)
    with pytest.raises(InvalidInput, match="expected one of dead letter"):
        reassemble([first, other])


@pytest.mark.parametrize("spread", [b"[]", b"{", b'{"a": 1}', b'{"a": "no base64!"}', b"[" * 100_000])
def test_spread_headers_that_cannot_be_read_are_invalid_input(spread: bytes) -> None:
    dead_letter = DeadLetter(
        letter_id="l-1",
        error_type="ValueError",
        reason="no",
        value_base64=base64.b64encode(spread).decode(),
        source_topic="alerts.raw",
        first_failed_at="2026-11-20T08:00:00Z",
        part=DeadLetterPart(number=1, count=1, holds="headers"),
    )
    with pytest.raises(InvalidInput, match="headers: got"):
        reassemble([dead_letter])


async def test_message_that_fails_after_its_replay_carries_its_history() -> None:
    bus = MemoryProducer()
    await publish_dead_letter(bus, BROKEN, b"v", topic=DLQ, source_topic="alerts.raw", headers={"h": b"1"})
    (first,) = dead_letters(bus)
    for attempt, origin in ((2, "alerts.raw.dlq/0/7"), (3, "alerts.raw.dlq/0/9")):
        last = dead_letters(bus)[-1]
        history = ReplayHistory(last.attempts, last.first_failed_at, origin)
        again = reassemble([last]).headers | history.headers()
        await publish_dead_letter(bus, BROKEN, b"v", topic=DLQ, source_topic="alerts.raw", headers=again)
        last = dead_letters(bus)[-1]
        assert (last.attempts, last.replayed_from, last.first_failed_at) == (attempt, origin, first.first_failed_at)
        assert reassemble([last]).headers == {"h": b"1"}


@pytest.mark.parametrize("attempts", [b"", b"-1", b"1e9", b"9" * 5_000, "\u0663".encode(), b"\xff"])
async def test_forged_history_counts_as_none(attempts: bytes) -> None:
    bus = MemoryProducer()
    forged = {REPLAYED_FROM: b"alerts.raw.dlq/0/7", ATTEMPTS: attempts}
    await publish_dead_letter(bus, BROKEN, b"v", topic=DLQ, source_topic="alerts.raw", headers=forged)
    assert [(dead_letter.attempts, dead_letter.replayed_from) for dead_letter in dead_letters(bus)] == [(1, None)]


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


async def test_handled_moves_poison_to_the_dead_letters_and_continues() -> None:
    bus = MemoryProducer()
    message = Received("jobs.llm.priority.low", b"poison", "a-1", {"h": b"v"}, partition=1, offset=7)
    assert await handled(bus, message, reading) is None
    (dead_letter,) = dead_letters(bus, "jobs.llm.priority.low.dlq")
    assert (dead_letter.original, dead_letter.source_topic, dead_letter.partition, dead_letter.offset) == (
        b"poison",
        message.topic,
        1,
        7,
    )
    assert (dead_letter.key, reassemble([dead_letter]).headers) == ("a-1", {"h": b"v"})


@pytest.mark.parametrize(("value", "error"), [(b"away", StoreUnavailable), (b"bug", KeyError)])
async def test_handled_lets_everything_else_pass_so_that_it_is_delivered_again(
    value: bytes, error: type[Exception]
) -> None:
    bus = MemoryProducer()
    with pytest.raises(error):
        await handled(bus, Received("alerts.raw", value), reading)
    assert bus.messages == []


async def test_handled_leaves_poison_unacknowledged_while_the_bus_is_unavailable() -> None:
    class Away(MemoryProducer):
        async def publish(self, *_: object, **__: object) -> None:
            raise BusUnavailable("away")

    with pytest.raises(BusUnavailable):
        await handled(Away(), Received("alerts.raw", b"poison"), reading)
