"""AMQP 1.0 frames: one performative, its fields and a payload (OASIS AMQP 1.0 parts 2.3 and 2.7)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from local.eventhubs.codec import Described, Symbol, Ulong, decode, encode
from shared.errors import InvalidInput

SASL_HEADER = b"AMQP\x03\x01\x00\x00"
AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
HEARTBEAT = b"\x00\x00\x00\x08\x02\x00\x00\x00"  # a frame without a performative
PREFIX_SIZE = 8  # size (4 bytes), data offset, kind, channel (2 bytes)
AMQP_KIND, SASL_KIND = 0, 1
UINT_LIMIT = 2**32

_PREFIX = struct.Struct(">IBBH")


class Performative(IntEnum):
    """Descriptors of the frames that this server reads or writes."""

    OPEN = 0x10
    BEGIN = 0x11
    ATTACH = 0x12
    FLOW = 0x13
    TRANSFER = 0x14
    DISPOSITION = 0x15
    DETACH = 0x16
    END = 0x17
    CLOSE = 0x18
    SASL_MECHANISMS = 0x40
    SASL_INIT = 0x41
    SASL_OUTCOME = 0x44


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a performative or terminus by position; AMQP allows the last ones to be absent.

    Each reader raises InvalidInput when the client sent another type.
    """

    owner: str
    values: list[object]

    def _read[T](self, index: int, kind: type[T], expected: str) -> T | None:
        value = self.values[index] if index < len(self.values) else None
        if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
            return value
        raise InvalidInput(f"{self.owner} field {index}", got=value, expected=expected)

    def number(self, index: int) -> int | None:
        """Return an unsigned number of at most 32 bits, or None."""
        value = self._read(index, int, "a number")
        if value is not None and not 0 <= value < UINT_LIMIT:
            raise InvalidInput(f"{self.owner} field {index}", got=value, expected="0 to 2^32 - 1")
        return value

    def required_number(self, index: int) -> int:
        """Return an unsigned number of at most 32 bits that must be there."""
        value = self.number(index)
        if value is None:
            raise InvalidInput(f"{self.owner} field {index}", got=None, expected="a number")
        return value

    def flag(self, index: int) -> bool:
        """Return a boolean; absent means false."""
        return bool(self._read(index, bool, "a boolean"))

    def text(self, index: int) -> str:
        """Return a string or symbol; absent means empty."""
        return self._read(index, str, "a string") or ""

    def mapping(self, index: int) -> dict[object, object]:
        """Return a map; absent means empty."""
        return self._read(index, dict, "a map") or {}

    def symbols(self, index: int) -> list[object]:
        """Return the items of a field that may hold one symbol or several."""
        value = self.values[index] if index < len(self.values) else None
        return value if isinstance(value, list) else [value]

    def terminus(self, index: int) -> Fields:
        """Return the fields of a source or target; absent means none."""
        described = self._read(index, Described, "a source or target")
        if described is None:
            return Fields(f"{self.owner} field {index}", [])
        if not isinstance(described.value, list):
            raise InvalidInput(f"{self.owner} field {index}", got=described.value, expected="a list")
        return Fields(f"{self.owner} field {index}", described.value)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame read from a client."""

    kind: int
    channel: int
    performative: int
    fields: Fields
    payload: bytes


def frame_size(data: bytes | bytearray, at: int, limit: int) -> int:
    """Return the size in bytes, stated at index ``at``, of a frame; raises InvalidInput over ``limit``."""
    size: int = _PREFIX.unpack_from(data, at)[0]
    if not PREFIX_SIZE <= size <= limit:
        raise InvalidInput("AMQP frame", got=f"{size} bytes", expected=f"{PREFIX_SIZE} to {limit} bytes")
    return size


def parse_frame(data: bytes) -> Frame | None:
    """Read one whole frame; None for a heartbeat. Raises InvalidInput."""
    _, words, kind, channel = _PREFIX.unpack_from(data)
    start = 4 * words
    if not PREFIX_SIZE <= start <= len(data):
        raise InvalidInput("AMQP frame", got=f"data offset {start}", expected=f"{PREFIX_SIZE} to {len(data)}")
    if start == len(data):
        return None
    body, end = decode(data, start)
    if not isinstance(body, Described) or not isinstance(body.descriptor, int) or not isinstance(body.value, list):
        raise InvalidInput("AMQP frame", got=data[start : start + 32], expected="a performative")
    return Frame(kind, channel, body.descriptor, Fields(f"frame 0x{body.descriptor:02x}", body.value), data[end:])


def build_frame(
    channel: int,
    performative: Performative,
    fields: Sequence[object],
    *,
    payload: Sequence[bytes] = (),
    kind: int = AMQP_KIND,
) -> bytes:
    """Write one frame. ``fields`` must be complete: the client reads by position and fills in nothing at the end."""
    body = encode(Described(Ulong(performative), list(fields)))
    size = PREFIX_SIZE + len(body) + sum(map(len, payload))
    return b"".join((_PREFIX.pack(size, PREFIX_SIZE // 4, kind, channel), body, *payload))


def error_value(condition: str, text: str) -> Described:
    """Write an AMQP error. All three fields: the client's own callback fails on fewer and a send never returns."""
    return Described(Ulong(0x1D), [Symbol(condition), text, {}])
