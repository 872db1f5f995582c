"""The SIEMs beside Sentinel that an operator has configured: each sends by HTTP or through one event hub for all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.producer import Producer
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource, Siem
from shared.errors import InvalidInput, NotFound
from shared.ingestion import elastic, splunk
from shared.ingestion.adapter import Adapter
from shared.ingestion.intake import DEAD_LETTERS, SUBMITTER, IngestReport, Intake

HUB = "siem-alerts"
PROPERTY = "source"  # of an event: the name of its source
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Dialect:
    read: Callable[..., CanonicalAlert]
    left_out: Callable[[Any], str]
    envelopes: tuple[str, ...]


DIALECTS: Mapping[Siem, _Dialect] = {
    Siem.ELASTIC: _Dialect(elastic.read_elastic_alert, elastic.left_out_of_elastic, elastic.ENVELOPES),
    Siem.SPLUNK: _Dialect(splunk.read_splunk_alert, splunk.left_out_of_splunk, splunk.ENVELOPES),
}


def adapter_of(name: str, source: AlertSource, *, hub: str = HUB) -> Adapter:
    """The adapter of one configured source. The text is kept: not every SIEM can be asked for an alert again."""
    dialect = DIALECTS[source.siem]
    return Adapter(
        name=name,
        hub=hub,
        to_canonical=partial(dialect.read, tenant_id=source.tenant),
        left_out=dialect.left_out,
        envelopes=dialect.envelopes,
        keeps_text=True,
    )


class AlertSources:
    """One intake a source. Dead letters name the ``hub`` and keep the property, so that they can be sent there again,
    also when the body was pushed.
    """

    def __init__(self, producer: Producer, sources: Mapping[str, AlertSource], *, hub: str = HUB) -> None:
        self._producer = producer
        self._hub = hub
        self._sources = sources
        self._intakes = {name: Intake(producer, adapter_of(name, source, hub=hub)) for name, source in sources.items()}

    def tenant_of(self, name: str) -> str:
        """Whose alerts the source ``name`` sends. Raises NotFound for a name that nobody configured."""
        if name not in self._sources:
            raise NotFound(f"No source of alerts is called {name[:64]!r}: ALUSKORT_ALERT_SOURCES does not name it.")
        return self._sources[name].tenant

    async def ingest(self, name: str, body: bytes, *, submitted_by: str = "") -> IngestReport:
        """Publish the rows of a body that the source ``name`` sent. Raises NotFound for a name that nobody configured,
        BusUnavailable when anything could not be published.
        """
        self.tenant_of(name)
        submitter = {SUBMITTER: submitted_by.encode()} if submitted_by else {}
        return await self._intakes[name].ingest(body, headers={PROPERTY: name.encode(), **submitter})

    async def ingest_event(self, body: bytes, *, headers: Mapping[str, bytes]) -> IngestReport:
        """Publish the rows of an event; its property `source` names the source. An event of no known source goes to
        the dead letters. Raises BusUnavailable.
        """
        name = headers.get(PROPERTY, b"").decode("utf-8", "replace")
        if intake := self._intakes.get(name):
            return await intake.ingest(body, headers=headers)
        known = ", ".join(self._intakes) or "none, as ALUSKORT_ALERT_SOURCES is empty"
        error = InvalidInput(f"property {PROPERTY}", got=name, expected=f"a configured source ({known})")
        logger.warning("An event on %s cannot be read and goes to the dead letters: %r", self._hub, error)
        await publish_dead_letter(
            self._producer, error, body, topic=DEAD_LETTERS, source_topic=self._hub, headers=headers
        )
        return IngestReport(dead_lettered=1)
