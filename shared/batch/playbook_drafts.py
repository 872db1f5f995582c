"""From attacks that people confirmed to a draft of a playbook. Nothing in it runs: a person reviews it, writes the
conditions under which it may act (design §8.15) and approves it; to let it act alone is a separate act of an admin.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shared.audit.event import audit_event, utc_timestamp
from shared.audit.producer import audit_message
from shared.batch.pattern_drafts import LOOK_BACK, MOST_CASES, CaseHistory
from shared.batch.scheduler import BatchScheduler
from shared.batch.task_types import AGENT, batch_task
from shared.bus.outbox import OutboxMessage
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.batch import BatchTask, PlaybookDraft, ProposedPlaybook
from shared.contracts.batch_answers import PlaybookProposal
from shared.contracts.judged_case import JudgedCase
from shared.errors import InvalidInput
from shared.stores.postgres import Connection

TASK_TYPE = "playbook_generation"
TOPIC = "playbooks.draft"
LEAST_CASES = 2


class PlaybookDrafting:
    """Looks at a rule each time one of its cases is closed as an attack."""

    def __init__(self, scheduler: BatchScheduler, cases: CaseHistory) -> None:
        self._scheduler = scheduler
        self._cases = cases

    async def consider(self, tenant_id: str, alert_name: str) -> str:
        """Ask for a draft when people took the same steps in several attacks; else why not. Raises StoreUnavailable."""
        cases = await self._cases.of_rule(tenant_id, alert_name, since=datetime.now(UTC) - LOOK_BACK)
        attacks = [case for case in cases if case.was_an_attack and case.actions][:MOST_CASES]
        steps = _repeated(attacks)
        if not steps:
            return f"no action was taken in {LEAST_CASES} of {len(attacks)} confirmed attack(s)"
        alert = {
            "title": alert_name,
            "techniques": sorted({technique for case in attacks for technique in case.techniques}),
            "actions_taken": [case.actions for case in attacks],
        }
        task = batch_task(
            tenant_id,
            TASK_TYPE,
            user_content=json.dumps({"alert": alert}),
            metadata={"steps": steps, "cases": [case.investigation_id for case in attacks]},
        )
        added = await self._scheduler.put(tenant_id, [task])
        return "" if added else "these cases have been asked about already"


async def land_playbook(_: Connection, tenant_id: str, task: BatchTask, value: Any) -> list[OutboxMessage]:
    """The draft of an answer, for people to review. Raises InvalidInput for a step that nobody took."""
    proposal = PlaybookProposal.model_validate(value)
    taken, cases = task.metadata["steps"], task.metadata["cases"]
    strange = [step.action.value for step in proposal.steps if step.action not in taken]
    if strange:
        raise InvalidInput("playbook.steps", got=", ".join(strange), expected=f"steps that people took: {taken}")
    draft = PlaybookDraft(
        playbook_id=f"pb-{task.task_id}",
        name=proposal.name,
        description=proposal.description,
        tactics=proposal.tactics,
        techniques=proposal.techniques,
        remediation_steps=[step.action.value for step in proposal.steps],
        confidence=proposal.confidence,
        source_investigations=cases,
        created_at=utc_timestamp(),
    )
    event = audit_event(
        tenant_id=tenant_id,
        event_type=AuditEventType.PLAYBOOK_GENERATED,
        actor_id=AGENT,
        source_service="batch-scheduler",
        context={"playbook_id": draft.playbook_id, "title": draft.name, "cases": cases},
    )
    proposed = ProposedPlaybook(tenant_id=tenant_id, draft=draft)
    return [audit_message(event), OutboxMessage(topic=TOPIC, key=draft.playbook_id, value=proposed.to_json())]


def _repeated(attacks: Sequence[JudgedCase]) -> list[str]:
    """Actions that were taken in enough of the cases, in the order of the first."""
    counts = Counter(action for case in attacks for action in dict.fromkeys(case.actions))
    return [action for action, count in counts.items() if count >= LEAST_CASES]
