"""One case from its alert to its audited action, made by processes that SIGKILL ends at a given checkpoint.

A checkpoint is where a crash can leave something half done: before and after each commit in PostgreSQL, and before and
after each message on the bus, which is a file here, as it has to outlive the process. Each line of standard input asks
for one run; a fork makes it, since loading the product takes longer than the case.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg.pq import TransactionStatus

import shared.bus.outbox
import shared.stores.qdrant  # loaded once for all runs
from shared.bootstrap import Services
from shared.bus.producer import check_message
from shared.bus.received import Received
from shared.contracts.approval import ApprovalDecision
from shared.contracts.investigation import InvestigationState
from shared.errors import Conflict
from shared.investigation.flow import AwaitApproval, Progress, Run, investigation_flow
from shared.investigation.graph import InvestigationGraph
from shared.settings import Settings
from shared.stores.postgres import BEGIN, COMMIT, Connection, Postgres, Result, Statement
from tests.integration.investigation.release import Model
from tests.integration.vectors import own_qdrant

shared.bus.outbox.LEASE = timedelta(
    0
)  # what a killed process claimed is free at once: its successor starts within a moment


class Checkpoints:
    """Counts them and ends the process at the one numbered ``last``; each is noted under what was being done."""

    def __init__(self, last: int, notes: Path) -> None:
        self.doing = ""
        self._last = last
        self._passed = 0
        self._notes = notes

    def passed(self, what: str) -> None:
        self._passed += 1
        with self._notes.open("a") as notes:
            notes.write(f"{self.doing}: {what}\n")
        if self._passed == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class FileBus:
    """A producer whose messages are lines of a file, and the one consumer of all topics, which commits what it took."""

    def __init__(self, folder: Path, checkpoints: Checkpoints) -> None:
        self._file, self._taken, self._checkpoints = folder / "messages", folder / "taken", checkpoints
        self._file.touch()

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        check_message(topic, value)
        self._checkpoints.passed(f"before publishing on {topic}")
        with self._file.open("a") as file:
            file.write(json.dumps([topic, value.decode()]) + "\n")
        self._checkpoints.passed(f"after publishing on {topic}")

    def next(self) -> Received | None:
        lines = self._file.read_text().splitlines()[self.taken() :]
        return (
            Received(*(part if not place else part.encode() for place, part in enumerate(json.loads(lines[0]))))
            if lines
            else None
        )

    def taken(self) -> int:
        return int(self._taken.read_text()) if self._taken.exists() else 0

    def commit(self) -> None:
        self._taken.with_suffix(".new").write_text(str(self.taken() + 1))
        self._taken.with_suffix(".new").rename(self._taken)
        self._checkpoints.passed("after the message was taken")


class Host:
    """What the functions and the durable host do with one case, in one process, until nothing is left to do."""

    def __init__(self, services: Services, bus: FileBus, checkpoints: Checkpoints) -> None:
        self._services, self._bus, self._checkpoints = services, bus, checkpoints

    async def run(self, tenant: str, case: str) -> None:
        outbox = self._services.bus.outbox
        while await self._consume() or await self._follow(tenant, case) or self._bus.next():
            await outbox.settled()
            await outbox.sweep()

    async def _consume(self) -> bool:
        message = self._bus.next()
        if message is None:
            return False
        self._checkpoints.doing = message.topic
        investigation = self._services.investigation
        if message.topic == "alerts.normalized":
            await investigation.intake.open(message)
        elif message.topic.startswith("jobs.llm.priority."):
            await investigation.jobs.answer(message)
        elif message.topic == "actions.pending":
            await self._services.response.executor.process(message)
        elif message.topic == "audit.events":
            await self._services.audit.append_messages([message.value])
        self._bus.commit()
        return True

    async def _follow(self, tenant: str, case: str) -> bool:
        """Replay the flow from its beginning, as an orchestrator does; whether the state changed."""
        graph, cases = self._services.investigation.graph, self._services.investigation.cases
        before = await cases.load(tenant, case)
        flow, progress = investigation_flow(), Progress(state=before.state)
        request = next(flow)
        while True:
            if isinstance(request, Run):
                for step in request.steps:
                    self._checkpoints.doing = step
                    progress = await graph.perform(tenant, case, step, request.attempt)
            elif isinstance(request, AwaitApproval):
                await self._grant(tenant, request.approval_id)
            elif not await self._answered(graph, tenant, case):
                break
            try:
                request = flow.send(progress)
            except StopIteration:
                break
        await self._services.bus.outbox.settled()
        return (await cases.load(tenant, case)).version != before.version

    async def _answered(self, graph: InvestigationGraph, tenant: str, case: str) -> bool:
        state = await self._services.investigation.cases.load(tenant, case)
        return bool(await self._services.investigation.cases.findings(state, "reason")) or state.state not in {
            InvestigationState.REASONING
        }

    async def _grant(self, tenant: str, approval_id: str) -> None:
        self._checkpoints.doing = "approval"
        approvals = self._services.investigation.approvals
        approval = await approvals.resolve(tenant, approval_id)
        decision = ApprovalDecision(approved=True, actions_hash=approval.actions_hash)
        with suppress(Conflict):  # it was recorded before the process ended
            await approvals.decide(tenant, approval_id, decision, decided_by="senior", permissions=[])


def count_commits(checkpoints: Checkpoints) -> None:
    connection_of, sent = Postgres._connection, Connection.together

    @asynccontextmanager
    async def counted(
        self: Postgres, tenant_id: str, *first: Statement, whole: bool = False
    ) -> AsyncIterator[tuple[Connection, list[Result]]]:
        async with connection_of(self, tenant_id, *first, whole=whole) as begun:
            yield begun
            if ended := begun[0].info.transaction_status is TransactionStatus.IDLE:
                return
            checkpoints.passed("before the commit")
        if not ended:
            checkpoints.passed("after the commit")

    async def counted_sent(self: Connection, statements: Sequence[Statement]) -> list[Result]:
        outside = self.info.transaction_status is TransactionStatus.IDLE and BEGIN not in statements
        if ends := outside or COMMIT in statements:
            checkpoints.passed("before the commit")
        results = await sent(self, statements)
        if ends:
            checkpoints.passed("after the commit")
        return results

    Postgres._connection = counted  # type: ignore[method-assign]
    Connection.together = counted_sent  # type: ignore[method-assign]


async def investigate(folder: Path, last: int, tenant: str, case: str) -> None:
    checkpoints = Checkpoints(last, folder / "checkpoints")
    count_commits(checkpoints)
    services = Services(Settings())
    bus = FileBus(folder, checkpoints)
    services.bus.producer = bus  # type: ignore[assignment]
    services.stores.qdrant = own_qdrant()
    services._gateway = Model  # type: ignore[method-assign]
    await Host(services, bus, checkpoints).run(tenant, case)


def main() -> None:
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            asyncio.run(
                investigate(Path(request["folder"]), request["last"], request["tenant"], request["investigation"])
            )
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
