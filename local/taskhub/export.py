"""Stored histories: written from a hub's finished instances, read by the tests that replay them.

``python -m local.taskhub.export --url URL --hub NAME --module MODULE --into FOLDER`` writes one .json per instance;
MODULE is where the orchestrators' blueprint lives, so that a replay finds today's code.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from pathlib import Path

from local.taskhub.history import Event
from local.taskhub.instance import FINISHED, InstanceFilter, Status
from local.taskhub.store import Store

logger = logging.getLogger(__name__)


async def export_histories(
    *, url: str, hub: str, module: str, into: Path, statuses: frozenset[Status] = FINISHED - {Status.TERMINATED}
) -> list[Path]:
    """Write ``<orchestrator>-<instance id>.json`` for each instance of these statuses; returns the files."""
    store = Store(url=url, hub=hub, connections=1)
    await store.open()
    try:
        written = []
        for instance in await store.find_all(InstanceFilter(statuses=statuses)):
            history = (await store.execution(instance)).history
            name = instance.instance_id.replace(":", "-")
            written.append(write_history(into / f"{instance.name}-{name}.json", module=module, history=history))
        return written
    finally:
        await store.close()


def write_history(path: Path, *, module: str, history: list[Event]) -> Path:
    """Store one history, readable in a review."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"module": module, "history": history}, indent=1) + "\n", "utf-8")
    return path


def read_history(path: Path) -> tuple[str, list[Event]]:
    """The module and the history of a stored file."""
    stored = json.loads(path.read_text("utf-8"))
    return stored["module"], stored["history"]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the histories of a task hub's finished instances as JSON.")
    parser.add_argument("--url", required=True, help="PostgreSQL URL of the task hub")
    parser.add_argument("--hub", required=True, help="the task hub's name")
    parser.add_argument("--module", required=True, help="module that holds the orchestrators' blueprint `blueprint`")
    parser.add_argument("--into", required=True, type=Path, help="folder for the .json files")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for path in asyncio.run(
        export_histories(url=options.url, hub=options.hub, module=options.module, into=options.into)
    ):
        logger.info("%s", path)


if __name__ == "__main__":
    main()
