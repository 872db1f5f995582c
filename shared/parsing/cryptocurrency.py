"""Addresses of cryptocurrencies, by their checksums: base58check, bech32(m) (BIP 173, BIP 350), CashAddr, EIP-55,
Monero's base58 with Keccak, Stellar's CRC-16. What has no checksum (Solana's keys) is not taken for an address.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from shared.parsing.keccak import keccak256

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_VALUES = {character: value for value, character in enumerate(_BASE58)}
_RIPPLE_VALUES = {character: value for value, character in enumerate(_RIPPLE)}
_BECH32 = {character: value for value, character in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASH_GENERATORS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
# Version bytes of base58check, by the characters that they give an address to begin with.
_VERSIONS = {
    "1": (b"\x00", "bitcoin"),
    "3": (b"\x05", "bitcoin"),
    "L": (b"\x30", "litecoin"),
    "M": (b"\x32", "litecoin"),
    "D": (b"\x1e", "dogecoin"),
    "A": (b"\x16", "dogecoin"),
    "9": (b"\x16", "dogecoin"),
    "X": (b"\x4c", "dash"),
    "7": (b"\x10", "dash"),
    "T": (b"\x41", "tron"),
    "t1": (b"\x1c\xb8", "zcash"),
    "t3": (b"\x1c\xbd", "zcash"),
    "tz1": (b"\x06\xa1\x9f", "tezos"),
    "tz2": (b"\x06\xa1\xa1", "tezos"),
    "tz3": (b"\x06\xa1\xa4", "tezos"),
    "KT1": (b"\x02\x5a\x79", "tezos"),
}
_SEGWIT = {"bc": "bitcoin", "ltc": "litecoin"}
_MONERO_NETWORKS = frozenset({18, 19, 42})  # standard, integrated, subaddress
SHORTEST, LONGEST = 25, 110


def cost_of(word: bytes) -> int:
    """About how many microseconds it takes to tell whether this is an address."""
    length = len(word)
    if not SHORTEST <= length <= LONGEST:
        return 0
    if length == 42 and word.startswith(b"0x"):
        return 2 if word[2:].islower() else 400
    if length in (95, 106):
        return 400 if word[:1] in b"48" else 0
    return 60 if length == 42 or word[:3].lower() in (b"bc1", b"ltc", b"add") else 10


def currency_of(word: str) -> str:
    """The currency whose address this is, checksum included; "" when it is none."""
    if not SHORTEST <= len(word) <= LONGEST:
        return ""
    if word[:5].lower().startswith(("bc1", "ltc1", "addr1")):
        return _bech32(word)
    of_length = next((currency for currency, fits in _OF_LENGTH.get(len(word), ()) if fits(word)), "")
    return of_length or (_base58(word) if len(word) <= 40 else "")


def _base58(word: str) -> str:
    for size in (1, 2, 3):
        version, currency = _VERSIONS.get(word[:size], (b"", ""))
        if currency and _base58check(word, _VALUES, version):
            return currency
    return "ripple" if word[0] == "r" and _base58check(word, _RIPPLE_VALUES, b"\x00") else ""


def _decode58(word: str, values: dict[str, int]) -> int:
    """The number that base58 digits write; -1 when a character is none."""
    number = 0
    for character in word:
        value = values.get(character)
        if value is None:
            return -1
        number = number * 58 + value
    return number


def _base58check(word: str, values: dict[str, int], version: bytes) -> bool:
    number = _decode58(word, values)
    size = len(version) + 24  # version, 20 bytes of hash, 4 of checksum
    if number < 0 or number >> (8 * size):
        return False
    raw = number.to_bytes(size, "big")
    return raw.startswith(version) and sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def _bech32(word: str) -> str:
    if word not in (word.lower(), word.upper()):
        return ""
    prefix, _, data = word.lower().rpartition("1")
    digits = [_BECH32.get(character, -1) for character in data]
    if -1 in digits or len(digits) < 7:
        return ""
    expanded = [ord(character) >> 5 for character in prefix] + [0] + [ord(character) & 31 for character in prefix]
    checksum = _polymod(expanded + digits, _GENERATORS, 25)
    if prefix == "addr":
        return "cardano" if checksum == 1 else ""
    constant = 1 if digits[0] == 0 else 0x2BC830A3  # version 0 is bech32, the later ones are bech32m
    return _SEGWIT.get(prefix, "") if checksum == constant else ""


def _polymod(digits: list[int], generators: tuple[int, ...], bits: int) -> int:
    checksum, mask = 1, (1 << bits) - 1
    for digit in digits:
        top = checksum >> bits
        checksum = (checksum & mask) << 5 ^ digit
        for index, generator in enumerate(generators):
            if top >> index & 1:
                checksum ^= generator
    return checksum


def _is_cash(word: str) -> bool:
    digits = [_BECH32.get(character, -1) for character in word.lower()]
    if -1 in digits or word not in (word.lower(), word.upper()) or word[0] not in "qpQP":
        return False
    return _polymod([ord(character) & 31 for character in "bitcoincash"] + [0, *digits], _CASH_GENERATORS, 35) == 1


def _is_ethereum(word: str) -> bool:
    digits = word[2:]
    if not word.startswith("0x"):
        return False
    if digits in (digits.lower(), digits.upper()):
        return all(character in "0123456789abcdefABCDEF" for character in digits)
    return _mixed_case_fits(digits)


@lru_cache(maxsize=1_024)
def _mixed_case_fits(digits: str) -> bool:
    """EIP-55: a letter is upper-case where the Keccak digest of the lower-case digits has a nibble of 8 or more."""
    digest = keccak256(digits.lower().encode()).hex()
    return all(
        character.isdigit() or (character in "ABCDEF" if int(nibble, 16) >= 8 else character in "abcdef")
        for character, nibble in zip(digits, digest, strict=False)
    )


@lru_cache(maxsize=1_024)
def _is_monero(word: str) -> bool:
    raw = b""
    if word[0] not in "48":
        return False
    for start in range(0, len(word), 11):  # blocks of 8 bytes in 11 digits; the last is shorter
        block = word[start : start + 11]
        size = {11: 8, 10: 7, 9: 6, 7: 5, 6: 4, 5: 3, 3: 2, 2: 1}.get(len(block), 0)
        number = _decode58(block, _VALUES)
        if number < 0 or number >> (8 * size):
            return False
        raw += number.to_bytes(size, "big")
    return raw[0] in _MONERO_NETWORKS and keccak256(raw[:-4])[:4] == raw[-4:]


def _is_stellar(word: str) -> bool:
    if word[0] != "G":
        return False
    try:
        raw = base64.b32decode(word)
    except binascii.Error:
        return False
    return raw[0] == 0x30 and binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") == raw[-2:]


_OF_LENGTH: dict[int, tuple[tuple[str, Callable[[str], bool]], ...]] = {
    42: (("ethereum", _is_ethereum), ("bitcoin-cash", _is_cash)),
    56: (("stellar", _is_stellar),),
    95: (("monero", _is_monero),),
    106: (("monero", _is_monero),),
}
