"""The local Functions host (``python -m local.host``), which runs the product itself."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import httpx

from local.host.keys import load_keys
from local.services.process import Command
from local.services.service import NotReady
from local.services.site import CHECKOUT, Site

PORT = 7071  # where Core Tools serves too, so that every example holds
NAME = "host"


@dataclass(frozen=True, slots=True)
class FunctionsHost:
    """The host, run with ``environment``."""

    site: Site
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = NAME
    patience: float = 180.0
    stop_signal: signal.Signals = signal.SIGTERM

    def url(self) -> str:
        """Return the base URL of the product's HTTP functions."""
        return f"http://127.0.0.1:{self.ports()[0]}"

    def ports(self) -> tuple[int, ...]:
        """Return 7071, or another when 7071 was taken."""
        return (self.site.port(self.name, preferred=PORT),)

    def prepare(self) -> None:
        """Nothing to make."""

    def command(self) -> Command:
        """Run on the checkout's function_app.py."""
        return Command([sys.executable, "-m", "local.host", "--port", str(self.ports()[0])], self.environment, CHECKOUT)

    def probe(self) -> None:
        """Ask the host for its state with its own master key."""
        key = load_keys(self.state_folder(self.site)).master
        url = f"{self.url()}/admin/host/status"
        try:
            answer = httpx.get(url, headers={"x-functions-key": key}, timeout=5, trust_env=False).raise_for_status()
            state = answer.json().get("state")
        except (httpx.HTTPError, ValueError) as cause:
            raise NotReady(str(cause)) from cause
        if state != "Running":
            raise NotReady(f"its state is {state}")

    def initialise(self) -> None:
        """Nothing to make."""

    def version(self) -> str:
        """Return the product's version and that of the Azure worker library that runs it."""
        return f"{version('aluskort')} on azure-functions-runtime {version('azure-functions-runtime')}"

    @staticmethod
    def state_folder(site: Site) -> Path:
        """Return the folder of the host's keys and state."""
        return site.data(NAME)
