"""What is at stake behind an asset, from the graph of assets, zones, models and threats (data-model §6.5).

The worst class of the asset's own zone and of the zones of all assets that models on it are deployed to as well. A
threat reaches an asset that it targets, or whose zone it targets or gets to from a zone that it targets.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from shared.contracts.exposure import Consequence
from shared.ctem.scoring import Stakes

if TYPE_CHECKING:
    from shared.stores.neo4j import Neo4j

SOURCE = "the graph"
MOST_HOPS = 3  # between zones

_STAKES = f"""
UNWIND $assets AS wanted
MATCH (asset:Asset {{tenant_id: $tenant_id, id: wanted}})
OPTIONAL MATCH (asset)-[:RESIDES_IN]->(own:Zone {{tenant_id: $tenant_id}})
WITH wanted, asset, collect(own.id) AS zones,
    collect(DISTINCT {{consequence: own.consequence_class, path: [own.id]}}) AS here
OPTIONAL MATCH (asset)<-[:DEPLOYS_TO]-(model:Model {{tenant_id: $tenant_id}})
    -[:DEPLOYS_TO]->(other:Asset {{tenant_id: $tenant_id}})-[:RESIDES_IN]->(zone:Zone {{tenant_id: $tenant_id}})
WITH wanted, asset, zones, here,
    collect(DISTINCT {{consequence: zone.consequence_class, path: [model.id, other.id, zone.id]}}) AS behind
RETURN wanted AS asset, head(zones) AS zone, here + behind AS reached,
    COLLECT {{
        MATCH (threat:Threat {{tenant_id: $tenant_id}})-[:TARGETS]->(asset)
        RETURN threat.id AS threat
        UNION
        MATCH (asset)-[:RESIDES_IN]->(:Zone)<-[:CONNECTS_TO*0..{MOST_HOPS}]-(:Zone)
            <-[:TARGETS]-(threat:Threat {{tenant_id: $tenant_id}})
        RETURN threat.id AS threat
    }} AS threats
"""


class ThreatGraph:
    """Reads the graph; :mod:`shared.ctem.graph_file` fills it."""

    def __init__(self, neo4j: Neo4j) -> None:
        self._neo4j = neo4j

    async def stakes(self, tenant_id: str, assets: Collection[str]) -> dict[str, Stakes]:
        """What is at stake, by asset; assets that are not in the graph are not in the answer.

        Raises StoreUnavailable, also when the graph is slow.
        """
        if not assets:
            return {}
        rows = await self._neo4j.read(_STAKES, {"tenant_id": tenant_id, "assets": sorted(assets)})
        found = ((row["asset"], _stakes(row)) for row in rows)
        return {asset: stakes for asset, stakes in found if stakes is not None}


def _stakes(row: dict[str, Any]) -> Stakes | None:
    """The worst of what is reached; None when the asset reaches no zone whose class is known."""
    known = [one for one in row["reached"] if one["consequence"] in set(Consequence)]
    if not known:
        return None
    order = list(Consequence)
    worst = min(known, key=lambda one: order.index(Consequence(one["consequence"])))
    return Stakes(
        consequence=Consequence(worst["consequence"]),
        source=SOURCE,
        zone=row["zone"] or "",
        path=tuple(worst["path"]),
        threats=tuple(sorted(row["threats"])),
    )
