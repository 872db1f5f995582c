"""AMQP 1.0 values to bytes and back (OASIS AMQP 1.0, part 1: types), for input that may be hostile.

Whole numbers are read as int whatever their width; to write another width than long, use the subclass that names it.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.errors import InvalidInput

MAX_DEPTH = 16  # the deepest frame of a real client nests five levels


class Symbol(str):
    """A string of the protocol's own vocabulary."""

    __slots__ = ()


class Timestamp(int):
    """Milliseconds since 1970, UTC."""


class Ubyte(int):
    """An unsigned number of 8 bits."""


class Ushort(int):
    """An unsigned number of 16 bits."""


class Uint(int):
    """An unsigned number of 32 bits."""


class Ulong(int):
    """An unsigned number of 64 bits."""


class Int(int):
    """A signed number of 32 bits."""


@dataclass(frozen=True, slots=True)
class Described:
    """A value whose meaning is named by a descriptor: a number or a symbol."""

    descriptor: object
    value: object


_CONSTANTS: dict[int, Any] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}
_FIXED = {
    code: struct.Struct(layout)
    for code, layout in {
        **{0x50: ">B", 0x51: ">b", 0x52: ">B", 0x53: ">B", 0x54: ">b", 0x55: ">b", 0x56: ">?", 0x60: ">H", 0x61: ">h"},
        **{0x70: ">I", 0x71: ">i", 0x72: ">f", 0x80: ">Q", 0x81: ">q", 0x82: ">d", 0x83: ">q"},
    }.items()
}
_SHORT, _WIDE = struct.Struct(">B"), struct.Struct(">I")
_UUID, _DESCRIBED, _EMPTY_LIST = 0x98, 0x00, 0x45
_WIDE_BIT = 0x10  # 0xA0 has a size of one byte, 0xB0 of four; so have lists, maps and arrays
_BINARY, _STRING, _SYMBOL, _LIST, _MAP, _ARRAY = 0xA0, 0xA1, 0xA3, 0xC0, 0xC1, 0xE0


def _malformed(got: object, expected: str) -> InvalidInput:
    return InvalidInput("AMQP value", got=got, expected=expected)


def decode(data: bytes, at: int) -> tuple[Any, int]:
    """Return the value that starts at index ``at`` and the index after it; raises InvalidInput."""
    try:
        return _value(data, at, 0)
    except (IndexError, struct.error, UnicodeDecodeError) as cause:
        raise _malformed(data[at : at + 32], "a complete AMQP 1.0 value") from cause


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        raise _malformed(f"more than {MAX_DEPTH} levels", "shallower nesting")
    if data[at] != _DESCRIBED:
        return _plain(data[at], data, at + 1, depth)
    descriptor, at = _value(data, at + 1, depth + 1)
    value, at = _value(data, at, depth + 1)
    return Described(descriptor, value), at


def _plain(code: int, data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """Read a value whose constructor ``code`` is known; ``at`` is the index after the constructor."""
    if code in _CONSTANTS:
        return _CONSTANTS[code], at
    if code == _EMPTY_LIST:
        return [], at
    if fixed := _FIXED.get(code):
        value = fixed.unpack_from(data, at)[0]
        return (Timestamp(value) if code == 0x83 else value), at + fixed.size
    if code == _UUID:
        if at + 16 > len(data):
            raise _malformed(f"{len(data) - at} bytes", "the 16 bytes of a uuid")
        return uuid.UUID(bytes=data[at : at + 16]), at + 16
    return _sized(code, data, at, depth)


def _sized(code: int, data: bytes, at: int, depth: int) -> tuple[Any, int]:
    kind, width = code & ~_WIDE_BIT, _WIDE if code & _WIDE_BIT else _SHORT
    if kind not in (_BINARY, _STRING, _SYMBOL, _LIST, _MAP, _ARRAY):
        raise _malformed(f"constructor 0x{code:02x}", "an AMQP 1.0 type")
    start = at + width.size
    end = start + width.unpack_from(data, at)[0]
    if end > len(data):
        raise _malformed(f"a size of {end - start} bytes", f"at most the {len(data) - start} that follow")
    if kind == _BINARY:
        return data[start:end], end
    if kind == _STRING:
        return data[start:end].decode(), end
    if kind == _SYMBOL:
        return Symbol(data[start:end].decode("ascii")), end
    count = width.unpack_from(data, start)[0]
    if count > end - start:  # also bounds arrays of constants, whose items take no bytes at all
        raise _malformed(f"{count} items in {end - start} bytes", "no more items than bytes")
    items = _items(kind, count, data[start:end], width.size, depth)
    return (_pairs(items) if kind == _MAP else items), end


def _items(kind: int, count: int, data: bytes, at: int, depth: int) -> list[Any]:
    items = []
    code = data[at] if kind == _ARRAY else None
    at += kind == _ARRAY
    for _ in range(count):
        item, at = _value(data, at, depth + 1) if code is None else _plain(code, data, at, depth + 1)
        items.append(item)
    if at != len(data):
        raise _malformed(f"{len(data) - at} bytes after the last item", "the size that the items fill")
    return items


def _pairs(items: list[Any]) -> dict[Any, Any]:
    keys = items[::2]
    if len(items) % 2 or not all(isinstance(key, str | bytes | int | uuid.UUID) for key in keys):
        raise _malformed(items, "a map of plain keys, each with a value")
    return dict(zip(keys, items[1::2], strict=True))


def _variable(kind: int, raw: bytes) -> bytes:
    if len(raw) < 256:
        return bytes((kind, len(raw))) + raw
    return bytes((kind | _WIDE_BIT,)) + _WIDE.pack(len(raw)) + raw


def _compound(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack(">BII", kind | _WIDE_BIT, len(body) + 4, count) + body


def _ulong(value: int) -> bytes:
    return bytes((0x53, value)) if value < 256 else struct.pack(">BQ", 0x80, value)


def _list(value: list[Any]) -> bytes:
    return _compound(_LIST, len(value), b"".join(map(encode, value)))


def _map(value: dict[Any, Any]) -> bytes:
    return encoded_map([encode(key) + encode(item) for key, item in value.items()])


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"\x40",
    bool: lambda value: b"\x41" if value else b"\x42",
    Ubyte: lambda value: struct.pack(">BB", 0x50, value),
    Ushort: lambda value: struct.pack(">BH", 0x60, value),
    Uint: lambda value: struct.pack(">BI", 0x70, value),
    Ulong: _ulong,
    Int: lambda value: struct.pack(">Bi", 0x71, value),
    int: lambda value: struct.pack(">Bq", 0x81, value),
    Timestamp: lambda value: struct.pack(">Bq", 0x83, value),
    uuid.UUID: lambda value: b"\x98" + value.bytes,
    bytes: lambda value: _variable(_BINARY, value),
    str: lambda value: _variable(_STRING, value.encode()),
    Symbol: lambda value: _variable(_SYMBOL, value.encode("ascii")),
    list: _list,
    dict: _map,
    Described: lambda value: b"\x00" + encode(value.descriptor) + encode(value.value),
}


def encode(value: object) -> bytes:
    """Write one value; its exact type chooses the AMQP type. KeyError for a type that AMQP has no form for here."""
    return _WRITERS[type(value)](value)


def encoded_map(pairs: list[bytes]) -> bytes:
    """Write a map whose pairs (key, then value) are encoded already."""
    return _compound(_MAP, 2 * len(pairs), b"".join(pairs))
