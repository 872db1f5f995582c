"""Azure Blob Storage (Azurite locally): large artefacts beside the audit chain."""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient

from shared.errors import ConfigurationError, NotFound, StoreUnavailable


class Blob:
    """Write-once objects in containers that are made on first use."""

    def __init__(self, client: BlobServiceClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, *, connection_string: str | None, account_url: str) -> Blob:
        """By connection string, else by account URL with the process's managed identity."""
        if connection_string:
            return cls(BlobServiceClient.from_connection_string(connection_string))
        if not account_url:
            raise ConfigurationError(
                "settings: set ALUSKORT_BLOB_ACCOUNT_URL (managed identity) or ALUSKORT_BLOB_CONNECTION_STRING."
            )
        return cls(BlobServiceClient(account_url, credential=DefaultAzureCredential()))

    async def write_once(self, container: str, name: str, data: bytes) -> None:
        """Store an object; an object already there stays as it is. Raises StoreUnavailable."""
        target = self._client.get_container_client(container)
        try:
            try:
                await target.upload_blob(name, data)
            except ResourceNotFoundError:
                await self._make(container)
                await target.upload_blob(name, data)
        except ResourceExistsError:
            return
        except AzureError as error:
            raise StoreUnavailable("Blob storage", error) from error

    async def read(self, container: str, name: str) -> bytes:
        """The object's bytes. Raises NotFound, StoreUnavailable."""
        try:
            stream = await self._client.get_blob_client(container, name).download_blob()
            return await stream.readall()
        except ResourceNotFoundError as error:
            raise NotFound(f"blob {container}/{name} does not exist") from error
        except AzureError as error:
            raise StoreUnavailable("Blob storage", error) from error

    async def health(self) -> dict[str, Any]:
        """API version in use; raises StoreUnavailable."""
        try:
            await self._client.get_service_properties()
        except AzureError as error:
            raise StoreUnavailable("Blob storage", error) from error
        return {"version": str(self._client.api_version)}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _make(self, container: str) -> None:
        try:
            await self._client.create_container(container)
        except ResourceExistsError:
            return
