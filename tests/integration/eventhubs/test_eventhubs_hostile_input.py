"""Bytes from an enemy end one connection with a logged sentence; every other client goes on."""

from __future__ import annotations

import asyncio
import contextlib
import struct

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from hypothesis import given
from hypothesis import strategies as st

from local.eventhubs.codec import Described, Symbol, Timestamp, Ulong, decode, encode
from local.eventhubs.event_bytes import Position, partition_key, sections, split_batch, stamp
from local.eventhubs.frames import AMQP_HEADER, SASL_HEADER, Performative, build_frame
from shared.errors import InvalidInput
from tests.integration.eventhubs.namespace_process import NamespaceProcess
from tests.integration.eventhubs.receiving import DEADLINE

SASL = SASL_HEADER + build_frame(0, Performative.SASL_INIT, [Symbol("ANONYMOUS"), None, "localhost"], kind=1)
OPEN = SASL + AMQP_HEADER + build_frame(0, Performative.OPEN, ["hostile", None, None, None, None])


def frame_of(body: bytes) -> bytes:
    return struct.pack(">IBBH", 8 + len(body), 2, 0, 0) + body


ATTACKS = {
    "a web request": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "AMQP header"),
    "a huge frame": (OPEN + struct.pack(">IBBH", 2**31, 2, 0, 0), "2147483648 bytes"),
    "a frame before SASL": (AMQP_HEADER, "AMQP header"),
    "deep nesting": (OPEN + frame_of(b"\x00" * 40_000), "shallower nesting"),
    "an array of nothing": (OPEN + frame_of(b"\x00\x53\x10\xf0\x00\x00\x00\x05\xff\xff\xff\xff\x40"), "no more items"),
    "a cut list": (OPEN + frame_of(b"\x00\x53\x11\xd0\x00\x00\xff\xff\x00\x00\x00\x01\x40"), "a size of 65535 bytes"),
    "a wrong type": (OPEN + build_frame(0, Performative.BEGIN, [None, "many", 1]), "a number"),
    "a link on a wrong handle": (
        OPEN
        + build_frame(0, Performative.BEGIN, [None, 0, 10])
        + build_frame(0, Performative.ATTACH, ["l", 10**6, True]),
        "handle 1000000",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_hostile_bytes_end_their_connection_only(namespace: NamespaceProcess, name: str) -> None:
    attack, reason = ATTACKS[name]
    bystander, bystander_writer = await asyncio.open_connection("127.0.0.1", namespace.port)
    reader, writer = await asyncio.open_connection("127.0.0.1", namespace.port)
    before = len(namespace.log())
    writer.write(attack)
    async with asyncio.timeout(DEADLINE):
        with contextlib.suppress(ConnectionResetError):  # the server closed with our bytes unread
            await reader.read()
        bystander_writer.write(SASL)
        assert await bystander.readexactly(8) == SASL_HEADER
    for each in (writer, bystander_writer):
        each.close()

    logged = namespace.log()[before:]
    assert "Closing the connection from 127.0.0.1" in logged
    assert reason in logged
    assert "Traceback" not in logged


async def test_events_are_accepted_after_every_attack(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("hostile")
    async with EventHubProducerClient.from_connection_string(connection, retry_total=0) as sender:
        await sender.send_event(EventData("still here"), partition_id="0")
        assert (await sender.get_partition_properties("0"))["last_enqueued_sequence_number"] == 0


@given(st.binary(max_size=200))
def test_readers_of_any_bytes_raise_only_invalid_input(data: bytes) -> None:
    for read in (
        lambda: decode(data, 0),
        lambda: sections(data),
        lambda: partition_key(data),
        lambda: split_batch(data),
        lambda: stamp(data, Position(0, 0, 0), "key"),
        lambda: partition_key(b"\x00\x53\x72" + data),
    ):
        with contextlib.suppress(InvalidInput):
            read()


plain_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(),
    st.binary(),
    st.uuids(),
    st.integers(0, 2**40).map(Timestamp),
    st.text(st.characters(codec="ascii")).map(Symbol),
)
values = st.recursive(
    plain_values,
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(), inner), st.builds(Described, st.just(Ulong(7)), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_decode_returns_what_encode_wrote(value: object) -> None:
    data = encode(value)

    assert decode(data, 0) == (value, len(data))


def test_event_nested_as_deep_as_it_is_long_is_read_or_refused_without_recursion() -> None:
    with pytest.raises(InvalidInput):
        sections(b"\x00\x53\x77" + b"\x00" * 1_000_000)
