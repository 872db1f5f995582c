"""Azurite, Microsoft's stand-in for Azure Storage: its blob service only, with an account and key of our own."""

from __future__ import annotations

import base64
import shutil
import signal
from dataclasses import dataclass

import httpx

from local.services.process import Command, ServiceFailed
from local.services.service import NotReady
from local.services.site import CACHE, Site

ACCOUNT = "aluskort"
PROGRAM = CACHE / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
SWAGGER_UI = CACHE / "azurite" / "node_modules" / "swagger-ui-dist"  # of the same package.json, for the API's pages


@dataclass(frozen=True, slots=True)
class Azurite:
    """The blob store."""

    site: Site
    name: str = "azurite"
    patience: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM

    def connection_string(self) -> str:
        """Return what azure-storage-blob and AzureWebJobsStorage take."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={self._key()};"
            f"BlobEndpoint=http://127.0.0.1:{self.ports()[0]}/{ACCOUNT};"
        )

    def ports(self) -> tuple[int, ...]:
        """Return the one TCP port."""
        return (self.site.port(self.name),)

    def prepare(self) -> None:
        """Say so when Node or Azurite is missing."""
        if shutil.which("node") is None:
            raise ServiceFailed("Azurite needs Node 20 or newer, and there is no `node` on PATH (https://nodejs.org)")
        if not PROGRAM.exists():
            raise ServiceFailed(f"Azurite is not in {CACHE / 'azurite'}: run `make up` once, which installs it")

    def command(self) -> Command:
        """Run without telemetry; newer clients than Azurite are welcome."""
        folder = self.site.data(self.name)
        switches = ("--silent", "--disableTelemetry", "--skipApiVersionCheck", "--disableProductStyleUrl")
        place = ("--blobHost", "127.0.0.1", "--blobPort", str(self.ports()[0]), "--location", str(folder))
        account = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{self._key()}"}
        return Command(["node", str(PROGRAM), *place, *switches], account, folder)

    def probe(self) -> None:
        """ServiceStatus for Azurite's name in the answer to any request."""
        server = self._server()
        if not server.startswith("Azurite-Blob/"):
            raise NotReady(f"the answer came from {server!r}, not from Azurite")

    def initialise(self) -> None:
        """Nothing to make: the product makes its own containers."""

    def version(self) -> str:
        """Return the version that the server names."""
        return self._server().removeprefix("Azurite-Blob/")

    def _server(self) -> str:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports()[0]}/", timeout=2, trust_env=False)
        except httpx.HTTPError as cause:
            raise NotReady(str(cause)) from cause
        return str(answer.headers.get("server", ""))  # an anonymous request is refused, but by the right server

    def _key(self) -> str:
        return base64.b64encode(self.site.secret(self.name).encode()).decode()
