"""Addresses of cryptocurrencies and the digest that two of their checksums need."""

import pytest

from shared.parsing.cryptocurrency import currency_of
from shared.parsing.keccak import keccak256

# From the standards themselves: Bitcoin's genesis block, BIP 173, BIP 350, EIP-55, the CashAddr and Monero documents.
PUBLISHED = [
    ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bitcoin"),
    ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "bitcoin"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bitcoin"),
    ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bitcoin"),
    ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bitcoin"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ethereum"),
    ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "ethereum"),
    ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "bitcoin-cash"),
    (
        "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H",
        "monero",
    ),
]


@pytest.mark.parametrize(("address", "currency"), PUBLISHED)
def test_published_address_is_known_by_its_checksum(address: str, currency: str) -> None:
    assert currency_of(address) == currency


@pytest.mark.parametrize("address", [address for address, _ in PUBLISHED if address != address.lower()])
def test_address_with_one_character_changed_is_not_an_address(address: str) -> None:
    changed = "3" if address[-4] in "2aA" else "2"
    assert currency_of(address[:-4] + changed + address[-3:]) == ""


def test_segwit_address_in_mixed_case_is_not_an_address() -> None:
    assert currency_of("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kV8F3T4") == ""


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_gives_the_published_digest(data: bytes, digest: str) -> None:
    assert keccak256(data).hex() == digest


def test_keccak_pads_a_block_that_is_full_and_one_byte_short() -> None:
    digests = {keccak256(b"a" * length) for length in (134, 135, 136, 137)}
    assert len(digests) == 4
