"""What is on a dead-letter topic: messages that could not be handled, and that they were sent back
(spec/data-model §7).
"""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.contracts.contract import Contract

MARK = "aluskort-replay-mark"  # the header by which a ReplayMark is told apart from a dead letter
MAX_PARTS = 1_000  # far above what any message of Event Hubs needs; a forged count must not cost memory


def _is_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("base64") from error
    return text


Base64 = Annotated[str, AfterValidator(_is_base64)]


class DeadLetterPart(Contract):
    """Which piece of a message one dead letter holds when the message is too large for one."""

    number: int = Field(ge=1, le=MAX_PARTS)
    count: int = Field(ge=1, le=MAX_PARTS)
    holds: Literal["value", "headers"]  # headers that leave no room are pieces of JSON, base64 by name


class DeadLetter(Contract):
    """Why a message failed, and its original bytes, key and headers so that it can be sent back."""

    letter_id: str  # the same on every part
    error_type: str
    reason: str
    value_base64: Base64
    key: str | None = None  # of the message; None when it had none
    headers: dict[str, Base64] = Field(default_factory=dict)
    source_topic: str  # or the event hub
    partition: int | None = None
    offset: int | None = None
    attempts: int = 1  # how often it failed, with this time
    first_failed_at: str
    replayed_from: str | None = None  # topic/partition/offset of the dead letter that was sent back before this failure
    part: DeadLetterPart | None = None  # None when this dead letter holds all

    @property
    def original(self) -> bytes:
        """The bytes that were received, or this part of them."""
        return base64.b64decode(self.value_base64)


class ReplayMark(Contract):
    """That a dead letter was sent back to where it came from; it is on the dead letter's own topic, behind it."""

    letter_id: str
    replayed_at: str
    replayed_by: str
    destination: str
