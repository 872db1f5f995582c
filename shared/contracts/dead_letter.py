"""A message that could not be handled, kept whole for an operator (spec/data-model §7)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from pydantic import Field

from shared.contracts.contract import Contract


class DeadLetter(Contract):
    """Why a message failed, and its original bytes and headers (both base64) so that it can be replayed."""

    error_type: str
    reason: str
    value_base64: str
    key: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    source_topic: str
    partition: int | None = None
    offset: int | None = None
    attempts: int = 1
    first_failed_at: str

    @property
    def original(self) -> bytes:
        """The bytes that were received."""
        return base64.b64decode(self.value_base64)


def dead_letter(  # noqa: PLR0913 - a record of all that is known about one failure
    error: Exception,
    value: bytes,
    *,
    source_topic: str,
    failed_at: str,
    key: str | None = None,
    headers: Mapping[str, bytes] | None = None,
    partition: int | None = None,
    offset: int | None = None,
) -> DeadLetter:
    """Wrap a message that failed with ``error``."""
    return DeadLetter(
        error_type=type(error).__name__,
        reason=str(error),
        value_base64=base64.b64encode(value).decode(),
        key=key,
        headers={name: base64.b64encode(item).decode() for name, item in (headers or {}).items()},
        source_topic=source_topic,
        partition=partition,
        offset=offset,
        first_failed_at=failed_at,
    )
