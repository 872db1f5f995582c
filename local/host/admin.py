"""The host's own HTTP routes: its status and running a timer by hand, both with the master key; and `/`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from local.host.keys import HostKeys
from local.host.timer_trigger import TimerTrigger
from local.host.worker import HostStopping

log = logging.getLogger(__name__)


class Admin:
    """Answers under /admin; `state` returns "Starting", "Running" or "Stopping"."""

    def __init__(
        self, *, keys: HostKeys, host_id: str, prefix: str, timers: Mapping[str, TimerTrigger], state: Callable[[], str]
    ) -> None:
        self._keys = keys
        self._host_id = host_id
        self._prefix = prefix
        self._timers = timers
        self._state = state
        self._started = time.monotonic()
        self._runs: set[asyncio.Task[None]] = set()

    def routes(self) -> list[BaseRoute]:
        """The routes to mount at the root. `/` is a page of the platform in Azure; here it leads to the product's."""
        return [
            Route("/", self._front, methods=["GET"]),
            Route("/admin/host/status", self._status, methods=["GET"]),
            Route("/admin/functions/{name}", self._run_timer, methods=["POST"]),
        ]

    async def _front(self, _request: Request) -> Response:
        return RedirectResponse(f"/{self._prefix.strip('/')}/")

    async def _status(self, request: Request) -> Response:
        if not self._keys.admits(request, "admin"):
            return Response(status_code=401)
        uptime = int((time.monotonic() - self._started) * 1000)
        return JSONResponse({"id": self._host_id, "state": self._state(), "processUptime": uptime})

    async def _run_timer(self, request: Request) -> Response:
        """202 at once, as in Azure; the run continues in the background and may overlap a scheduled one."""
        if not self._keys.admits(request, "admin"):
            return Response(status_code=401)
        timer = self._timers.get(request.path_params["name"])
        if timer is None:
            return Response(f"No timer is named {request.path_params['name']!r}.", status_code=404)
        run = asyncio.create_task(_fire(timer))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return Response(status_code=202)


async def _fire(timer: TimerTrigger) -> None:
    try:
        await timer.fire()
    except HostStopping:
        log.info("%s was given up: the host stops.", timer.title)
