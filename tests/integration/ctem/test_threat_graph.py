"""What is at stake behind an asset, as a real Neo4j says it; and what is said without one."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.exposure import Consequence
from shared.ctem.exposures import Exposures
from shared.ctem.finding import Tool
from shared.ctem.graph_file import GraphFile, read_graph
from shared.ctem.reading import UNAVAILABLE, Reports
from shared.ctem.scans import Scan, Scans
from shared.ctem.threat_graph import ThreatGraph
from shared.errors import InvalidInput, StoreUnavailable
from shared.stores.neo4j import Neo4j
from shared.stores.postgres import Postgres

SAMPLES = Path(__file__).parents[3] / "local" / "samples"
GRAPH = (SAMPLES / "scans" / "graph.json").read_bytes()
AT = datetime(2026, 11, 28, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
async def neo4j(neo4j_url: str) -> AsyncIterator[Neo4j]:
    own = Neo4j(neo4j_url, user="neo4j", password="", read_seconds=120)  # a busy machine plans slowly
    yield own
    await own.close()


@pytest.fixture
async def no_neo4j() -> AsyncIterator[Neo4j]:
    """A graph that is unavailable."""
    own = Neo4j("bolt://127.0.0.1:1", user="neo4j", password="")
    yield own
    await own.close()


@pytest.fixture
async def graph(neo4j: Neo4j, tenant: str) -> ThreatGraph:
    await GraphFile(neo4j).load(tenant, read_graph(GRAPH))
    return ThreatGraph(neo4j)


async def test_worst_class_counts_of_the_own_zone_and_of_those_that_models_on_it_reach(
    graph: ThreatGraph, tenant: str
) -> None:
    found = await graph.stakes(tenant, {"historian-1", "training-vm", "office-printer"})
    assert {asset: stakes.consequence for asset, stakes in found.items()} == {
        "historian-1": Consequence.DOWNTIME,
        "training-vm": Consequence.SAFETY_LIFE,
        "office-printer": Consequence.DATA_LOSS,
    }
    assert found["training-vm"].path == ("orbital-inference", "edge-inference-2", "Zone0_PhysicalProcess")
    assert found["training-vm"].zone == "Zone3_Enterprise"


async def test_threat_reaches_an_asset_by_itself_and_through_connected_zones(graph: ThreatGraph, tenant: str) -> None:
    found = await graph.stakes(tenant, {"historian-1", "training-vm", "edge-inference-2"})
    assert found["historian-1"].threats == ("TM-17",)
    assert found["training-vm"].threats == ("TM-05", "TM-17")


async def test_asset_that_is_not_in_the_graph_is_not_in_the_answer(graph: ThreatGraph, tenant: str) -> None:
    assert await graph.stakes(tenant, {"unknown"}) == {}
    assert await graph.stakes(f"{tenant}-other", {"historian-1"}) == {}


async def test_loading_again_brings_up_to_date_and_doubles_nothing(
    graph: ThreatGraph, neo4j: Neo4j, tenant: str
) -> None:
    changed = json.loads(GRAPH)
    (zone,) = [node for node in changed["nodes"] if node["id"] == "Zone2_Operations"]
    zone["consequence_class"] = "equipment"
    await GraphFile(neo4j).load(tenant, read_graph(json.dumps(changed).encode()))
    assert (await graph.stakes(tenant, {"historian-1"}))["historian-1"].consequence is Consequence.EQUIPMENT
    counted = await neo4j.read("MATCH (n {tenant_id: $t})-[r]->() RETURN count(r) AS n", {"t": tenant})
    assert counted == [{"n": len(changed["relations"])}]


async def test_graph_of_a_csv_has_its_assets_in_their_zones(neo4j: Neo4j, tenant: str) -> None:
    raw = b"id,name,zone,consequence_class\npump-1,Pump,Zone0_PhysicalProcess,safety_life\nweb-1,Web,Zone4_External,\n"
    assert await GraphFile(neo4j).load(tenant, read_graph(raw)) == {"Asset": 2, "Zone": 2, "RESIDES_IN": 2}
    found = await ThreatGraph(neo4j).stakes(tenant, {"pump-1", "web-1"})
    assert {asset: stakes.consequence for asset, stakes in found.items()} == {"pump-1": Consequence.SAFETY_LIFE}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"nodes": [{"label": "Server", "id": "x"}]}', "node 1.label"),
        (b'{"nodes": [{"label": "Zone", "id": "z", "consequence_class": "bad"}]}', "node 1.consequence_class"),
        (b'{"nodes": []}', "nodes"),
        (b"name\nx\n", "columns"),
        (b"id,zone\nx,\n", "zone"),
    ],
)
def test_wrong_row_of_a_graph_file_is_named(raw: bytes, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        read_graph(raw)


async def test_session_that_reads_may_not_write(neo4j: Neo4j, tenant: str) -> None:
    with pytest.raises(InvalidInput, match=r"[Ww]rit"):
        await neo4j.read("CREATE (:Asset {tenant_id: $t, id: 'x'})", {"t": tenant})


async def test_slow_query_is_given_up_and_the_next_one_not_sent(neo4j_url: str) -> None:
    own = Neo4j(neo4j_url, user="neo4j", password="", read_seconds=0.1)
    with pytest.raises(StoreUnavailable, match="timeout"):
        await own.read("UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN count(a + b) AS n", {})
    with pytest.raises(StoreUnavailable, match="timeout"):
        await own.read("RETURN 1 AS n", {})
    await own.close()


@pytest.fixture
def custom() -> Iterator[Any]:
    with (SAMPLES / "scans" / "custom.json").open("rb") as report:
        yield report


async def test_finding_is_graded_by_what_the_graph_says(
    graph: ThreatGraph, scans: Scans, store: Postgres, tenant: str, custom: Any
) -> None:
    await Reports(scans, graph).read(custom, Scan(tenant_id=tenant, tool=Tool.CUSTOM, at=AT))
    (found,) = await Exposures(store).open_on(tenant, ["PLC-STATION-7"])
    assert (found["severity"], found["physical_consequence"]) == ("CRITICAL", "safety_life")


async def test_exposure_says_that_it_was_graded_without_the_graph(
    no_neo4j: Neo4j, scans: Scans, store: Postgres, tenant: str, custom: Any
) -> None:
    await Reports(scans, ThreatGraph(no_neo4j)).read(custom, Scan(tenant_id=tenant, tool=Tool.CUSTOM, at=AT))
    (found,) = await Exposures(store).open_on(tenant, ["PLC-STATION-7"])
    record = await Exposures(store).exposure(tenant, found["exposure_key"])
    assert record.exposure.physical_consequence == "equipment"
    assert UNAVAILABLE in record.details["why"]
