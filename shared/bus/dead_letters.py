"""Puts what cannot be handled on a dead-letter topic, whole; a message too large for one becomes several, and is put
together again here.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from shared.bus.producer import Producer
from shared.bus.replay_history import ReplayHistory, without_history
from shared.contracts.dead_letter import DeadLetter, DeadLetterPart
from shared.errors import InvalidInput
from shared.telemetry import LogAction, log_fields

# Together below a megabyte: base64 adds a third to the piece, JSON makes up to six bytes of one character.
PART_BYTES = 600_000
HEADER_BYTES = 140_000  # of all headers as JSON beside a piece of the value
MAX_TEXT = 4_000  # characters of a reason, and of a key; ours have at most 512

log = logging.getLogger(__name__)

type Piece = tuple[Literal["value", "headers"], bytes]


@dataclass(frozen=True, slots=True)
class Original:
    """A message as it was received. ``missing`` are the numbers of the parts that are not there."""

    value: bytes
    headers: dict[str, bytes]
    missing: list[int]


async def publish_dead_letter(  # noqa: PLR0913 - all that is known about one failure
    producer: Producer,
    error: Exception,
    value: bytes,
    *,
    source_topic: str,
    topic: str,
    key: str | None = None,
    headers: Mapping[str, bytes] | None = None,
    partition: int | None = None,
    offset: int | None = None,
) -> None:
    """Keep ``value``, ``key`` and ``headers``, byte for byte, with the reason. Raises BusUnavailable.

    A key over MAX_TEXT is not one of ours: the dead letter then has none, and says so.
    """
    history = ReplayHistory.of(headers or {})
    reason = str(error)[:MAX_TEXT].encode("utf-8", "backslashreplace").decode()
    if key is not None and len(key) > MAX_TEXT:
        reason, key = f"{reason} (Its key of {len(key)} characters was not kept.)", None
    letter_id = uuid4().hex
    failed_at = datetime.now(UTC).isoformat()
    for part, piece, kept in _parts(value, without_history(headers or {})):
        letter = DeadLetter(
            letter_id=letter_id,
            error_type=type(error).__name__,
            reason=reason,
            value_base64=base64.b64encode(piece).decode(),
            key=key,
            headers=_encoded(kept),
            source_topic=source_topic,
            partition=partition,
            offset=offset,
            attempts=history.attempts + 1,
            first_failed_at=history.first_failed_at or failed_at,
            replayed_from=history.replayed_from,
            part=part,
        )
        # One key keeps the parts in order, and the original one those of one alert.
        await producer.publish(topic, letter.to_json(), key=key or letter_id)
    extra = log_fields(LogAction.DEAD_LETTER_KEPT, topic=topic, source_topic=source_topic)
    log.warning("Dead letter %s on %s keeps what %r sent", letter_id, topic, source_topic, extra=extra)


def reassemble(parts: Sequence[DeadLetter]) -> Original:
    """The message that ``parts`` of one dead letter hold, in any order, repeated or incomplete.

    Raises InvalidInput when they are not of one dead letter, or its headers cannot be read.
    """
    first, *_ = parts
    if first.part is None:
        return Original(first.original, _decoded(first.headers), [])
    found: dict[int, tuple[DeadLetterPart, DeadLetter]] = {}
    for letter in parts:
        if letter.part is None or (letter.letter_id, letter.part.count) != (first.letter_id, first.part.count):
            got = f"dead letter {letter.letter_id}, part {letter.part}"
            raise InvalidInput("part", got=got, expected=f"one of dead letter {first.letter_id}, part {first.part}")
        found[letter.part.number] = (letter.part, letter)
    missing = [number for number in range(1, first.part.count + 1) if number not in found]
    value, spread = (
        b"".join(letter.original for _, (part, letter) in sorted(found.items()) if part.holds == held)
        for held in ("value", "headers")
    )
    headers = _decoded(first.headers)
    if spread and not missing:
        headers |= _read_headers(spread)
    return Original(value, headers, missing)


def _parts(value: bytes, headers: dict[str, bytes]) -> Iterator[tuple[DeadLetterPart | None, bytes, dict[str, bytes]]]:
    """Each dead letter's part, piece and headers. Headers that leave no room become pieces of their own."""
    pieces: list[Piece] = [("value", piece) for piece in _pieces(value)]
    as_json = json.dumps(_encoded(headers)).encode()
    if len(as_json) > HEADER_BYTES:
        pieces = [("headers", piece) for piece in _pieces(as_json)] + pieces
        headers = {}
    for number, (held, piece) in enumerate(pieces, 1):
        part = DeadLetterPart(number=number, count=len(pieces), holds=held) if len(pieces) > 1 else None
        yield part, piece, headers


def _pieces(value: bytes) -> list[bytes]:
    return [value[start : start + PART_BYTES] for start in range(0, len(value), PART_BYTES)] or [b""]


def _encoded(headers: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(item).decode() for name, item in headers.items()}


def _decoded(headers: Mapping[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(item) for name, item in headers.items()}


def _read_headers(spread: bytes) -> dict[str, bytes]:
    try:
        return {str(name): base64.b64decode(item, validate=True) for name, item in json.loads(spread).items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        shown = spread[:200].decode("utf-8", "replace")
        raise InvalidInput("headers", got=shown, expected="a JSON object of base64 texts") from error
