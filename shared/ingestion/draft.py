"""What a reader found in one row, as the source wrote it; ``alert`` checks and normalises it to a CanonicalAlert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from shared.contracts.alert import ENTITIES_MISSING, CanonicalAlert
from shared.contracts.contract import invalid_input
from shared.ingestion.attack import tactic_names, technique_ids
from shared.ingestion.severity import Scale, severity_of

MAX_TEXT = 2_048  # characters of a title or a description (security-and-audit §12); raw_payload keeps all
LONGEST_EMPTY = 64  # characters of JSON that may say nothing, blanks included
NO_ENTITIES = frozenset({"", "[]", "{}", "[{}]", "null", '""'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """``entities`` is JSON, or JSON in a text; ``late_entities`` says that the source may fill them in later."""

    shape: str
    source: str
    alert_id: str
    tenant_id: str
    timestamp: str
    title: str
    description: str
    severity: Any
    payload: dict[str, Any]
    scale: Scale = ()
    tactics: Sequence[Any] = ()
    techniques: Sequence[Any] = ()
    entities: Any = None
    late_entities: bool = False
    product: str = ""
    flags: Sequence[str] = ()

    def alert(self) -> CanonicalAlert:
        """Raises InvalidInput that names the shape and the field."""
        tactics, unknown_tactics = tactic_names(*self.tactics)
        techniques, unknown_techniques = technique_ids(*self.techniques)
        entities = _json_text(self.entities)
        missing = self.late_entities and "".join(entities[:LONGEST_EMPTY].split()) in NO_ENTITIES
        flags = [
            *(f"{name}_cut" for name in ("title", "description") if len(getattr(self, name)) > MAX_TEXT),
            *([] if self.title else ["title_missing"]),
            *([ENTITIES_MISSING] if missing else []),
            *self.flags,
            *unknown_tactics,
            *unknown_techniques,
        ]
        try:
            return CanonicalAlert.model_validate({
                "alert_id": self.alert_id,
                "source": self.source,
                "timestamp": self.timestamp,
                "title": _shown(self.title),
                "description": _shown(self.description),
                "severity": severity_of(self.severity, self.scale),
                "tactics": tactics,
                "techniques": techniques,
                "entities_raw": entities,
                "product": _shown(self.product),
                "tenant_id": self.tenant_id,
                "raw_payload": self.payload,
                "flags": flags,
            })  # fmt: skip
        except ValidationError as error:
            raise invalid_input(self.shape, error) from error


def _shown(text: str) -> str:
    """Cut, and without control characters but line ends."""
    cut = text[:MAX_TEXT]
    if not cut.isprintable():
        cut = "".join(char for char in cut if char in "\n\t" or not (char < " " or "\x7f" <= char <= "\x9f"))
    return cut.strip()


def _json_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()
