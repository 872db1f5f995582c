"""Event Hubs messages as bytes: cut into sections (OASIS AMQP 1.0 part 3.2) and stamped with the service's annotations.

Bodies and properties are never decoded, so every event comes back byte for byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from local.eventhubs.codec import Symbol, Timestamp, encode, encoded_map
from shared.errors import InvalidInput

BATCH_FORMAT = 0x80013700  # the transfer's message-format: one data section for each event, a whole message in it


class Section(IntEnum):
    """Descriptors of the sections of a message."""

    HEADER = 0x70
    DELIVERY_ANNOTATIONS = 0x71
    MESSAGE_ANNOTATIONS = 0x72
    PROPERTIES = 0x73
    APPLICATION_PROPERTIES = 0x74
    DATA = 0x75
    VALUE = 0x77


@dataclass(frozen=True, slots=True)
class Span:
    """Where one section lies: from ``start``, its value from ``value``, to ``end``."""

    code: int
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """The place of an event in its partition; ``offset`` is in bytes, ``enqueued_ms`` since 1970."""

    sequence: int
    offset: int
    enqueued_ms: int


_SEQUENCE, _OFFSET, _ENQUEUED = b"x-opt-sequence-number", b"x-opt-offset", b"x-opt-enqueued-time"
_PARTITION_KEY = b"x-opt-partition-key"
_SYSTEM_KEYS = (_SEQUENCE, _OFFSET, _ENQUEUED)
_U32 = struct.Struct(">I")
_CONSTANT_WIDTHS = {4: 0, 5: 1, 6: 2, 7: 4, 8: 8, 9: 16}  # bytes after the constructor, by its high half


def _skip(data: bytes, at: int) -> int:
    """Return the index after the value at ``at``. No recursion: a hostile message may nest as deep as it is long."""
    pending = 1
    while pending:
        code = data[at]
        high = code >> 4
        if code == 0:
            pending += 1  # a descriptor and a value take the place of one value
            at += 1
            continue
        if high in _CONSTANT_WIDTHS:
            at += 1 + _CONSTANT_WIDTHS[high]
        elif high in (0xA, 0xC, 0xE):
            at += 2 + data[at + 1]
        elif high in (0xB, 0xD, 0xF):
            at += 5 + _U32.unpack_from(data, at + 1)[0]
        else:
            raise InvalidInput("event", got=f"constructor 0x{code:02x}", expected="an AMQP 1.0 type")
        pending -= 1
    return at


def _content(data: bytes, at: int) -> bytes:
    """Return the bytes of the binary, string or symbol at ``at``."""
    if data[at] >> 4 == 0xA:
        return data[at + 2 : _skip(data, at)]
    if data[at] >> 4 == 0xB:
        return data[at + 5 : _skip(data, at)]
    raise InvalidInput("event", got=f"constructor 0x{data[at]:02x}", expected="binary, string or symbol")


def sections(message: bytes) -> list[Span]:
    """Cut a message into its sections; raises InvalidInput."""
    found, at = [], 0
    try:
        while at < len(message):
            if message[at : at + 2] != b"\x00\x53":
                raise InvalidInput("event", got=message[at : at + 8], expected="an AMQP message section")
            end = _skip(message, at + 3)
            if end > len(message):
                raise InvalidInput("event", got=f"{len(message)} bytes", expected=f"{end} bytes, as its sections state")
            found.append(Span(message[at + 2], at, at + 3, end))
            at = end
    except (IndexError, struct.error) as cause:
        raise InvalidInput("event", got=message[at : at + 32], expected="a complete AMQP message") from cause
    return found


def _annotations(message: bytes, span: Span) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield the name, the index of the value and the whole encoded pair of each annotation."""
    wide = message[span.value] == 0xD1
    if not wide and message[span.value] != 0xC1:
        raise InvalidInput("event annotations", got=message[span.value : span.value + 8], expected="a map")
    at = span.value + (9 if wide else 3)
    while at < span.end:
        value = _skip(message, at)
        end = _skip(message, value) if value < span.end else value
        if end > span.end or value >= span.end:
            raise InvalidInput("event annotations", got=message[at : at + 32], expected="pairs inside the map")
        yield _content(message, at), value, message[at:end]
        at = end


def partition_key(message: bytes) -> str | None:
    """Return the partition key that the sender put on a message or batch; raises InvalidInput."""
    for span in sections(message):
        if span.code == Section.MESSAGE_ANNOTATIONS:
            for name, value, _ in _annotations(message, span):
                if name == _PARTITION_KEY:
                    try:
                        return _content(message, value).decode()
                    except UnicodeDecodeError as cause:
                        raise InvalidInput("partition key", got=message[value:][:32], expected="UTF-8") from cause
    return None


def split_batch(message: bytes) -> list[bytes]:
    """Return the encoded messages inside a batch; raises InvalidInput."""
    return [_content(message, span.value) for span in sections(message) if span.code == Section.DATA]


def _pair(name: bytes, value: object) -> bytes:
    return encode(Symbol(name.decode())) + encode(value)


def _section(code: Section, pairs: list[bytes]) -> bytes:
    return bytes((0, 0x53, code)) + encoded_map(pairs)


def stamp(message: bytes, position: Position, key: str | None) -> tuple[int, bytes]:
    """Return the size of the header section and the message with the service's annotations; raises InvalidInput.

    The sender's own annotations stay. ``key`` is the batch's, for an event that carries none itself.
    """
    header, kept, rest = b"", [], []
    for span in sections(message):
        if span.code == Section.HEADER:
            header = message[span.start : span.end]
        elif span.code == Section.MESSAGE_ANNOTATIONS:
            for name, _, pair in _annotations(message, span):
                key = None if name == _PARTITION_KEY else key
                if name not in _SYSTEM_KEYS:
                    kept.append(pair)
        elif span.code != Section.DELIVERY_ANNOTATIONS:  # those are for one hop only
            rest.append(message[span.start : span.end])
    if key is not None:
        kept.append(_pair(_PARTITION_KEY, key))
    kept.append(_pair(_SEQUENCE, position.sequence))
    kept.append(_pair(_OFFSET, str(position.offset)))
    kept.append(_pair(_ENQUEUED, Timestamp(position.enqueued_ms)))
    return len(header), b"".join((header, _section(Section.MESSAGE_ANNOTATIONS, kept), *rest))


def receiver_metrics(last: Position, now_ms: int) -> bytes:
    """Return the delivery annotations for a receiver that asked to track the partition's last event."""
    return _section(
        Section.DELIVERY_ANNOTATIONS,
        [
            _pair(b"last_enqueued_sequence_number", last.sequence),
            _pair(b"last_enqueued_offset", str(last.offset)),
            _pair(b"last_enqueued_time_utc", Timestamp(last.enqueued_ms)),
            _pair(b"runtime_info_retrieval_time_utc", Timestamp(now_ms)),
        ],
    )
