"""From people's dispositions to a draft of a pattern: asks for one when they suffice, checks what was proposed."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from shared.audit.event import audit_event, utc_timestamp
from shared.audit.producer import audit_message
from shared.batch.pattern_rules import common_entities, counted, not_enough, pattern_of
from shared.batch.scheduler import BatchScheduler
from shared.batch.task_types import AGENT, batch_task
from shared.bus.outbox import OutboxMessage
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.batch import BatchTask
from shared.contracts.batch_answers import PatternProposal
from shared.contracts.judged_case import JudgedCase
from shared.knowledge import pattern_rows
from shared.stores.postgres import Connection

TASK_TYPE = "fp_pattern_training"
LOOK_BACK = timedelta(days=30)
MOST_CASES = 20  # in one question
MOST_ENTITIES = 50  # of each


class CaseHistory(Protocol):
    """Cases as people judged them: shared/investigation's, or a list in tests."""

    async def of_rule(self, tenant_id: str, alert_name: str, *, since: datetime) -> list[JudgedCase]:
        """The newest cases of this alert's name, whatever became of them."""

    async def count(self, tenant_id: str, *, since: datetime) -> int:
        """How many alerts the tenant had."""

    def history(self, tenant_id: str, *, alert_name: str, since: datetime) -> AsyncIterator[JudgedCase]:
        """Every case of this name, or of every name when it is empty."""


class PatternDrafting:
    """Looks at a rule each time one of its cases is closed as a false positive."""

    def __init__(self, scheduler: BatchScheduler, cases: CaseHistory) -> None:
        self._scheduler = scheduler
        self._cases = cases

    async def consider(self, tenant_id: str, alert_name: str) -> str:
        """Ask for a draft when the rule's dispositions suffice; else why not. Asking again asks nothing new.

        Raises StoreUnavailable.
        """
        cases = await self._cases.of_rule(tenant_id, alert_name, since=datetime.now(UTC) - LOOK_BACK)
        if why := not_enough(cases):
            return why
        confirmed = counted(cases)[:MOST_CASES]
        content = json.dumps({"alert": _alert(confirmed), "context": {"confirmed_by": "analysts"}})
        task = batch_task(
            tenant_id,
            TASK_TYPE,
            user_content=content,
            metadata={"alert_name": alert_name, "cases": [case.model_dump(mode="json") for case in confirmed]},
        )
        added = await self._scheduler.put(tenant_id, [task])
        return "" if added else "these cases have been asked about already"


async def land_pattern(connection: Connection, tenant_id: str, task: BatchTask, value: Any) -> list[OutboxMessage]:
    """The draft of an answer, for people to review. Raises InvalidInput for what may not be proposed."""
    cases = [JudgedCase.from_stored(case, where=f"batch task {task.task_id}") for case in task.metadata["cases"]]
    proposal = PatternProposal.model_validate(value)
    draft = pattern_of(proposal, cases, pattern_id=f"fp-{task.task_id}", tenant_id=tenant_id, now=utc_timestamp())
    if not await pattern_rows.add(connection, draft):
        return []
    event = audit_event(
        tenant_id=tenant_id,
        event_type=AuditEventType.FP_PATTERN_CREATED,
        actor_id=AGENT,
        source_service="batch-scheduler",
        context={"pattern_id": draft.pattern_id, "alert_name": draft.alert_name, "cases": draft.source_investigations},
    )
    return [audit_message(event)]


def _alert(cases: Sequence[JudgedCase]) -> dict[str, Any]:
    """What the model is shown: the values that the confirmed cases have in common, and each case's own."""
    return {
        "title": cases[0].alert_title,
        "product": cases[0].product,
        "entities": [
            {"entity_type": kind.value, "primary_value": value}
            for kind, values in common_entities(cases).items()
            for value in values
        ],
        "cases": [
            [
                {"entity_type": entity.entity_type.value, "primary_value": entity.primary_value}
                for entity in itertools.islice(case.entities.all(), MOST_ENTITIES)
            ]
            for case in cases
        ],
    }
