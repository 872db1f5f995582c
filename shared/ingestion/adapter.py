"""The one interface of a source of alerts (FR-ING-001): its name, how its bodies come, what a row of them means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.alert import CanonicalAlert
from shared.contracts.incident import SourceIncident
from shared.ingestion.envelope import MICROSOFT
from shared.ingestion.shapes import grouping_of, left_out, read_alert
from shared.ingestion.source import Handle

Subscribe = Callable[[Handle], Awaitable[None]]  # until cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """``subscribe`` is None where a Functions trigger brings the bodies."""

    name: str  # in logs
    hub: str  # the event hub that bodies of this source can be sent to, again too: dead letters name it
    to_canonical: Callable[[Any], CanonicalAlert]  # one row; raises InvalidInput
    left_out: Callable[[Any], str]  # why a row is only counted: a heartbeat, an empty event; "" for all others
    envelopes: tuple[str, ...]  # keys that an array of rows may stand under
    keeps_text: bool = False  # whether the alert keeps the row's own characters
    subscribe: Subscribe | None = None
    grouping_of: Callable[[Any], SourceIncident | None] = lambda row: None  # of a row that is left out


def sentinel(hub: str, subscribe: Subscribe | None = None, *, tenants: Mapping[str, str] | None = None) -> Adapter:
    """Sentinel and the Defender products behind it. Their rows can be queried again by id: no text is kept.

    A row's TenantId is its workspace's id; ``tenants`` says whose workspace that is, and one that it does not name is
    a tenant of its own.
    """
    owners = {workspace.lower(): tenant for workspace, tenant in (tenants or {}).items()}

    def read(row: Any) -> CanonicalAlert:
        alert = read_alert(row)
        owner = owners.get(alert.tenant_id.lower())
        return alert.model_copy(update={"tenant_id": owner}) if owner else alert

    def grouping(row: Any) -> SourceIncident | None:
        found = grouping_of(row)
        owner = found and owners.get(found.tenant_id.lower())
        return found.model_copy(update={"tenant_id": owner}) if found and owner else found

    return Adapter(
        name="sentinel",
        hub=hub,
        to_canonical=read,
        left_out=left_out,
        envelopes=MICROSOFT,
        subscribe=subscribe,
        grouping_of=grouping,
    )
