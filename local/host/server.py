"""uvicorn as the host's processes run it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.errors import ConfigurationError

ADDRESS = "127.0.0.1"  # never another: keys travel in clear text
GRACE_SECONDS = 5.0  # for what runs when the host is asked to stop


class Server(uvicorn.Server):
    """Serves one application; without uvicorn's signal handlers, as the host stops triggers and server together."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=int(GRACE_SECONDS)
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the host."""
        yield


def bind(port: int) -> socket.socket:
    """A socket that will listen on the port, 0 for a free one; ConfigurationError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"Port {port} cannot be used: {error}. Give a free one by --port.") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address that the socket serves."""
    return f"http://{ADDRESS}:{listener.getsockname()[1]}"
