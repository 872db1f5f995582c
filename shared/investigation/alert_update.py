"""What a later message about the same alert changes: Sentinel repeats an alert whenever it learns more. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.contracts.alert import ENTITIES_MISSING, EVIDENCE_ONLY, INCOMPLETE, NormalizedAlert

FACTS = ("title", "description", "product")
LISTS = ("tactics", "techniques", "submitted_by")


def amended(stored: NormalizedAlert, update: NormalizedAlert) -> tuple[NormalizedAlert, list[str]]:
    """The alert with what the update adds, and the names of the fields that changed.

    The newer message's words count, an empty one never does; lists and entities are joined, so nothing that was
    known gets lost. The stored source payload stays: the update keeps its own.
    """
    values: dict[str, Any] = {}
    if _speaks_last(stored, update):
        values |= {name: given for name in FACTS if (given := getattr(update, name))}
        values["timestamp"] = update.timestamp
        if not any(flag.startswith("severity_") for flag in update.flags):  # `severity_missing`: it says nothing
            values["severity"] = update.severity
    for name in LISTS:
        values[name] = list(dict.fromkeys([*getattr(stored, name), *getattr(update, name)]))
    values["parsed_entities"] = stored.parsed_entities.merged_with(update.parsed_entities)
    both = (update, stored) if ENTITIES_MISSING in stored.flags else (stored, update)
    values["entities_raw"] = both[0].entities_raw or both[1].entities_raw
    settled = INCOMPLETE - (set(stored.flags) & set(update.flags))  # what one message lacked, the other told
    values["flags"] = [flag for flag in dict.fromkeys([*stored.flags, *update.flags]) if flag not in settled]
    changed = [name for name, value in values.items() if name != "timestamp" and value != getattr(stored, name)]
    return stored.model_copy(update=values), changed


def _speaks_last(stored: NormalizedAlert, update: NormalizedAlert) -> bool:
    """Whether the update's words count rather than the stored ones."""
    if (EVIDENCE_ONLY in stored.flags) != (EVIDENCE_ONLY in update.flags):
        return EVIDENCE_ONLY in stored.flags
    return _time(update) >= _time(stored)


def _time(alert: NormalizedAlert) -> datetime:
    parsed = datetime.fromisoformat(alert.timestamp)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
