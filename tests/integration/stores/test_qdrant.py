"""Qdrant's adapter on the embedded engine: no search without its tenant."""

import asyncio
import gc
import inspect
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ConfigurationError, StoreSlow, StoreUnavailable
from shared.stores.qdrant import SHARED, Qdrant

TEXT = {1: 1.0, 2: 1.0}


@pytest.fixture
async def qdrant() -> AsyncIterator[Qdrant]:
    own = Qdrant.connect(url="", path=":memory:")
    yield own
    await own.close()


async def found(qdrant: Qdrant, tenant: str, *, limit: int = 10) -> list[str]:
    hits = await qdrant.search("c", tenant_id=tenant, vector=TEXT, limit=limit)
    return sorted(payload["doc_id"] for _, payload in hits)


async def test_search_finds_the_tenants_points_and_shared_ones_only(qdrant: Qdrant) -> None:
    for tenant, doc in (("a", "a-1"), ("b", "b-1"), (SHARED, "all")):
        await qdrant.upsert("c", tenant_id=tenant, doc_id=doc, vector=TEXT, payload={})
    assert await found(qdrant, "a") == ["a-1", "all"]
    assert await found(qdrant, "b") == ["all", "b-1"]
    assert await found(qdrant, "nobody") == ["all"]


async def test_closer_points_of_another_tenant_take_no_place(qdrant: Qdrant) -> None:
    for number in range(30):
        await qdrant.upsert("c", tenant_id="b", doc_id=f"b-{number}", vector=TEXT, payload={})
    await qdrant.upsert("c", tenant_id="a", doc_id="a-1", vector={1: 0.1}, payload={})
    assert await found(qdrant, "a", limit=1) == ["a-1"]


async def test_payload_cannot_choose_another_tenant(qdrant: Qdrant) -> None:
    await qdrant.upsert("c", tenant_id="a", doc_id="a-1", vector=TEXT, payload={"tenant_id": "b", "doc_id": "x"})
    assert await found(qdrant, "b") == []
    assert await found(qdrant, "a") == ["a-1"]


async def test_same_document_of_two_tenants_is_two_points(qdrant: Qdrant) -> None:
    for tenant in ("a", "b", "a"):
        await qdrant.upsert("c", tenant_id=tenant, doc_id="same", vector=TEXT, payload={"of": tenant})
    for tenant in ("a", "b"):
        (hit,) = await qdrant.search("c", tenant_id=tenant, vector=TEXT, limit=10)
        assert hit[1]["of"] == tenant


def test_search_has_no_way_to_leave_the_tenant_out() -> None:
    parameter = inspect.signature(Qdrant.search).parameters["tenant_id"]
    assert parameter.default is inspect.Parameter.empty
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("vector", [{}, {999: 1.0}], ids=["no words", "unknown words"])
async def test_search_for_words_that_no_point_has_finds_nothing(qdrant: Qdrant, vector: dict[int, float]) -> None:
    await qdrant.upsert("c", tenant_id="a", doc_id="a-1", vector=TEXT, payload={})
    assert await qdrant.search("c", tenant_id="a", vector=vector, limit=5) == []


async def test_point_without_words_is_stored(qdrant: Qdrant) -> None:
    await qdrant.upsert("c", tenant_id="a", doc_id="empty", vector={}, payload={})
    assert await found(qdrant, "a") == []


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # the engine's, once a process
async def test_embedded_points_are_there_after_a_restart(tmp_path: Path) -> None:
    first = Qdrant.connect(url="", path=str(tmp_path))
    await first.upsert("c", tenant_id="a", doc_id="a-1", vector=TEXT, payload={})
    await first.close()
    gc.collect()  # the warning belongs here, not to a later test
    second = Qdrant.connect(url="", path=str(tmp_path))
    assert await found(second, "a") == ["a-1"]
    assert await second.health() == {"collections": 1}
    await second.close()


async def test_engine_that_computes_for_long_is_too_slow_keeps_nothing_else_waiting_and_is_called_by_one_thread(
    qdrant: Qdrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await qdrant.upsert("c", tenant_id="a", doc_id="a-1", vector=TEXT, payload={})
    query = qdrant._client.query_points
    computing, go_on, within, threads = threading.Event(), threading.Event(), list[int](), set[int]()

    async def compute(*arguments: Any, **options: Any) -> Any:
        within.append(1)
        assert len(within) == 1
        threads.add(threading.get_ident())
        computing.set()
        go_on.wait(10)  # as Python does, without giving way
        within.clear()
        return await query(*arguments, **options)

    monkeypatch.setattr(qdrant._client, "query_points", compute)
    with monkeypatch.context() as impatient:
        impatient.setattr("shared.stores.qdrant.CALL_SECONDS", 0.2)
        search = asyncio.create_task(found(qdrant, "a"))
        await asyncio.to_thread(computing.wait, 10)
        assert not search.done()
        with pytest.raises(StoreSlow, match=r"Qdrant is too slow: it did not answer within 0\.2 s"):
            await search
    later = [asyncio.create_task(found(qdrant, "a")) for _ in range(3)]  # the engine is at work on the first still
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(*later) == [["a-1"]] * 3
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_first_calls_at_once_make_the_collection_once(qdrant: Qdrant) -> None:
    asked = (qdrant.search("new", tenant_id="a", vector=TEXT, limit=1) for _ in range(5))
    assert await asyncio.gather(*asked) == [[]] * 5


async def test_server_unavailable_is_store_unavailable() -> None:
    away = Qdrant.connect(url="http://127.0.0.1:1", path="")
    with pytest.raises(StoreUnavailable, match="Qdrant cannot be reached"):
        await away.search("c", tenant_id="a", vector=TEXT, limit=1)
    with pytest.raises(StoreUnavailable):
        await away.health()
    await away.close()


def test_connect_without_url_and_path_names_both_settings() -> None:
    with pytest.raises(ConfigurationError, match=r"ALUSKORT_QDRANT_URL.*ALUSKORT_QDRANT_PATH"):
        Qdrant.connect(url="", path="")
