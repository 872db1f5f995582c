"""The simulated Claude, identity provider and Log Analytics (``python -m local.simulators``), one process."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from importlib.metadata import version

import httpx

from local.services.process import Command
from local.services.service import NotReady
from local.services.site import CHECKOUT, Site
from local.simulators.managed_identity import SECRET


@dataclass(frozen=True, slots=True)
class Simulators:
    """The simulators."""

    site: Site
    name: str = "simulators"
    patience: float = 20.0
    stop_signal: signal.Signals = signal.SIGTERM

    def claude_url(self) -> str:
        """Return the base URL for the anthropic client."""
        return f"http://127.0.0.1:{self.ports()[0]}/claude"

    def log_analytics_url(self) -> str:
        """Return the endpoint for the Log Analytics client."""
        return f"http://127.0.0.1:{self.ports()[0]}/loganalytics"

    def defender_url(self) -> str:
        """Return the base URL of the simulated Defender for Endpoint."""
        return f"http://127.0.0.1:{self.ports()[0]}/defender"

    def graph_url(self) -> str:
        """Return the base URL of the simulated Microsoft Graph."""
        return f"http://127.0.0.1:{self.ports()[0]}/graph"

    def sentinel_url(self) -> str:
        """Return the base URL of the simulated Azure Resource Manager as far as Sentinel's incidents go."""
        return f"http://127.0.0.1:{self.ports()[0]}/sentinel"

    def issuer(self) -> str:
        """Return the identity provider's issuer."""
        return f"http://127.0.0.1:{self.ports()[0]}/identity"

    def jwks_url(self) -> str:
        """Return where the identity provider publishes its keys."""
        return f"{self.issuer()}/jwks"

    def managed_identity(self) -> dict[str, str]:
        """Return the environment in which azure-identity takes its tokens from the simulated managed identity."""
        endpoint = f"http://127.0.0.1:{self.ports()[0]}/managed-identity/token"
        return {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": SECRET}

    def ports(self) -> tuple[int, ...]:
        """Return the one TCP port."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Nothing to make."""

    def command(self) -> Command:
        """Run with its signing key kept in the site."""
        module = [sys.executable, "-m", "local.simulators"]
        place = ["--port", str(self.ports()[0]), "--data", str(self.site.data(self.name))]
        return Command([*module, *place], {}, CHECKOUT)

    def probe(self) -> None:
        """Fetch the identity provider's keys."""
        try:
            keys = httpx.get(self.jwks_url(), timeout=2, trust_env=False).raise_for_status().json().get("keys")
        except (httpx.HTTPError, ValueError) as cause:
            raise NotReady(str(cause)) from cause
        if not keys:
            raise NotReady("the identity provider has no keys")

    def initialise(self) -> None:
        """Nothing to make."""

    def version(self) -> str:
        """Return the product's version: the simulators are part of it."""
        return version("aluskort")
