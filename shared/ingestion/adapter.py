"""The one interface of a source of alerts (FR-ING-001): its name, how its bodies come, what a row of them means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.contracts.alert import CanonicalAlert
from shared.ingestion.envelope import MICROSOFT
from shared.ingestion.shapes import left_out, read_alert

Handle = Callable[[bytes, dict[str, bytes]], Awaitable[object]]  # one body with its headers
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


def sentinel(hub: str, subscribe: Subscribe | None = None) -> Adapter:
    """Sentinel and the Defender products behind it. Their rows can be queried again by id: no text is kept."""
    return Adapter(
        name="sentinel",
        hub=hub,
        to_canonical=read_alert,
        left_out=left_out,
        envelopes=MICROSOFT,
        subscribe=subscribe,
    )
