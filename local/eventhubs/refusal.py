"""Why the namespace refuses a link, a message or a request: an AMQP error condition and a sentence."""

from __future__ import annotations

from enum import StrEnum

from shared.errors import Terminal


class Condition(StrEnum):
    """Error conditions that Event Hubs clients tell apart (AMQP 1.0 part 2.8.15, and Microsoft's own)."""

    ARGUMENT_OUT_OF_RANGE = "com.microsoft:argument-out-of-range"
    DECODE_ERROR = "amqp:decode-error"
    INTERNAL_ERROR = "amqp:internal-error"
    INVALID_FIELD = "amqp:invalid-field"
    LINK_STOLEN = "amqp:link:stolen"
    MESSAGE_TOO_LARGE = "amqp:link:message-size-exceeded"
    NOT_FOUND = "amqp:not-found"
    RESOURCE_LIMIT = "amqp:resource-limit-exceeded"
    UNAUTHORIZED = "amqp:unauthorized-access"


class Refused(Terminal):
    """The client asked for something that it cannot have; ``condition`` and the text go back to it."""

    def __init__(self, condition: Condition, text: str) -> None:
        super().__init__(text)
        self.condition = condition
        self.text = text
