"""The local Event Hubs namespace (``python -m local.eventhubs``): one hub for Sentinel, one for all other SIEMs."""

from __future__ import annotations

import signal
import socket
import sys
from dataclasses import dataclass
from importlib.metadata import version

from local.services.process import Command
from local.services.service import NotReady
from local.services.site import CHECKOUT, Site

HUB, SIEM_HUB = "sentinel-alerts", "siem-alerts"
PARTITIONS = 4
GROUP = "aluskort"  # of the triggers in functions/ingest.py, besides $Default
POLICY = "RootManageSharedAccessKey"
AMQP_HEADER = b"AMQP\x03\x01\x00\x00"  # AMQP 1.0, security layer SASL: the server answers with the same bytes


@dataclass(frozen=True, slots=True)
class EventHubs:
    """The namespace."""

    site: Site
    name: str = "eventhubs"
    patience: float = 20.0
    stop_signal: signal.Signals = signal.SIGTERM

    def connection_string(self) -> str:
        """Return the namespace's connection string; the last word makes clients speak without TLS."""
        return (
            f"Endpoint=sb://localhost:{self.ports()[0]};SharedAccessKeyName={POLICY};"
            f"SharedAccessKey={self.site.secret(self.name)};UseDevelopmentEmulator=true"
        )

    def ports(self) -> tuple[int, ...]:
        """Return the one TCP port."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Nothing to make."""

    def command(self) -> Command:
        """Run with the key in the environment, where other users do not see it."""
        module = [sys.executable, "-m", "local.eventhubs"]
        place = ["--port", str(self.ports()[0]), "--store", str(self.site.data(self.name) / "events.sqlite")]
        key = {"ALUSKORT_EVENTHUBS_KEY": f"{POLICY}={self.site.secret(self.name)}"}
        hubs = [word for hub in (HUB, SIEM_HUB) for word in ("--hub", f"{hub}:{PARTITIONS}:{GROUP}")]
        return Command([*module, *place, *hubs], key, CHECKOUT)

    def probe(self) -> None:
        """Exchange protocol headers."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports()[0]), timeout=2) as connection:
                connection.sendall(AMQP_HEADER)
                answer = connection.recv(len(AMQP_HEADER))
        except OSError as cause:
            raise NotReady(str(cause)) from cause
        if answer != AMQP_HEADER:
            raise NotReady(f"the answer {answer!r} is not AMQP 1.0")

    def initialise(self) -> None:
        """Nothing to make."""

    def version(self) -> str:
        """Return the product's version: the namespace is part of it."""
        return version("aluskort")
