"""The batch domain, built on the stores of one process."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from shared.batch.closed_cases import ClosedCases
from shared.batch.collector import BatchCollector
from shared.batch.pattern_drafts import TASK_TYPE as PATTERNS
from shared.batch.pattern_drafts import CaseHistory, PatternDrafting, land_pattern
from shared.batch.playbook_drafts import TASK_TYPE as PLAYBOOKS
from shared.batch.playbook_drafts import PlaybookDrafting, land_playbook
from shared.batch.recovery import BatchRecovery
from shared.batch.scheduler import BatchScheduler
from shared.bus.outbox import Outbox
from shared.bus.producer import Producer
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.gateway.batch_gateway import BatchGateway

LANDINGS = {PATTERNS: land_pattern, PLAYBOOKS: land_playbook}


class Batch:
    """``gateway`` is built on first use: the model's client takes seconds to load."""

    def __init__(
        self,
        postgres: Postgres,
        outbox: Outbox,
        producer: Producer,
        *,
        gateway: Callable[[], BatchGateway],
        cases: CaseHistory,
    ) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._producer = producer
        self._gateway = cache(gateway)
        self._cases = cases

    @cached_property
    def scheduler(self) -> BatchScheduler:
        """Queues and submits."""
        return BatchScheduler(self._postgres, self._gateway)

    @cached_property
    def collector(self) -> BatchCollector:
        """Reads results."""
        recovery = BatchRecovery(self._postgres, self._gateway, self.scheduler)
        return BatchCollector(
            self._postgres,
            self._outbox,
            gateway=self._gateway,
            scheduler=self.scheduler,
            recovery=recovery,
            landings=LANDINGS,
        )

    @cached_property
    def patterns(self) -> PatternDrafting:
        """Drafts of false-positive patterns."""
        return PatternDrafting(self.scheduler, self._cases)

    @cached_property
    def playbooks(self) -> PlaybookDrafting:
        """Drafts of playbooks."""
        return PlaybookDrafting(self.scheduler, self._cases)

    @cached_property
    def closed_cases(self) -> ClosedCases:
        """The consumer of closed cases."""
        return ClosedCases(self._producer, patterns=self.patterns, playbooks=self.playbooks)
