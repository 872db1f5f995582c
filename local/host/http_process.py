"""The process of the HTTP functions. Flex Consumption scales them apart from all others; so does this host: what an
alert costs delays no answer.

The host starts it with the listening socket and three pipes' ends: it writes one line when it serves, ends in order
after a line on its standard input, and at once when that closes, because then the host is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from local.host.http_trigger import http_routes
from local.host.keys import load_keys
from local.host.loaded_app import LoadedApp, hub_routes, start_hub
from local.host.logs import configure_logs
from local.host.server import GRACE_SECONDS, Server, url_of
from local.taskhub import TaskHub
from shared.errors import AluskortError

log = logging.getLogger(__name__)

ADMIN_SECONDS = 5.0  # for the host to answer a request under /admin
LATE_SECONDS = 3.0  # over the server's own grace, until the process is killed


class HttpProcess:
    """The host's end of it. `run` until it ends; `stop` makes it end."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, listener: socket.socket, *, app_dir: Path, state_dir: Path, host_url: str) -> HttpProcess:
        """Start it on the listening socket; what is asked under /admin it hands on to `host_url`."""
        arguments = [str(listener.fileno()), str(app_dir), str(state_dir), host_url]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, *arguments, stdin=PIPE, stdout=PIPE, pass_fds=[listener.fileno()]
        )
        return cls(process)

    async def serving(self) -> bool:
        """Wait until it serves; False when it has ended instead."""
        assert self._process.stdout is not None
        return bool(await self._process.stdout.readline())

    async def run(self) -> None:
        """Wait for its end."""
        await self._process.wait()

    async def stop(self) -> None:
        """Let the requests under way end, for a few seconds, then end it."""
        assert self._process.stdin is not None
        if self._process.returncode is None:
            self._process.stdin.write(b"stop\n")
        try:
            await asyncio.wait_for(self._process.wait(), GRACE_SECONDS + LATE_SECONDS)
        except TimeoutError:
            log.warning("The process of the HTTP functions does not end and is killed.")
            self._process.kill()
            await self._process.wait()


def main() -> None:
    """Load the app, serve its HTTP functions, end when the host says so or is gone."""
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("listener", type=int)
    parser.add_argument("app_dir", type=Path)
    parser.add_argument("state_dir", type=Path)
    parser.add_argument("host_url")
    arguments = parser.parse_args()
    configure_logs()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the host, which says when
    try:
        asyncio.run(_serve(arguments))
    except AluskortError as error:
        log.error("The process of the HTTP functions: %s", error)
        os._exit(1)
    logging.shutdown()
    os._exit(0)  # a synchronous function that was cut off is still in its thread and cannot be interrupted


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    obeying = asyncio.create_task(_obey(stop))
    app = await LoadedApp.load(arguments.app_dir)
    hub = app.task_hub()
    if hub and not await start_hub(hub.connect, stop):
        return
    listener = socket.socket(fileno=arguments.listener)
    server = Server(Starlette(routes=_routes(app, hub, listener, arguments)))
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    obeying.cancel()
    if hub:
        await hub.stop()


def _routes(
    app: LoadedApp, hub: TaskHub | None, listener: socket.socket, arguments: argparse.Namespace
) -> list[BaseRoute]:
    keys = load_keys(arguments.state_dir)
    routes = hub_routes(hub, keys) if hub else []
    prefix = app.options.extensions.http.route_prefix
    if prefix.strip("/"):  # `/` is a page of the platform in Azure then; here it leads to the product's
        routes.append(Route("/", lambda _: RedirectResponse(f"/{prefix.strip('/')}/"), methods=["GET"]))
    routes.append(Route("/admin/{rest:path}", _HandOn(arguments.host_url).answer, methods=["GET", "POST"]))
    return routes + http_routes(
        app.http_functions,
        worker=app.worker,
        keys=keys,
        prefix=prefix,
        client=app.durable_client(url_of(listener), keys) if hub else "",
    )


async def _obey(stop: asyncio.Event) -> None:
    """Set `stop` on the host's word; end at once when the host is gone, as it would have done itself."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    if not await reader.readline():
        os._exit(1)
    stop.set()


class _HandOn:
    """Requests under /admin, which the host itself answers."""

    def __init__(self, host_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=host_url, timeout=ADMIN_SECONDS, trust_env=False)

    async def answer(self, request: Request) -> Response:
        try:
            answer = await self._client.request(
                request.method,
                request.url.path,
                params=request.query_params,
                headers={name: value for name, value in request.headers.items() if name == "x-functions-key"},
            )
        except httpx.HTTPError as error:
            return Response(f"The host does not answer: {type(error).__name__}.", status_code=503)
        return Response(answer.content, status_code=answer.status_code, media_type=answer.headers.get("content-type"))


if __name__ == "__main__":
    main()
