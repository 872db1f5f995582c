"""The command `python -m local.eventhubs`: serves hubs until SIGTERM or SIGINT. Exit code 2 for a wrong option."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from local.eventhubs.journal import Journal
from local.eventhubs.namespace import HubPlan, Namespace
from local.eventhubs.server import serving
from shared.errors import AluskortError, ConfigurationError

logger = logging.getLogger("local.eventhubs")

KEY_VARIABLE = "ALUSKORT_EVENTHUBS_KEY"  # so that the key need not stand in the list of processes
MAX_PARTITIONS = 100  # what one hub may have in Azure's largest shared tier
WRONG_OPTION = 2


def hub_plan(text: str) -> HubPlan:
    """Read NAME:PARTITIONS[:GROUP,GROUP]; ConfigurationError."""
    name, _, rest = text.partition(":")
    count, _, groups = rest.partition(":")
    partitions = int(count) if count.isascii() and count.isdigit() else 0
    if not name or "/" in name or not 1 <= partitions <= MAX_PARTITIONS:
        raise ConfigurationError(
            f"--hub: got '{text}', expected NAME:PARTITIONS[:GROUP,GROUP] with 1 to {MAX_PARTITIONS} partitions, "
            f"for example sentinel-alerts:4:triage,audit."
        )
    return HubPlan(name, partitions, tuple(group for group in groups.split(",") if group))


def policy_key(text: str) -> tuple[str, str]:
    """Read POLICY=KEY; ConfigurationError."""
    policy, _, key = text.partition("=")
    if not policy or not key:
        raise ConfigurationError(f"The key of a policy: expected POLICY=KEY in --key or {KEY_VARIABLE}.")
    return policy, key


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.eventhubs", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hub", action="append", required=True, metavar="NAME:PARTITIONS[:GROUP,GROUP]")
    parser.add_argument("--key", action="append", metavar="POLICY=KEY", help=f"else the environment's {KEY_VARIABLE}")
    parser.add_argument("--store", type=Path, required=True, metavar="FILE", help="SQLite file that keeps the events")
    return parser.parse_args()


async def serve(options: argparse.Namespace) -> None:
    """Serve until a signal comes; raises ConfigurationError, StoreUnavailable."""
    keys = dict(map(policy_key, options.key or [os.environ.get(KEY_VARIABLE, "")]))
    plans = [hub_plan(text) for text in options.hub]
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with closing(Journal(options.store)) as journal:
        namespace = Namespace(journal, plans)
        try:
            async with serving(namespace, keys, host=options.host, port=options.port):
                await ended.wait()
        except OSError as cause:
            raise ConfigurationError(f"--port {options.port} on {options.host} cannot be used: {cause}") from cause


def main() -> None:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(serve(_options()))
    except AluskortError as fault:
        logger.error("%s", fault)
        sys.exit(WRONG_OPTION)


if __name__ == "__main__":
    main()
