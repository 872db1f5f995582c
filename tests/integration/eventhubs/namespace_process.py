"""The namespace as a process of its own, as developers run it, and what tests say to it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

POLICY, KEY = "RootManageSharedAccessKey", "a-key-for-tests"
START_DEADLINE = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NamespaceProcess:
    """Always on the same port and store, so that it can be killed and started again."""

    def __init__(self, folder: Path, hubs: tuple[str, ...], *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.folder = folder
        self._log = folder / f"namespace-{self.port}.log"
        options = [part for hub in hubs for part in ("--hub", hub)]
        self._command = [sys.executable, "-m", "local.eventhubs", "--port", str(self.port), *options]
        self._command += ["--store", str(folder / "events.sqlite")]
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process and do not wait for anything."""
        environment = os.environ | {"ALUSKORT_EVENTHUBS_KEY": f"{POLICY}={KEY}"}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(self._command, stderr=log, env=environment)
        return self.process

    def start(self) -> None:
        """Start the process; it is ready when this returns."""
        process = self.launch()
        deadline = time.monotonic() + START_DEADLINE
        while "listening" not in self.log():
            assert process.poll() is None and time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(10)

    def log(self) -> str:
        return self._log.read_text()

    async def wait_log(self, text: str) -> None:
        """Return once the process has logged the text."""
        async with asyncio.timeout(START_DEADLINE):
            while text not in self.log():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)

    def connection_string(self, hub: str, *, key: str = KEY) -> str:
        return (
            f"Endpoint=sb://localhost:{self.port};SharedAccessKeyName={POLICY};SharedAccessKey={key};"
            f"UseDevelopmentEmulator=true;EntityPath={hub}"
        )
