"""The folder of one running set of services: data, logs, ports, secrets and process records.

A checkout has one site, ``.local``; a test run has one of its own below it. Two sites never share a port or a file.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".local" / "cache"  # downloads; shared by every site of the checkout
FIRST_PORT = 20_000
STAYS = frozenset({"cache", "python", "demo", "tests", "making"})  # of a reset: downloads, and other sites
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

    def port(self, name: str, *, preferred: int | None = None) -> int:
        """Return the named port, chosen free the first time and kept from then on. Names start with their service's."""
        with self._ports() as ports:
            if name not in ports:
                wanted = preferred if preferred is not None and is_free(preferred) else None
                ports[name] = wanted or self._free_port(taken=set(ports.values()))
            return ports[name]

    def choose_port(self, name: str, port: int) -> None:
        """Keep this port from now on."""
        with self._ports() as ports:
            ports[name] = port

    def release_ports(self, service: str, *, even_free: bool = False) -> None:
        """Drop the ports of a stopped service that a stranger has taken since, or all: they are chosen anew."""
        with self._ports() as ports:
            for name in [name for name in ports if name == service or name.startswith(f"{service}-")]:
                if even_free or not is_free(ports[name]):
                    del ports[name]

    @contextmanager
    def _ports(self) -> Iterator[dict[str, int]]:
        path = self._made(self.folder) / "ports.json"
        with self.locked("ports"):
            before: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
            ports = dict(before)
            yield ports
            if ports != before:
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

    def reset(self) -> list[str]:
        """Remove all data of this site, whose services must be stopped; names of what went. Downloads stay, and other
        sites below it.
        """
        gone = []
        for path in sorted(self.folder.iterdir()):
            if path.name not in STAYS and path.suffix != ".lock":
                gone.append(path.name)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return gone

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
