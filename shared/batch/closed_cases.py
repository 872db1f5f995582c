"""The consumer of `knowledge.incident.stored`: each case that ends may be the one that makes a draft possible."""

from __future__ import annotations

from shared.batch.pattern_drafts import PatternDrafting
from shared.batch.playbook_drafts import PlaybookDrafting
from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.investigation import Classification
from shared.knowledge.incidents import Incident


class ClosedCases:
    """What a case was decides which draft it may lead to."""

    def __init__(self, producer: Producer, *, patterns: PatternDrafting, playbooks: PlaybookDrafting) -> None:
        self._producer = producer
        self._drafts = {
            Classification.FALSE_POSITIVE.value: patterns.consider,
            Classification.TRUE_POSITIVE.value: playbooks.consider,
        }

    async def incident(self, message: Received) -> None:
        """One message; poison goes to the dead letters. Raises StoreUnavailable."""

        async def consider(value: bytes) -> None:
            incident = Incident.from_json(value)
            if draft := self._drafts.get(incident.final_classification):
                await draft(incident.tenant_id, incident.alert_name)

        await handled(self._producer, message, consider)
