"""The error bodies of the Claude API (docs: API errors). Whoever catches ApiError turns it into a response."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.errors import AluskortError


class ErrorType(StrEnum):
    """The `error.type` values that the simulator can answer with."""

    INVALID_REQUEST = "invalid_request_error"
    AUTHENTICATION = "authentication_error"
    NOT_FOUND = "not_found_error"
    REQUEST_TOO_LARGE = "request_too_large"
    RATE_LIMIT = "rate_limit_error"
    API = "api_error"
    OVERLOADED = "overloaded_error"


STATUS: dict[ErrorType, int] = {
    ErrorType.INVALID_REQUEST: 400,
    ErrorType.AUTHENTICATION: 401,
    ErrorType.NOT_FOUND: 404,
    ErrorType.REQUEST_TOO_LARGE: 413,
    ErrorType.RATE_LIMIT: 429,
    ErrorType.API: 500,
    ErrorType.OVERLOADED: 529,
}


@dataclass(frozen=True)
class ErrorAnswer:
    """One error as the API tells it; ``retry_after`` is in seconds and travels as a header."""

    type: ErrorType
    message: str
    retry_after: float | None = None

    @property
    def status(self) -> int:
        """The HTTP status of this error type."""
        return STATUS[self.type]

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body that the anthropic client reads into its own exception."""
        return {
            "type": "error",
            "error": {"type": self.type.value, "message": self.message},
            "request_id": request_id,
        }


class ApiError(AluskortError):
    """A request that the simulated API refuses; ``answer`` is what the client gets to see."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(f"{answer.type.value}: {answer.message}")
        self.answer = answer


def invalid(message: str) -> ApiError:
    """A 400 invalid_request_error."""
    return refusal(ErrorType.INVALID_REQUEST, message)


def refusal(type_: ErrorType, message: str) -> ApiError:
    """An error of any type without a delay to wait for."""
    return ApiError(ErrorAnswer(type_, message))
