"""A function app as the host's processes load it: settings, host.json, worker, enabled functions, task hub."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from local.host.app_settings import AppSettings, load_local_settings
from local.host.durable import DurableFunctions, guarded
from local.host.function import IndexedFunction, read_function
from local.host.host_json import HostJson, read_host_json
from local.host.keys import HostKeys
from local.host.outage import Outage
from local.host.worker import Worker
from local.taskhub import DurableOptions, TaskHub, client_binding, durable_routes
from shared.errors import StoreUnavailable

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0

DURABLE_KINDS = frozenset({"orchestrationTrigger", "activityTrigger"})


class LoadedApp:
    """One function app, imported and indexed in this process."""

    def __init__(self, settings: AppSettings, options: HostJson, worker: Worker) -> None:
        self.settings = settings
        self.options = options
        self.worker = worker
        self.functions: list[IndexedFunction] = []

    @classmethod
    async def load(cls, app_dir: Path) -> LoadedApp:
        """Read settings and host.json, index the app; ConfigurationError for whatever would not start."""
        load_local_settings(app_dir)
        options = read_host_json(app_dir)
        worker = Worker(function_timeout=options.function_timeout.total_seconds())
        app = cls(AppSettings(os.environ), options, worker)
        loaded = [read_function(metadata, app.settings) for metadata in await worker.load(app_dir)]
        app.functions = [function for function in loaded if not app._is_disabled(function)]
        app._require_connections()
        app.settings.refuse_missing()
        return app

    @property
    def http_functions(self) -> list[IndexedFunction]:
        """What HTTP requests call."""
        return [function for function in self.functions if function.kind == "httpTrigger"]

    def task_hub(self) -> TaskHub | None:
        """A new connection to the app's task hub; None for an app without durable functions."""
        if not any(function.kind in DURABLE_KINDS for function in self.functions):
            return None
        durable = self.options.extensions.durable_task
        return TaskHub(
            url=self.settings.require("ALUSKORT_TASKHUB_URL", wanted_by="the task hub"),
            name=self._hub_name(),
            runner=DurableFunctions(self.functions, self.worker),
            options=DurableOptions(
                max_concurrent_activities=durable.max_concurrent_activity_functions,
                max_concurrent_orchestrators=durable.max_concurrent_orchestrator_functions,
                default_version=durable.default_version,
            ),
        )

    def durable_client(self, url: str, keys: HostKeys) -> str:
        """The durableClient binding's JSON for a hub that is served at ``url``."""
        return client_binding(base_url=url, hub_name=self._hub_name(), query=f"code={keys.durable}")

    def _hub_name(self) -> str:
        return str(self.settings.expand(self.options.extensions.durable_task.hub_name, wanted_by="host.json hubName"))

    def _is_disabled(self, function: IndexedFunction) -> bool:
        disabled = (self.settings.find(f"AzureWebJobs.{function.name}.Disabled") or "").lower() in {"1", "true"}
        if disabled:
            log.info("Function %s is disabled by the setting AzureWebJobs.%s.Disabled.", function.name, function.name)
        return disabled

    def _require_connections(self) -> None:
        """Note the settings that triggers need besides their own `%NAME%`."""
        for function in self.functions:
            if function.kind in {"timerTrigger", "eventHubTrigger"}:
                self.settings.require("AzureWebJobsStorage", wanted_by=function.name)
            if function.kind == "eventHubTrigger":
                self.settings.require(function.trigger["connection"], wanted_by=function.name)
            if function.kind in DURABLE_KINDS or function.inputs:
                self.settings.require("ALUSKORT_TASKHUB_URL", wanted_by=function.name)
        self._hub_name()


def hub_routes(hub: TaskHub, keys: HostKeys) -> list[BaseRoute]:
    """The task hub's HTTP API, for the SDK's client in this app and, with the durable key, for others."""
    durable = durable_routes(hub)
    return [
        Mount("/durabletask", routes=durable),
        Mount("/runtime/webhooks/durabletask", app=guarded(Starlette(routes=durable), keys)),
    ]


async def start_hub(start: Callable[[], Awaitable[None]], stop: asyncio.Event) -> bool:
    """Start the task hub as soon as its database answers; False when `stop` is set before."""
    outage = Outage("The task hub's PostgreSQL")
    stopped = asyncio.create_task(stop.wait())
    while not stopped.done():
        starting = asyncio.ensure_future(start())
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
        try:
            await starting
        except StoreUnavailable as error:
            outage.report(error)
            await asyncio.wait({stopped}, timeout=RESTART_SECONDS)
        except asyncio.CancelledError:
            break
        else:
            outage.over()
            stopped.cancel()
            return True
    return False
