"""Qdrant's adapter on the local vector store within the test's own process: the same client, routes and engine."""

import tempfile
from pathlib import Path

import httpx
from qdrant_client import AsyncQdrantClient

from local.vectors.app import build_app
from shared.stores.qdrant import Qdrant


def own_qdrant(folder: Path | None = None) -> Qdrant:
    """A store of its own, on a folder that may have points already."""
    app = build_app(folder or Path(tempfile.mkdtemp(prefix="vectors-")))
    return Qdrant(
        lambda: AsyncQdrantClient(url="http://vectors", check_compatibility=False, transport=httpx.ASGITransport(app))
    )
