"""A message as a consumer got it, and the one rule about poison: it goes to the dead letters and blocks nobody."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.producer import Producer
from shared.contracts.topics import topics
from shared.errors import Terminal

logger = logging.getLogger(__name__)

# What Python itself raises on hostile data that a check of ours overlooked; outages never raise these.
UNREADABLE = (ValueError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Received:
    """One message, with what a replay needs to give it its place again."""

    topic: str
    value: bytes
    key: str | None = None
    headers: dict[str, bytes] = field(default_factory=dict)
    partition: int | None = None
    offset: int | None = None
    timestamp: str | None = None  # ISO 8601: when the broker took it


async def handled[T](
    producer: Producer,
    message: Received,
    handle: Callable[[bytes], Awaitable[T]],
) -> T | None:
    """What ``handle`` made of the message, or None when it can never be handled and is among its topic's dead letters.

    Raises Retryable: the message must be delivered again.
    """
    try:
        return await handle(message.value)
    except (Terminal, *UNREADABLE) as error:
        dead_letters = topics()[message.topic].dead_letters
        # %r: the sentence may quote an attacker, whose line breaks and escape codes stay out of the log.
        logger.warning(
            "A message on %s cannot be handled and goes to %s: %r",
            message.topic,
            dead_letters,
            error,
            exc_info=not isinstance(error, Terminal),
        )
        await publish_dead_letter(
            producer,
            error,
            message.value,
            topic=dead_letters,
            source_topic=message.topic,
            key=message.key,
            headers=message.headers,
            partition=message.partition,
            offset=message.offset,
        )
        return None
