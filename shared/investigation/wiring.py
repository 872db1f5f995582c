"""Investigations, built on the other domains. The gateway comes as a function, as loading it takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, partial

from shared.bus.wiring import Bus
from shared.ctem.exposures import Exposures
from shared.gateway.breaker_board import BreakerBoard
from shared.hunting.wiring import Hunting
from shared.incidents.repository import Incidents
from shared.investigation.agents.agent import Gateway
from shared.investigation.agents.atlas_mapper import ATLASMapperAgent
from shared.investigation.agents.context_enricher import ContextEnricherAgent
from shared.investigation.agents.ctem_correlator import CTEMCorrelatorAgent
from shared.investigation.agents.playbook_chooser import PlaybookChooserAgent
from shared.investigation.agents.response import ResponseAgent
from shared.investigation.approval_watch import ApprovalWatch
from shared.investigation.approvals import Approvals
from shared.investigation.asked import AskedActions
from shared.investigation.graph import InvestigationGraph
from shared.investigation.intake import InvestigationIntake, LLMJobs
from shared.investigation.precedence import Precedence
from shared.investigation.repository import InvestigationRepository
from shared.investigation.steps.step_context import ActiveSwitches, InShadow, StepContext
from shared.investigation.stuck import StuckCases
from shared.investigation.waking import wake_current
from shared.knowledge.wiring import Knowledge
from shared.notifications.queue import Notifications
from shared.response.wiring import Response
from shared.routing.degradation import QUEUE_CONCURRENCY
from shared.settings import Settings
from shared.stores.wiring import STEP_CONNECTIONS, Stores


class Investigation:
    """The graph and its two ways in, the approval gate and the order of steps."""

    def __init__(  # noqa: PLR0913 - the domains that an investigation may use (design §2)
        self,
        settings: Settings,
        stores: Stores,
        bus: Bus,
        *,
        gateway: Callable[[], Gateway],
        knowledge: Knowledge,
        hunting: Hunting,
        response: Response,
        kill_switches: ActiveSwitches,
        in_shadow: InShadow,
        notifications: Notifications,
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._bus = bus
        self._gateway = gateway
        self._knowledge = knowledge
        self._hunting = hunting
        self._response = response
        self._kill_switches = kill_switches
        self._in_shadow = in_shadow
        self.cases = InvestigationRepository(stores.postgres)
        self.approvals = Approvals(stores.postgres, bus.outbox, wake_current)
        self.approval_watch = ApprovalWatch(stores.postgres, self.approvals, notifications)
        self.precedence = Precedence(STEP_CONNECTIONS)  # as many steps at once as there are connections for them

    @cached_property
    def graph(self) -> InvestigationGraph:
        """The steps of an investigation."""
        knowledge, postgres, gateway = self._knowledge, self._stores.postgres, self._gateway()
        return InvestigationGraph(
            StepContext(
                repository=self.cases,
                outbox=self._bus.outbox,
                approvals=self.approvals,
                incidents=Incidents(postgres),
                asked=AskedActions(postgres),
                gateway=gateway,
                hunter=self._hunting.hunter,
                indicators=knowledge.indicators,
                patterns=knowledge.patterns,
                enricher=ContextEnricherAgent(knowledge.risk, knowledge.incidents, self._hunting.hunter),
                correlator=CTEMCorrelatorAgent(Exposures(postgres)),
                mapper=ATLASMapperAgent(),
                chooser=PlaybookChooserAgent(gateway, self._response.playbooks),
                responder=ResponseAgent(self._response.playbooks, self._response.assets),
                kill_switches=self._kill_switches,
                model_level=partial(BreakerBoard(self._stores.redis).level, self._settings.model.provider),
                in_shadow=self._in_shadow,
                constraints=self._response.constraints,
                protected_targets=self._response.protected.of,
                approval_timeout=self._settings.approval.timeout,
                approval_timeouts=self._settings.approval.timeouts,
                llm_wait=timedelta(seconds=self._settings.llm.wait_seconds),
            )
        )

    @cached_property
    def stuck(self) -> StuckCases:
        """Cases at work that make no step."""
        llm_wait = timedelta(seconds=self._settings.llm.wait_seconds)
        return StuckCases(self._stores.postgres, self.approvals, self.graph, llm_wait=llm_wait)

    @cached_property
    def intake(self) -> InvestigationIntake:
        """The consumer of `alerts.normalized`."""
        return InvestigationIntake(self._bus.producer, self.graph)

    @cached_property
    def jobs(self) -> LLMJobs:
        """The consumer of `jobs.llm.priority.*`."""
        return LLMJobs(self._bus.producer, self.graph, concurrency=QUEUE_CONCURRENCY)
