"""The host itself: loads the app, starts every trigger in this process and loop, stops them in order. HTTP functions
have a process of their own.

kill -9 loses nothing: offsets, checkpoints and durable history are written after the work they stand for.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from local.host.admin import Admin
from local.host.app_settings import AppSettings
from local.host.broker import Broker
from local.host.eventhub_trigger import EventHubTrigger
from local.host.http_process import HttpProcess
from local.host.http_trigger import route_of
from local.host.kafka_trigger import KafkaTrigger, broker_list
from local.host.keys import load_keys
from local.host.loaded_app import LoadedApp, hub_routes, start_hub
from local.host.messages import TypedData
from local.host.server import GRACE_SECONDS, Server, bind, url_of
from local.host.storage import HostStorage
from local.host.timer_trigger import TimerTrigger
from local.host.worker import Target
from local.taskhub import TaskHub
from shared.errors import AluskortError

log = logging.getLogger(__name__)


class Trigger(Protocol):
    """What feeds one function: KafkaTrigger, EventHubTrigger, TimerTrigger."""

    @property
    def title(self) -> str:
        """What the start log says about it."""

    async def run(self, ready: Callable[[], None]) -> None:
        """Feed the function until the host stops; `ready` is called once it is at work."""


class Host:
    """One function app on one port. `load`, then `run`; `stop` may be called at any time."""

    def __init__(self, *, app_dir: Path, port: int, state_dir: Path) -> None:
        self._app_dir = app_dir
        self._port = port
        self._state_dir = state_dir
        self._state = "Starting"
        self._stop_asked = asyncio.Event()
        self._app: LoadedApp
        self._storage: HostStorage | None = None
        self._triggers: dict[str, Trigger] = {}
        self._brokers: dict[str, Broker] = {}

    def stop(self) -> None:
        """Ask the host to stop."""
        self._stop_asked.set()

    @property
    def busy(self) -> bool:
        """Whether an invocation was cut off and may still run in its thread."""
        return self._app.worker.abandoned > 0

    async def load(self) -> None:
        """Read settings and host.json, index the app; ConfigurationError for whatever would not start."""
        self._app = await LoadedApp.load(self._app_dir)

    async def run(self) -> bool:
        """Serve until asked to stop; True when it ended by request, False when a trigger failed."""
        public = bind(self._port)
        own = bind(0) if self._app.http_functions else public  # the other process answers at the public address
        hub = self._app.task_hub()
        app = self._assemble(url_of(own), hub)
        self._log_functions(url_of(public))
        try:
            if hub and not await start_hub(hub.start, self._stop_asked):
                return True
            return await self._serve(app, own, public)
        finally:
            public.close()
            if hub:
                await hub.stop()
            if self._storage:
                await self._storage.close()
            log.info("Host has stopped.")

    async def _serve(self, app: Starlette, own: socket.socket, public: socket.socket) -> bool:
        """Answer HTTP while the triggers run, and after them: functions that finish may still use the task hub."""
        server, url = Server(app), url_of(public)
        servers = [asyncio.create_task(server.serve(sockets=[own]), name="HTTP server")]
        http = None
        try:
            if own is not public:
                http = await HttpProcess.start(
                    public, app_dir=self._app_dir, state_dir=self._state_dir, host_url=url_of(own)
                )
                if not await http.serving():
                    return self._stop_asked.is_set()
                servers.append(asyncio.create_task(http.run(), name="HTTP functions"))
            return await self._run_triggers(url, *servers)
        finally:
            if http:
                await http.stop()
            server.should_exit = True
            await asyncio.gather(*servers, return_exceptions=True)

    async def _run_triggers(self, url: str, *serving: asyncio.Task[None]) -> bool:
        """Run all triggers and wait for the stop, in which case those get GRACE_SECONDS to finish."""
        waiting = set(self._triggers)
        all_ready = asyncio.Event()

        def ready(name: str) -> None:
            waiting.discard(name)
            if not waiting:
                all_ready.set()

        running = {
            asyncio.create_task(trigger.run(lambda name=name: ready(name)), name=name)  # type: ignore[misc]
            for name, trigger in self._triggers.items()
        }
        watches = [asyncio.create_task(broker.watch()) for broker in self._brokers.values()]
        announce = asyncio.create_task(self._announce(url, all_ready))
        if not waiting:
            all_ready.set()
        stop = asyncio.create_task(self._stop_asked.wait())
        ended, _ = await asyncio.wait({stop, *serving, *running}, return_when=asyncio.FIRST_COMPLETED)
        self._state = "Stopping"
        self._app.worker.stopping.set()
        for task in (stop, announce, *watches):
            task.cancel()
        failed = [task for task in ended if task is not stop]
        for task in failed:
            _log_failure(task)
        if running:
            _, late = await asyncio.wait(running, timeout=GRACE_SECONDS)
            for task in late:
                log.warning("Trigger %s did not finish within %.0f s and is cut off.", task.get_name(), GRACE_SECONDS)
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return not failed

    async def _announce(self, url: str, all_ready: asyncio.Event) -> None:
        await all_ready.wait()
        self._state = "Running"
        log.info("Host is ready at %s", url)

    def _assemble(self, url: str, hub: TaskHub | None) -> Starlette:
        """Build every trigger and the web application of this process."""
        keys = load_keys(self._state_dir)
        host_id = _host_id(self._state_dir)
        client = self._app.durable_client(url, keys) if hub else ""
        for function in self._app.functions:
            inputs = {binding["name"]: TypedData(string=client) for binding in function.inputs}
            trigger = self._make_trigger(Target(function, self._app.worker, inputs), host_id)
            if trigger:
                self._triggers[function.name] = trigger
        timers = {name: trigger for name, trigger in self._triggers.items() if isinstance(trigger, TimerTrigger)}
        routes: list[BaseRoute] = hub_routes(hub, keys) if hub else []
        routes += Admin(keys=keys, host_id=host_id, timers=timers, state=lambda: self._state).routes()
        return Starlette(routes=routes)

    def _make_trigger(self, target: Target, host_id: str) -> Trigger | None:
        """The trigger's own loop; None for kinds that are called: HTTP functions, orchestrators, activities."""
        extensions, settings, function = self._app.options.extensions, self._app.settings, target.function
        match function.kind:
            case "kafkaTrigger":
                servers = broker_list(function, settings)
                broker = self._brokers.setdefault(servers, Broker(servers))
                return KafkaTrigger(target, options=extensions.kafka, settings=settings, broker=broker, host_id=host_id)
            case "timerTrigger":
                return TimerTrigger(target, storage=self._get_storage(), host_id=_lock_id(settings))
            case "eventHubTrigger":
                connection = settings.require(function.trigger["connection"], wanted_by=function.name)
                return EventHubTrigger(
                    target, options=extensions.event_hubs, connection_string=connection, storage=self._get_storage()
                )
        return None

    def _get_storage(self) -> HostStorage:
        if self._storage is None:
            self._storage = HostStorage(self._app.settings.require("AzureWebJobsStorage", wanted_by="the host"))
        return self._storage

    def _log_functions(self, url: str) -> None:
        lines = []
        for function in sorted(self._app.functions, key=lambda one: (one.kind != "httpTrigger", one.name)):
            if function.kind == "httpTrigger":
                methods = ",".join(str(method) for method in function.trigger.get("methods") or ["any method"])
                title = f"[{methods}] {url}{route_of(function, self._app.options.extensions.http.route_prefix)}"
            else:
                trigger = self._triggers.get(function.name)
                title = trigger.title if trigger else function.kind
            lines.append(f"  {function.name}: {title}")
        log.info("Functions:\n%s", "\n".join(lines))


def _host_id(state_dir: Path) -> str:
    """Stable over restarts and different for each state folder: static Kafka members are known by it."""
    return "local-" + hashlib.sha256(f"{socket.gethostname()}:{state_dir.resolve()}".encode()).hexdigest()[:12]


def _lock_id(settings: AppSettings) -> str:
    """The name under which hosts that share a storage agree about timers, as in Azure."""
    return settings.find("AzureFunctionsWebHost__hostid") or "local"


def _log_failure(task: asyncio.Task[Any]) -> None:
    error = task.exception()
    if isinstance(error, AluskortError):
        log.error("Trigger %s failed: %s", task.get_name(), error)
    else:
        log.error("Trigger %s ended without being asked; the host stops.", task.get_name(), exc_info=error)
