"""Kafka and the outbox of one process."""

from __future__ import annotations

from functools import cached_property

from shared.bus.outbox import Outbox
from shared.bus.producer import KafkaProducer
from shared.settings import Settings
from shared.stores.wiring import Stores


class Bus:
    """The one producer and the one relay that every message of this process goes through."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self._stores = stores
        self.producer = KafkaProducer(settings.kafka.brokers, settings.kafka.security)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages that wait for their commit; an intake needs none."""
        return Outbox(self._stores.postgres_for_relay, self.producer)
