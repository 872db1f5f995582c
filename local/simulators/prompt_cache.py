"""Token counts and the prompt cache of the simulated API: prefixes up to a cache mark, kept for the mark's lifetime.
A token is taken as four UTF-8 bytes. The real API also asks for a minimum prompt length; here none is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.simulators.message_request import MessageRequest

BYTES_PER_TOKEN = 4
LIFETIME_SECONDS = {"5m": 300.0, "1h": 3600.0}


def count_tokens(text: str) -> int:
    """Tokens of one text, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def count_prompt_tokens(request: MessageRequest) -> int:
    """Tokens of the whole prompt, the output schema included."""
    schema = count_tokens(json.dumps(request.schema)) if request.schema else 0
    return schema + sum(count_tokens(block.text) for block in request.blocks)


@dataclass(frozen=True)
class InputTokens:
    """How the prompt is billed. The four numbers add up to the prompt's tokens."""

    uncached: int
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


@dataclass
class PromptCache:
    """Live prefixes by digest, with the end of their life. ``clock`` counts seconds."""

    clock: Callable[[], float] = time.monotonic
    _ends: dict[bytes, float] = field(default_factory=dict)

    def use(self, request: MessageRequest, *, owner: str) -> InputTokens:
        """Bills one prompt of ``owner`` (caches are never shared) and keeps its marked prefixes alive."""
        now = self.clock()
        self._ends = {digest: end for digest, end in self._ends.items() if end > now}
        total = count_prompt_tokens(request)
        read, written, reached = 0, {"5m": 0, "1h": 0}, 0
        prefix = hashlib.sha256(json.dumps([owner, request.model, request.schema], sort_keys=True).encode())
        length = 0
        for block in request.blocks:
            prefix.update(json.dumps([block.role, block.text]).encode())
            length += count_tokens(block.text)
            if block.cache_ttl is None:
                continue
            digest = prefix.digest()
            if digest in self._ends:
                read = length
            else:
                written[block.cache_ttl] += length - reached
            reached = length
            self._ends[digest] = now + LIFETIME_SECONDS[block.cache_ttl]
        return InputTokens(
            uncached=total - read - sum(written.values()),
            read=read,
            written_5m=written["5m"],
            written_1h=written["1h"],
        )
