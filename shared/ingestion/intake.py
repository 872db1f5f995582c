"""From the bodies of one source to alerts.raw; what cannot be read goes to alerts.raw.dlq, row by row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import Any

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.fitting import fitted
from shared.bus.producer import Producer
from shared.bus.received import UNREADABLE
from shared.contracts.incident import SourceIncident
from shared.contracts.outside_text import storable_text
from shared.contracts.topics import topics
from shared.errors import ConfigurationError, InvalidInput, Retryable
from shared.ingestion.adapter import Adapter
from shared.ingestion.envelope import read_rows, row_text, rows_as_bytes

TARGET = "alerts.raw"
DEAD_LETTERS = topics()[TARGET].dead_letters  # also of the hubs, which have none
SUBMITTER = "submitted_by"  # header: the subject of whoever sent the body, where somebody signed in for it
AT_ONCE = 100  # rows read and sent together: thousands would keep all else in this process waiting for seconds
Regroup = Callable[[SourceIncident], Awaitable[object]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows of one body; ``dropped`` counts heartbeats and the like, an unreadable body counts as
    one row.
    """

    published: int = 0
    dropped: int = 0
    dead_lettered: int = 0


class Intake:
    """Takes the bodies of one adapter."""

    def __init__(self, producer: Producer, adapter: Adapter, regroup: Regroup | None = None) -> None:
        self._producer = producer
        self._adapter = adapter
        self._regroup = regroup

    async def start(self) -> None:
        """Read the source until cancelled. Raises ConfigurationError when only a trigger can bring its bodies."""
        if self._adapter.subscribe is None:
            raise ConfigurationError(
                f"{self._adapter.name}: start() needs something to read; give a SentinelPoller; a trigger reads hubs."
            )
        await self._adapter.subscribe(lambda body, headers: self.ingest(body, headers=headers))

    async def ingest(self, body: bytes, *, headers: Mapping[str, bytes]) -> IngestReport:
        """Publish every row of ``body``; a row that cannot be read goes to alerts.raw.dlq and harms no other.

        Raises BusUnavailable when anything could not be published: the whole body must then be delivered again.
        """
        adapter = self._adapter
        try:
            rows = read_rows(body, adapter.envelopes)
        except InvalidInput as error:
            await self._dead_letter(error, body, headers)
            return IngestReport(dead_lettered=1)
        originals = rows_as_bytes(body, len(rows), adapter.envelopes) if adapter.keeps_text else []
        texts = map(row_text, originals) if originals else [""] * len(rows)
        outcomes: list[bool | BaseException] = []
        for group in batched(zip(rows, texts, strict=True), AT_ONCE, strict=False):
            # Kafka's client sends concurrent messages as one batch; all end before an error is raised.
            publishing = (self._publish(row, text, headers) for row, text in group)
            outcomes += await asyncio.gather(*publishing, return_exceptions=True)
            for outcome in outcomes[-len(group) :]:
                if isinstance(outcome, BaseException) and not isinstance(outcome, InvalidInput):
                    raise outcome
        refused = {index: outcome for index, outcome in enumerate(outcomes) if isinstance(outcome, InvalidInput)}
        if refused and not originals:
            originals = rows_as_bytes(body, len(rows), adapter.envelopes)
        for index, refusal in refused.items():
            await self._dead_letter(refusal, originals[index], headers)
        published = outcomes.count(True)
        return IngestReport(published, len(rows) - published - len(refused), len(refused))

    async def _publish(self, row: Any, text: str, headers: Mapping[str, bytes]) -> bool:
        """Whether the row is an alert; raises InvalidInput when it cannot be read."""
        if isinstance(row, InvalidInput):
            raise row
        if reason := self._adapter.left_out(row):
            logger.info("A row from %s is left out: %s", self._adapter.name, reason)
            await self._group(row)
            return False
        try:
            alert = self._adapter.to_canonical(row)
            if text:
                alert = alert.model_copy(update={"raw_text": storable_text(text)})
            if submitter := headers.get(SUBMITTER):
                alert = alert.model_copy(update={"submitted_by": [submitter.decode("utf-8", "replace")]})
            message = fitted(alert).to_json()
        except UNREADABLE as error:  # raised, it would bring the whole body again for ever
            raise InvalidInput("row", got=row, expected="an alert that can be read", hint=repr(error)[:200]) from error
        await self._producer.publish(TARGET, message, key=alert.alert_id, headers=headers)
        return True

    async def _group(self, row: Any) -> None:
        """Pass on how the source groups its alerts. Without the database alerts go on: an incident's next change brings
        the whole grouping again.
        """
        try:
            grouping = self._adapter.grouping_of(row)
            if grouping and self._regroup:
                await self._regroup(grouping)
        except (Retryable, InvalidInput) as error:
            logger.warning("An incident from %s is not taken over: %s", self._adapter.name, error)

    async def _dead_letter(self, error: InvalidInput, value: bytes, headers: Mapping[str, bytes]) -> None:
        logger.warning("A message from %s cannot be read and goes to the dead letters: %r", self._adapter.name, error)
        await publish_dead_letter(
            self._producer, error, value, topic=DEAD_LETTERS, source_topic=self._adapter.hub, headers=headers
        )
