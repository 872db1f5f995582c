"""The one error tree. Foreign errors are wrapped at the adapter, with the cause kept.

AluskortError
├── Retryable              the same call may succeed later; the layer that owns retrying decides when
│   ├── StoreUnavailable   PostgreSQL, Redis, Qdrant or Blob cannot be reached
│   │   └── StoreSlow      it can be reached and did not answer in time
│   ├── StoredByAnotherVersion   a row of our own holds what this version does not know
│   ├── BusUnavailable     Kafka cannot be reached or did not acknowledge
│   ├── ModelUnavailable   the model provider failed, throttled or timed out (gateway: CallFailed)
│   ├── SigningKeysUnavailable   in shared/access: the identity provider cannot be reached
│   ├── NotDelivered           in shared/notifications: a channel took no message
│   └── WorkspaceUnavailable     Log Analytics failed, throttled or timed out
└── Terminal               the same call can never succeed; retrying is waste
    ├── InvalidInput       outside data broke a contract: field, got, expected
    ├── ConfigurationError a setting is missing or wrong
    ├── Conflict           the state moved on: a lost race, a second answer, an expired approval
    ├── NotFound           no such thing for this tenant
    ├── AccessDenied       the caller is known and may not
    └── TokenRejected      in shared/access: the caller is not known
"""

from __future__ import annotations

from typing import Any

GOT_LIMIT = 200  # characters of a hostile name or value that an error message may repeat


class AluskortError(Exception):
    """Root of every error that this product raises on purpose."""


class Retryable(AluskortError):
    """The same call may succeed later."""


class Terminal(AluskortError):
    """The same call can never succeed."""


class StoreUnavailable(Retryable):
    """A store cannot be reached: ``store`` names it."""

    def __init__(self, store: str, reason: object) -> None:
        super().__init__(f"{store} cannot be reached: {reason}")
        self.store = store


class StoreSlow(StoreUnavailable):
    """A store can be reached and did not answer in time: it is overloaded, or what is asked of it takes too long."""

    def __init__(self, store: str, reason: object) -> None:
        Retryable.__init__(self, f"{store} is too slow: {reason}")
        self.store = store


class StoredByAnotherVersion(Retryable):
    """A row of our own cannot be read: while two versions run together, the newer one knows more names."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(f"{where} cannot be read by this version: {reason} Finish the rollout, or roll forward again.")
        self.where = where


class BusUnavailable(Retryable):
    """Kafka cannot be reached or did not acknowledge a message."""


class ModelUnavailable(Retryable):
    """The model provider failed, throttled or timed out; ``retry_after`` is in seconds when the provider said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WorkspaceUnavailable(Retryable):
    """A workspace cannot be read now; ``retry_after`` is in seconds when the service said so."""

    def __init__(self, workspace_id: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"Workspace {workspace_id} cannot be read now: {reason}")
        self.retry_after = retry_after


class InvalidInput(Terminal):
    """Outside data broke a contract. The message says where, what was found, what was expected and what to do.

    All of it may quote a stranger, so it is made fit for every terminal, log and store.
    """

    def __init__(self, field: str, *, got: Any, expected: str, hint: str = "") -> None:
        shown = _cut(got if isinstance(got, str) else repr(got))
        self.field = _printable(_cut(field))
        self.got = _printable(shown)
        self.expected = _printable(expected)
        self.hint = _printable(hint)
        advice = f" {self.hint}" if hint else ""
        super().__init__(f"{self.field}: got {shown!r}, expected {self.expected}.{advice}")


def _cut(text: str) -> str:
    return text if len(text) <= GOT_LIMIT else f"{text[:GOT_LIMIT]}… ({len(text)} characters)"


def _printable(text: str) -> str:
    """The text, with escapes if there is anything in it that is not printable."""
    return text if text.isprintable() else repr(text)[1:-1]


class ConfigurationError(Terminal):
    """A setting is missing or wrong; the message names it."""


class Conflict(Terminal):
    """The state moved on: a lost race, a second answer, an expired or changed approval."""


class NotFound(Terminal):
    """No such thing for this tenant."""


class AccessDenied(Terminal):
    """The caller is known and may not do this."""
