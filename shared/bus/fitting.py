"""Makes an alert fit into one message: padding an alert must not keep it from being investigated.

What is shed is named in the alert's flags, so that nobody takes the rest for the whole.
"""

from __future__ import annotations

from typing import cast

from shared.contracts.alert import CanonicalAlert, NormalizedAlert
from shared.contracts.entity import CATEGORIES
from shared.contracts.topics import MAX_MESSAGE_BYTES

LIST_LIMIT = 100  # tactics, techniques and flags that stay when an alert is too large
ENTITIES_CHARACTERS = 200_000  # of raw entities that stay; escaped in JSON they at most triple


def fitted[A: CanonicalAlert](alert: A) -> A:
    """The alert itself when it fits, else without its raw text, without its raw payload, with cut raw entities, with
    half the entities ...
    """
    if _fits(alert):
        return alert
    shed = _flagged(alert, "raw_text_dropped", raw_text="") if alert.raw_text else alert
    if not _fits(shed):
        shed = _flagged(shed, "raw_payload_dropped", raw_payload={})
    if not _fits(shed):
        lists = {name: getattr(shed, name)[:LIST_LIMIT] for name in ("tactics", "techniques", "flags")}
        shed = _flagged(shed, "entities_raw_cut", entities_raw=shed.entities_raw[:ENTITIES_CHARACTERS], **lists)
    while isinstance(shed, NormalizedAlert) and not _fits(shed):
        shed = _halved(shed)
    return shed


def _fits(alert: CanonicalAlert) -> bool:
    return len(alert.to_json()) <= MAX_MESSAGE_BYTES


def _flagged[A: CanonicalAlert](alert: A, flag: str, **changes: object) -> A:
    flags = changes.pop("flags", alert.flags)
    return alert.model_copy(update={**changes, "flags": [flag, *cast("list[str]", flags)]})


def _halved[A: NormalizedAlert](alert: A) -> A:
    entities = alert.parsed_entities
    kept = {name: getattr(entities, name)[: (len(getattr(entities, name)) + 1) // 2] for name in CATEGORIES}
    before, after = sum(1 for _ in entities.all()), sum(map(len, kept.values()))
    losses = [f"{before - after} entities were shed to fit into a message", *entities.parse_errors[:LIST_LIMIT]]
    if before == after:
        kept = {name: [] for name in CATEGORIES}
    iocs = entities.raw_iocs[: len(entities.raw_iocs) // 2]
    lost = entities.losses + before - sum(map(len, kept.values()))
    parsed = entities.model_copy(update={**kept, "raw_iocs": iocs, "parse_errors": losses, "losses": lost})
    return alert.model_copy(update={"parsed_entities": parsed})
