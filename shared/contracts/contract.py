"""The root of every wire model: frozen, strict about its own keys, lenient about a newer producer's."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import InvalidInput, StoredByAnotherVersion

logger = logging.getLogger(__name__)

# Of a model that is loaded, changed and stored whole: what a newer version added to the row stays in it.
KEPT = ConfigDict(extra="allow")


class Contract(BaseModel):
    """A frozen wire model: unknown keys are refused when we build one and ignored when we read one, unless KEPT."""

    # protected_namespaces: the seed's field names `model_id` and `model_tier` are law.
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), ser_json_inf_nan="null")

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Read a message. Raises InvalidInput that names the first wrong field."""
        try:
            return cls.model_validate_json(data, extra="ignore")
        except ValidationError as error:
            raise invalid_input(cls.__name__, error) from error

    @classmethod
    def from_stored(cls, row: Any, *, where: str) -> Self:
        """Read a row of our own; ``where`` names it, such as ``fp_patterns p-1``.

        What we stored was valid when it was stored, so what cannot be read is a newer version's and waits for it.
        Raises StoredByAnotherVersion, which is retryable: only messages from outside can be poison.
        """
        try:
            return cls.model_validate(row, extra="allow" if cls.model_config.get("extra") == "allow" else "ignore")
        except ValidationError as error:
            raise StoredByAnotherVersion(where, invalid_input(cls.__name__, error)) from error

    def to_json(self) -> bytes:
        """UTF-8 JSON, fields in the order of their declaration."""
        return self.model_dump_json().encode()


def readable[T: Contract](kind: type[T], rows: Iterable[Any], *, where: str) -> list[T]:
    """Those of our own rows that this version can read; the others are logged.

    For rows that only ever make less wait for a person, such as patterns and playbooks: without one that a newer
    version wrote, more does, and one row stops nobody.
    """
    found = []
    for row in rows:
        try:
            found.append(kind.from_stored(row, where=where))
        except StoredByAnotherVersion as error:
            logger.warning("A row is left out: %s", error)
    return found


def invalid_input(subject: str, error: ValidationError) -> InvalidInput:
    """Our own error for pydantic's: the first wrong field, what stood there and what was expected."""
    first = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "(whole message)"
    others = error.error_count() - 1
    hint = f"{others} more field(s) are wrong." if others else ""
    return InvalidInput(f"{subject}.{path}", got=first.get("input"), expected=first["msg"], hint=hint)
