"""The faults that the simulated API can be told to have, and which call each one hits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from local.simulators.errors import ErrorAnswer, ErrorType
from shared.errors import InvalidInput

DEFAULT_RETRY_AFTER = 1.0  # seconds, the header of a 429 when the switch names none
FIELDS = frozenset({"fault", "times", "models", "retry_after"})


class FaultKind(StrEnum):
    """Error answers, a broken transport, then broken content."""

    RATE_LIMIT = "rate_limit"
    USAGE_LIMIT = "usage_limit"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    CUT_CONNECTION = "cut_connection"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    WRONG_TECHNIQUE_IDS = "wrong_technique_ids"


ERRORS: dict[FaultKind, tuple[ErrorType, str]] = {
    FaultKind.RATE_LIMIT: (ErrorType.RATE_LIMIT, "This request would exceed your organization's rate limit."),
    FaultKind.USAGE_LIMIT: (
        ErrorType.INVALID_REQUEST,
        "You have reached your specified API usage limits. You will regain access when the next month begins.",
    ),
    FaultKind.SERVER_ERROR: (ErrorType.API, "Internal server error"),
    FaultKind.OVERLOADED: (ErrorType.OVERLOADED, "Overloaded"),
}
CONTENT_FAULTS = frozenset({FaultKind.TRUNCATED, FaultKind.MALFORMED, FaultKind.WRONG_TECHNIQUE_IDS})


@dataclass(frozen=True)
class Fault:
    """One switched-on fault. ``times`` None: until cleared; ``models`` empty: every model."""

    kind: FaultKind
    times: int | None = 1
    models: frozenset[str] = frozenset()
    retry_after: float = DEFAULT_RETRY_AFTER

    @property
    def error(self) -> ErrorAnswer | None:
        """The error answer of this fault, if it is one."""
        if self.kind not in ERRORS:
            return None
        type_, message = ERRORS[self.kind]
        return ErrorAnswer(type_, message, self.retry_after if type_ is ErrorType.RATE_LIMIT else None)

    def shown(self) -> dict[str, Any]:
        """The fault as POST /control/faults takes it."""
        return {
            "fault": self.kind.value,
            "times": self.times,
            "models": sorted(self.models) or None,
            "retry_after": self.retry_after,
        }


def read_fault(body: object) -> Fault:
    """The fault in a switch's JSON body. Raises InvalidInput."""
    if not isinstance(body, dict) or body.keys() - FIELDS:
        raise InvalidInput("fault switch", got=body, expected=f"a JSON object with {', '.join(sorted(FIELDS))}")
    try:
        kind = FaultKind(str(body.get("fault")))
    except ValueError as error:
        raise InvalidInput("fault", got=body.get("fault"), expected=" or ".join(FaultKind)) from error
    times = body.get("times", 1)
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise InvalidInput("times", got=times, expected="a positive number, or null for until cleared")
    models = body.get("models") or []
    if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
        raise InvalidInput("models", got=models, expected="a list of model ids, or null for all")
    retry_after = body.get("retry_after", DEFAULT_RETRY_AFTER)
    if not isinstance(retry_after, int | float) or isinstance(retry_after, bool) or retry_after < 0:
        raise InvalidInput("retry_after", got=retry_after, expected="seconds, zero or more")
    return Fault(kind, times, frozenset(models), float(retry_after))


@dataclass
class FaultBoard:
    """The faults that are on, oldest first. A call gets the first one that concerns its models."""

    _faults: list[Fault] = field(default_factory=list)

    def switch_on(self, fault: Fault) -> None:
        """Adds a fault behind those that are on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switches every fault off."""
        self._faults.clear()

    def shown(self) -> list[dict[str, Any]]:
        """The faults that are still on."""
        return [fault.shown() for fault in self._faults]

    def take(self, models: set[str], *, content: bool = True) -> Fault | None:
        """The fault for a call on ``models``, used up by one; ``content`` False leaves faults of the answer's text."""
        for place, fault in enumerate(self._faults):
            if fault.models and not fault.models & models:
                continue
            if not content and fault.kind in CONTENT_FAULTS:
                continue
            if fault.times is not None:
                left = fault.times - 1
                self._faults[place : place + 1] = [replace(fault, times=left)] if left else []
            return fault
        return None
