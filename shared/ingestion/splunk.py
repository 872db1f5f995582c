"""Splunk's alerts as CanonicalAlert: notable events of Enterprise Security, and what the webhook action of a search or
an HTTP Event Collector forwarder sends around one (`result`, `event`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
import re2

from shared.contracts.alert import CanonicalAlert
from shared.contracts.outside_text import storable
from shared.errors import InvalidInput
from shared.ingestion import entity_json
from shared.ingestion.cim import cim_entities
from shared.ingestion.draft import Draft
from shared.ingestion.fields import EMPTY, Fields
from shared.ingestion.severity import SPLUNK_LEVELS

SHAPE, SOURCE, PRODUCT = "Splunk alert", "splunk", "Splunk"
ENVELOPES = ("results",)
INNER = ("result", "event")
# What stands around a result or an event and says nothing of what happened.
WRAPPING = frozenset({
    *INNER, "app", "fields", "host", "index", "lastrow", "offset", "owner", "preview", "results_link", "search_name",
    "sid", "source", "sourcetype", "time",
})  # fmt: skip
TECHNIQUES = ("mitre_attack", "mitre_attack.mitre_technique_id")  # below `annotations`
TACTICS = ("mitre_attack.mitre_tactic", "mitre_attack.mitre_tactics")
TIMES = ("_time", "time", "orig_time", "info_search_time")
SCHEDULED = re2.compile(r"_at_(\d{10})(?:_|$)")  # in the sid of a scheduled search, seconds since 1970
ID_DIGITS = 16  # hex digits that tell the results of one search apart


def read_splunk_alert(row: Any, *, tenant_id: str) -> CanonicalAlert:
    """One alert of this tenant. Raises InvalidInput that names the field that is wrong."""
    if not isinstance(row, dict):
        raise InvalidInput(SHAPE, got=row, expected="an object, one alert of Splunk")
    payload: dict[str, Any] = storable(row)
    event = _event(payload)
    entities = cim_entities(event)
    return Draft(
        shape=SHAPE,
        source=SOURCE,
        alert_id=_alert_id(payload, event),
        tenant_id=tenant_id,
        timestamp=_time(event),
        title=event.text("rule_title", "rule_name", "search_name", "savedsearch_name", "source"),
        description=event.text("rule_description", "description", "savedsearch_description"),
        severity=event.scalar("urgency", "severity", "severity_id", "alert.severity"),
        scale=SPLUNK_LEVELS,
        tactics=list(_annotated(event, TACTICS)),
        techniques=list(_annotated(event, TECHNIQUES)),
        entities=entities,
        flags=(*entity_json.cuts(entities), *event.cuts()),
        product=PRODUCT,
        payload=payload,
    ).alert()


def left_out_of_splunk(row: Any) -> str:
    """Why a row is only counted: a search without a result, an empty event, or a heartbeat; "" for all others."""
    if not isinstance(row, dict):
        return ""
    event = _fields(row)
    raw = [row.get(name) for name in INNER if isinstance(row.get(name), str)]  # an event of text alone
    if all(value in EMPTY for name, value in event.items() if name not in WRAPPING) and not any(raw):
        return "an empty event"
    return "heartbeat" if "heartbeat" in _event(row).texts("sourcetype", "type", "event_type") else ""


def _event(row: dict[str, Any]) -> Fields:
    return Fields(SHAPE, _fields(row))


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of the result, over those of what it came in."""
    inner: dict[str, Any] = next((row[name] for name in INNER if isinstance(row.get(name), dict)), {})
    return {name: value for name, value in row.items() if name not in INNER} | inner


def _time(event: Fields) -> str:
    """When it happened; a statistical result has no time of its own, but the `sid` tells when its search ran."""
    scheduled = SCHEDULED.search(event.text("sid"))
    return event.time(*TIMES, otherwise=scheduled.group(1) if scheduled else "")


def _annotated(event: Fields, names: tuple[str, ...]) -> Iterator[Any]:
    """What `annotations` says, as fields of their own or as JSON in one field."""
    annotations = event.part("annotations")
    for name in names:
        yield event.get(f"annotations.{name}")
        yield annotations.get(name)


def _alert_id(payload: dict[str, Any], event: Fields) -> str:
    """The notable event's own id. Results of a plain search have none: one search may send several under its `sid`, so
    the id is that with a digest of the result, equal when the same result is sent again.
    """
    if own := event.text("event_id", "finding_id"):
        return own
    search = event.required("sid", expected="an event_id of a notable event, or the sid of a search")
    result = payload.get("result", payload)
    digest = hashlib.sha256(orjson.dumps(result, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{search}:{digest[:ID_DIGITS]}"
