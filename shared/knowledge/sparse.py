"""Text as a sparse vector of term frequencies; Qdrant supplies the inverse document frequency (design §8.14)."""

from __future__ import annotations

import hashlib
import math
from collections import Counter

MAX_CHARACTERS = 20_000
MIN_TOKEN = 2


def sparse_vector(text: str) -> dict[int, float]:
    """Token hash -> 1 + ln(count). Tokens are runs of letters, digits, dot and dash, lower-cased."""
    cleaned = "".join(char if char.isalnum() or char in ".-" else " " for char in text[:MAX_CHARACTERS].lower())
    counts = Counter(token.strip(".-") for token in cleaned.split())
    return {_index(token): 1 + math.log(count) for token, count in counts.items() if len(token) >= MIN_TOKEN}


def _index(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=4).digest())
