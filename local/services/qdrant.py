"""The local vector store (``python -m local.vectors``), in Qdrant's place and with its protocol."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from importlib.metadata import version

import httpx

from local.services.process import Command
from local.services.service import NotReady
from local.services.site import CHECKOUT, Site


@dataclass(frozen=True, slots=True)
class Qdrant:
    """The store of vectors."""

    site: Site
    name: str = "qdrant"
    patience: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM

    def url(self) -> str:
        """Return the base URL for Qdrant's clients."""
        return f"http://127.0.0.1:{self.ports()[0]}"

    def ports(self) -> tuple[int, ...]:
        """Return the one TCP port."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Nothing to make."""

    def command(self) -> Command:
        """Run on the site's folder."""
        module = [sys.executable, "-m", "local.vectors"]
        return Command(
            [*module, "--port", str(self.ports()[0]), "--data", str(self.site.data(self.name))], {}, CHECKOUT
        )

    def probe(self) -> None:
        """Ask for the collections."""
        try:
            httpx.get(f"{self.url()}/collections", timeout=2, trust_env=False).raise_for_status()
        except httpx.HTTPError as cause:
            raise NotReady(str(cause)) from cause

    def initialise(self) -> None:
        """Nothing to make."""

    def version(self) -> str:
        """Return the version of the engine."""
        return f"Qdrant Edge {version('qdrant-edge-py')}"
