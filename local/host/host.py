"""The host itself: loads the app, starts every trigger in this process and loop, stops them in order.

kill -9 loses nothing: offsets, checkpoints and durable history are written after the work they stand for.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from local.host.admin import Admin
from local.host.app_settings import AppSettings, load_local_settings
from local.host.broker import Broker
from local.host.durable import DurableFunctions, guarded
from local.host.eventhub_trigger import EventHubTrigger
from local.host.function import IndexedFunction, read_function
from local.host.host_json import HostJson, read_host_json
from local.host.http_trigger import http_routes, route_of
from local.host.kafka_trigger import KafkaTrigger, broker_list
from local.host.keys import load_keys
from local.host.messages import TypedData
from local.host.outage import Outage
from local.host.storage import HostStorage
from local.host.timer_trigger import TimerTrigger
from local.host.worker import Target, Worker
from local.taskhub import DurableOptions, TaskHub, client_binding, durable_routes
from shared.errors import AluskortError, ConfigurationError, StoreUnavailable

log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"  # never another: keys travel in clear text
GRACE_SECONDS = 5.0
RESTART_SECONDS = 1.0
DURABLE_KINDS = frozenset({"orchestrationTrigger", "activityTrigger"})


class Trigger(Protocol):
    """What feeds one function: KafkaTrigger, EventHubTrigger, TimerTrigger."""

    @property
    def title(self) -> str:
        """What the start log says about it."""

    async def run(self, ready: Callable[[], None]) -> None:
        """Feed the function until the host stops; `ready` is called once it is at work."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the host stops triggers and server together."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Host:
    """One function app on one port. `load`, then `run`; `stop` may be called at any time."""

    def __init__(self, *, app_dir: Path, port: int, state_dir: Path) -> None:
        self._app_dir = app_dir
        self._port = port
        self._state_dir = state_dir
        self._state = "Starting"
        self._stop_asked = asyncio.Event()
        self._settings: AppSettings
        self._options: HostJson
        self._worker: Worker
        self._functions: list[IndexedFunction]
        self._storage: HostStorage | None = None
        self._hub: TaskHub | None = None
        self._triggers: dict[str, Trigger] = {}
        self._brokers: dict[str, Broker] = {}

    def stop(self) -> None:
        """Ask the host to stop."""
        self._stop_asked.set()

    @property
    def busy(self) -> bool:
        """Whether an invocation was cut off and may still run in its thread."""
        return self._worker.abandoned > 0

    async def load(self) -> None:
        """Read settings and host.json, index the app; ConfigurationError for whatever would not start."""
        load_local_settings(self._app_dir)
        self._settings = AppSettings(os.environ)
        self._options = read_host_json(self._app_dir)
        self._worker = Worker(function_timeout=self._options.function_timeout.total_seconds())
        loaded = [read_function(metadata, self._settings) for metadata in await self._worker.load(self._app_dir)]
        self._functions = [function for function in loaded if not self._is_disabled(function)]
        self._require_connections()
        self._settings.refuse_missing()

    async def run(self) -> bool:
        """Serve until asked to stop; True when it ended by request, False when a trigger failed."""
        with _bind(self._port) as listener:
            url = f"http://{ADDRESS}:{listener.getsockname()[1]}"
            if any(function.kind in DURABLE_KINDS for function in self._functions):
                self._hub = self._make_hub()
            app = self._assemble(url)
            self._log_functions(url)
            try:
                if self._hub and not await self._start_hub(self._hub):
                    return True
                return await self._serve(app, listener, url)
            finally:
                if self._hub:
                    await self._hub.stop()
                if self._storage:
                    await self._storage.close()
                log.info("Host has stopped.")

    async def _serve(self, app: Starlette, listener: socket.socket, url: str) -> bool:
        """Answer HTTP while the triggers run, and after them: functions that finish may still use the task hub."""
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=int(GRACE_SECONDS)
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="HTTP server")
        try:
            return await self._run_triggers(url, serving)
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)

    async def _start_hub(self, hub: TaskHub) -> bool:
        """Start the task hub as soon as its database answers; False when the host is stopped before."""
        outage = Outage("The task hub's PostgreSQL")
        stop = asyncio.create_task(self._stop_asked.wait())
        while not stop.done():
            start = asyncio.create_task(hub.start())
            await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not start.done():
                start.cancel()
            try:
                await start
            except StoreUnavailable as error:
                outage.report(error)
                await asyncio.wait({stop}, timeout=RESTART_SECONDS)
            except asyncio.CancelledError:
                break
            else:
                outage.over()
                stop.cancel()
                return True
        return False

    async def _run_triggers(self, url: str, serving: asyncio.Task[None]) -> bool:
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
        ended, _ = await asyncio.wait({stop, serving, *running}, return_when=asyncio.FIRST_COMPLETED)
        self._state = "Stopping"
        self._worker.stopping.set()
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

    def _assemble(self, url: str) -> Starlette:
        """Build every trigger and the web application around them."""
        keys = load_keys(self._state_dir)
        host_id = _host_id(self._state_dir)
        client = ""
        routes: list[BaseRoute] = []
        if self._hub:
            client = client_binding(base_url=url, hub_name=self._hub_name(), query=f"code={keys.durable}")
            durable = durable_routes(self._hub)
            routes.append(Mount("/durabletask", routes=durable))
            routes.append(Mount("/runtime/webhooks/durabletask", app=guarded(Starlette(routes=durable), keys)))
        for function in self._functions:
            inputs = {binding["name"]: TypedData(string=client) for binding in function.inputs}
            trigger = self._make_trigger(Target(function, self._worker, inputs), host_id)
            if trigger:
                self._triggers[function.name] = trigger
        timers = {name: trigger for name, trigger in self._triggers.items() if isinstance(trigger, TimerTrigger)}
        prefix = self._options.extensions.http.route_prefix
        admin = Admin(keys=keys, host_id=host_id, prefix=prefix, timers=timers, state=lambda: self._state)
        routes += admin.routes()
        routes += http_routes(
            [function for function in self._functions if function.kind == "httpTrigger"],
            worker=self._worker,
            keys=keys,
            prefix=prefix,
            client=client,
        )
        return Starlette(routes=routes)

    def _make_trigger(self, target: Target, host_id: str) -> Trigger | None:
        """The trigger's own loop; None for kinds that are called: HTTP functions, orchestrators, activities."""
        extensions, settings, function = self._options.extensions, self._settings, target.function
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

    def _make_hub(self) -> TaskHub:
        durable = self._options.extensions.durable_task
        return TaskHub(
            url=self._settings.require("ALUSKORT_TASKHUB_URL", wanted_by="the task hub"),
            name=self._hub_name(),
            runner=DurableFunctions(self._functions, self._worker),
            options=DurableOptions(
                max_concurrent_activities=durable.max_concurrent_activity_functions,
                max_concurrent_orchestrators=durable.max_concurrent_orchestrator_functions,
                default_version=durable.default_version,
            ),
        )

    def _hub_name(self) -> str:
        return str(self._settings.expand(self._options.extensions.durable_task.hub_name, wanted_by="host.json hubName"))

    def _get_storage(self) -> HostStorage:
        if self._storage is None:
            self._storage = HostStorage(self._settings.require("AzureWebJobsStorage", wanted_by="the host"))
        return self._storage

    def _is_disabled(self, function: IndexedFunction) -> bool:
        disabled = (self._settings.find(f"AzureWebJobs.{function.name}.Disabled") or "").lower() in {"1", "true"}
        if disabled:
            log.info("Function %s is disabled by the setting AzureWebJobs.%s.Disabled.", function.name, function.name)
        return disabled

    def _require_connections(self) -> None:
        """Note the settings that triggers need besides their own `%NAME%`."""
        for function in self._functions:
            if function.kind in {"timerTrigger", "eventHubTrigger"}:
                self._settings.require("AzureWebJobsStorage", wanted_by=function.name)
            if function.kind == "eventHubTrigger":
                self._settings.require(function.trigger["connection"], wanted_by=function.name)
            if function.kind in DURABLE_KINDS or function.inputs:
                self._settings.require("ALUSKORT_TASKHUB_URL", wanted_by=function.name)
        self._hub_name()

    def _log_functions(self, url: str) -> None:
        lines = []
        for function in sorted(self._functions, key=lambda one: (one.kind != "httpTrigger", one.name)):
            if function.kind == "httpTrigger":
                methods = ",".join(str(method) for method in function.trigger.get("methods") or ["any method"])
                title = f"[{methods}] {url}{route_of(function, self._options.extensions.http.route_prefix)}"
            else:
                trigger = self._triggers.get(function.name)
                title = trigger.title if trigger else function.kind
            lines.append(f"  {function.name}: {title}")
        log.info("Functions:\n%s", "\n".join(lines))


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"Port {port} cannot be used: {error}. Give a free one by --port.") from error
    return listener


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
