"""The root of every wire model: frozen, strict about its own keys, lenient about a newer producer's."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import InvalidInput


class Contract(BaseModel):
    """A frozen wire model: unknown keys are refused when we build one and ignored when we read one."""

    # protected_namespaces: the seed's field names `model_id` and `model_tier` are law.
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), ser_json_inf_nan="null")

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Read a message. Raises InvalidInput that names the first wrong field."""
        try:
            return cls.model_validate_json(data, extra="ignore")
        except ValidationError as error:
            raise invalid_input(cls.__name__, error) from error

    def to_json(self) -> bytes:
        """UTF-8 JSON, fields in the order of their declaration."""
        return self.model_dump_json().encode()


def invalid_input(subject: str, error: ValidationError) -> InvalidInput:
    """Our own error for pydantic's: the first wrong field, what stood there and what was expected."""
    first = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "(whole message)"
    others = error.error_count() - 1
    hint = f"{others} more field(s) are wrong." if others else ""
    return InvalidInput(f"{subject}.{path}", got=first.get("input"), expected=first["msg"], hint=hint)
