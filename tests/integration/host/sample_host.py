"""A host process on the sample app: started, read, stopped and killed by tests."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from tests.integration.forks import FORKS

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[3]


def run_host(environment: dict[str, str], arguments: list[str], log: str) -> None:
    """What `python -m local.host` does in a process with this environment, standard error going to the log."""
    from local.host.__main__ import main  # noqa: PLC0415 - the tests' own process needs no host

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), sys.stderr.fileno())
    sys.exit(main(arguments))


def until[T](look: Callable[[], T | None], *, what: str, seconds: float = 30) -> T:
    """What ``look`` gives once it is true; AssertionError names ``what`` after the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s, last seen {found!r}")
        time.sleep(0.05)
    return found


class SampleHost:
    """A host process on one app; its state folder and record outlive kills."""

    def __init__(self, folder: Path, *, app: Path = APPS / "sample", **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.app = app
        self.record = folder / "record.jsonl"
        self.log = folder / "host.log"
        self.environment = environment
        self._process: BaseProcess | None = None
        self._read_from = 0

    def launch(self, *, port: int = 0) -> None:
        """Start the process on the port, 0 for a free one, and do not wait."""
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {
            "AzureFunctionsWebHost__hostid": f"{self.folder.parent.name}-{self.folder.name}",  # none other has it
            "SAMPLE_RECORD": str(self.record),
            "ALUSKORT_HOST_STATE_DIR": str(self.folder / "state"),
        }
        arguments = ["--port", str(port), "--app", str(self.app)]
        process = FORKS.Process(target=run_host, args=(clean | own | self.environment, arguments, str(self.log)))
        process.start()
        self._process = process

    def start(self) -> None:
        """Start and wait until the host says that it is ready."""
        self.launch()
        until(lambda: self._ended() or "Host is ready" in self.text, what=f"readiness ({self.log})")
        assert not self._ended(), self.text

    @property
    def text(self) -> str:
        """The log since the last launch."""
        return self.log.read_bytes()[self._read_from :].decode() if self.log.exists() else ""

    @property
    def url(self) -> str:
        """The address of the HTTP triggers."""
        found = re.findall(r"http://127\.0\.0\.1:\d+", self.text)
        assert found, self.text
        return str(found[0])

    @property
    def keys(self) -> dict[str, str]:
        """The keys in the state folder."""
        keys: dict[str, str] = json.loads((self.folder / "state" / "keys.json").read_text())
        return keys

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request to the host."""
        return httpx.request(method, self.url + path, timeout=30, **options)

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Effects of one kind so far, in order; a line that a kill has cut is left out."""
        if not self.record.exists():
            return []
        found = []
        for line in self.record.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [one for one in found if one["kind"] == kind]

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        """The exit code of a process that ends by itself."""
        assert self._process is not None
        return _exit_code(self._process)

    def _ended(self) -> bool:
        return self._process is not None and self._process.exitcode is not None

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.pid is not None and process.exitcode is None:
            os.kill(process.pid, number)
        return _exit_code(process)


def _exit_code(process: BaseProcess) -> int:
    process.join(30)
    assert process.exitcode is not None, "the host does not end"
    return process.exitcode
