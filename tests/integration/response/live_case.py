"""A case whose approved actions are carried out on the simulated products."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from local.services.simulators import Simulators
from shared.bus.outbox import Outbox
from shared.bus.received import Received
from shared.contracts.action import Action, ActionClass, ActionStatus
from shared.contracts.audit import AuditEvent
from shared.response.connectors.connector import Connector
from shared.response.executor import Executor
from shared.response.live import LiveActions
from shared.response.stored_actions import StoredAction, lock
from shared.response.undo import Undo
from tests.integration.response.test_executor import LIMITS, Case


@dataclass
class LiveCase(Case):
    """``connectors`` are live for the case's tenant."""

    connectors: dict[ActionClass, Connector] = field(default_factory=dict)
    live: frozenset[ActionClass] = frozenset(ActionClass)

    def __post_init__(self) -> None:
        outbox = Outbox(self.store, self.bus)
        self.outbox = outbox
        self.actions = LiveActions(
            self.store, outbox, connectors=self.connectors, live={self.tenant: self.live} if self.live else {}
        )
        self.undo = Undo(self.store, outbox, self.actions)

    async def begin(self, action: Action, *, number: int = 0) -> str:
        """Approve an action and hand it to the executor; its id."""
        pending = self.pending(
            action,
            playbook_id="",
            approval_id=await self.approve(action),
            approved_by="senior",
            action_id=f"{self.investigation_id}:{number}",
        )
        await Executor(self.store, self.bus, LIMITS, self.actions).process(
            Received("actions.pending", pending.to_json())
        )
        return pending.action_id

    async def tick(self, times: int = 1) -> None:
        """The timer, with every pause over."""
        for _ in range(times):
            async with self.store.transaction(self.tenant) as connection:
                cursor = await connection.execute(
                    "UPDATE executed_actions SET next_try_at = now() WHERE next_try_at IS NOT NULL AND tenant_id = %s"
                    " RETURNING action_id",
                    (self.tenant,),
                )
                due = await cursor.fetchall()
            for row in due:
                await self.actions.carry_out(self.tenant, row["action_id"])

    async def read(self, action_id: str) -> StoredAction:
        async with self.store.transaction(self.tenant) as connection:
            return await lock(connection, self.tenant, action_id)

    async def status(self, action_id: str) -> ActionStatus:
        return (await self.read(action_id)).status

    async def events(self) -> list[tuple[str, str]]:
        """Type and mode of every audit event, in order."""
        await self.outbox.settled()
        found = [AuditEvent.from_json(message.value) for message in self.bus.on("audit.events")]
        mine = [event for event in found if event.tenant_id == self.tenant]
        return [(str(event.event_type), event.context["mode"]) for event in mine]


@dataclass(frozen=True)
class Product:
    """A simulated product, as a test sets it up and looks at it."""

    url: str

    @classmethod
    def of(cls, simulators: Simulators, name: str) -> Product:
        return cls(f"{simulators.claude_url().removesuffix('/claude')}/control/{name}")

    async def set(self, **state: Any) -> None:
        async with httpx.AsyncClient() as client:
            (await client.put(self.url, json=state)).raise_for_status()

    async def _shown(self) -> dict[str, Any]:
        async with httpx.AsyncClient() as client:
            shown: dict[str, Any] = (await client.get(self.url)).json()
        return shown

    async def state(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self._shown())["state"]
        return found

    async def change(self, **state: Any) -> None:
        """Change a part, and forget the requests so far."""
        await self.set(**(await self.state() | state))

    async def asked(self, *methods: str) -> list[str]:
        """What was asked, in order, by these HTTP methods."""
        return [one["asked"] for one in (await self._shown())["requests"] if one["asked"].split(" ")[0] in methods]
