"""`python -m local.host`: run the function app on this machine until SIGTERM or Ctrl+C."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from local.host.host import Host
from local.host.logs import configure_logs
from shared.errors import AluskortError

log = logging.getLogger("local.host")


def main(command_line: list[str] | None = None) -> int:
    """Parse the command line (the process's own by default), run the host, return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.host", description="Run a function app on this machine.")
    parser.add_argument("--port", type=int, default=7071, help="port of the HTTP triggers; 0 takes a free one")
    parser.add_argument("--app", type=Path, default=Path.cwd(), metavar="DIR", help="folder of function_app.py")
    arguments = parser.parse_args(command_line)
    configure_logs()
    app_dir: Path = arguments.app.resolve()
    state_dir = Path(os.environ.get("ALUSKORT_HOST_STATE_DIR") or app_dir / ".local" / "host")
    try:
        ended_well, stuck = asyncio.run(_serve(app_dir, arguments.port, state_dir))
    except AluskortError as error:
        log.error("%s", error)
        return 1
    code = 0 if ended_well else 1
    if stuck:
        # A synchronous function is still in its thread and cannot be interrupted; Python would wait for it for ever.
        logging.shutdown()
        os._exit(code)
    return code


async def _serve(app_dir: Path, port: int, state_dir: Path) -> tuple[bool, bool]:
    host = Host(app_dir=app_dir, port=port, state_dir=state_dir)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, host.stop)
    await host.load()
    ended_well = await host.run()
    loop.set_exception_handler(_report_at_exit)
    return ended_well, host.busy


def _report_at_exit(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out clients that were never closed: nothing tells the app or the durable SDK to end, here or in Azure."""
    if not str(context["message"]).startswith("Unclosed "):
        loop.default_exception_handler(context)


if __name__ == "__main__":
    sys.exit(main())
