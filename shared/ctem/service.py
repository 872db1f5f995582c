"""ctem.raw.* -> exposures; what cannot be read goes to ctem.normalized.dlq (seed §6)."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.producer import Producer
from shared.bus.received import UNREADABLE
from shared.contracts.tenant import DEFAULT_TENANT, TenantId
from shared.contracts.topics import topics
from shared.ctem.fields import moment
from shared.ctem.finding import Tool
from shared.ctem.reading import Reading, Reports
from shared.ctem.scans import Scan
from shared.errors import InvalidInput

RAW = "ctem.raw."
# What a connector says about its report: nothing in a report itself is trusted to name a tenant.
TENANT, SCANNED_AT, SCOPE, ASSET = "tenant_id", "scanned_at", "full_scan_of", "asset"
SHOWN = 5  # refused rows that a dead letter names

_TENANT = TypeAdapter[str](TenantId)
logger = logging.getLogger(__name__)


class CTEMNormaliserService:
    """Normalises one message at a time and keeps no state; the caller commits its offset after the call returns."""

    def __init__(self, reports: Reports, producer: Producer) -> None:
        self._reports = reports
        self._producer = producer

    async def process_message(  # noqa: PLR0913 - all that is known about one message
        self,
        topic: str,
        raw: bytes,
        *,
        key: str | None = None,
        headers: Mapping[str, bytes] | None = None,
        partition: int | None = None,
        offset: int | None = None,
        timestamp: str | None = None,
    ) -> Reading | None:
        """What was stored of a message, which is a report or a part of one; None for poison.

        Poison, and a message of which some rows cannot be read, is then on ctem.normalized.dlq. Raises BusUnavailable
        and StoreUnavailable: the message must be delivered again, which changes nothing that was stored.
        """
        given = headers or {}
        refused: Exception | None
        try:
            scan = _scan(topic, given, timestamp)
            reading = await self._reports.read(io.BytesIO(raw), scan, asset=_said(given, ASSET))
            refused = _refusal(reading)
        except (InvalidInput, *UNREADABLE) as error:
            reading, refused = None, error
        if refused is not None:
            logger.warning("A report on %s goes to the dead letters: %r", topic, refused)
            await publish_dead_letter(
                self._producer,
                refused,
                raw,
                topic=topics()[topic].dead_letters,
                source_topic=topic,
                key=key,
                headers=given,
                partition=partition,
                offset=offset,
            )
        return reading


def _scan(topic: str, headers: Mapping[str, bytes], timestamp: str | None) -> Scan:
    named = _said(headers, TENANT) or DEFAULT_TENANT
    try:
        tenant = _TENANT.validate_python(named)
    except ValidationError as error:
        raise InvalidInput(f"header {TENANT}", got=named, expected="the name of a tenant") from error
    said = _said(headers, SCANNED_AT)
    scanned_at = moment(said or timestamp)
    if said and scanned_at is None:
        raise InvalidInput(f"header {SCANNED_AT}", got=said, expected="a time such as 2026-11-28T08:00:00Z")
    tool = Tool(topic.removeprefix(RAW))
    return Scan(tenant_id=tenant, tool=tool, at=scanned_at or datetime.now(UTC), scope=_said(headers, SCOPE))


def _said(headers: Mapping[str, bytes], name: str) -> str:
    return headers.get(name, b"").decode("utf-8", "replace").replace("\x00", "")[:1_024]


def _refusal(reading: Reading) -> InvalidInput | None:
    """The rest of a report was stored; the dead letter keeps the rows that were not, and says which."""
    if reading.is_whole:
        return None
    rows = "; ".join(f"{one.where}: {one.reason}" for one in reading.refusals[:SHOWN])
    return InvalidInput(
        f"{reading.refused} rows beside {reading.found} that were stored", got=rows, expected="rows that can be read"
    )
