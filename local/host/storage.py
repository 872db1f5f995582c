"""The host's own blobs in AzureWebJobsStorage: timer status and the lock that keeps one instance per timer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient

from shared.errors import ConfigurationError, StoreUnavailable

HOSTS_CONTAINER = "azure-webjobs-hosts"  # the name that the Functions host uses in Azure
LEASE_SECONDS = 15  # the shortest lease Azure grants: a killed host's timers are free again after it


class HostStorage:
    """Blob access for triggers; every failure is a StoreUnavailable."""

    def __init__(self, connection_string: str) -> None:
        self.connection_string = connection_string
        try:
            self._service = BlobServiceClient.from_connection_string(connection_string, retry_total=0)
        except ValueError as error:
            raise ConfigurationError(
                f"AzureWebJobsStorage is not a storage connection string: {error}. Azurite's names AccountName, "
                "AccountKey and BlobEndpoint."
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    async def ensure_container(self, name: str) -> None:
        """Make the container unless it is there."""
        async with _wrapped():
            try:
                await self._service.create_container(name)
            except ResourceExistsError:
                return

    async def read_json(self, blob: str) -> dict[str, Any] | None:
        """The blob's JSON object, or None when there is no such blob or its text is not an object."""
        async with _wrapped():
            try:
                download = await self._blob(blob).download_blob()
                text = await download.readall()
            except ResourceNotFoundError:
                return None
        try:
            value = json.loads(text)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    async def write_json(self, blob: str, value: dict[str, Any]) -> None:
        """Write the blob."""
        async with _wrapped():
            await self._blob(blob).upload_blob(json.dumps(value).encode(), overwrite=True)

    async def acquire(self, blob: str) -> BlobLeaseClient | None:
        """Take the blob's lease for LEASE_SECONDS, or None when another host holds it."""
        async with _wrapped():
            client = self._blob(blob)
            try:
                await client.upload_blob(b"", overwrite=False)
            except HttpResponseError as error:
                if error.status_code not in {409, 412}:  # it exists already, perhaps leased: both are fine
                    raise
            try:
                return await client.acquire_lease(lease_duration=LEASE_SECONDS)
            except ResourceExistsError:
                return None

    async def renew(self, lease: BlobLeaseClient) -> bool:
        """Keep the lease; False when it is lost to another host."""
        async with _wrapped():
            try:
                await lease.renew()
            except (ResourceExistsError, ResourceNotFoundError):
                return False
        return True

    async def release(self, lease: BlobLeaseClient) -> None:
        """Give the lease back."""
        async with _wrapped():
            await lease.release()

    def _blob(self, name: str) -> BlobClient:
        return self._service.get_blob_client(HOSTS_CONTAINER, name)


@asynccontextmanager
async def _wrapped() -> AsyncIterator[None]:
    try:
        yield
    except AzureError as error:
        raise StoreUnavailable("AzureWebJobsStorage", str(error).split("\n", 1)[0]) from error
