"""The local vector store, asked by the product's own adapter through the unmodified client."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from local.services.qdrant import Qdrant as Service
from local.services.service import ensure, stop
from local.services.site import Site
from shared.errors import StoreUnavailable
from shared.stores.qdrant import Point, Qdrant


@pytest.fixture(scope="module")
def service(site: Site, worker: int) -> Iterator[Service]:
    own = Service(site, name=f"qdrant-{worker}")
    ensure(own, site)
    yield own
    stop(own, site)


@pytest.fixture
async def qdrant(service: Service) -> AsyncIterator[Qdrant]:
    own = Qdrant.connect(url=service.url())
    yield own
    await own.close()


@pytest.fixture
def collection() -> str:
    return f"c-{uuid.uuid4().hex[:8]}"


async def found(qdrant: Qdrant, collection: str, tenant: str) -> list[tuple[float, str]]:
    hits = await qdrant.search(collection, tenant_id=tenant, vector={1: 1.0, 2: 1.0}, limit=5)
    return [(round(score, 3), payload["doc_id"]) for score, payload in hits]


async def test_served_store_scores_rare_words_higher_and_keeps_tenants_apart(qdrant: Qdrant, collection: str) -> None:
    for doc, words in {"common": {1: 1.0}, "rare": {2: 1.0}, "like it": {1: 1.0, 3: 1.0}}.items():
        await qdrant.upsert(collection, tenant_id="a", points=[Point(doc, words)])
    await qdrant.upsert(collection, tenant_id="b", points=[Point("of b", {1: 1.0})])
    assert next(doc for _, doc in await found(qdrant, collection, "a")) == "rare"
    assert {doc for _, doc in await found(qdrant, collection, "b")} == {"of b"}


async def test_served_points_are_there_after_a_restart(site: Site, service: Service, collection: str) -> None:
    first = Qdrant.connect(url=service.url())
    await first.upsert(collection, tenant_id="a", points=[Point("a-1", {1: 1.0})])
    await first.close()
    stop(service, site)
    ensure(service, site)
    again = Qdrant.connect(url=service.url())
    assert [doc for _, doc in await found(again, collection, "a")] == ["a-1"]
    await again.close()


async def test_served_store_that_ended_is_unavailable(site: Site, service: Service, collection: str) -> None:
    stop(service, site)
    gone = Qdrant.connect(url=service.url())
    with pytest.raises(StoreUnavailable, match="Qdrant cannot be reached"):
        await gone.search(collection, tenant_id="a", vector={1: 1.0}, limit=1)
    await gone.close()
    ensure(service, site)
