"""Qdrant's adapter: no search without its tenant."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.vectors.collections import Collections
from shared.errors import ConfigurationError, StoreSlow, StoreUnavailable
from shared.stores.qdrant import AT_ONCE, SHARED, Point, Qdrant
from tests.integration.vectors import own_qdrant

TEXT = {1: 1.0, 2: 1.0}


@pytest.fixture
async def qdrant() -> AsyncIterator[Qdrant]:
    own = own_qdrant()
    yield own
    await own.close()


async def found(qdrant: Qdrant, tenant: str, *, limit: int = 10) -> list[str]:
    hits = await qdrant.search("c", tenant_id=tenant, vector=TEXT, limit=limit)
    return sorted(payload["doc_id"] for _, payload in hits)


async def test_search_finds_the_tenants_points_and_shared_ones_only(qdrant: Qdrant) -> None:
    for tenant, doc in (("a", "a-1"), ("b", "b-1"), (SHARED, "all")):
        await qdrant.upsert("c", tenant_id=tenant, points=[Point(doc, TEXT)])
    assert await found(qdrant, "a") == ["a-1", "all"]
    assert await found(qdrant, "b") == ["all", "b-1"]
    assert await found(qdrant, "nobody") == ["all"]


async def test_closer_points_of_another_tenant_take_no_place(qdrant: Qdrant) -> None:
    for number in range(30):
        await qdrant.upsert("c", tenant_id="b", points=[Point(f"b-{number}", TEXT)])
    await qdrant.upsert("c", tenant_id="a", points=[Point("a-1", {1: 0.1})])
    assert await found(qdrant, "a", limit=1) == ["a-1"]


async def test_payload_cannot_choose_another_tenant(qdrant: Qdrant) -> None:
    await qdrant.upsert("c", tenant_id="a", points=[Point("a-1", TEXT, {"tenant_id": "b", "doc_id": "x"})])
    assert await found(qdrant, "b") == []
    assert await found(qdrant, "a") == ["a-1"]


async def test_same_document_of_two_tenants_is_two_points(qdrant: Qdrant) -> None:
    for tenant in ("a", "b", "a"):
        await qdrant.upsert("c", tenant_id=tenant, points=[Point("same", TEXT, {"of": tenant})])
    for tenant in ("a", "b"):
        (hit,) = await qdrant.search("c", tenant_id=tenant, vector=TEXT, limit=10)
        assert hit[1]["of"] == tenant


def test_search_has_no_way_to_leave_the_tenant_out() -> None:
    parameter = inspect.signature(Qdrant.search).parameters["tenant_id"]
    assert parameter.default is inspect.Parameter.empty
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("vector", [{}, {999: 1.0}], ids=["no words", "unknown words"])
async def test_search_for_words_that_no_point_has_finds_nothing(qdrant: Qdrant, vector: dict[int, float]) -> None:
    await qdrant.upsert("c", tenant_id="a", points=[Point("a-1", TEXT)])
    assert await qdrant.search("c", tenant_id="a", vector=vector, limit=5) == []


async def test_point_without_words_is_stored(qdrant: Qdrant) -> None:
    await qdrant.upsert("c", tenant_id="a", points=[Point("empty", {})])
    assert await found(qdrant, "a") == []


async def test_many_points_of_one_call_are_all_stored(qdrant: Qdrant) -> None:
    points = [Point(f"a-{number}", {number: 1.0}) for number in range(AT_ONCE + 3)]
    await qdrant.upsert("c", tenant_id="a", points=points)
    for number in (0, AT_ONCE, AT_ONCE + 2):
        (hit,) = await qdrant.search("c", tenant_id="a", vector={number: 1.0}, limit=5)
        assert hit[1]["doc_id"] == f"a-{number}"


async def test_delete_takes_the_tenants_points_with_the_value_only(qdrant: Qdrant) -> None:
    for tenant in ("a", "b"):
        points = [Point(doc, TEXT, {"of": kind}) for doc, kind in (("1", "x"), ("2", "x"), ("3", "y"))]
        await qdrant.upsert("c", tenant_id=tenant, points=points)
    await qdrant.delete("c", tenant_id="a", key="of", value="x")
    assert await found(qdrant, "a") == ["3"]
    assert await found(qdrant, "b") == ["1", "2", "3"]


async def test_server_that_computes_for_long_is_too_slow_and_keeps_nothing_else_waiting(
    qdrant: Qdrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await qdrant.upsert("c", tenant_id="a", points=[Point("a-1", TEXT)])
    query, asked, go_on = Collections.query, threading.Event(), threading.Event()

    def compute(*arguments: Any) -> Any:
        asked.set()
        go_on.wait(10)
        return query(*arguments)

    monkeypatch.setattr(Collections, "query", compute)
    with monkeypatch.context() as impatient:
        impatient.setattr("shared.stores.qdrant.CALL_SECONDS", 0.2)
        search = asyncio.create_task(found(qdrant, "a"))
        await asyncio.to_thread(asked.wait, 10)
        assert not search.done()
        with pytest.raises(StoreSlow, match=r"Qdrant is too slow: it did not answer within 0\.2 s"):
            await search
    go_on.set()
    assert await found(qdrant, "a") == ["a-1"]


async def test_first_calls_at_once_make_the_collection_once(qdrant: Qdrant) -> None:
    asked = (qdrant.search("new", tenant_id="a", vector=TEXT, limit=1) for _ in range(5))
    assert await asyncio.gather(*asked) == [[]] * 5


async def test_server_unavailable_is_store_unavailable() -> None:
    away = Qdrant.connect(url="http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match="Qdrant cannot be reached"):
        await away.search("c", tenant_id="a", vector=TEXT, limit=1)
    with pytest.raises(StoreUnavailable):
        await away.health()
    await away.close()


def test_connect_without_a_url_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="ALUSKORT_QDRANT_URL"):
        Qdrant.connect(url="")
