"""One release of the product as a process: whichever `shared` comes first on its path, on the given stores.

Each line of standard input is a request in JSON, each line of standard output the answer. The previous release runs
this file too, so it may use only what both have.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import shared
from shared.audit.ledger import AuditLedger
from shared.audit.service import AuditService
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.alert import NormalizedAlert
from shared.contracts.approval import ApprovalDecision
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.gateway import APICallMetrics, GatewayRequest, GatewayResponse
from shared.ctem.exposures import Exposures
from shared.errors import StoreUnavailable
from shared.investigation.agents.atlas_mapper import ATLASMapperAgent
from shared.investigation.agents.context_enricher import ContextEnricherAgent
from shared.investigation.agents.ctem_correlator import CTEMCorrelatorAgent
from shared.investigation.agents.response import ResponseAgent
from shared.investigation.approvals import Approvals
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.intake import InvestigationIntake, LLMJobs
from shared.investigation.repository import InvestigationRepository
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicators
from shared.knowledge.risk import RiskSignals
from shared.response.executor import Executor
from shared.response.playbooks import Playbooks
from shared.routing.degradation import QUEUE_CONCURRENCY
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis

KINDS = ("ip_addresses", "file_hashes", "domains", "urls", "emails", "accounts", "registry_keys", "processes")
NO_IOCS: dict[str, Any] = {kind: [] for kind in KINDS} | {"none_found": True}
ISOLATE = {
    "classification": "true_positive",
    "confidence": 0.95,
    "severity": "high",
    "attack_techniques": [],
    "atlas_techniques": [],
    "reasoning_chain": ["the evidence says so"],
    "why": {"speaks_for": [], "speaks_against": [], "missing": []},
    "recommended_actions": [{"action": "isolate_host", "target": "ws-17", "risk": "high", "needs_approval": False}],
    "requires_human_approval": False,
    "risk_state": "unknown",
}


class NoVectors:
    """A vector store that is down: each release then looks in PostgreSQL."""

    async def search(self, *_: Any, **__: Any) -> Any:
        raise StoreUnavailable("Qdrant", "it is not there")


class Model:
    """Finds no indicators and wants a host isolated, always."""

    async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
        content = NO_IOCS if request.task_type == "ioc_extraction" else ISOLATE
        metrics = APICallMetrics(model_id="scripted", provider="simulated", cost_usd=0.01)
        return GatewayResponse(
            content=json.dumps(content),
            model_id="scripted",
            tokens_used=10,
            valid=True,
            raw_output="",
            metrics=metrics,
        )


def has(package: str) -> bool:
    """Whether this release has a package. An import may find today's: the environment's own installation of it."""
    return (Path(shared.__file__).parent / package).is_dir()


def since_previous(store: Postgres) -> dict[str, Any]:
    """What steps work with that the previous release does not have."""
    if not has("incidents"):
        return {}
    from shared.incidents.repository import Incidents  # noqa: PLC0415
    from shared.investigation.asked import AskedActions  # noqa: PLC0415

    return {"incidents": Incidents(store), "asked": AskedActions(store)}


def kill_switches(store: Postgres) -> Any:
    """The reader of kill switches: an object in the previous release, a query in this one."""
    found = import_module("shared.access.kill_switch")
    return found.KillSwitches(store) if hasattr(found, "KillSwitches") else found.active_switches


async def wake_nobody(_: object) -> None:
    """The test makes the steps itself."""


def questions_to_the_logs(redis: Redis) -> dict[str, Any]:
    """A hunter that has no workspace to ask; a release before there were questions to the logs knows none."""
    if not has("hunting"):
        return {}
    return {"hunter": import_module("shared.hunting.hunter").Hunter(lambda: None, redis, {}, seconds=1)}


@dataclass
class Release:
    """What the functions of a release do, one request at a time."""

    store: Postgres
    redis: Redis
    bus: MemoryProducer = field(default_factory=MemoryProducer)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store, self.bus)
        self.approvals = Approvals(self.store, self.outbox, wake_nobody)
        hunter = questions_to_the_logs(self.redis)
        nothing: Any = NoVectors()
        incidents = IncidentMemory(self.store, nothing)
        self.graph = InvestigationGraph(
            StepContext(
                repository=InvestigationRepository(self.store),
                outbox=self.outbox,
                approvals=self.approvals,
                gateway=Model(),
                indicators=Indicators(self.store, self.redis),
                patterns=FPPatterns(self.store),
                enricher=ContextEnricherAgent(RiskSignals(self.store), incidents, **hunter),
                correlator=CTEMCorrelatorAgent(Exposures(self.store)),
                mapper=ATLASMapperAgent(),
                responder=ResponseAgent(Playbooks(self.store)),
                kill_switches=kill_switches(self.store),
                constraints=ExecutorConstraints(allowlisted_playbooks=frozenset()),
                approval_timeout=timedelta(hours=4),
                llm_wait=timedelta(seconds=60),
                **since_previous(self.store),
                **hunter,
            )
        )

    async def source(self) -> str:
        """Where this release's code is."""
        return str(shared.__file__)

    async def open(self, alert: dict[str, Any]) -> str | None:
        """A message of `alerts.normalized`; the id of its investigation."""
        value = NormalizedAlert.model_validate(alert).to_json()
        opened = await InvestigationIntake(self.bus, self.graph).open(Received("alerts.normalized", value))
        return opened.state.investigation_id if opened else None

    async def perform(self, tenant: str, investigation: str, step: str) -> str:
        """One step; the state after it."""
        return str((await self.graph.perform(tenant, investigation, Step(step))).state)

    async def answer(self, topic: str, value: str) -> None:
        """A message of `jobs.llm.priority.*`."""
        await LLMJobs(self.bus, self.graph, concurrency=QUEUE_CONCURRENCY).answer(Received(topic, value.encode()))

    async def approve(self, tenant: str, approval: str) -> None:
        """A person grants what is asked."""
        found = await self.approvals.resolve(tenant, approval)
        decision = ApprovalDecision(approved=True, actions_hash=found.actions_hash)
        await self.approvals.decide(tenant, approval, decision, decided_by="senior", permissions=[])

    async def execute(self, value: str) -> None:
        """A message of `actions.pending`."""
        executor = Executor(self.store, self.bus, ExecutorConstraints(allowlisted_playbooks=frozenset()))
        await executor.process(Received("actions.pending", value.encode()))

    async def append(self, values: list[str]) -> int:
        """Messages of `audit.events`; how many of them were refused."""
        report = await AuditService(self.store).append_messages([value.encode() for value in values])
        return int(report.rejected)

    async def records(self, tenant: str, investigation: str) -> int:
        """How many audit records of a case a person sees."""
        return len(await AuditLedger(self.store).of_investigation(tenant, investigation))


async def main(postgres: str, redis: str) -> None:
    """Answer requests until standard input ends."""
    release = Release(Postgres(postgres), Redis(redis))
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        already = len(release.bus.messages)
        result, raised = None, []
        try:
            result = await getattr(release, request["ask"])(**request["of"])
            await release.outbox.settled()
        except Exception as error:
            raised = [kind.__name__ for kind in type(error).__mro__]
            print(repr(error), file=sys.stderr)  # noqa: T201
        sent = [(message.topic, message.value.decode()) for message in release.bus.messages[already:]]
        print(json.dumps({"result": result, "raised": raised, "sent": sent}), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
