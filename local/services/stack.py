"""All local services of one site as a whole: which run, in which order, and the environment that the product gets."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum

from local.samples.logs import WORKSPACE
from local.services import process, topics
from local.services.azurite import SWAGGER_UI, Azurite
from local.services.event_hubs import HUB, SIEM_HUB, EventHubs
from local.services.functions_host import FunctionsHost
from local.services.given import has_claude, replaced
from local.services.kafka import Kafka
from local.services.postgres import APP, Postgres
from local.services.process import ServiceFailed
from local.services.qdrant import Qdrant
from local.services.redis import Redis
from local.services.service import STOP_GRACE, Health, Service, ServiceStatus, ensure, look, stop
from local.services.simulators import Simulators
from local.services.site import CHECKOUT, Site
from shared.contracts.alert_source import Siem

CATALOGUE = CHECKOUT / "shared" / "contracts" / "topics.json"
SCHEMA = "schema"  # the step between the services and the host, reported like a service
AUDIENCE = "aluskort"
ALLOWLISTED_PLAYBOOKS = ("pb-note-and-ticket", "pb-phish")  # of local/demo/knowledge.json: harmless actions only


class Step(StrEnum):
    """What :meth:`Stack.up` reports of each service."""

    STARTING = "starting"
    STARTED = "started"
    REUSED = "reused"
    FAILED = "failed"


Report = Callable[[str, Step], None]  # called from several threads, with a service's name


@dataclass(frozen=True, slots=True)
class Stack:
    """The services of ``site``; ``given`` is the user's environment, whose URLs replace services."""

    site: Site
    given: Mapping[str, str]

    def up(self, report: Report, *, with_host: bool = True, ports: Mapping[str, int] | None = None) -> list[str]:
        """Bring everything up and return the names of those that had to be started. Repeatable after any interruption.

        ``ports`` are those that somebody chose, by service; the others are kept or free ones.

        :raises ServiceFailed: names every service that did not come up and shows the end of its log.
        """
        with self.site.locked("stack"):
            self._renew_ports()
            for name, port in (ports or {}).items():
                self.site.choose_port(name, port)
            started = self._start_together(self.backing(), report)
            report(SCHEMA, Step.STARTING)
            self._prepare_stores()
            report(SCHEMA, Step.STARTED)
            return started + (self._start_together([self.host()], report) if with_host else [])

    def down(self) -> list[str]:
        """Stop all services, also those that the environment has replaced since; return the names of those that ran."""
        with self.site.locked("stack"):
            host, *others = self._every()
            ran = [stop(host, self.site)]
            with ThreadPoolExecutor(len(others)) as pool:
                ran += pool.map(lambda service: stop(service, self.site), others)
            stopped = [service.name for service, was_up in zip([host, *others], ran, strict=True) if was_up]
            process.stop_all(self.site.processes(), gently=signal.SIGTERM, grace=STOP_GRACE)
            return stopped

    def services(self) -> list[Service]:
        """Return the services that this stack runs, in starting order."""
        return [*self.backing(), self.host()]

    def statuses(self) -> dict[str, ServiceStatus]:
        """Return what a look at each service finds."""
        services = self.services()
        with ThreadPoolExecutor(len(services)) as pool:
            return dict(zip([s.name for s in services], pool.map(lambda s: look(s, self.site), services), strict=True))

    def versions(self) -> dict[str, str]:
        """Return the version of each service that is healthy."""
        statuses = self.statuses()
        return {s.name: s.version() for s in self.services() if statuses[s.name].health is Health.HEALTHY}

    def replaced(self) -> list[str]:
        """Return the names of the services that the environment gives."""
        return sorted(replaced(self.given))

    def backing(self) -> list[Service]:
        """Return all but the host, without those that the environment replaces."""
        absent = replaced(self.given)
        return [service for service in reversed(self._every()[1:]) if service.name not in absent]

    def host(self) -> FunctionsHost:
        """Return the host with the environment that it runs in."""
        return FunctionsHost(self.site, self.environment())

    def environment(self) -> dict[str, str]:
        """Return every variable that the product needs here; what the user gave goes before what is local."""
        postgres, azurite, hubs = Postgres(self.site), Azurite(self.site), EventHubs(self.site)
        blob = self.given.get("ALUSKORT_BLOB_CONNECTION_STRING") or azurite.connection_string()
        local = {
            "ALUSKORT_POSTGRES_URL": postgres.url(role=APP, database="aluskort"),
            "ALUSKORT_POSTGRES_OWNER_URL": postgres.url(database="aluskort"),
            "ALUSKORT_TASKHUB_URL": postgres.url(database="taskhub"),
            "ALUSKORT_REDIS_URL": Redis(self.site).url(),
            "ALUSKORT_KAFKA_BROKERS": Kafka(self.site).brokers(),
            "ALUSKORT_QDRANT_URL": Qdrant(self.site).url(),
            "ALUSKORT_BLOB_CONNECTION_STRING": blob,
            "AzureWebJobsStorage": blob,
            "ALUSKORT_SENTINEL_EVENTHUB": hubs.connection_string(),
            "ALUSKORT_SENTINEL_HUB": HUB,
            "ALUSKORT_SIEM_HUB": SIEM_HUB,
            "ALUSKORT_ALERT_SOURCES": json.dumps({siem: {"siem": siem, "tenant": WORKSPACE} for siem in Siem}),
            "ALUSKORT_SENTINEL_MODE": "event_hub",
            "ALUSKORT_WORKSPACES": json.dumps(self._workspaces()),
            "ALUSKORT_LOG_ANALYTICS_ENDPOINT": Simulators(self.site).log_analytics_url(),
            "ALUSKORT_HOST_STATE_DIR": str(FunctionsHost.state_folder(self.site)),
            "ALUSKORT_ALLOWLISTED_PLAYBOOKS": json.dumps(ALLOWLISTED_PLAYBOOKS),
            "ALUSKORT_OPERATOR_TENANT": WORKSPACE,
            "ALUSKORT_ACTION_LIVE": "{}",
            "ALUSKORT_ACTION_INCIDENTS": "{}",
            "ALUSKORT_ACTION_DEFENDER_URL": Simulators(self.site).defender_url(),
            "ALUSKORT_ACTION_GRAPH_URL": Simulators(self.site).graph_url(),
            "ALUSKORT_ACTION_MANAGEMENT_URL": Simulators(self.site).sentinel_url(),
            "ALUSKORT_SWAGGER_UI": str(SWAGGER_UI),
        }
        local |= self._identity()
        return {name: self.given.get(name) or value for name, value in local.items()} | self._model()

    def _workspaces(self) -> dict[str, str]:
        """The samples' workspace while Log Analytics is the simulated one, which alone has it."""
        real = self.given.get("ALUSKORT_LOG_ANALYTICS_ENDPOINT") or "simulators" in replaced(self.given)
        return {} if real else {WORKSPACE: WORKSPACE}

    def _model(self) -> dict[str, str]:
        if has_claude(self.given):
            return {"ALUSKORT_MODEL_PROVIDER": self.given.get("ALUSKORT_MODEL_PROVIDER") or "anthropic"}
        return {
            "ALUSKORT_MODEL_PROVIDER": "simulated",
            "ANTHROPIC_BASE_URL": Simulators(self.site).claude_url(),
            "ANTHROPIC_API_KEY": "simulated",
        }

    def _identity(self) -> dict[str, str]:
        simulators = Simulators(self.site)
        return {
            "ALUSKORT_OIDC_ISSUER": simulators.issuer(),
            "ALUSKORT_OIDC_AUDIENCE": AUDIENCE,
            "ALUSKORT_OIDC_JWKS_URL": simulators.jwks_url(),
        }

    def _every(self) -> list[Service]:
        """The host, which uses all the others and stops before them, then these."""
        return [
            FunctionsHost(self.site),
            Simulators(self.site),
            EventHubs(self.site),
            Azurite(self.site),
            Redis(self.site),
            Qdrant(self.site),
            Postgres(self.site),
            Kafka(self.site, CATALOGUE),
        ]

    def _renew_ports(self) -> None:
        for service in self._every():
            if process.find(self.site.record(service.name)) is None:
                # the host goes back to 7071 as soon as it can; the others keep a port that is still free
                self.site.release_ports(service.name, even_free=isinstance(service, FunctionsHost))

    def _start_together(self, services: list[Service], report: Report) -> list[str]:
        started, failures = [], []
        given_up = threading.Event()
        with ThreadPoolExecutor(len(services) or 1) as pool, ExitStack() as end:
            end.callback(given_up.set)  # Ctrl-C too must not wait for slow starts
            running = {pool.submit(ensure, s, self.site, given_up=given_up): s.name for s in services}
            for name in running.values():
                report(name, Step.STARTING)
            for future in as_completed(running):
                name = running[future]
                try:
                    new = future.result()
                except ServiceFailed as failure:
                    failures.append(str(failure))
                    report(name, Step.FAILED)
                else:
                    report(name, Step.STARTED if new else Step.REUSED)
                    started += [name] if new else []
        if failures:
            raise ServiceFailed("\n\n".join(failures))
        return started

    def _prepare_stores(self) -> None:
        """Bring the schema to its newest state; a Kafka that was given gets its topics, as ours has."""
        from shared.stores.migrations import migrate  # noqa: PLC0415 - `status` and `down` need no migration library

        environment, absent = self.environment(), replaced(self.given)
        migrate(environment["ALUSKORT_POSTGRES_OWNER_URL"])
        if "postgres" not in absent:
            Postgres(self.site).allow_app()
        if "kafka" in absent:
            asyncio.run(topics.create(CATALOGUE, brokers=environment["ALUSKORT_KAFKA_BROKERS"]))
