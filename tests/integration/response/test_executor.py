"""The executor: what code allows is recorded as a dry run, once; everything else is refused, with its audit event."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.action import Action, ActionName, PendingAction, actions_hash
from shared.contracts.audit import AuditEvent
from shared.contracts.dead_letter import DeadLetter
from shared.contracts.executor import ExecutorConstraints
from shared.errors import StoreUnavailable
from shared.response.executor import Executor
from shared.stores.postgres import Postgres

ISOLATE = Action(action=ActionName.ISOLATE_HOST, target="ws-17")
NOTE = Action(action=ActionName.ADD_COMMENT, target="alert-1")
LIMITS = ExecutorConstraints(allowlisted_playbooks=frozenset({"pb-note"}))


@dataclass
class Case:
    """A stored investigation whose actions arrive at the executor."""

    store: Postgres
    bus: MemoryProducer
    tenant: str
    investigation_id: str

    def pending(self, action: Action, **fields: Any) -> PendingAction:
        values = {
            "action_id": f"{self.investigation_id}:0",
            "investigation_id": self.investigation_id,
            "alert_id": "alert-1",
            "tenant_id": self.tenant,
            "playbook_id": "pb-note",
            "action": action,
            "confidence": 0.9,
        }
        return PendingAction.model_validate(values | fields)

    async def execute(self, pending: PendingAction) -> None:
        executor = Executor(self.store, self.bus, LIMITS)
        await executor.process(Received("actions.pending", pending.to_json()))

    async def approve(self, *actions: Action, status: str = "granted") -> str:
        """An approval of these actions; returns its id."""
        approval_id = uuid4().hex
        async with self.store.transaction(self.tenant) as connection:
            await connection.execute(
                "INSERT INTO action_approvals (approval_id, investigation_id, tenant_id, actions, actions_hash, reason,"
                " status, requested_at, expires_at, decided_at, decided_by) VALUES (%s, %s, %s, %s, %s, 'r', %s,"
                " now(), now() + interval '4 hours', CASE WHEN %s <> 'pending' THEN now() END, 'senior')",
                (
                    approval_id,
                    self.investigation_id,
                    self.tenant,
                    Jsonb([action.model_dump(mode="json") for action in actions]),
                    actions_hash(actions),
                    status,
                    status,
                ),
            )
        return approval_id

    async def executed(self) -> list[tuple[str, str]]:
        """Status and detail of every recorded action."""
        async with self.store.transaction(self.tenant) as connection:
            cursor = await connection.execute("SELECT status, detail FROM executed_actions ORDER BY action_id")
            return [(row["status"], row["detail"]) for row in await cursor.fetchall()]

    async def audited(self) -> list[tuple[str, str, str]]:
        """Mode, outcome and severity of every event in the outbox."""
        async with self.store.transaction(self.tenant) as connection:
            cursor = await connection.execute("SELECT topic, value FROM outbox ORDER BY id")
            rows = await cursor.fetchall()
        events = [AuditEvent.from_json(row["value"]) for row in rows]
        assert {row["topic"] for row in rows} <= {"audit.events"}
        assert {(event.event_type, event.investigation_id, event.tenant_id) for event in events} <= {
            ("response.executed", self.investigation_id, self.tenant)
        }
        return [(event.context["mode"], event.outcome["outcome_status"], event.severity) for event in events]


@pytest.fixture
def case(store: Postgres, tenant: str, investigation: str) -> Case:
    return Case(store, MemoryProducer(), tenant, investigation)


DRY_RUN, REFUSED = ("dry_run", "success", "info"), ("refused", "blocked_by_guardrail", "warning")


async def test_harmless_action_of_an_allowlisted_playbook_is_a_dry_run(case: Case) -> None:
    await case.execute(case.pending(NOTE))
    assert await case.executed() == [("dry_run", "dry run: would add comment alert-1")]
    assert await case.audited() == [DRY_RUN]


async def test_redelivered_action_is_recorded_and_audited_once(case: Case) -> None:
    await case.execute(case.pending(NOTE))
    await asyncio.gather(*(case.execute(case.pending(NOTE)) for _ in range(4)))
    assert len(await case.executed()) == 1
    assert await case.audited() == [DRY_RUN]


@pytest.mark.parametrize("playbook", ["pb-other", "", "pb-note "])
async def test_harmless_action_of_another_playbook_is_refused(case: Case, playbook: str) -> None:
    await case.execute(case.pending(NOTE, playbook_id=playbook))
    ((status, detail),) = await case.executed()
    assert (status, detail.partition(":")[0]) == ("refused", "unauthorized_playbook")
    assert await case.audited() == [REFUSED]


async def test_destructive_action_with_its_granted_approval_is_a_dry_run(case: Case) -> None:
    approval = await case.approve(NOTE, ISOLATE)
    await case.execute(case.pending(ISOLATE, playbook_id="", approval_id=approval, approved_by="senior"))
    assert await case.executed() == [("dry_run", "dry run: would isolate host ws-17")]
    assert await case.audited() == [DRY_RUN]


@pytest.mark.parametrize("status", ["pending", "denied", "timed_out"])
async def test_destructive_action_without_a_granted_approval_is_refused(case: Case, status: str) -> None:
    approval = await case.approve(ISOLATE, status=status)
    await case.execute(case.pending(ISOLATE, approval_id=approval))
    ((result, detail),) = await case.executed()
    assert (result, detail.partition(":")[0]) == ("refused", "unapproved_action")
    assert await case.audited() == [REFUSED]


@pytest.mark.parametrize("approval_id", ["", "made-up"])
async def test_destructive_action_of_an_allowlisted_playbook_still_needs_an_approval(
    case: Case, approval_id: str
) -> None:
    await case.execute(case.pending(ISOLATE, approval_id=approval_id, confidence=1.0))
    assert [status for status, _ in await case.executed()] == ["refused"]


@pytest.mark.parametrize(
    "changed",
    [
        Action(action=ActionName.ISOLATE_HOST, target="dc-1"),
        Action(action=ActionName.DISABLE_ACCOUNT, target="ws-17"),
        Action(action=ActionName.ISOLATE_HOST, target="WS-17"),
    ],
    ids=["target", "action", "spelling"],
)
async def test_destructive_action_that_differs_from_the_approved_one_is_refused(case: Case, changed: Action) -> None:
    approval = await case.approve(ISOLATE)
    await case.execute(case.pending(changed, approval_id=approval))
    ((status, detail),) = await case.executed()
    assert (status, detail.partition(":")[0]) == ("refused", "changed_action")
    assert await case.audited() == [REFUSED]


async def test_approval_of_another_investigation_or_tenant_is_worth_nothing(case: Case, store: Postgres) -> None:
    other = Case(store, case.bus, case.tenant, f"i-{uuid4().hex}")
    async with store.transaction(case.tenant) as connection:
        await connection.execute(
            "INSERT INTO investigation_state SELECT %s, tenant_id, 'alert-2', source, alert_title, severity, state,"
            " graph_state, alert FROM investigation_state WHERE investigation_id = %s",
            (other.investigation_id, case.investigation_id),
        )
    approval = await other.approve(ISOLATE)
    await case.execute(case.pending(ISOLATE, approval_id=approval))
    foreign = case.pending(ISOLATE, approval_id=approval, tenant_id=f"{case.tenant}-x", action_id="foreign")
    await case.execute(foreign)
    assert [status for status, _ in await case.executed()] == ["refused"]
    async with store.transaction(f"{case.tenant}-x") as connection:
        cursor = await connection.execute("SELECT status FROM executed_actions")
        assert [row["status"] for row in await cursor.fetchall()] == ["refused"]


@pytest.mark.parametrize(
    "change",
    [
        (b"add_comment", b"format_disk"),
        (b'"confidence":0.9', b'"confidence":9'),
        (b"{", b"["),
        (b'"alert_id":"alert-1",', b""),
        (b'"target":"alert-1"', b'"target":"a\\u0000b"'),
        (b'"investigation_id":"', b'"investigation_id":"unknown-'),
    ],
    ids=["action outside the list", "confidence over 1", "no json", "field missing", "nul", "unknown investigation"],
)
async def test_poison_goes_to_the_dead_letters_and_executes_nothing(case: Case, change: tuple[bytes, bytes]) -> None:
    value = case.pending(NOTE).to_json().replace(*change)
    await Executor(case.store, case.bus, LIMITS).process(Received("actions.pending", value))
    (message,) = case.bus.on("alerts.raw.dlq")
    dead_letter = DeadLetter.from_json(message.value)
    assert (dead_letter.original, dead_letter.source_topic) == (value, "actions.pending")
    assert await case.executed() == []
    assert await case.audited() == []


async def test_unavailable_store_raises_so_that_the_action_is_delivered_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.3)
    away = Postgres("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable):
        await Executor(away, case.bus, LIMITS).process(Received("actions.pending", case.pending(NOTE).to_json()))
    assert case.bus.messages == []
    await away.close()
