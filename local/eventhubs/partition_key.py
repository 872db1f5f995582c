"""Where a partition key goes: Bob Jenkins' lookup3 hash folded to 16 bits, as the azure-eventhub client computes it."""

from __future__ import annotations

_MASK = 0xFFFFFFFF
_MIX = (4, 6, 8, 16, 19, 4)
_FINAL = (14, 11, 25, 16, 4, 14, 24)
_BLOCK = 12  # bytes taken at a time, as three little-endian words


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & _MASK


def _add_block(words: list[int], block: bytes) -> None:
    for index in range(3):
        addend = int.from_bytes(block[4 * index : 4 * index + 4], "little")
        words[index] = (words[index] + addend) & _MASK


def _mix(words: list[int]) -> None:
    for step, bits in enumerate(_MIX):
        at = step % 3
        words[at] = ((words[at] - words[at - 1]) & _MASK) ^ _rotate(words[at - 1], bits)
        words[at - 1] = (words[at - 1] + words[at - 2]) & _MASK


def _finish(words: list[int]) -> None:
    for step, bits in enumerate(_FINAL):
        at = (step + 2) % 3
        words[at] = ((words[at] ^ words[at - 1]) - _rotate(words[at - 1], bits)) & _MASK


def partition_of(key: str, partitions: int) -> int:
    """Return the number of the partition, 0 to ``partitions`` - 1, that every event with this key goes to."""
    data = key.encode()
    words = [(0xDEADBEEF + len(data)) & _MASK] * 3
    while len(data) > _BLOCK:
        _add_block(words, data[:_BLOCK])
        _mix(words)
        data = data[_BLOCK:]
    if data:
        _add_block(words, data)
        _finish(words)
    folded = (words[1] ^ words[2]) & 0xFFFF
    signed = folded - 0x10000 if folded & 0x8000 else folded
    return signed % partitions
