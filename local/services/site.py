"""The folder of one running set of services: data, logs, ports, secrets and process records.

A checkout has one site, ``.local``; a test run has one of its own below it. Two sites never share a port or a file.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".local" / "cache"  # downloads; shared by every site of the checkout
FIRST_PORT = 20_000
LAST_PORT = 32_000  # below Linux's range for outgoing connections (32768+), so no client socket can take one


def is_free(port: int) -> bool:
    """Say whether nobody listens on ``port`` of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Site:
    """Paths below ``folder``; every one is made on first use."""

    folder: Path

    def data(self, service: str) -> Path:
        """Return the service's own data folder."""
        return self._made(self.folder / service)

    def log(self, service: str) -> Path:
        """Return the file that takes the service's output."""
        return self._made(self.folder / "logs") / f"{service}.log"

    def processes(self) -> Path:
        """Return the folder of the process records."""
        return self._made(self.folder / "processes")

    def record(self, service: str) -> Path:
        """Return the file that remembers the service's process."""
        return self.processes() / f"{service}.json"

    def port(self, service: str, *, preferred: int | None = None) -> int:
        """Return the service's port, chosen free the first time and kept from then on."""
        path = self._made(self.folder) / "ports.json"
        with self.locked("ports"):
            ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
            if service not in ports:
                wanted = preferred if preferred is not None and is_free(preferred) else None
                ports[service] = wanted or self._free_port(taken=set(ports.values()))
                path.write_text(json.dumps(ports, indent=2))
            return ports[service]

    def forget_port(self, service: str) -> None:
        """Drop the service's port, so that the next :meth:`port` chooses again."""
        path = self._made(self.folder) / "ports.json"
        with self.locked("ports"):
            ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
            ports.pop(service, None)
            path.write_text(json.dumps(ports, indent=2))

    def secret(self, name: str) -> str:
        """Return the named secret: random, made the first time, readable by its owner only."""
        path = self._made(self.folder / "secrets") / name
        with self.locked("secrets"):
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(secrets.token_urlsafe(24))
            return path.read_text()

    @contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Hold this site's lock for ``purpose``, against other processes and threads."""
        with (self._made(self.folder) / f"{purpose}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @staticmethod
    def _free_port(*, taken: set[int]) -> int:
        """Pick at random, so that two sites that start together do not try the same ports in the same order."""
        while True:
            port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT)
            if port not in taken and is_free(port):
                return port

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
