"""A host process to be killed: works one hub, and records each activity that it runs as a line in a file."""

from __future__ import annotations

import asyncio
import os
import warnings

from local.taskhub import TaskHub
from tests.integration.taskhub.sdk_runner import SdkRunner


class RecordingRunner(SdkRunner):
    """Records an activity's effect before it answers, as an activity with a side effect does."""

    def __init__(self, path: str) -> None:
        super().__init__("tests.integration.taskhub.sample_app")
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def run_activity(self, name: str, input_json: str | None, *, instance_id: str) -> str | None:
        os.write(self._file, f"{instance_id} {name} {input_json}\n".encode())
        return await super().run_activity(name, input_json, instance_id=instance_id)


async def _work(url: str, hub_name: str, path: str) -> None:
    hub = TaskHub(url=url, name=hub_name, runner=RecordingRunner(path))
    await hub.start()
    await asyncio.Event().wait()


def work(url: str, hub_name: str, path: str) -> None:
    """Work the hub at the PostgreSQL URL until killed; effects go to the file at ``path``."""
    warnings.simplefilter("ignore")
    asyncio.run(_work(url, hub_name, path))
