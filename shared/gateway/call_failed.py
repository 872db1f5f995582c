"""The error of a call that a provider was asked and did not answer, apart from the vendor's slow-to-import SDK."""

from __future__ import annotations

from shared.errors import ModelUnavailable


class CallFailed(ModelUnavailable):
    """Every attempt failed. ``unanswered`` of them may still be billed: they were sent and nothing came back."""

    def __init__(self, message: str, *, unanswered: int, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.unanswered = unanswered
