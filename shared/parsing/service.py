"""alerts.raw -> alerts.normalized; what cannot be read goes to alerts.raw.dlq (seed §5)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.fitting import fitted
from shared.bus.producer import Producer
from shared.bus.received import UNREADABLE
from shared.contracts.alert import CanonicalAlert, NormalizedAlert
from shared.contracts.topics import topics
from shared.errors import InvalidInput
from shared.parsing.entities import parse_alert_entities

SOURCE, TARGET = "alerts.raw", "alerts.normalized"
logger = logging.getLogger(__name__)


class EntityParserService:
    """Parses one message at a time and keeps no state; the caller commits its offset after the call returns."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def process_message(
        self,
        raw: bytes,
        *,
        key: str | None = None,
        headers: Mapping[str, bytes] | None = None,
        partition: int | None = None,
        offset: int | None = None,
    ) -> NormalizedAlert | None:
        """The alert as it was published, or None for poison, which is then on alerts.raw.dlq.

        Raises BusUnavailable when neither could be published: the message must be delivered again.
        """
        given = headers or {}
        try:
            alert = CanonicalAlert.from_json(raw)
            entities = parse_alert_entities(alert.entities_raw, alert.raw_payload)
            normalized = fitted(NormalizedAlert.model_validate({**dict(alert), "parsed_entities": entities}))
            await self._producer.publish(TARGET, normalized.to_json(), key=alert.alert_id, headers=given)
        except (InvalidInput, *UNREADABLE) as error:
            logger.warning("An alert on %s cannot be parsed and goes to the dead letters: %r", SOURCE, error)
            await publish_dead_letter(
                self._producer,
                error,
                raw,
                topic=topics()[SOURCE].dead_letters,
                source_topic=SOURCE,
                key=key,
                headers=given,
                partition=partition,
                offset=offset,
            )
            return None
        if entities.losses:
            logger.info("Alert %r was parsed with %d losses", alert.alert_id, entities.losses)
        return normalized
