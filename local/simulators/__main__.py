"""Runs the simulators on 127.0.0.1 until SIGTERM or Ctrl-C. Port 0 takes a free one; the log line names it."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from local.simulators.app import build_app

HOST = "127.0.0.1"  # never another address: anybody who reaches it gets tokens
SHUTDOWN_SECONDS = 2  # a call that hangs by order must not hold up the end
logger = logging.getLogger("local.simulators")


class _Server(uvicorn.Server):
    """Says when it is ready to take connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for bound in sockets or []:
            logger.info("listening on http://%s:%d", HOST, bound.getsockname()[1])


def main() -> None:
    """Reads the command line, binds the port, serves."""
    parser = argparse.ArgumentParser(prog="python -m local.simulators", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1, 0 for a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for the signing key and the batches")
    parser.add_argument("--batch-seconds", type=float, default=2.0, help="how long a message batch is worked on")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, options.port))
    except OSError as error:
        parser.exit(1, f"Port {options.port} of {HOST} cannot be used: {error}. Choose another with --port.\n")
    base_url = f"http://{HOST}:{bound.getsockname()[1]}"
    app = build_app(base_url=base_url, data=options.data, batch_seconds=options.batch_seconds)
    # uvicorn raises the signal again after its own clean end; by default that would report a death by SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = uvicorn.Config(app, log_level="warning", log_config=None, timeout_graceful_shutdown=SHUTDOWN_SECONDS)
    _Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
