"""Blob's adapter on Azurite: written once, read byte for byte."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.errors import ConfigurationError, NotFound, StoreUnavailable
from shared.stores.blob import Blob


@pytest.fixture
async def blob(azurite: str) -> AsyncIterator[Blob]:
    own = Blob.connect(connection_string=azurite, account_url="")
    yield own
    await own.close()


async def test_write_once_keeps_the_first_object(blob: Blob) -> None:
    container = f"c{uuid4().hex}"
    await blob.write_once(container, "tenant/2026/11/a.json", b"\x00first")
    await blob.write_once(container, "tenant/2026/11/a.json", b"second")
    assert await blob.read(container, "tenant/2026/11/a.json") == b"\x00first"


async def test_read_of_what_is_not_there_is_not_found(blob: Blob) -> None:
    container = f"c{uuid4().hex}"
    with pytest.raises(NotFound, match=f"blob {container}/none does not exist"):
        await blob.read(container, "none")
    await blob.write_once(container, "some", b"")
    with pytest.raises(NotFound):
        await blob.read(container, "none")
    assert await blob.read(container, "some") == b""


async def test_health_tells_the_version(blob: Blob) -> None:
    assert (await blob.health())["version"]


async def test_wrong_key_is_store_unavailable(azurite: str) -> None:
    wrong = Blob.connect(connection_string=azurite.replace("AccountKey=", "AccountKey=AAAA"), account_url="")
    with pytest.raises(StoreUnavailable, match="Blob storage"):
        await wrong.read("c", "n")
    await wrong.close()


def test_connect_without_address_names_both_settings() -> None:
    with pytest.raises(ConfigurationError, match=r"ALUSKORT_BLOB_ACCOUNT_URL.*ALUSKORT_BLOB_CONNECTION_STRING"):
        Blob.connect(connection_string=None, account_url="")
